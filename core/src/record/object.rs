//! The object of an event.

use super::key::ObjectKey;
use super::sequencer::Sequencer;
use crate::text::text_newtypes;

/// The object of an event.
///
/// ```json
/// {"key": "my+photo.jpg", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
///  "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5"}
/// ```
///
/// Which fields S3 sends depends on the event: see the table of
/// [`S3EventRecord`](crate::S3EventRecord).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// The key, decoded: `my photo.jpg`.
    ///
    /// `key` in both formats. A record without it cannot be read.
    pub key: ObjectKey,
    /// The size in bytes: `1024`.
    ///
    /// `size` in both formats. `None` for deletions, tagging and ACL events, and from MinIO and
    /// RustFS for empty objects.
    pub size: Option<u64>,
    /// The entity tag, without quotes: `d41d8cd98f00b204e9800998ecf8427e`.
    ///
    /// `eTag` in a notification, `etag` in EventBridge. `None` for permanent deletions and from
    /// stores without entity tags. A delete marker carries the tag of an empty object.
    pub e_tag: Option<ETag>,
    /// The version: `096fKKXTRTtl3on89fVO.nfljtsv6qko`.
    ///
    /// `versionId` in a notification, `version-id` in EventBridge. `None` in buckets without
    /// versioning.
    pub version_id: Option<VersionId>,
    /// The position among the events of this key: `0055AED6DCD90281E5`.
    ///
    /// `sequencer` in both formats. `None` for tagging and ACL events. For some events it is the
    /// sequencer of something earlier, so order events by
    /// [`reliable_sequencer`](crate::S3EventRecord::reliable_sequencer).
    pub sequencer: Option<Sequencer>,
    /// Whether the object has annotations.
    ///
    /// `hasObjectAnnotation` in a notification, `has-object-annotation` in EventBridge. S3 sends
    /// it for `ObjectCreated:Copy`.
    pub has_annotation: Option<bool>,
}

text_newtypes! {
    /// The entity tag of an object, without quotes: `d41d8cd98f00b204e9800998ecf8427e`.
    ///
    /// The tag of an object that was uploaded in `N` parts ends in `-N`, and is not the MD5 of its
    /// content. To read exactly the object that an event is about, send the tag as `If-Match`.
    ETag;
    /// The version id of an object: `096fKKXTRTtl3on89fVO.nfljtsv6qko`.
    ///
    /// It is opaque: two ids do not show which version is newer.
    VersionId;
}
