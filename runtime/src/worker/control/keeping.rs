//! Keeps what is held, and gives up what is lost.

use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_core::Router;
use tokio::time::Instant;

use crate::dispatch::engine::Held;
use crate::queue::Receive;
use crate::telemetry::errors::with_causes;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics::worker as metrics;
use crate::worker::batch::LeaseId;
use crate::worker::calls::{self, Answer};
use crate::worker::control::Control;
use crate::worker::leases::{End, Lease};
use crate::worker::receive::MOST;

impl<R: Router, Q: Receive> Control<R, Q> {
    /// Extends the leases that need it, and gives up those that are over.
    pub(super) fn keep_leases(&mut self) {
        let visibility = self.options.visibility;
        for lease in self.leases.over(visibility) {
            self.lose(lease, "its lease ended before it could be extended");
        }

        let due = self.leases.due(visibility);
        for chunk in due.chunks(MOST) {
            let entries = self.timed_entries(chunk);
            let call = calls::extend(Arc::clone(&self.queue), entries, visibility / 5);
            self.call(call);
        }

        self.leases.look(visibility);
    }

    pub(super) fn extended(&mut self, sent: Instant, answers: Vec<(Answer, Duration)>) {
        #[cfg(feature = "metrics")]
        {
            let succeeded = answers.iter().filter(|(answer, _)| answer.result.is_ok());
            let succeeded = succeeded.count();
            metrics::extended(succeeded, answers.len() - succeeded);
        }

        for (Answer { lease, result }, time) in answers {
            match result {
                Ok(()) => self.leases.extended(lease, sent, time),
                Err(error) if error.is_refusal() => self.lose(lease, &with_causes(&error)),
                Err(_) => self.leases.not_extended(lease),
            }
        }
    }

    /// Gives up a message that is not ours anymore: its handlers stop, and it is never deleted.
    fn lose(&mut self, id: LeaseId, reason: &str) {
        // Whether it was deleted before, the answer of the deletion will tell.
        let lease = self.leases.get(id);
        if lease.is_some_and(|lease| lease.is_being_deleted()) {
            return self.leases.give_up(id);
        }

        let Some(lease) = self.leases.remove(id) else {
            return;
        };
        match lease.end() {
            // It is counted already.
            Some(End::Return(_) | End::Postpone) => return,
            Some(End::HandBack | End::Delete { .. }) => {}
            None => self.withdraw(&lease),
        }

        self.report.note_lost();
        tracing::error!(
            message_id = lease.context().message_id().map(AsRef::<str>::as_ref),
            error = reason,
            "a message is not ours anymore: its handlers are stopped, and it comes again"
        );
    }

    /// Stops the handlers of a message that has not ended.
    fn withdraw(&self, lease: &Lease) {
        if let Some(admission) = lease.admission {
            let message = lease.index;
            self.shared.engine.withdraw(Held { admission, message });
        }
    }
}
