//! The JSON that AWS sends for S3 events, for tests of handlers.
//!
//! A handler is an ordinary async function, so a test calls it with a record. Another test runs a
//! whole payload through the program:
//!
//! ```
//! use s3_dispatch_core::delivery::Delivery;
//! use s3_dispatch_core::EventName;
//! use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};
//!
//! let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
//!     .with_key("holiday/my photo.jpg")
//!     .build();
//! assert_eq!(record.object.key, "holiday/my photo.jpg");
//! assert_eq!(record.object.key.as_sent(), "holiday/my+photo.jpg");
//!
//! let payload = SqsBatchBuilder::new()
//!     .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_COPY).with_size(2048))
//!     .with_notification("2", NotificationBuilder::test_event("amzn-s3-demo-bucket"))
//!     .with_body("3", "not JSON")
//!     .to_bytes();
//!
//! let delivery = Delivery::parse(payload)?;
//! assert_eq!(delivery.records()[0].object.size, Some(2048));
//! assert!(delivery.messages()[2].content.is_err());
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! # Which builder
//!
//! | builder | makes |
//! |---|---|
//! | [`RecordBuilder`] | one record, also in EventBridge's form |
//! | [`NotificationBuilder`] | the document that S3 publishes: records, or a test notification |
//! | [`SnsMessageBuilder`] | an SNS message around a notification |
//! | [`SnsBatchBuilder`] | the payload of a function that is subscribed to a topic |
//! | [`SqsMessageBuilder`] | one message of a queue |
//! | [`SqsBatchBuilder`] | the payload of a function that reads a queue |
//! | [`BatchJobBuilder`] | the payload of a function that an S3 Batch Operations job invokes |
//!
//! Every value has a fixed default, so snapshots of the output do not change. The fields are in the
//! order in which AWS writes them, and a field that AWS leaves out for an event is left out.
//!
//! # Which events arrive
//!
//! [`SnsFilterPolicy`] and [`EventBridgeRule`] show which events the infrastructure lets through to
//! a handler. [`IamPolicyDocument`] shows what a policy allows.
//!
//! # Features
//!
//! - `conformance` adds the module of the same name: the suites that an implementation of a store
//!   must pass.
//! - `objects` adds `MemoryObjects`, a memory of objects with versions that stands in for S3.

mod record;
mod write;
mod build;
mod evaluate;
#[cfg(feature = "objects")]
mod objects;
#[cfg(feature = "conformance")]
pub mod conformance;

pub use build::{
    BatchJobBuilder, NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder,
    SqsBatchBuilder, SqsMessageBuilder,
};
pub use evaluate::{
    EventBridgeRule, FilterError, FilterErrorKind, IamPolicyDocument, SnsFilterPolicy,
};
#[cfg(feature = "objects")]
pub use objects::{Fault, MemoryObjects};
pub use record::event_data::ReplicationData;
pub use write::sqs_record::SqsRecord;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
