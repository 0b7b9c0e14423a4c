//! A message in a queue, and the changes of a queue that must survive a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::deduplication::SeenId;
use super::message::Message;
use crate::topology::QueueSpec;

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct StoredMessage {
    /// The position among all messages that the queue has ever had.
    pub(crate) serial: u64,
    pub(crate) message: Message,
    pub(crate) sent: SystemTime,
    /// When the message becomes visible, or became so.
    pub(crate) visible: SystemTime,
    /// How often the message was received from this queue.
    pub(crate) receive_count: u32,
    /// How often it was received from the queues that this one is the dead-letter queue of.
    pub(crate) received_before: u32,
    /// When it was received last.
    pub(crate) received: Option<SystemTime>,
    pub(crate) first_received: Option<SystemTime>,
    /// The name of the queue that this one is the dead-letter queue of, if the message came from
    /// there.
    pub(crate) dead_letter_source: Option<Arc<str>>,
}

/// A change of a queue.
#[derive(Debug, Clone)]
pub(crate) enum QueueChange {
    /// A message was added.
    Added(StoredMessage),
    /// The visibility of a message changed.
    VisibilityChanged {
        serial: u64,
        visible: SystemTime,
        receive_count: u32,
        received: Option<SystemTime>,
        first_received: Option<SystemTime>,
    },
    /// A message was removed.
    Removed { serial: u64 },
    /// The next message gets at least this serial number.
    Continued { serial: u64 },
    /// A deduplication id was seen.
    Seen(SeenId),
}

/// The settings of a queue that clients have created or changed.
#[derive(Debug, Clone)]
pub(crate) struct StoredSettings {
    pub(crate) spec: QueueSpec,
    /// The settings in the topology when a client changed them. `None` if a client created the
    /// queue.
    pub(crate) configured: Option<QueueSpec>,
    pub(crate) created: SystemTime,
    pub(crate) changed: SystemTime,
    /// Attributes that are kept as texts: access policies, encryption, and which queues may have
    /// this one as their dead-letter queue.
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl StoredMessage {
    /// A message that has not been received yet.
    pub(crate) fn new(
        serial: u64,
        message: Message,
        sent: SystemTime,
        visible: SystemTime,
    ) -> Self {
        Self {
            serial,
            message,
            sent,
            visible,
            receive_count: 0,
            received_before: 0,
            received: None,
            first_received: None,
            dead_letter_source: None,
        }
    }

    /// How often it was received from any queue. SQS keeps counting in a dead-letter queue.
    pub(crate) fn total_receive_count(&self) -> u32 {
        self.received_before + self.receive_count
    }

    /// The change that restores its present visibility.
    pub(crate) fn visibility_change(&self) -> QueueChange {
        QueueChange::VisibilityChanged {
            serial: self.serial,
            visible: self.visible,
            receive_count: self.receive_count,
            received: self.received,
            first_received: self.first_received,
        }
    }
}
