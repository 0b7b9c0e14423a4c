//! Clients send dead letters back.

use std::sync::Arc;
use std::time::SystemTime;

use crate::Error;
use crate::faults::chance::Chance;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::PipelineState;

/// What happened to one message that should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is in its destination.
    Done,
    /// There is no visible message in the source.
    NothingLeft,
    /// The destination is full. It may have room later.
    Full,
    /// The message has no queue to go back to: it was sent to the dead-letter queue directly.
    NoSource,
    /// The source or the destination no longer exists.
    NoQueue,
}

impl Engine {
    /// The names of the queues that this one is the dead-letter queue of, in order.
    pub(crate) fn sources_of(&self, dead_letter_queue: &str) -> Vec<Arc<str>> {
        self.read(|state| {
            let sources = state.queues.values().filter(|queue| {
                let redrive = queue.spec().redrive.as_ref();
                redrive.is_some_and(|redrive| redrive.dead_letter_queue == dead_letter_queue)
            });

            sources.map(|queue| Arc::clone(queue.name())).collect()
        })
    }

    /// Moves up to this many visible messages of a dead-letter queue to another queue, or else back
    /// to where each came from. Returns how many, and what happened to the last one.
    ///
    /// A moved message is a new one: it has a new id, and its receives are counted from the
    /// beginning ("Learn how to configure a dead-letter queue redrive in Amazon SQS", Amazon SQS
    /// Developer Guide, 2026).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when it cannot be written to disk.
    pub(crate) fn move_messages(
        &self,
        source: &str,
        destination: Option<&str>,
        most: usize,
    ) -> Result<(usize, Moved), Error> {
        let now = self.clock.now();

        let (moved, committed) = self.change_and_commit(|state| {
            for count in 0..most {
                let moved = self.move_message(state, now, source, None, destination);
                if moved != Moved::Done {
                    return (count, moved);
                }
            }

            (most, Moved::Done)
        });
        committed?;

        Ok(moved)
    }

    /// Moves the visible message with this id back to where it came from.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when it cannot be written to disk.
    pub(in crate::pipeline) fn move_back(&self, source: &str, id: &str) -> Result<Moved, Error> {
        let now = self.clock.now();
        let (moved, committed) =
            self.change_and_commit(|state| self.move_message(state, now, source, Some(id), None));
        committed?;

        Ok(moved)
    }

    /// Moves the message with this id, or else the next one.
    fn move_message(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        source: &str,
        id: Option<&str>,
        destination: Option<&str>,
    ) -> Moved {
        let Some(queue) = state.queues.get_mut(source) else {
            return Moved::NoQueue;
        };
        self.expire(queue, now);

        let Some(letter) = queue.visible(now, id) else {
            return Moved::NothingLeft;
        };

        let target = match (destination, &letter.dead_letter_source) {
            (Some(name), _) => Arc::from(name),
            (None, Some(name)) => Arc::clone(name),
            (None, None) => return Moved::NoSource,
        };
        let (serial, source) = (letter.serial, Arc::clone(queue.name()));

        match state.queues.get(&target).map(|queue| queue.room()) {
            None => return Moved::NoQueue,
            Some(0) => return Moved::Full,
            Some(_) => {}
        }

        let about = format!("sent message {}", state.next_message());
        let new_id: Arc<str> = Chance::new(self.seed, &about).uuid().into();
        let taken = state
            .queues
            .get_mut(&source)
            .and_then(|queue| queue.take(serial));

        if let (Some(mut message), Some(queue)) = (taken, state.queues.get_mut(&target)) {
            let old_id = std::mem::replace(&mut message.id, Arc::clone(&new_id));
            let (event, body) = (message.event, Arc::clone(&message.body));
            queue.insert_moved(now, message);

            let deleted = StepKind::Deleted {
                queue: source,
                message_id: old_id,
            };
            self.journal.append(event, deleted);

            let enqueued = StepKind::Enqueued {
                queue: target,
                message_id: new_id,
                body,
                is_duplicate: false,
            };
            self.journal.append(event, enqueued);
        }

        Moved::Done
    }
}
