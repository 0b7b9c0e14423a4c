//! A message of a queue, and where it is now.

use std::sync::Arc;

use serde_json::{Value, json};

use super::component::Component;

/// How much of a message's body is kept.
const MAX_PAYLOAD_BYTES: usize = 16 * 1024;

/// A message of a queue, and where it is now.
#[derive(Debug)]
pub(super) struct TrackedMessage {
    pub(super) id: Arc<str>,
    pub(super) queue: Arc<str>,
    /// Whether the queue is a dead-letter queue that the message was moved to.
    pub(super) is_dead_letter: bool,
    pub(super) location: Location,
    pub(super) receive_count: u32,
    payload: Arc<str>,
    /// The length of the whole body, in bytes.
    body_length: usize,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    Queue,
    /// In an invocation of this function.
    Function(Arc<str>),
    Deleted,
    Expired,
    /// It would have invoked its function in a loop.
    Dropped,
}

impl TrackedMessage {
    /// A message that a queue has just accepted.
    pub(super) fn new(id: &Arc<str>, queue: &Arc<str>, body: &Arc<str>) -> Self {
        let payload = match body.len() {
            0..=MAX_PAYLOAD_BYTES => Arc::clone(body),
            _ => body[..body.floor_char_boundary(MAX_PAYLOAD_BYTES)].into(),
        };

        Self {
            id: Arc::clone(id),
            queue: Arc::clone(queue),
            is_dead_letter: false,
            location: Location::Queue,
            receive_count: 0,
            payload,
            body_length: body.len(),
        }
    }

    /// Whether it is no longer in a queue.
    pub(super) fn is_gone(&self) -> bool {
        matches!(
            self.location,
            Location::Deleted | Location::Expired | Location::Dropped
        )
    }

    /// Whether it is in a dead-letter queue.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead_letter && !self.is_gone()
    }

    /// Whether it is expected to move again.
    pub(super) fn is_moving(&self) -> bool {
        match self.location {
            Location::Queue => !self.is_dead_letter,
            Location::Function(_) => true,
            Location::Deleted | Location::Expired | Location::Dropped => false,
        }
    }

    /// The box that shows it, and how, or `None` if it is gone.
    ///
    /// ```json
    /// {"node": "queue:uploads", "how": "waiting", "count": 1}
    /// ```
    pub(super) fn token(&self) -> Option<Value> {
        let (node, how) = match &self.location {
            Location::Queue if self.is_dead_letter => (Component::queue(&self.queue), "dead"),
            Location::Queue => (Component::queue(&self.queue), "waiting"),
            Location::Function(name) => (Component::function(name), "running"),
            Location::Deleted | Location::Expired | Location::Dropped => return None,
        };

        Some(json!({"node": node, "how": how, "count": 1}))
    }

    /// Everything that is known about it.
    pub(super) fn details(&self) -> Value {
        let location = match &self.location {
            Location::Queue => format!("in {}", self.queue),
            Location::Function(name) => format!("in {name}"),
            Location::Deleted => format!("deleted from {}", self.queue),
            Location::Expired => format!("expired in {}", self.queue),
            Location::Dropped => format!("dropped from {}", self.queue),
        };

        json!({
            "id": self.id,
            "location": location,
            "receives": self.receive_count,
            "payload": self.payload,
            "bytes": self.body_length,
            "is_whole": self.body_length == self.payload.len(),
        })
    }
}
