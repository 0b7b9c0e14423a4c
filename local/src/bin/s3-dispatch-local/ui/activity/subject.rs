//! The subject of a step: an event or a message.

use std::sync::Arc;

use s3_dispatch_local::EventId;

/// What a step is about: an event, or a message that belongs to no event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Event(EventId),
    /// The message with this id.
    Message(Arc<str>),
}
