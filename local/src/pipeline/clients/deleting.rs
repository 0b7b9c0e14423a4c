//! Clients delete queues.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::Error;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::PipelineState;

/// How long no queue can have the name of a deleted one (`DeleteQueue`, Amazon SQS API Reference,
/// 2026).
const NAME_PAUSE: Duration = Duration::from_secs(60);

/// A queue of the same name was deleted less than 60 seconds ago.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeletedRecently;

impl Engine {
    /// Deletes a queue with its messages, also those in flight. It is gone from the disk when this
    /// returns.
    ///
    /// What still points to it stays: a mapping finds no messages, and what a topic or a rule sends
    /// to it is lost. A queue of the topology exists again, empty, after the next start.
    ///
    /// # Errors
    ///
    /// As for [`delete_for_client`](Self::delete_for_client).
    pub(crate) async fn delete_queue(&self, name: &str) -> Result<(), Error> {
        let now = self.clock.now();

        self.change_settings(|state| {
            let mut queue = state
                .take_queue(name, now)
                .ok_or_else(|| Error::unknown_name("queue", name))?;

            for message in queue.purge() {
                let step = StepKind::Deleted {
                    queue: Arc::clone(queue.name()),
                    message_id: message.id,
                };
                self.journal.append(message.event, step);
            }

            state.forget_deleted_queues(now - NAME_PAUSE);

            Ok(())
        })
        .await?
    }
}

/// Whether the name of a queue can be used again.
pub(super) fn check_name(
    state: &PipelineState,
    name: &str,
    now: SystemTime,
) -> Result<(), DeletedRecently> {
    let deleted = state.deleted.get(name);
    let is_recent = deleted.is_some_and(|deleted| now < *deleted + NAME_PAUSE);

    if is_recent {
        Err(DeletedRecently)
    } else {
        Ok(())
    }
}
