//! What a queue knows of a message, and what changes of it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::Message;

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Its place among the messages of its queue.
    pub(crate) serial: u64,
    pub(crate) message: Message,
    pub(crate) sent: SystemTime,
    /// From when on it is visible.
    pub(crate) visible: SystemTime,
    /// How often it was received from this queue.
    pub(crate) receive_count: u32,
    /// How often it was received from the queues that this one is the dead-letter queue of.
    pub(crate) received_before: u32,
    /// When it was received last.
    pub(crate) received: Option<SystemTime>,
    pub(crate) first_received: Option<SystemTime>,
}

/// What has changed in a queue.
#[derive(Debug, Clone)]
pub(crate) enum QueueChange {
    /// A message has come.
    Put(Held),
    /// A message has another visibility.
    Touched {
        serial: u64,
        visible: SystemTime,
        receive_count: u32,
        received: Option<SystemTime>,
        first_received: Option<SystemTime>,
    },
    /// A message has gone.
    Removed { serial: u64 },
    /// A deduplication id was seen.
    Remembered(Memory),
}

/// A deduplication id.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) id: Arc<str>,
    /// The message that it came with first.
    pub(crate) message_id: Arc<str>,
    pub(crate) until: SystemTime,
}

impl Held {
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
        }
    }

    /// How often it was received from any queue: SQS goes on counting in a dead-letter queue.
    pub(crate) fn receives(&self) -> u32 {
        self.received_before + self.receive_count
    }

    pub(crate) fn touched(&self) -> QueueChange {
        QueueChange::Touched {
            serial: self.serial,
            visible: self.visible,
            receive_count: self.receive_count,
            received: self.received,
            first_received: self.first_received,
        }
    }
}
