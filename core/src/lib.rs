//! The vocabulary of S3 events: what `s3-dispatch` is built on.
//!
//! This crate knows S3's names, records and notifications, and the handlers and routes that answer
//! them. It does no I/O and depends on no runtime. Programs depend on `s3-dispatch`, which
//! re-exports all of it; a library that only offers handlers, or only reads notifications, can do
//! with this crate.
//!
//! ```
//! use s3_dispatch_core::{EventName, Notification};
//!
//! let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
//!     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}}]}"#;
//! let Notification::Records(records) = Notification::parse(json)? else { panic!("a test notification") };
//! assert_eq!(records[0].event_name, EventName::OBJECT_CREATED_PUT);
//! assert_eq!(records[0].object.key, "my photo.jpg");
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! Data flows one way, and the modules stand in that order:
//!
//! ```text
//! payload -> envelopes -> message (id + body) -> notification -> record -> route -> handler -> outcome
//! ```

mod error;
mod text;
mod event;
mod record;
mod event_data;
mod delivery;
mod reading;
mod handling;
mod routing;
mod manifest;

#[doc(hidden)]
pub use handling::expansion as __private;

pub use async_trait::async_trait;

pub use delivery::{
    Content, Delivery, Envelope, Envelopes, InvocationId, Message, MessageContext, MessageGroupId,
    MessageId, Notification, QueueArn, ReceiptHandle, ServiceName, TestEvent, TraceHeader,
};
pub use error::{Error, ErrorKind};
pub use event::{EventName, EventPattern};
pub use event_data::{
    AccessTier, Annotation, AnnotationName, EventHold, EventHoldDuration, FailureReason,
    Replication, ReplicationMinutes, ReplicationRuleId, Restore, Retention, RetentionMode,
    S3Operation, StorageClass, Tiering, Timestamp, Transition,
};
pub use handling::{
    BoxFuture, Context, FromRecord, FromRef, Handler, HandlerError, HandlerErrorKind, HandlerFn,
    Outcome, SkipReason, State,
};
pub use manifest::{
    BucketNotification, EventBridgePattern, FilterCriteria, FilterPolicy, IamPolicy, Manifest,
    Warning,
};
pub use record::{
    Annotated, Bucket, BucketArn, BucketName, BucketTags, ConfigurationId, ETag, EventSource,
    EventTime, EventVersion, Expired, HostId, Object, ObjectCreated, ObjectKey, ObjectRemoved,
    ObjectRestored, PrincipalId, Region, Replicated, RequestId, Retained, S3EventRecord, Sequencer,
    SourceIp, TagName, TagValue, Tagged, Tiered, Transitioned, VersionId,
};
pub use routing::{Route, Router, Routes};
