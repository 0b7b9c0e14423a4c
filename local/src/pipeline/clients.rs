//! What SQS clients do to the queues. A function that talks to SQS is a client too.
//!
//! A client that gets an answer may rely on it, so each change is on disk before the answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::engine::Engine;
use crate::Error;
use crate::journal::StepKind;
use crate::sqs::{Deletion, Queue, Receipt, VisibilityRefusal};

impl Engine {
    /// Whether there is a queue of this name.
    pub(crate) fn has_queue(&self, name: &str) -> bool {
        self.read(|state| state.queues.contains_key(name))
    }

    /// Deletes the messages that were received with these receipts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the queue does not exist;
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when the deletions cannot be written to
    /// disk.
    pub(crate) fn delete_for_client(
        &self,
        queue: &str,
        receipts: impl Iterator<Item = Receipt>,
    ) -> Result<Vec<Deletion>, Error> {
        self.change_queue(queue, |queue, now| {
            receipts
                .map(|receipt| self.delete_from(queue, now, receipt))
                .collect()
        })
    }

    /// Changes how long each of these messages stays invisible.
    ///
    /// # Errors
    ///
    /// As for [`delete_for_client`](Self::delete_for_client).
    pub(crate) fn change_visibilities(
        &self,
        queue: &str,
        changes: impl Iterator<Item = (Receipt, Duration)>,
    ) -> Result<Vec<Result<(), VisibilityRefusal>>, Error> {
        self.change_queue(queue, |queue, now| {
            changes
                .map(|(receipt, timeout)| self.change_visibility(queue, now, receipt, timeout))
                .collect()
        })
    }

    fn change_visibility(
        &self,
        queue: &mut Queue,
        now: SystemTime,
        receipt: Receipt,
        timeout: Duration,
    ) -> Result<(), VisibilityRefusal> {
        queue.change_visibility(now, receipt, timeout)?;

        if let Some(message) = queue.message(receipt) {
            let step = StepKind::VisibilityChanged {
                queue: Arc::clone(queue.name()),
                message_id: Arc::clone(&message.id),
                timeout,
            };
            self.journal.append(message.event, step);
        }

        Ok(())
    }

    /// Changes a queue, whose expired messages are removed before, and writes the change to disk.
    fn change_queue<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Queue, SystemTime) -> T,
    ) -> Result<T, Error> {
        let now = self.clock.now();

        let (changed, committed) = self.change_and_commit(|state| {
            let queue = state
                .queues
                .get_mut(name)
                .ok_or_else(|| Error::unknown_name("queue", name))?;
            self.expire(queue, now);

            Ok(change(queue, now))
        });

        let changed = changed?;
        committed?;

        Ok(changed)
    }
}
