//! Clients send messages, receive and acknowledge them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::Error;
use crate::aws::traces::current;
use crate::faults::chance::Chance;
use crate::faults::{Fault, Hop};
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::injection::FaultSite;
use crate::pipeline::log::PendingSync;
use crate::pipeline::publishing::wait_for_sync;
use crate::sqs::{
    Accepted, Deletion, Message, Queue, Receipt, Received, SendRefusal, VisibilityRefusal,
};

/// A result for each message that a client sends.
type SendResults = Vec<Result<Accepted, SendRefusal>>;

impl Engine {
    /// Sends messages to a queue, each with its own delay or else that of the queue. They get new
    /// ids, and are on disk when this returns. The results are in the order of the messages.
    ///
    /// # Errors
    ///
    /// As for [`delete_for_client`](Self::delete_for_client), with a storage error when the
    /// messages cannot be written to disk.
    pub(crate) async fn send_for_client(
        &self,
        queue: &str,
        messages: Vec<(Message, Option<Duration>)>,
    ) -> Result<SendResults, Error> {
        let (results, sync) = self.record_sends(queue, messages)?;
        wait_for_sync(sync).await?;

        Ok(results)
    }

    fn record_sends(
        &self,
        queue: &str,
        messages: Vec<(Message, Option<Duration>)>,
    ) -> Result<(SendResults, Option<PendingSync>), Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let checkpoint = state.checkpoint();

        let mut results = Vec::new();

        for (mut message, delay) in messages {
            let about = format!("sent message {}", state.next_message());
            message.id = Chance::new(self.seed, &about).uuid().into();
            message.trace_header = message.trace_header.or_else(current);

            let queue = state
                .queues
                .get_mut(queue)
                .ok_or_else(|| Error::unknown_name("queue", queue))?;
            results.push(self.send_to(queue, now, message, delay));
        }

        Ok((results, self.commit_acknowledged(state, checkpoint)?))
    }

    fn send_to(
        &self,
        queue: &mut Queue,
        now: SystemTime,
        message: Message,
        delay: Option<Duration>,
    ) -> Result<Accepted, SendRefusal> {
        let (message_id, body) = (Arc::clone(&message.id), Arc::clone(&message.body));
        let delay = delay.unwrap_or(queue.spec().delay);
        let accepted = queue.send_after(now, message, delay)?;

        let step = StepKind::Enqueued {
            queue: Arc::clone(queue.name()),
            message_id,
            body,
            is_duplicate: accepted.is_duplicate,
        };
        self.journal.append(None, step);

        Ok(accepted)
    }

    /// Receives up to `max_messages` messages, with a visibility timeout of their own or else that
    /// of the queue. Waits until this time for the first one. `None` waits as long as the queue
    /// says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the queue does not exist.
    pub(crate) async fn receive_for_client(
        &self,
        queue: &str,
        max_messages: usize,
        visibility_timeout: Option<Duration>,
        wait: Option<Duration>,
    ) -> Result<Vec<Received>, Error> {
        let queue: Arc<str> = queue.into();
        let started = self.clock.now();
        let mut changes = self.watch();

        loop {
            changes.mark_unchanged();
            let now = self.clock.now();

            let (wait, ready) = self.read(|state| {
                let found = state
                    .queues
                    .get(&queue)
                    .ok_or_else(|| Error::unknown_name("queue", &queue))?;
                let wait = wait.unwrap_or(found.spec().receive_wait);

                Ok::<_, Error>((wait, found.next_ready(&HashSet::new())))
            })?;

            if ready.is_some_and(|ready| ready <= now) {
                let received = self.receive_now(&queue, max_messages, visibility_timeout);
                if !received.is_empty() {
                    return Ok(received);
                }
            }

            let end = started + wait;
            if end <= now {
                return Ok(Vec::new());
            }

            // What is ready now reached nobody, so only a change of the queue can help.
            let wake = ready
                .filter(|ready| *ready > now)
                .map_or(end, |ready| ready.min(end));
            tokio::select! {
                () = self.clock.sleep_until(wake) => {}
                // The sender lives as long as the engine.
                _ = changes.changed() => {}
            }
        }
    }

    fn receive_now(
        &self,
        queue: &Arc<str>,
        max_messages: usize,
        visibility_timeout: Option<Duration>,
    ) -> Vec<Received> {
        let now = self.clock.now();
        let no_groups = HashSet::new();

        let received = self.change(|state| {
            self.receive_from(
                state,
                now,
                queue,
                max_messages,
                &no_groups,
                visibility_timeout,
            )
        });

        for received in &received {
            let step = StepKind::Received {
                queue: Arc::clone(queue),
                message_id: Arc::clone(&received.message.id),
                receive_count: received.receive_count,
            };
            self.journal.append(received.message.event, step);
        }

        received
    }

    /// Deletes the messages that were received with these receipts. `None` stands for a deletion
    /// that an injected fault refuses.
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
    ) -> Result<Vec<Option<Deletion>>, Error> {
        self.change_queue(queue, |queue, now| {
            receipts
                .map(|receipt| {
                    let may_delete = !self.refuses_to_delete(queue, receipt);
                    may_delete.then(|| self.delete_from(queue, now, receipt))
                })
                .collect()
        })
    }

    fn refuses_to_delete(&self, queue: &Queue, receipt: Receipt) -> bool {
        queue.find(receipt).is_some_and(|stored| {
            let count = stored.total_receive_count();
            let site = FaultSite::of_message(Hop::Delete, queue.name(), &stored.message, count);
            self.inject(Fault::RefuseDelete, &site).is_some()
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

        if let Some(message) = queue.find(receipt).map(|stored| &stored.message) {
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
    pub(super) fn change_queue<T>(
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
