//! A message, where it was seen last.

use std::sync::Arc;

use serde_json::{Value, json};

use super::component::Node;

/// How much of a message's body is remembered.
const MAX_PAYLOAD_BYTES: usize = 16 * 1024;

/// A message, where it was seen last.
#[derive(Debug)]
pub(crate) struct Sighting {
    pub(crate) id: Arc<str>,
    pub(crate) queue: Arc<str>,
    /// Whether it was moved there, received too often.
    pub(crate) is_dead: bool,
    pub(crate) place: Place,
    pub(crate) receive_count: u32,
    payload: Arc<str>,
    bytes: usize,
}

/// Where a message of a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Queue,
    Function(Arc<str>),
    Deleted,
    Expired,
}

impl Sighting {
    /// A message that a queue has taken.
    pub(crate) fn new(id: &Arc<str>, queue: &Arc<str>, body: &Arc<str>) -> Self {
        let payload = match body.len() {
            0..=MAX_PAYLOAD_BYTES => Arc::clone(body),
            _ => body[..body.floor_char_boundary(MAX_PAYLOAD_BYTES)].into(),
        };
        let (id, queue) = (Arc::clone(id), Arc::clone(queue));

        Self {
            id,
            queue,
            is_dead: false,
            place: Place::Queue,
            receive_count: 0,
            payload,
            bytes: body.len(),
        }
    }

    /// Whether it is in no queue any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.place, Place::Deleted | Place::Expired)
    }

    /// Whether something is still to happen to it.
    pub(crate) fn is_moving(&self) -> bool {
        match self.place {
            Place::Queue => !self.is_dead,
            Place::Function(_) => true,
            Place::Deleted | Place::Expired => false,
        }
    }

    /// In which box it is drawn, and how: `{"node": "queue:uploads", "how": "waiting", "count":
    /// 1}`.
    pub(crate) fn whereabouts(&self) -> Option<Value> {
        let (node, how) = match &self.place {
            Place::Queue if self.is_dead => (Node::queue(&self.queue), "dead"),
            Place::Queue => (Node::queue(&self.queue), "waiting"),
            Place::Function(name) => (Node::function(name), "running"),
            Place::Deleted | Place::Expired => return None,
        };
        Some(json!({"node": node, "how": how, "count": 1}))
    }

    /// All that is known of it.
    pub(crate) fn details(&self) -> Value {
        let place = match &self.place {
            Place::Queue => format!("in {}", self.queue),
            Place::Function(name) => format!("in {name}"),
            Place::Deleted => format!("deleted from {}", self.queue),
            Place::Expired => format!("expired in {}", self.queue),
        };

        json!({
            "id": self.id,
            "place": place,
            "receives": self.receive_count,
            "payload": self.payload,
            "bytes": self.bytes,
            "is_whole": self.bytes == self.payload.len(),
        })
    }
}
