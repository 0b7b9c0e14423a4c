//! Tells the queue what became of messages.

use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_core::Router;
use tokio::time::Instant;

use crate::queue::{QueueError, Receive};
use crate::telemetry::errors::with_causes;
use crate::worker::batch::LeaseId;
use crate::worker::calls::{self, Answer};
use crate::worker::control::{Control, LINGER, MOST_DELETIONS};
use crate::worker::leases::End;
use crate::worker::receive::MOST;

/// The first wait before a deletion is tried again. It doubles with each further failure.
const FIRST_RETRY: Duration = Duration::from_millis(200);

impl<R: Router, Q: Receive> Control<R, Q> {
    pub(super) fn send_deletions(&mut self) {
        let now = Instant::now();
        while let Some(&(time, lease)) = self.retries.first()
            && time <= now
        {
            self.retries.pop_first();
            self.delete(vec![lease]);
        }

        let is_late = self.delete_since.is_some_and(|since| since + LINGER <= now);
        let is_last = self.drained_by.is_some() || self.has_ended;
        let is_urgent = is_late || is_last || self.leases.ending_apart() > 0;
        while self.deletions < MOST_DELETIONS
            && (self.to_delete.len() >= MOST || is_urgent && !self.to_delete.is_empty())
        {
            let rest = self.to_delete.len().min(MOST);
            let leases = self.to_delete.drain(..rest).collect();
            self.delete(leases);
            self.delete_since = (!self.to_delete.is_empty()).then_some(now);
        }
    }

    pub(super) fn delete(&mut self, leases: Vec<LeaseId>) {
        let entries = self.entries(leases);
        if !entries.is_empty() {
            for entry in &entries {
                self.leases.note_asked(entry.lease);
            }
            self.deletions += 1;
            self.call(calls::delete(Arc::clone(&self.queue), entries));
        }
    }

    pub(super) fn deleted(&mut self, answers: Vec<Answer>) {
        self.deletions -= 1;
        let asked = answers.len();
        let mut deleted = 0;

        for Answer { lease, result } in answers {
            // A message that was lost meanwhile is not deleted again.
            let held = self.leases.get(lease);
            let Some(End::Delete { failures, .. }) = held.and_then(|held| held.end()) else {
                continue;
            };
            let is_given_up = held.is_some_and(|held| held.is_given_up());

            match result {
                Ok(()) => {
                    self.leases.remove(lease);
                    deleted += 1;
                }
                Err(error) if error.is_refusal() || is_given_up => {
                    self.leases.remove(lease);
                    self.report.note_not_deleted();
                    log_not_deleted(&error);
                }
                Err(error) => {
                    if failures == 0 {
                        log_not_deleted(&error);
                    }

                    let failures = failures.saturating_add(1);
                    let pause = FIRST_RETRY * 2_u32.pow(failures.min(6) - 1);
                    let is_asked = false;
                    self.leases
                        .set_end(lease, End::Delete { failures, is_asked });
                    self.retries.insert((Instant::now() + pause, lease));
                }
            }
        }

        self.report.note_deleted(deleted, asked - deleted);
    }

    pub(super) fn send_returns(&mut self) {
        if let Some(hidden) = self.hidden_from_own_receives() {
            for id in std::mem::take(&mut self.to_hand_back) {
                self.send_back(id, hidden);
            }
        }

        let returns = std::mem::take(&mut self.to_return);
        for chunk in returns.chunks(MOST) {
            let entries = self.timed_entries(chunk);
            self.call(calls::give_back(Arc::clone(&self.queue), entries));
        }

        self.send_postponed();
    }

    /// Hands back a message, unless it was lost meanwhile.
    fn send_back(&mut self, id: LeaseId, hidden: Duration) {
        let Some(lease) = self.leases.get(id) else {
            return;
        };

        let hidden = lease.at_most(hidden);
        self.report.note_handed_back();
        self.leases.set_end(id, End::Return(hidden));
        self.to_return.push((id, hidden));
    }

    /// Asks the backoff to postpone messages.
    fn send_postponed(&mut self) {
        let postponed = std::mem::take(&mut self.to_postpone);
        if postponed.is_empty() {
            return;
        }

        let now = Instant::now();
        let entries = postponed.into_iter().filter_map(|(id, retry_after)| {
            let elapsed = now.saturating_duration_since(self.leases.get(id)?.received);
            Some((self.entry(id)?, retry_after, elapsed))
        });
        let entries = entries.collect();

        // Only a dispatcher with a backoff postpones.
        if let Some(backoff) = self.shared.parts.settings.backoff.clone() {
            self.call(calls::postpone(backoff, entries));
        }
    }

    pub(super) fn returned(&mut self, answers: Vec<Answer>) {
        for Answer { lease, result } in answers {
            self.leases.remove(lease);
            if let Err(error) = result {
                tracing::warn!(
                    error = with_causes(&error),
                    "the visibility of a message could not be changed: it comes again when its \
                     visibility timeout ends"
                );
            }
        }
    }
}

fn log_not_deleted(error: &QueueError) {
    tracing::warn!(
        error = with_causes(error),
        "a message has succeeded but could not be deleted: it may come again"
    );
}
