//! Decides what becomes of a message that has ended.

use std::time::Duration;

use futures_util::FutureExt;
use s3_dispatch_core::Router;
use tokio::time::Instant;

use crate::BatchReport;
use crate::dispatch::engine::{Held, Outcomes};
use crate::dispatch::{MessageFailure, MessageOutcome, summary};
use crate::queue::Receive;
use crate::worker::batch::{Batch, LeaseId};
use crate::worker::calls::Done;
use crate::worker::control::Control;
use crate::worker::leases::End;
use crate::worker::observer::Ended;

impl<R: Router, Q: Receive> Control<R, Q> {
    /// Decides what becomes of a message that has ended.
    pub(super) fn settle(&mut self, held: Held) {
        let malformed = self.shared.parts.settings.malformed;
        let is_observed = self.observer.is_some();
        let leases = &self.leases;
        let settled = self.shared.engine.settle(held, |batch, outcomes| {
            let lease = batch.lease(held.message);
            let outcome = outcomes.message(batch, held.message, malformed);

            Settled {
                lease,
                gone: leases.get(lease).is_none().then(|| batch.clone()),
                outcome,
                retry_after: batch.messages()[held.message]
                    .content
                    .as_ref()
                    .ok()
                    .and_then(|content| outcomes.retry_after(content)),
                is_held_back: outcomes.is_held_back(held.message),
                observed: is_observed.then(|| Ended::new(batch, held.message, outcome, outcomes)),
            }
        });

        if let Some((batch, outcomes)) = settled.1 {
            self.finish(&batch, &outcomes);
        }
        if let Some(batch) = &settled.0.gone {
            summary::trace_lost(&batch.messages()[held.message]);
        }
        self.settle_lease(settled.0);
    }

    fn settle_lease(&mut self, settled: Settled) {
        // A message that was lost or handed back is not ours to settle.
        let Some(lease) = self.leases.get(settled.lease) else {
            return;
        };
        if lease.end().is_some() {
            return;
        }

        if let (Some(observer), Some(ended)) = (&self.observer, &settled.observed) {
            observer.ended(&lease.batch, lease.index, ended);
        }

        if lease.is_apart {
            self.handlers.note_ended_apart();
        }

        let is_fifo = lease.context().is_fifo();
        match settled.outcome {
            MessageOutcome::Succeeded => {
                summary::trace_message(lease.message(), settled.outcome);
                self.leases.set_end(
                    settled.lease,
                    End::Delete {
                        failures: 0,
                        is_asked: false,
                    },
                );
                self.to_delete.push(settled.lease);
                self.delete_since.get_or_insert_with(Instant::now);
            }
            MessageOutcome::Failed(MessageFailure::NotReached)
                if is_fifo || !settled.is_held_back =>
            {
                self.hand_back(settled.lease);
            }
            // It waited for its turn in the group.
            MessageOutcome::Failed(MessageFailure::Malformed)
                if is_fifo && settled.is_held_back =>
            {
                self.hand_back(settled.lease);
            }
            MessageOutcome::Failed(_) => self.settle_failure(&settled),
        }
    }

    /// Lets a failed message return by the backoff, after its `retry_after`, or else when its
    /// visibility timeout ends.
    fn settle_failure(&mut self, settled: &Settled) {
        let Some(lease) = self.leases.get(settled.lease) else {
            return;
        };

        summary::trace_message(lease.message(), settled.outcome);
        self.report.note_returned();
        self.shared.parts.answered.remember(lease.context());
        let retry_after = settled.retry_after.map(|time| lease.at_most(time));

        if self.shared.parts.settings.backoff.is_some() {
            self.leases.set_end(settled.lease, End::Postpone);
            self.to_postpone.push((settled.lease, settled.retry_after));
        } else if let Some(time) = retry_after {
            self.leases.set_end(settled.lease, End::Return(time));
            self.to_return.push((settled.lease, time));
        } else {
            self.leases.remove(settled.lease);
        }
    }

    /// Makes a message visible to other workers, once no receive of this one would get it.
    pub(super) fn hand_back(&mut self, lease: LeaseId) {
        if let Some(lease) = self.leases.get(lease) {
            let outcome = MessageOutcome::Failed(MessageFailure::NotReached);
            summary::trace_message(lease.message(), outcome);
        }

        self.leases.set_end(lease, End::HandBack);
        self.to_hand_back.push(lease);
    }

    /// Reports on a receive whose messages have all ended.
    fn finish(&mut self, batch: &Batch, outcomes: &Outcomes) {
        let parts = &self.shared.parts;
        let report = BatchReport::new(batch, outcomes, parts.settings.malformed);
        self.report.add(&report);
        #[cfg(feature = "metrics")]
        summary::measure(&report, batch, outcomes);
        summary::log_receive(&report, batch);

        if !parts.hooks.is_empty() {
            let hooks = parts.hooks.clone();
            self.call(
                async move {
                    hooks.call(&Ok(report), None).await;
                    Done::Other
                }
                .boxed(),
            );
        }
    }
}

/// What is known about a message when it ends.
struct Settled {
    lease: LeaseId,
    /// The batch, if the message is not held anymore.
    gone: Option<Batch>,
    outcome: MessageOutcome,
    retry_after: Option<Duration>,
    is_held_back: bool,
    /// For the observer, if there is one.
    observed: Option<Ended>,
}
