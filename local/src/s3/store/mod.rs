//! Where buckets keep their objects: an index, which the pipeline keeps and logs, and bodies.
//!
//! No key becomes the name of a file, so any key that S3 accepts works. Sequencers are assigned
//! while the index is locked, so the sequencers of a key are in the order of its changes.

mod bodies;
mod bucket;
mod buckets;
mod change;
mod checksum;
mod index;
mod multipart;
mod object;
mod objects;
mod transaction;
mod upload;

pub(in crate::s3) use self::bodies::Pin;
pub(crate) use self::bodies::{BodyStore, StoredBody};
pub use self::bucket::ObjectSnapshot;
pub(in crate::s3) use self::bucket::{Bucket, CorsRule, FoundObject, Versioning, http_date};
pub use self::buckets::Buckets;
pub(crate) use self::buckets::{Change, Committed, StoreKeeper};
pub(crate) use self::change::StoreChange;
pub(in crate::s3) use self::checksum::{ChecksumKind, ObjectChecksum, UploadChecksum};
pub(crate) use self::index::StoreIndex;
pub(in crate::s3) use self::object::{
    DeleteConditions, KeyVersion, ObjectHeaders, Preconditions, StoredObject, date_seconds, seconds,
};
pub(in crate::s3) use self::objects::Deleted;
pub(crate) use self::transaction::{Changed, SendTest, Transaction};
pub(in crate::s3) use self::upload::{ClaimedPart, ClaimedUpload, StoredPart, Upload};
