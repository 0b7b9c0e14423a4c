//! The buckets of the memory, with all versions of their objects.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest, Md5};
use s3_dispatch::objects::{ObjectError, ObjectErrorKind, ObjectHead, WrittenObject};
use s3_dispatch_core::{ETag, VersionId};

use super::fault::Fault;

/// What a memory of objects holds.
#[derive(Debug, Default)]
pub(super) struct State {
    buckets: BTreeMap<String, Bucket>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) requests: u64,
    pub(super) is_listing_denied: bool,
    /// The number of changes so far. It makes sequencers and versions.
    changes: u64,
}

#[derive(Debug, Default)]
struct Bucket {
    is_versioned: bool,
    /// The versions of each key, the oldest first.
    keys: BTreeMap<String, Vec<Version>>,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// `null` in a bucket without versioning.
    id: String,
    is_marker: bool,
    pub(super) content: Content,
    e_tag: String,
    last_modified: SystemTime,
}

/// What is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// The version id of objects in buckets without versioning.
const NULL: &str = "null";

impl Version {
    pub(super) fn head(&self) -> ObjectHead {
        let mut head = ObjectHead::default();
        head.size = self.content.bytes.len() as u64;
        head.e_tag = Some(ETag::from(self.e_tag.as_str()));
        head.version_id = self.version_id();
        head.last_modified = Some(self.last_modified);
        head.content_type.clone_from(&self.content.content_type);
        head.metadata.clone_from(&self.content.metadata);
        head
    }

    pub(super) fn written(&self) -> WrittenObject {
        WrittenObject::new(Some(ETag::from(self.e_tag.as_str())), self.version_id())
    }

    fn version_id(&self) -> Option<VersionId> {
        (self.id != NULL).then(|| VersionId::from(self.id.as_str()))
    }
}

impl State {
    pub(super) fn add_versioned_bucket(&mut self, bucket: &str) {
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        bucket.is_versioned = true;
    }

    /// Adds a bucket with a name that no other has.
    #[cfg(feature = "conformance")]
    pub(super) fn add_bucket(&mut self, is_versioned: bool) -> String {
        let name = format!("bucket-{}", self.buckets.len());
        let bucket = self.buckets.entry(name.clone()).or_default();
        bucket.is_versioned = is_versioned;
        name
    }

    /// The object at a key, unless there is none or a delete marker hides it.
    pub(super) fn current(&self, bucket: &str, key: &str) -> Option<&Version> {
        let newest = self.buckets.get(bucket)?.keys.get(key)?.last()?;
        (!newest.is_marker).then_some(newest)
    }

    /// The object that a read finds.
    pub(super) fn find(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&VersionId>,
        e_tag: Option<&ETag>,
    ) -> Result<&Version, ObjectError> {
        let Some(kept) = self.buckets.get(bucket) else {
            return Err(ObjectError::new(ObjectErrorKind::NoSuchBucket));
        };

        let versions = kept.keys.get(key).map_or(&[][..], Vec::as_slice);
        let found = match version {
            Some(id) => versions.iter().find(|version| *id == *version.id),
            None => versions.last(),
        };

        match found.filter(|version| !version.is_marker) {
            Some(version) if e_tag.is_some_and(|e_tag| *e_tag != *version.e_tag) => {
                Err(ObjectError::new(ObjectErrorKind::Superseded))
            }
            Some(version) => Ok(version),
            None if self.is_listing_denied => Err(ObjectError::new(ObjectErrorKind::Denied)),
            None => Err(ObjectError::new(ObjectErrorKind::Gone)),
        }
    }

    pub(super) fn put(&mut self, bucket: &str, key: &str, content: Content) -> Version {
        let e_tag = Md5::digest(&content.bytes)
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });

        self.add(bucket, key, |id| Version {
            id,
            is_marker: false,
            content,
            e_tag,
            last_modified: SystemTime::now(),
        })
    }

    /// Deletes an object, or hides it behind a marker, whose version is returned.
    pub(super) fn delete(&mut self, bucket: &str, key: &str) -> Option<VersionId> {
        let kept = self.buckets.entry(bucket.to_owned()).or_default();
        if !kept.is_versioned {
            self.changes += 1;
            kept.keys.remove(key);
            return None;
        }

        let marker = self.add(bucket, key, |id| Version {
            id,
            is_marker: true,
            content: Content::default(),
            e_tag: String::new(),
            last_modified: SystemTime::now(),
        });
        marker.version_id()
    }

    pub(super) fn delete_version(&mut self, bucket: &str, key: &str, version: &str) {
        self.changes += 1;
        let bucket = self.buckets.get_mut(bucket);
        if let Some(versions) = bucket.and_then(|bucket| bucket.keys.get_mut(key)) {
            versions.retain(|kept| kept.id != version);
        }
    }

    /// The keys of a bucket with an object, in order.
    pub(super) fn keys(&self, bucket: &str) -> Vec<String> {
        let keys = self.buckets.get(bucket).map(|bucket| bucket.keys.keys());
        keys.into_iter()
            .flatten()
            .filter(|key| self.current(bucket, key).is_some())
            .cloned()
            .collect()
    }

    /// How many versions of an object there are, without markers.
    pub(super) fn versions(&self, bucket: &str, key: &str) -> usize {
        let bucket = self.buckets.get(bucket);
        let versions = bucket.and_then(|bucket| bucket.keys.get(key));
        versions.map_or(0, |versions| {
            versions.iter().filter(|kept| !kept.is_marker).count()
        })
    }

    /// The position of the last change, as S3 writes it.
    pub(super) fn sequencer(&self) -> String {
        format!("{:018X}", 0x0055_AED6_DCD9_0281_u64 + self.changes)
    }

    fn add(&mut self, bucket: &str, key: &str, make: impl FnOnce(String) -> Version) -> Version {
        self.changes += 1;
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        let versions = bucket.keys.entry(key.to_owned()).or_default();

        let id = if bucket.is_versioned {
            format!("memory.version.{:016x}", self.changes)
        } else {
            versions.clear();
            NULL.to_owned()
        };

        let version = make(id);
        versions.push(version.clone());
        version
    }
}
