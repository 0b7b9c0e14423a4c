//! The index of all objects and uploads, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use s3s::{S3Result, s3_error};

use super::bodies::StoredBody;
use super::descriptions::{OBJECTS, UPLOADS, read_all};
use super::object::StoredObject;
use super::upload::Upload;
use crate::aws::sequencer::Sequencers;

/// The objects of one bucket, by key.
pub(super) type BucketObjects = BTreeMap<String, Arc<StoredObject>>;

/// All objects and uploads.
#[derive(Debug, Default)]
pub(super) struct StoreIndex {
    buckets: BTreeMap<String, BucketObjects>,
    pub(super) uploads: HashMap<String, Upload>,
    pub(super) sequencers: Sequencers,
}

impl StoreIndex {
    /// Empty buckets with these names.
    pub(super) fn empty<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let buckets = names.into_iter();

        Self {
            buckets: buckets
                .map(|name| (name.to_owned(), BucketObjects::new()))
                .collect(),
            ..Self::default()
        }
    }

    /// Reads all descriptions in the folder.
    pub(super) fn load(&mut self, folder: &Path) -> io::Result<()> {
        for object in read_all::<StoredObject>(&folder.join(OBJECTS))? {
            self.buckets
                .entry(object.bucket.clone())
                .or_default()
                .insert(object.key.clone(), Arc::new(object));
        }

        let files: HashSet<u64> = self
            .all_objects()
            .flat_map(|object| object.body.files())
            .collect();

        for upload in read_all::<Upload>(&folder.join(UPLOADS))? {
            let mut parts = upload.parts.values();

            // The upload was completed, but the process ended before it was removed.
            if parts.any(|part| part.body.is_in(&files)) {
                std::fs::remove_file(folder.join(UPLOADS).join(&upload.id))?;
            } else {
                self.uploads.insert(upload.id.clone(), upload);
            }
        }

        Ok(())
    }

    fn all_objects(&self) -> impl Iterator<Item = &Arc<StoredObject>> {
        self.buckets.values().flat_map(BTreeMap::values)
    }

    /// The bodies of all objects and parts.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &StoredBody> {
        let uploads = self.uploads.values();
        let parts = uploads.flat_map(|upload| upload.parts.values());

        self.all_objects()
            .map(|object| &object.body)
            .chain(parts.map(|part| &part.body))
    }

    pub(super) fn bucket_names(&self) -> impl Iterator<Item = &String> {
        self.buckets.keys()
    }

    pub(super) fn objects(&self, bucket: &str) -> S3Result<&BucketObjects> {
        self.buckets
            .get(bucket)
            .ok_or_else(|| s3_error!(NoSuchBucket))
    }

    pub(super) fn objects_mut(&mut self, bucket: &str) -> S3Result<&mut BucketObjects> {
        self.buckets
            .get_mut(bucket)
            .ok_or_else(|| s3_error!(NoSuchBucket))
    }

    pub(super) fn object(&self, bucket: &str, key: &str) -> S3Result<&Arc<StoredObject>> {
        self.objects(bucket)?
            .get(key)
            .ok_or_else(|| s3_error!(NoSuchKey))
    }

    pub(super) fn upload_mut(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> S3Result<&mut Upload> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .ok_or_else(|| s3_error!(NoSuchUpload))
    }
}
