//! One record of a notification: what happened to one object.
//!
//! [`S3EventRecord`](crate::S3EventRecord) is the record. This module has the types of its fields.
//! Each text has its own type, so that a bucket's name cannot be passed where a key is expected.
//! The reader makes records. Handlers take them, or the typed views at the crate's root.
//!
//! # Texts
//!
//! The types that hold a text share one interface: `as_str`, `Display`, `Debug` (quoted, with
//! control characters escaped), comparison with `str`, and `From<&str>` and `From<String>`. A text
//! of a record that was read is a slice of the payload, so a clone copies no bytes, but keeps the
//! whole payload in memory. To keep a text beyond its handler, take `to_detached`, which copies it.
//!
//! ```
//! use s3_dispatch_core::record::Region;
//! use s3_dispatch_core::BucketName;
//!
//! let bucket = BucketName::from("amzn-s3-demo-bucket");
//! assert_eq!(bucket, "amzn-s3-demo-bucket");
//! assert_eq!(format!("{bucket} in {}", Region::from("eu-central-1")),
//!     "amzn-s3-demo-bucket in eu-central-1");
//! ```
//!
//! # Absence
//!
//! A field that a sender may leave out is an `Option`. Absent, `null` and the empty string all give
//! `None`. Only the event's name, the bucket's name and the key are required.

pub(crate) mod s3_event_record;
pub(crate) mod bucket;
pub(crate) mod object;
pub(crate) mod key_memory;
pub(crate) mod key;
pub(crate) mod sequencer;
mod origin;
mod time;
mod version;
pub(crate) mod view;

pub use bucket::{Bucket, BucketArn, BucketTags, TagName, TagValue};
pub use object::Object;
pub use origin::{ConfigurationId, EventSource, HostId, PrincipalId, Region, RequestId, SourceIp};
pub use time::EventTime;
pub use version::EventVersion;
