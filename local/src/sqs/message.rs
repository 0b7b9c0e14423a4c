//! Messages of a queue, and what becomes of them.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::EventId;

/// A message, as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its id.
    pub id: Arc<str>,
    /// Its body.
    pub body: Arc<str>,
    /// The event that it is of.
    pub event: Option<EventId>,
    /// Its group; every message of a FIFO queue has one.
    pub group_id: Option<Arc<str>>,
    /// What tells it from others; every message of a FIFO queue has one, if the body does not do.
    pub deduplication_id: Option<Arc<str>>,
}

/// A message, as its receiver knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The message.
    pub message: Message,
    /// What it is deleted with.
    pub receipt: Receipt,
    /// How often it has been received, this time included, and before from the queues that this
    /// one is the dead-letter queue of.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// When it was received for the first time.
    pub first_received: SystemTime,
    /// Until when it is invisible.
    pub invisible_until: SystemTime,
    /// Its place among the messages of the queue.
    pub sequence_number: u64,
}

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    pub(crate) serial: u64,
    pub(crate) receive_count: u32,
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is in the queue.
    Accepted,
    /// Its deduplication id is that of this earlier message, and it is dropped.
    Duplicate {
        /// The id of the earlier message.
        of: Arc<str>,
    },
}

/// Why a queue does not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendRefusal {
    /// It is full; later it may have room.
    Full,
    /// The message is longer than 1 MiB.
    TooLong,
    /// It is a FIFO queue, and the message has no group.
    NoGroup,
    /// It is a FIFO queue, and nothing tells the message from others.
    NoDeduplicationId,
}

/// What a receive does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receive {
    /// The messages, the one that has been visible longest first.
    pub messages: Vec<Received>,
    /// Those that have been received too often, and are not in the queue any more.
    pub redriven: Vec<Redriven>,
    /// Those that were older than the retention, and are lost.
    pub expired: Vec<Message>,
}

/// A message on its way to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redriven {
    /// The message.
    pub message: Message,
    /// When it was sent.
    pub sent: SystemTime,
    /// How often it was received, from any queue.
    pub receive_count: u32,
}

/// What deleting a message did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deletion {
    /// The message is gone.
    Deleted(Message),
    /// There was no such message any more.
    Absent,
    /// The message was received again since, so that it stays.
    Superseded,
    /// The message of a FIFO queue is visible again, so that it stays.
    Expired,
}

/// The visibility of a message cannot be changed: it is gone, was received again, or is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NotInFlight;

impl Message {
    /// A message of this id and body, without a group.
    pub fn new(id: impl Into<Arc<str>>, body: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.into(),
            body: body.into(),
            event: None,
            group_id: None,
            deduplication_id: None,
        }
    }

    /// Of this event.
    #[must_use]
    pub fn with_event(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Of this group, in a FIFO queue; or, in a standard queue, of this tenant.
    #[must_use]
    pub fn with_group_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.group_id = Some(id.into());
        self
    }

    /// With this deduplication id.
    #[must_use]
    pub fn with_deduplication_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }
}

impl fmt::Display for SendRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "it is full",
            Self::TooLong => "the message is longer than 1 MiB",
            Self::NoGroup => "in a FIFO queue every message needs a group",
            Self::NoDeduplicationId => {
                "in a FIFO queue without content-based deduplication every message needs an id for it"
            }
        })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AQEB{:016x}{:08x}", self.serial, self.receive_count)
    }
}
