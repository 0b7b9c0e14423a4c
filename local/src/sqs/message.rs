//! The messages of a queue, and the results of sending, receiving and deleting them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::attributes::{MessageAttribute, MessageAttributes};
use super::receipt::Receipt;
use crate::s3::EventId;

/// A message as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The message's id.
    pub id: Arc<str>,
    /// The message's body.
    pub body: Arc<str>,
    /// The event that the message is about.
    pub event: Option<EventId>,
    /// What the sender says about the message, by name.
    pub attributes: BTreeMap<Arc<str>, MessageAttribute>,
    /// The X-Ray trace header (`AWSTraceHeader`).
    pub trace_header: Option<Arc<str>>,
    /// The message group. Every message of a FIFO queue needs one.
    pub group_id: Option<Arc<str>>,
    /// The deduplication id. Every message of a FIFO queue needs one, unless the queue has
    /// content-based deduplication.
    pub deduplication_id: Option<Arc<str>>,
}

/// A message as its receiver knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The message.
    pub message: Message,
    /// What identifies this receive when the message is deleted.
    pub receipt: Receipt,
    /// How often the message has been received, including this time and from the queues that this
    /// one is the dead-letter queue of.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// When it was received for the first time.
    pub first_received: SystemTime,
    /// The name of the queue that this one is the dead-letter queue of, if the message came from
    /// there.
    pub dead_letter_source: Option<Arc<str>>,
    /// When the message becomes visible again.
    pub invisible_until: SystemTime,
    /// The position among all messages that the queue has ever had.
    pub sequence_number: u64,
}

/// The result of sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The message is in the queue.
    Accepted,
    /// The message has the deduplication id of an earlier message and was dropped.
    Duplicate {
        /// The id of the earlier message.
        of: Arc<str>,
    },
}

/// What a client learns about a message that it sent.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    /// The id of the message, or of the earlier message that it is a duplicate of.
    pub(crate) message_id: Arc<str>,
    /// The position of that message in the queue.
    pub(crate) serial: u64,
    pub(crate) is_duplicate: bool,
}

/// Why a queue rejects a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendRefusal {
    /// The queue is full. It may have room later.
    Full,
    /// The message with its attributes is longer than the queue allows, which is at most 1 MiB.
    TooLong,
    /// The queue is a FIFO queue, and the message has no group.
    NoGroup,
    /// The queue is a FIFO queue without content-based deduplication, and the message has no
    /// deduplication id.
    NoDeduplicationId,
    /// A client has deleted the queue. Whatever a topic, a rule or a bucket sends to it is lost.
    QueueDeleted,
}

/// The result of a receive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receive {
    /// The received messages; the one that has been visible longest is first.
    pub messages: Vec<Received>,
    /// The messages that were received too often. They are no longer in the queue.
    pub redriven: Vec<Redriven>,
    /// The messages that were older than the retention. They are lost.
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
    /// The name of the queue that it was received from too often.
    pub source: Arc<str>,
}

/// The result of deleting a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deletion {
    /// The message is deleted.
    Deleted(Message),
    /// The message no longer existed.
    Absent,
    /// The message has been received again since then, so it stays.
    Superseded,
    /// The message of a FIFO queue is visible again, so it stays.
    Expired,
}

/// Why a queue refuses to change the visibility of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VisibilityRefusal {
    /// The message was deleted.
    Absent,
    /// The message was received again, or is visible.
    NotInFlight,
    /// The message would be invisible for more than 12 hours after its receive.
    TooLong,
}

impl Message {
    /// A message with this id and body, without a group.
    pub fn new(id: impl Into<Arc<str>>, body: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.into(),
            body: body.into(),
            event: None,
            attributes: MessageAttributes::new(),
            trace_header: None,
            group_id: None,
            deduplication_id: None,
        }
    }

    /// Sets the event that the message is about.
    #[must_use]
    pub fn with_event(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(
        mut self,
        name: impl Into<Arc<str>>,
        attribute: MessageAttribute,
    ) -> Self {
        self.attributes.insert(name.into(), attribute);
        self
    }

    /// Sets the message group. In a standard queue this names the tenant.
    #[must_use]
    pub fn with_group_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.group_id = Some(id.into());
        self
    }

    /// Sets the deduplication id.
    #[must_use]
    pub fn with_deduplication_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// The length that the limits of SQS are about: that of the body and of the attributes.
    pub(crate) fn length(&self) -> usize {
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|(name, attribute)| attribute.length(name));

        self.body.len() + attributes.sum::<usize>()
    }
}

impl fmt::Display for SendRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "it is full",
            Self::TooLong => "the message is longer than the queue allows",
            Self::NoGroup => "a message for a FIFO queue needs a group",
            Self::NoDeduplicationId => "a message for this FIFO queue needs a deduplication id",
            Self::QueueDeleted => "it was deleted",
        })
    }
}

impl fmt::Display for VisibilityRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "the message was deleted",
            Self::NotInFlight => "the message is not in flight",
            Self::TooLong => "the total visibility timeout of the message is beyond 12 hours",
        })
    }
}

impl std::error::Error for VisibilityRefusal {}

/// The sequence number of a message in a FIFO queue. SQS writes 20 digits.
pub(crate) fn sequence_number(serial: u64) -> String {
    format!("188{serial:017}")
}
