//! What a queue contains at one moment.

use std::sync::Arc;
use std::time::SystemTime;

use super::queue::Queue;
use super::stored::StoredMessage;
use crate::s3::EventId;

/// The contents of a queue at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueueSnapshot {
    /// The queue's name.
    pub name: Arc<str>,
    /// The messages, oldest first.
    pub messages: Vec<QueuedMessage>,
}

/// A message in a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueuedMessage {
    /// The message's id.
    pub message_id: Arc<str>,
    /// The message's body.
    pub body: Arc<str>,
    /// The event that the message is about.
    pub event: Option<EventId>,
    /// The message's group.
    pub group_id: Option<Arc<str>>,
    /// How often it has been received, including from the queues that this one is the dead-letter
    /// queue of.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// Whether it can be received.
    pub visibility: Visibility,
}

/// Whether a message can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// It was sent to a queue with a delay that is not over yet.
    Delayed,
    /// It can be received, unless another message of its group is in flight.
    Visible,
    /// It was received, and neither deleted nor made visible again.
    InFlight,
}

impl QueueSnapshot {
    pub(crate) fn of(queue: &Queue, now: SystemTime) -> Self {
        let messages = queue.stored().map(|stored| QueuedMessage::of(stored, now));
        Self {
            name: Arc::clone(queue.name()),
            messages: messages.collect(),
        }
    }

    /// How many messages have this visibility.
    #[must_use]
    pub fn count(&self, visibility: Visibility) -> usize {
        self.messages
            .iter()
            .filter(|message| message.visibility == visibility)
            .count()
    }
}

impl Visibility {
    pub(crate) fn of(stored: &StoredMessage, now: SystemTime) -> Self {
        match stored.received {
            _ if stored.visible <= now => Self::Visible,
            Some(_) => Self::InFlight,
            None => Self::Delayed,
        }
    }
}

impl QueuedMessage {
    fn of(stored: &StoredMessage, now: SystemTime) -> Self {
        Self {
            message_id: Arc::clone(&stored.message.id),
            body: Arc::clone(&stored.message.body),
            event: stored.message.event,
            group_id: stored.message.group_id.clone(),
            receive_count: stored.total_receive_count(),
            sent: stored.sent,
            visibility: Visibility::of(stored, now),
        }
    }
}
