//! What of a history can happen again.

use std::sync::Arc;

use s3_dispatch_local::ObjectEvent;

/// What of a history can happen again.
#[derive(Debug, Clone)]
pub(in crate::ui) struct Replay {
    /// The event. `None` for a message that belongs to no event.
    pub(in crate::ui) event: Option<Arc<ObjectEvent>>,
    /// Its dead letters.
    pub(in crate::ui) dead_letters: Vec<DeadLetter>,
}

/// A message in a dead-letter queue.
#[derive(Debug, Clone)]
pub(in crate::ui) struct DeadLetter {
    pub(in crate::ui) queue: Arc<str>,
    pub(in crate::ui) message_id: Arc<str>,
}
