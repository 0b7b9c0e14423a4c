//! How a mapping receives messages from a queue and deletes them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::engine::Engine;
use super::injection::FaultSite;
use super::state::PipelineState;
use crate::faults::{Fault, Hop};
use crate::journal::StepKind;
use crate::lambda::recursion::Recursion;
use crate::sqs::{Deletion, Message, Queue, Receipt, Receive, Received, Redriven};

impl Engine {
    /// Receives up to `max_messages` messages that are in none of the `excluded` groups, with the
    /// faults that occur.
    pub(crate) fn receive(
        &self,
        queue: &Arc<str>,
        max_messages: usize,
        excluded: &HashSet<Arc<str>>,
    ) -> Vec<Received> {
        let now = self.clock.now();
        self.change(|state| self.receive_from(state, now, queue, max_messages, excluded, None))
    }

    /// Receives messages, with a visibility timeout of their own or else that of the queue.
    pub(super) fn receive_from(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        queue: &Arc<str>,
        max_messages: usize,
        excluded: &HashSet<Arc<str>>,
        visibility_timeout: Option<Duration>,
    ) -> Vec<Received> {
        let dead_letter_queue = dead_letter_queue(state, queue);
        let room = dead_letter_queue
            .as_ref()
            .and_then(|name| state.queues.get(name))
            .map(Queue::room);

        let Some(source) = state.queues.get_mut(queue) else {
            return Vec::new();
        };

        let timeout = visibility_timeout.unwrap_or(source.spec().visibility_timeout);
        let Receive {
            mut messages,
            redriven,
            expired,
            ..
        } = source.receive_for(now, max_messages, excluded, room, timeout);

        // What is behind a lost message in its group is lost with it, or the order would break.
        let is_fifo = source.spec().is_fifo();
        let mut broken: HashSet<Arc<str>> = HashSet::new();
        messages.retain(|received| {
            let reaches = self.reaches_receiver(source, now, received);
            let group = received.message.group_id.as_ref().filter(|_| is_fifo);
            if !reaches {
                broken.extend(group.cloned());
            }

            reaches && group.is_none_or(|group| !broken.contains(group))
        });

        for message in expired {
            self.record_expired(queue, message);
        }

        let target = dead_letter_queue.and_then(|name| state.queues.get_mut(&name));
        if let Some(target) = target {
            for redriven in redriven {
                self.redrive(target, now, redriven);
            }
        }

        messages
    }

    fn redrive(&self, target: &mut Queue, now: SystemTime, redriven: Redriven) {
        let step = StepKind::Redriven {
            queue: Arc::clone(&redriven.source),
            dead_letter_queue: Arc::clone(target.name()),
            message_id: Arc::clone(&redriven.message.id),
            receive_count: redriven.receive_count,
        };

        self.journal.append(redriven.message.event, step);
        target.insert_redriven(now, redriven);
    }

    /// Takes a message of a loop out of its queue: it goes to the dead-letter queue if there is
    /// one, or else it is lost.
    pub(crate) fn stop_recursion(
        &self,
        queue: &Arc<str>,
        received: &Received,
        recursion: Recursion,
    ) {
        let now = self.clock.now();

        self.change(|state| {
            let dead_letters = dead_letter_queue(state, queue);
            let dead_letters = dead_letters.filter(|name| state.queues.contains_key(name));
            let message = &received.message;
            let (bucket, key) = recursion.object.unzip();
            let step = StepKind::RecursionStopped {
                function: recursion.function,
                queue: Arc::clone(queue),
                message_id: Arc::clone(&message.id),
                rounds: recursion.rounds,
                bucket,
                key,
                dead_letter_queue: dead_letters.clone(),
            };
            self.journal.append(message.event, step);

            let Some(source) = state.queues.get_mut(queue) else {
                return;
            };
            let Some(name) = dead_letters else {
                self.delete_from(source, now, received.receipt);
                return;
            };

            let deletion = source.delete(now, received.receipt);
            if let (Deletion::Deleted(message), Some(target)) =
                (deletion, state.queues.get_mut(&name))
            {
                let redriven = Redriven {
                    message,
                    sent: received.sent,
                    receive_count: received.receive_count,
                    source: Arc::clone(queue),
                };
                self.redrive(target, now, redriven);
            }
        });
    }

    /// Whether a received message reaches its receiver, or a fault loses the response.
    fn reaches_receiver(&self, queue: &mut Queue, now: SystemTime, received: &Received) -> bool {
        let name = Arc::clone(queue.name());
        let site = FaultSite::of_received(Hop::Receive, &name, received);
        let is_lost = self.inject(Fault::DropResponse, &site).is_some();

        if let Some(mut chance) = self.inject(Fault::ExpireVisibility, &site) {
            // The function may still be working then: AWS recommends a visibility timeout of six
            // times the function's timeout.
            let timeout = received.invisible_until.duration_since(now);
            let early = chance.duration(Duration::ZERO, timeout.unwrap_or_default() / 6);
            let changed = queue.change_visibility(now, received.receipt, early);
            debug_assert!(
                changed.is_ok() || received.invisible_until == now,
                "the message was received just now"
            );
        }

        !is_lost
    }

    /// Deletes a message that a mapping has received.
    pub(crate) fn delete(&self, queue: &Arc<str>, receipt: Receipt) {
        let now = self.clock.now();

        self.change(|state| {
            if let Some(queue) = state.queues.get_mut(queue) {
                self.delete_from(queue, now, receipt);
            }
        });
    }

    /// Deletes a message, and records it.
    pub(super) fn delete_from(
        &self,
        queue: &mut Queue,
        now: SystemTime,
        receipt: Receipt,
    ) -> Deletion {
        let deletion = queue.delete(now, receipt);

        if let Deletion::Deleted(message) = &deletion {
            let step = StepKind::Deleted {
                queue: Arc::clone(queue.name()),
                message_id: Arc::clone(&message.id),
            };
            self.journal.append(message.event, step);
        }

        deletion
    }

    /// Removes the messages that are older than the retention, and records them.
    pub(super) fn expire(&self, queue: &mut Queue, now: SystemTime) {
        for message in queue.expire(now) {
            self.record_expired(queue.name(), message);
        }
    }

    fn record_expired(&self, queue: &Arc<str>, message: Message) {
        let step = StepKind::Expired {
            queue: Arc::clone(queue),
            message_id: message.id,
        };
        self.journal.append(message.event, step);
    }
}

fn dead_letter_queue(state: &PipelineState, queue: &Arc<str>) -> Option<Arc<str>> {
    let redrive = state.queues.get(queue)?.spec().redrive.as_ref()?;
    Some(redrive.dead_letter_queue.as_str().into())
}
