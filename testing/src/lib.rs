//! Builders of S3 records, notifications and batches: the JSON that AWS sends, for tests of S3
//! event handlers.
//!
//! A record for a handler that is called as a plain function, and the payload of a whole
//! invocation:
//!
//! ```
//! use s3_dispatch_core::{Delivery, EventName};
//! use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};
//!
//! let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key("holiday/my photo.jpg").build();
//! assert_eq!(record.object.key, "holiday/my photo.jpg");
//! assert_eq!(record.object.key.as_sent(), "holiday/my+photo.jpg");
//!
//! let payload = SqsBatchBuilder::new()
//!     .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_COPY).with_size(2048))
//!     .with_notification("2", NotificationBuilder::test_event("amzn-s3-demo-bucket"))
//!     .with_body("3", "not JSON")
//!     .to_bytes();
//! let delivery = Delivery::parse(payload)?;
//! assert_eq!(delivery.records()[0].object.size, Some(2048));
//! assert!(delivery.messages()[2].content.is_err());
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! Everything that is not set has a fixed, plausible value, so that snapshots of the output stay as
//! they are. Fields stand in the order in which AWS writes them, and those that AWS leaves out of
//! an event are left out.
//!
//! What infrastructure would let through to a handler is asked of [`SnsFilterPolicy`] and
//! [`EventBridgeRule`].
//!
//! With the feature `conformance` there is also the suite that a store of your own must pass.

mod record;
mod write;
mod build;
mod evaluate;
#[cfg(feature = "conformance")]
pub mod conformance;

pub use build::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder, SqsBatchBuilder,
    SqsMessageBuilder,
};
pub use evaluate::{EventBridgeRule, FilterError, FilterErrorKind, SnsFilterPolicy};
pub use record::event_data::ReplicationData;
