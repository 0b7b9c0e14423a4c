//! One record of a notification: what happened to one object.
//!
//! Every text has its own type, so that a bucket's name cannot be passed for a key. Handlers take
//! records or views of them; the reading makes them.

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
