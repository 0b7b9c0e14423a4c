//! What a caller in this process sees of an object.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Bucket, Versions};
use crate::s3::store::object::{KeyVersion, NULL_VERSION};

/// A version of an object, as it was when it was asked for. Its bytes are read with
/// [`get_object`](crate::LocalPipeline::get_object).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectSnapshot {
    /// The key, not URL-encoded.
    pub key: String,
    /// The id of the version, which is `null` if it was created without versioning. `None` if the
    /// bucket has never had versioning.
    pub version_id: Option<String>,
    /// Whether this is a mark that the key is deleted. It has no bytes, and its entity tag and its
    /// headers are empty.
    pub is_delete_marker: bool,
    /// The number of bytes.
    pub size: u64,
    /// The entity tag, without quotes.
    pub e_tag: String,
    /// When the version was created.
    pub last_modified: SystemTime,
    /// The content type that the client gave; `None` if it gave none.
    pub content_type: Option<String>,
    /// The metadata that the client gave, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

impl Bucket {
    /// The current objects, in the order of their keys.
    pub(in crate::s3::store) fn snapshots(&self) -> Vec<ObjectSnapshot> {
        let current = self
            .keys("")
            .map(|(key, versions)| (key, versions.current()));
        let objects = current.filter(|(_, version)| version.object().is_some());

        objects
            .map(|(key, version)| self.snapshot(key, version))
            .collect()
    }

    /// All versions of a key, the newest one first.
    pub(in crate::s3::store) fn version_snapshots(&self, key: &str) -> Vec<ObjectSnapshot> {
        let versions = self.versions(key).into_iter();
        let versions = versions.flat_map(Versions::newest_first);

        versions
            .map(|version| self.snapshot(key, version))
            .collect()
    }

    fn snapshot(&self, key: &str, version: &KeyVersion) -> ObjectSnapshot {
        let id = |id: &Option<String>| {
            let id = id.as_deref().unwrap_or(NULL_VERSION);
            self.is_versioned().then(|| id.to_owned())
        };

        match version {
            KeyVersion::Object(object) => ObjectSnapshot {
                key: key.to_owned(),
                version_id: id(&object.version_id),
                is_delete_marker: false,
                size: object.body.len(),
                e_tag: object.e_tag.clone(),
                last_modified: object.last_modified,
                content_type: object.headers.content_type.clone(),
                metadata: object.headers.metadata.clone().into_iter().collect(),
                tags: object.tags.iter().cloned().collect(),
            },
            KeyVersion::DeleteMarker(marker) => ObjectSnapshot {
                key: key.to_owned(),
                version_id: id(&marker.version_id),
                is_delete_marker: true,
                size: 0,
                e_tag: String::new(),
                last_modified: marker.last_modified,
                content_type: None,
                metadata: BTreeMap::new(),
                tags: BTreeMap::new(),
            },
        }
    }
}
