//! The entries of a change log.

use std::sync::Arc;
use std::time::SystemTime;

use crate::pipeline::transit::InTransit;
use crate::s3::StoreChange;
use crate::sqs::stored::{QueueChange, StoredSettings};

/// One change of the state of a pipeline.
#[derive(Debug, Clone)]
pub(crate) enum LogEntry {
    /// The last numbers of events, sequencers, and messages that clients sent.
    Counters {
        last_event: u64,
        last_sequencer: u64,
        last_message: u64,
    },
    /// A message was put in transit.
    SentOff {
        serial: u64,
        due: SystemTime,
        message: InTransit,
    },
    /// A message in transit arrived.
    Arrived { serial: u64, due: SystemTime },
    /// A client created a queue or changed its settings.
    Settings(StoredSettings),
    /// A client deleted a queue.
    QueueDeleted { queue: Arc<str>, time: SystemTime },
    /// A queue changed.
    Queue {
        queue: Arc<str>,
        change: QueueChange,
    },
    /// A bucket, an object or an upload changed.
    Store(StoreChange),
}
