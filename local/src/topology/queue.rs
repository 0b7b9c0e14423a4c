//! Queues and their dead-letter queues.

use std::time::Duration;

/// The longest message ("Amazon SQS message quotas", Amazon SQS Developer Guide, 2026), in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// A queue. If its name ends in `.fifo` it is a FIFO queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueSpec {
    /// The queue's name.
    pub name: String,
    /// How long a received message stays invisible: at most 12 hours.
    pub visibility_timeout: Duration,
    /// How long a new message stays invisible: at most 15 minutes.
    pub delay: Duration,
    /// How long messages are kept: 60 seconds to 14 days.
    pub retention: Duration,
    /// How long a message with its attributes may be, in bytes: 1,024 to 1,048,576.
    pub max_message_size: usize,
    /// How long a client's receive waits for a message if the client does not say it: at most 20
    /// seconds.
    pub receive_wait: Duration,
    /// How many messages the queue holds before it rejects new ones.
    pub capacity: usize,
    /// What happens to messages that are received too often. `None` means they stay.
    pub redrive: Option<Redrive>,
    /// Whether the body identifies a message of a FIFO queue that has no deduplication id.
    pub content_based_deduplication: bool,
}

/// The redrive policy of a queue: where messages go that are received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the dead-letter queue.
    pub dead_letter_queue: String,
    /// How often a message may be received.
    pub max_receive_count: u32,
}

impl QueueSpec {
    /// A queue with the settings that SQS gives to a new one: a visibility timeout of 30 seconds,
    /// no delay, a retention of 4 days, messages of up to 1 MiB, receives that do not wait, and no
    /// dead-letter queue. It holds 120,000 messages.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_timeout: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_secs(4 * 24 * 60 * 60),
            max_message_size: MAX_MESSAGE_BYTES,
            receive_wait: Duration::ZERO,
            capacity: 120_000,
            redrive: None,
            content_based_deduplication: false,
        }
    }

    /// Whether this is a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        is_fifo(&self.name)
    }

    /// Sets how long a received message stays invisible.
    #[must_use]
    pub fn with_visibility_timeout(mut self, timeout: Duration) -> Self {
        self.visibility_timeout = timeout;
        self
    }

    /// Sets how long a new message stays invisible.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how long messages are kept.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Sets how long a message with its attributes may be, in bytes.
    #[must_use]
    pub fn with_max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Sets how long a client's receive waits for a message if the client does not say it.
    #[must_use]
    pub fn with_receive_wait(mut self, wait: Duration) -> Self {
        self.receive_wait = wait;
        self
    }

    /// Sets how many messages the queue holds.
    #[must_use]
    pub fn with_capacity(mut self, messages: usize) -> Self {
        self.capacity = messages;
        self
    }

    /// Moves messages to this dead-letter queue when they have been received this often.
    #[must_use]
    pub fn with_redrive(
        mut self,
        dead_letter_queue: impl Into<String>,
        max_receive_count: u32,
    ) -> Self {
        self.redrive = Some(Redrive {
            dead_letter_queue: dead_letter_queue.into(),
            max_receive_count,
        });
        self
    }

    /// Sets whether messages with equal bodies are duplicates.
    #[must_use]
    pub fn with_content_based_deduplication(mut self, is_enabled: bool) -> Self {
        self.content_based_deduplication = is_enabled;
        self
    }
}

/// Whether a queue with this name is a FIFO queue.
pub(crate) fn is_fifo(queue: &str) -> bool {
    queue.ends_with(".fifo")
}
