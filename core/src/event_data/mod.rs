//! What only some kinds of events carry.
//!
//! A record has at most one of these blocks. The typed views hand them to handlers.

mod timestamp;
mod restore;
mod replication;
mod storage;
mod annotation;
mod retention;

pub use annotation::{Annotation, AnnotationName};
pub use replication::{
    FailureReason, Replication, ReplicationMinutes, ReplicationRuleId, S3Operation,
};
pub use restore::Restore;
pub use retention::{EventHold, EventHoldDuration, Retention, RetentionMode};
pub use storage::{AccessTier, StorageClass, Tiering, Transition};
pub use timestamp::Timestamp;
