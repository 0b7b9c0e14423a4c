//! Stops a worker.

use std::time::Duration;

use futures_util::StreamExt;
use s3_dispatch_core::Router;
use tokio::time::{Instant, timeout};

use crate::queue::Receive;
use crate::worker::control::Control;
use crate::worker::leases::End;
use crate::worker::receive::MOST;

/// How long it may take to stop handlers, after the drain time.
const STOP: Duration = Duration::from_secs(1);

/// How long the last calls of a worker may take, after the drain time.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// For how long after its wait a receive may still bring messages, because it was on its way.
const LATENCY: Duration = Duration::from_millis(900);

impl<R: Router, Q: Receive> Control<R, Q> {
    /// Begins to stop: no receive begins, and what has not begun is handed back.
    pub(super) fn drain(&mut self) {
        self.health.draining();
        self.drained_by = Some(Instant::now() + self.options.drain);
        let waiting = self.shared.engine.withdraw_waiting();
        tracing::info!(
            held = self.leases.len(),
            handed_back = waiting.len(),
            receives = self.receives.running(),
            "stopping: no receive begins, and what waits is handed back when those that run have \
             ended"
        );

        for (held, batch) in waiting {
            self.hand_back(batch.lease(held.message));
        }
    }

    /// For how long messages that are handed back now stay hidden. `None` if it is too early for
    /// that.
    ///
    /// A worker that stops has receives that wait for messages. They would get what it hands back,
    /// and each receive counts towards the `maxReceiveCount` of the queue. To cancel them is no
    /// help, because the queue may give messages to a request that nobody waits for anymore. So the
    /// worker waits until they have ended, or until its drain time is over. What it hands back then
    /// stays hidden until they have ended at the queue.
    pub(super) fn hidden_from_own_receives(&self) -> Option<Duration> {
        let (Some(drained_by), Some(sent)) = (self.drained_by, self.receives.last_sent()) else {
            return Some(Duration::ZERO);
        };

        let now = Instant::now();
        let end = sent + self.options.wait() + LATENCY;
        (drained_by <= now).then(|| end.saturating_duration_since(now))
    }

    /// Returns whether nothing more comes, and everything that came has ended.
    pub(super) fn is_done(&self) -> bool {
        (self.drained_by.is_some() || self.has_ended)
            && self.receives.running() == 0
            && self.calls.is_empty()
            && self.leases.is_empty()
            && self.shared.engine.is_empty()
    }

    /// Ends what still runs after the drain time, and hands its messages back.
    pub(super) async fn cut(&mut self) {
        self.send_returns();
        let has_stopped = timeout(STOP, self.handlers.stop()).await.is_ok();
        for held in self.shared.engine.take_ended() {
            self.settle(held);
        }

        let held = self.leases.ids().into_iter();
        let held = held.filter_map(|id| Some((id, self.leases.get(id)?.end())));
        let (ended, running): (Vec<_>, Vec<_>) = held.partition(|(_, end)| end.is_some());
        if !running.is_empty() {
            tracing::warn!(
                held = running.len(),
                "the drain time is over: what still runs is stopped, and its messages come again"
            );
        }

        let not_asked = |end| matches!(end, Some(End::Delete { is_asked, .. }) if !is_asked);
        let succeeded = ended.into_iter().filter(|(_, end)| not_asked(*end));
        let succeeded: Vec<_> = succeeded.map(|(id, _)| id).collect();
        for chunk in succeeded.chunks(MOST) {
            self.delete(chunk.to_vec());
        }
        // A handler that blocks its thread does not stop. What it works on must not be visible yet.
        if has_stopped {
            running.into_iter().for_each(|(id, _)| self.hand_back(id));
        }
        self.send_returns();

        let last_calls = async {
            while let Some(done) = self.calls.next().await {
                // What a receive still brings is handed back. An error of one means nothing now.
                drop(self.take(done));
                self.send_returns();
            }
        };
        drop(timeout(LAST_CALLS, last_calls).await);
        self.count_the_rest();
    }

    /// Counts the messages that are held when the worker ends: no answer came in time, or their
    /// handlers could not be stopped.
    fn count_the_rest(&mut self) {
        let ends = self.leases.ids().into_iter();
        let ends = ends.filter_map(|id| Some(self.leases.get(id)?.end()));
        let is_counted = |end: &Option<End>| matches!(end, Some(End::Return(_) | End::Postpone));

        let lost = ends.filter(|end| !is_counted(end)).count();
        (0..lost).for_each(|_| self.report.note_not_deleted());
    }
}
