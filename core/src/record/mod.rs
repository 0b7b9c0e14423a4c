//! One record of a notification: what happened to one object.
//!
//! [`S3EventRecord`] is the record. This module has the types of its fields. Each text has a type
//! of its own, so that a bucket's name cannot be passed where a key is expected. The reading makes
//! records, and handlers take them, or the typed views of them at the crate's root.
//!
//! # Texts
//!
//! The types that hold a text share one interface: `as_str`, `Display`, `Debug` (quoted, with
//! control characters escaped), comparison with `str`, and `From<&str>` and `From<String>`. A text
//! of a record that was read is a slice of the payload, so a clone copies no bytes.
//!
//! ```
//! use s3_dispatch_core::{BucketName, Region};
//!
//! let bucket = BucketName::from("amzn-s3-demo-bucket");
//! assert_eq!(bucket, "amzn-s3-demo-bucket");
//! assert_eq!(format!("{bucket} in {}", Region::from("eu-central-1")),
//!     "amzn-s3-demo-bucket in eu-central-1");
//! ```
//!
//! # Absence
//!
//! What a sender may leave out is an `Option`. A field that is absent, `null` or an empty string is
//! `None` in all cases. Only the event's name, the bucket's name and the key are required.

mod s3_event_record;
mod bucket;
mod object;
mod key;
mod sequencer;
mod origin;
mod time;
mod version;
mod view;

pub use bucket::{Bucket, BucketArn, BucketName, BucketTags, TagName, TagValue};
pub use key::ObjectKey;
pub use object::{ETag, Object, VersionId};
pub use origin::{ConfigurationId, EventSource, HostId, PrincipalId, Region, RequestId, SourceIp};
pub use s3_event_record::S3EventRecord;
pub use sequencer::Sequencer;
pub use time::EventTime;
pub use version::EventVersion;
pub use view::{
    Annotated, Expired, ObjectCreated, ObjectRemoved, ObjectRestored, Replicated, Retained, Tagged,
    Tiered, Transitioned,
};
