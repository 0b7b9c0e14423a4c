//! Data that only some kinds of events carry.
//!
//! Most records have none of this data. It is in the last fields of
//! [`S3EventRecord`](crate::S3EventRecord), and the typed views give it to handlers:
//!
//! | events | data | view |
//! |---|---|---|
//! | `ObjectRestore:*` | [`Restore`] | [`ObjectRestored`](crate::ObjectRestored) |
//! | `Replication:*` | [`Replication`] | [`Replicated`](crate::Replicated) |
//! | `LifecycleTransition` | [`Transition`] | [`Transitioned`](crate::Transitioned) |
//! | `IntelligentTiering` | [`Tiering`] | [`Tiered`](crate::Tiered) |
//! | `ObjectAnnotation:*` | [`Annotation`] | [`Annotated`](crate::Annotated) |
//! | `ObjectRetention:Put` | [`Retention`] | [`Retained`](crate::Retained) |
//! | `ObjectRemoved:*` | [`Removal`] | [`ObjectRemoved`](crate::ObjectRemoved) |
//! | `LifecycleExpiration:*` | [`Removal`] | [`Expired`](crate::Expired) |
//!
//! Every field that S3 may leave out is an `Option`. Absent, `null` and empty are all `None`. Texts
//! such as storage classes are kept as they were sent, because AWS may add new ones.
//!
//! ```
//! use s3_dispatch_testing::RecordBuilder;
//!
//! let record = RecordBuilder::new("LifecycleTransition").with_transition("GLACIER").build();
//! let transition = record.transition.expect("the record has the data of its event");
//! assert_eq!(transition.destination_storage_class.unwrap(), "GLACIER");
//! ```

mod timestamp;
mod restore;
mod replication;
mod storage;
mod annotation;
mod retention;
mod removal;

pub use annotation::{Annotation, AnnotationName};
pub use removal::Removal;
pub use replication::{
    FailureReason, Replication, ReplicationMinutes, ReplicationRuleId, S3Operation,
};
pub use restore::Restore;
pub use retention::{EventHold, EventHoldDuration, Retention, RetentionMode};
pub use storage::{AccessTier, StorageClass, Tiering, Transition};
pub use timestamp::Timestamp;
