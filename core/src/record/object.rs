//! The object of an event.

use super::key::ObjectKey;
use super::sequencer::Sequencer;
use crate::text::text_newtypes;

/// The object of an event (`s3.object`).
///
/// Which fields are there depends on the event; the typed views, such as
/// [`ObjectCreated`](crate::ObjectCreated), know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// The key, decoded.
    pub key: ObjectKey,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The entity tag; ends in `-N` for an object uploaded in `N` parts.
    pub e_tag: Option<ETag>,
    /// The version. `None` in buckets without versioning.
    pub version_id: Option<VersionId>,
    /// The place among the events of this key.
    pub sequencer: Option<Sequencer>,
    /// Whether the object has annotations (`hasObjectAnnotation`); sent for copies.
    pub has_annotation: Option<bool>,
}

text_newtypes! {
    /// The entity tag of an object, without quotes.
    ETag;
    /// The version id of an object: `096fKKXTRTtl3on89fVO.nfljtsv6qko`.
    VersionId;
}
