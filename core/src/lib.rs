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
mod plain;
mod unescape;
mod raw_json;
mod json;
mod json_error;
mod event_name;
mod nearest;
mod event_pattern;
mod event_time;
mod event_version;
mod sequencer;
mod object_key;
mod event_data;
mod record;
mod s3_record;
mod eventbridge;
mod notification;
mod envelope;
mod scan;
mod body;
mod message_context;
mod delivery;
mod context;
mod from_record;
mod state;
mod views;
mod handler_error;
mod outcome;
mod handler;
mod route;
mod router;
mod routes;
mod conditions;
mod filter_policy;
mod bucket_notification;
mod eventbridge_pattern;
mod iam_policy;
mod manifest;
#[cfg(feature = "aws_lambda_events")]
mod aws_lambda_events;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use async_trait::async_trait;

pub use bucket_notification::BucketNotification;
pub use context::Context;
pub use delivery::{Content, Delivery, Message};
pub use envelope::{Envelope, Envelopes};
pub use error::{Error, ErrorKind};
pub use event_data::{
    AccessTier, Annotation, AnnotationName, BucketTags, EventHold, EventHoldDuration,
    FailureReason, Replication, ReplicationMinutes, ReplicationRuleId, Restore, Retention,
    RetentionMode, S3Operation, StorageClass, TagName, TagValue, Tiering, Timestamp, Transition,
};
pub use event_name::EventName;
pub use event_pattern::EventPattern;
pub use event_time::EventTime;
pub use event_version::EventVersion;
pub use eventbridge_pattern::EventBridgePattern;
pub use filter_policy::{FilterCriteria, FilterPolicy};
pub use from_record::FromRecord;
pub use handler::{BoxFuture, Handler, HandlerFn};
pub use handler_error::{HandlerError, HandlerErrorKind};
pub use iam_policy::IamPolicy;
pub use manifest::{Manifest, Warning};
pub use message_context::{
    InvocationId, MessageContext, MessageGroupId, MessageId, QueueArn, ReceiptHandle, TraceHeader,
};
pub use notification::{Notification, ServiceName, TestEvent};
pub use object_key::ObjectKey;
pub use outcome::{Outcome, SkipReason};
pub use record::{
    Bucket, BucketArn, BucketName, ConfigurationId, ETag, EventSource, HostId, Object, PrincipalId,
    Region, RequestId, S3EventRecord, SourceIp, VersionId,
};
pub use route::Route;
pub use router::Router;
pub use routes::Routes;
pub use sequencer::Sequencer;
pub use state::{FromRef, State};
pub use views::{
    Annotated, Expired, ObjectCreated, ObjectRemoved, ObjectRestored, Replicated, Retained, Tagged,
    Tiered, Transitioned,
};
