//! The vocabulary of S3 events: names, records, notifications, handlers and routes.
//!
//! `s3-dispatch` is built on this crate. It does no I/O and depends on no runtime. Programs depend
//! on [`s3-dispatch`](https://docs.rs/s3-dispatch), which re-exports everything here and runs
//! handlers in Lambda or in a worker. Depend on this crate alone for a library that only offers
//! handlers, or that only reads notifications.
//!
//! # Read a notification
//!
//! ```
//! use s3_dispatch_core::{EventName, Notification};
//!
//! let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
//!     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}}]}"#;
//!
//! let Notification::Records(records) = Notification::parse(json)? else {
//!     panic!("a test notification");
//! };
//! assert_eq!(records[0].event_name, EventName::OBJECT_CREATED_PUT);
//! assert_eq!(records[0].object.key, "my photo.jpg");
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! [`Notification::parse`] reads the body of one message, and [`Delivery::parse`] the payload of a
//! whole Lambda invocation. Both accept S3's own JSON, SNS messages and EventBridge events.
//!
//! # Route events to handlers
//!
//! ```
//! use s3_dispatch_core::{Manifest, ObjectCreated, Routes, State};
//!
//! async fn index(
//!     object: ObjectCreated,
//!     State(table): State<String>,
//! ) -> Result<(), std::io::Error> {
//!     println!("{table}: {:?} has {} bytes", object.key, object.size);
//!     Ok(())
//! }
//!
//! let routes = Routes::new(String::from("photos")).on_fn("ObjectCreated:*", index);
//!
//! // The filter of the queue comes from the same routes.
//! let policy = Manifest::new(&routes).filter_policy()?;
//! assert_eq!(
//!     serde_json::to_value(&policy).unwrap(),
//!     serde_json::json!({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}),
//! );
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! With `s3-dispatch` the same function is declared by `#[s3_handler("ObjectCreated:*")]`, which
//! checks events and arguments at compile time.
//!
//! # Where to find what
//!
//! Data flows one way, and the modules follow that order:
//!
//! ```text
//! payload -> envelopes -> message (id + body) -> notification -> record -> route -> handler
//!                                                                            outcome <-'
//! ```
//!
//! | step | types |
//! |---|---|
//! | what happened | [`EventName`], [`EventPattern`] |
//! | a record | [`S3EventRecord`], [`ObjectKey`], [`Sequencer`], views such as [`ObjectCreated`] |
//! | what brings records | [`Delivery`], [`Notification`], [`MessageContext`] |
//! | what handles it | [`Handler`], [`FromRecord`], [`State`], [`HandlerError`], [`Outcome`] |
//! | which handler | [`Route`], [`Routes`], [`Router`] |
//! | what infrastructure needs | [`Manifest`] |
//! | what can go wrong | [`Error`], [`ErrorKind`] |

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

/// The README's example, compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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
