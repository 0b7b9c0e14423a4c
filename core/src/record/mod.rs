//! One record of a notification: what happened to one object.
//!
//! Every text has its own type, so that a bucket's name cannot be passed for a key. Handlers take
//! records or views of them; the reading makes them.

mod s3_event_record;
mod data;
mod key;
mod sequencer;
mod time;
mod version;
mod view;

pub use data::{
    AccessTier, Annotation, AnnotationName, BucketTags, EventHold, EventHoldDuration,
    FailureReason, Replication, ReplicationMinutes, ReplicationRuleId, Restore, Retention,
    RetentionMode, S3Operation, StorageClass, TagName, TagValue, Tiering, Timestamp, Transition,
};
pub use key::ObjectKey;
pub use s3_event_record::{
    Bucket, BucketArn, BucketName, ConfigurationId, ETag, EventSource, HostId, Object, PrincipalId,
    Region, RequestId, S3EventRecord, SourceIp, VersionId,
};
pub use sequencer::Sequencer;
pub use time::EventTime;
pub use version::EventVersion;
pub use view::{
    Annotated, Expired, ObjectCreated, ObjectRemoved, ObjectRestored, Replicated, Retained, Tagged,
    Tiered, Transitioned,
};
