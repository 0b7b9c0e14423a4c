//! The memory, as its suite changes it.

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::objects::WrittenObject;
use s3_dispatch_core::{BucketName, ObjectKey, VersionId};

use super::memory::MemoryObjects;
use super::state::Content;
use crate::conformance::ObjectChanges;

#[async_trait]
impl ObjectChanges for MemoryObjects {
    async fn new_bucket(&self, is_versioned: bool) -> BucketName {
        BucketName::from(self.state().add_bucket(is_versioned))
    }

    async fn overwrite(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        content: Bytes,
    ) -> WrittenObject {
        let content = Content {
            bytes: content,
            ..Content::default()
        };
        let written = self.state().put(bucket.as_str(), key.as_str(), content);
        written.written()
    }

    async fn delete(&self, bucket: &BucketName, key: &ObjectKey) -> Option<VersionId> {
        self.state().delete(bucket.as_str(), key.as_str())
    }

    async fn delete_version(&self, bucket: &BucketName, key: &ObjectKey, version: &VersionId) {
        self.state()
            .delete_version(bucket.as_str(), key.as_str(), version.as_str());
    }
}
