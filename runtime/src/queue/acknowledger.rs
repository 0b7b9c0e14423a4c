//! Deletes the messages of a batch while the batch still runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use s3_dispatch_core::delivery::{Delivery, ReceiptHandle};

use crate::guarded::Guarded;
use crate::guarded::time_limit::time_limit;
use crate::queue::access::{Queue, first_problem};
use crate::telemetry::errors::with_causes;

/// Deletes each message of a batch once, at most.
///
/// A message that could not be deleted is deleted by Lambda after the answer, as it would be
/// without a queue. So a queue that hangs costs the batch one call, and is then left alone.
pub(crate) struct Acknowledger<'b> {
    queue: &'b dyn Queue,
    delivery: &'b Delivery,
    states: Mutex<Vec<State>>,
    has_failed: AtomicBool,
    /// A call took too long.
    hangs: AtomicBool,
    cut: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Deleted, or tried to.
    Asked,
    /// Another message has the same id. The answer names ids, so both count as failed if one of
    /// them fails, and neither is deleted before.
    Repeated,
}

impl<'b> Acknowledger<'b> {
    /// At `cut` the batch ends. A call takes at most half of the time until then.
    pub(crate) fn new(queue: &'b dyn Queue, delivery: &'b Delivery, cut: Option<Instant>) -> Self {
        let messages = delivery.messages();
        let mut times = HashMap::with_capacity(messages.len());
        for message in messages {
            *times.entry(message.context.message_id()).or_insert(0) += 1;
        }

        let states = messages.iter().map(|message| {
            let is_repeated = times[&message.context.message_id()] > 1;
            if is_repeated {
                State::Repeated
            } else {
                State::Open
            }
        });

        Self {
            queue,
            delivery,
            states: Mutex::new(states.collect()),
            has_failed: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            cut,
        }
    }

    /// Returns whether every message that was acknowledged so far has been deleted.
    pub(crate) fn is_working(&self) -> bool {
        !self.has_failed.load(Ordering::Relaxed)
    }

    /// Deletes those of these messages that are not deleted yet.
    pub(crate) async fn acknowledge(&self, messages: &[usize]) {
        // After the cut-off time there is none for a call, which says nothing about the queue.
        let limit = time_limit(self.cut);
        if limit.is_zero() || self.hangs.load(Ordering::Relaxed) {
            return;
        }

        let open: Vec<_> = {
            let mut states = self.states();
            let is_open = |message: &usize| {
                let is_open = states[*message] == State::Open;
                if is_open {
                    states[*message] = State::Asked;
                }

                is_open
            };
            messages.iter().copied().filter(is_open).collect()
        };

        let handles: Vec<&ReceiptHandle> = open
            .iter()
            .filter_map(|message| self.delivery.messages()[*message].context.receipt_handle())
            .collect();
        if handles.len() < open.len() {
            self.fail("a message has no receipt handle");
        }

        if handles.is_empty() {
            return;
        }

        let deleted = Guarded::new(|| self.queue.delete(&handles));
        let results = match tokio::time::timeout(limit, deleted).await {
            Ok(Ok(results)) => results,
            Ok(Err(panicked)) => return self.fail(&with_causes(&panicked)),
            Err(_) => {
                self.hangs.store(true, Ordering::Relaxed);
                return self.fail(&format!("it took longer than {limit:?}"));
            }
        };

        if let Some(problem) = first_problem(&results, handles.len()) {
            self.fail(&problem);
        }
    }

    fn fail(&self, reason: &str) {
        self.has_failed.store(true, Ordering::Relaxed);
        tracing::warn!(
            error = reason,
            "a message has succeeded but could not be deleted yet: if the process ended now, it \
             would come back"
        );
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
