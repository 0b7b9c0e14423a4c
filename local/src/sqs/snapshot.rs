//! What sits in a queue.

use std::sync::Arc;
use std::time::SystemTime;

use crate::sqs::stored::Held;
use crate::{EventId, Queue};

/// What sits in a queue at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueueSnapshot {
    /// The queue's name.
    pub name: Arc<str>,
    /// Its messages, the oldest first.
    pub messages: Vec<QueuedMessage>,
}

/// A message in a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueuedMessage {
    /// Its id.
    pub message_id: Arc<str>,
    /// Its body.
    pub body: Arc<str>,
    /// The event that it is of.
    pub event: Option<EventId>,
    /// Its group.
    pub group_id: Option<Arc<str>>,
    /// How often it has been received, also from the queues that this one is the dead-letter queue
    /// of.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// Whether it can be received.
    pub visibility: Visibility,
}

/// Whether a message can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Not yet: the queue delays it.
    Delayed,
    /// Now, unless another message of its group is in flight.
    Visible,
    /// Not now: it was received, and neither deleted nor given back.
    InFlight,
}

impl QueueSnapshot {
    pub(crate) fn of(queue: &Queue, now: SystemTime) -> Self {
        let messages = queue.held().map(|held| QueuedMessage::of(held, now));
        Self {
            name: Arc::clone(queue.name()),
            messages: messages.collect(),
        }
    }

    /// How many messages are delayed, visible or in flight.
    #[must_use]
    pub fn count(&self, visibility: Visibility) -> usize {
        self.messages
            .iter()
            .filter(|message| message.visibility == visibility)
            .count()
    }
}

impl QueuedMessage {
    fn of(held: &Held, now: SystemTime) -> Self {
        let visibility = match held.received {
            _ if held.visible <= now => Visibility::Visible,
            Some(_) => Visibility::InFlight,
            None => Visibility::Delayed,
        };

        Self {
            message_id: Arc::clone(&held.message.id),
            body: Arc::clone(&held.message.body),
            event: held.message.event,
            group_id: held.message.group_id.clone(),
            receive_count: held.receives(),
            sent: held.sent,
            visibility,
        }
    }
}
