//! The index of all buckets, objects and uploads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use s3s::{S3Result, s3_error};

use super::bodies::StoredBody;
use super::bucket::{Bucket, BucketSettings};
use super::change::StoreChange;
use super::upload::{EndedUpload, Upload};
use crate::topology::BucketSpec;

/// All buckets, objects and uploads. The bodies are elsewhere.
#[derive(Debug, Default)]
pub(crate) struct StoreIndex {
    buckets: BTreeMap<String, Bucket>,
    uploads: BTreeMap<String, Upload>,
    ended: BTreeMap<String, Arc<EndedUpload>>,
    /// What the topology has its buckets publish. Not part of the log.
    configured: BTreeMap<String, Arc<BucketSpec>>,
}

impl StoreIndex {
    /// Takes over what the topology says about its buckets. Returns the changes that follow from
    /// it: buckets that do not exist are created, and what the topology says about a bucket now
    /// counts if it said something else when a client last configured the bucket.
    pub(crate) fn configure(&mut self, specs: &[BucketSpec], now: SystemTime) -> Vec<StoreChange> {
        let specs = specs.iter().cloned().map(Arc::new);
        self.configured = specs.map(|spec| (spec.name.clone(), spec)).collect();

        let missing = self.configured.iter();
        let missing = missing.filter(|(name, _)| !self.buckets.contains_key(*name));
        let created = missing.map(|(name, spec)| StoreChange::Bucket {
            name: name.clone(),
            to: Some(BucketSettings::new(now, Some(spec))),
        });

        let stored = self.buckets.iter();
        let outdated = stored.filter(|(name, bucket)| {
            bucket.settings.configured.as_ref() != self.configured.get(*name)
        });
        let reset = outdated.map(|(name, bucket)| StoreChange::Bucket {
            name: name.clone(),
            to: Some(BucketSettings {
                published: self.configured.get(name).cloned(),
                configured: self.configured.get(name).cloned(),
                ..bucket.settings.clone()
            }),
        });

        created.chain(reset).collect()
    }

    /// The buckets that a client has made publish something else than the topology says.
    pub(crate) fn reconfigured(&self) -> impl Iterator<Item = &str> {
        let buckets = self.buckets.iter();
        let changed = buckets.filter(|(_, bucket)| bucket.settings.is_changed());
        changed.map(|(name, _)| name.as_str())
    }

    /// What the topology has a bucket publish.
    pub(super) fn configured(&self, bucket: &str) -> Option<&Arc<BucketSpec>> {
        self.configured.get(bucket)
    }

    /// What a bucket publishes, and where. `None` if it does not exist or publishes nothing.
    pub(crate) fn published(&self, bucket: &str) -> Option<&Arc<BucketSpec>> {
        self.buckets.get(bucket)?.settings.published.as_ref()
    }

    /// What all buckets publish that publish anything.
    pub(crate) fn all_published(&self) -> impl Iterator<Item = &Arc<BucketSpec>> {
        let buckets = self.buckets.values();
        buckets.filter_map(|bucket| bucket.settings.published.as_ref())
    }
    /// Makes a change. Returns the change that undoes it.
    pub(crate) fn assign(&mut self, change: StoreChange) -> StoreChange {
        match change {
            StoreChange::Bucket { name, to } => {
                let to = self.assign_bucket(&name, to);
                StoreChange::Bucket { name, to }
            }
            StoreChange::Version {
                bucket,
                key,
                serial,
                to,
            } => {
                let buckets = self.buckets.get_mut(&bucket);
                let to = buckets.and_then(|bucket| bucket.assign(&key, serial, to));
                StoreChange::Version {
                    bucket,
                    key,
                    serial,
                    to,
                }
            }
            StoreChange::Upload { id, to } => {
                let to = assign_in(&mut self.uploads, &id, to.map(|upload| *upload));
                StoreChange::Upload {
                    id,
                    to: to.map(Box::new),
                }
            }
            StoreChange::Part { upload, number, to } => {
                let to = self.uploads.get_mut(&upload).and_then(|upload| match to {
                    Some(part) => upload.parts.insert(number, part),
                    None => upload.parts.remove(&number),
                });
                StoreChange::Part { upload, number, to }
            }
            StoreChange::Ended { id, to } => {
                let to = assign_in(&mut self.ended, &id, to);
                StoreChange::Ended { id, to }
            }
        }
    }

    fn assign_bucket(&mut self, name: &str, to: Option<BucketSettings>) -> Option<BucketSettings> {
        match (self.buckets.get_mut(name), to) {
            (Some(bucket), Some(to)) => Some(std::mem::replace(&mut bucket.settings, to)),
            (None, Some(to)) => {
                self.buckets.insert(name.to_owned(), Bucket::new(to));
                None
            }
            (_, None) => self.buckets.remove(name).map(|bucket| bucket.settings),
        }
    }

    /// The changes that lead from an empty index to this one.
    pub(crate) fn to_changes(&self) -> impl Iterator<Item = StoreChange> {
        let buckets = self.buckets.iter().flat_map(|(name, bucket)| {
            let settings = StoreChange::Bucket {
                name: name.clone(),
                to: Some(bucket.settings.clone()),
            };
            let versions = bucket.keys("").flat_map(move |(key, versions)| {
                versions
                    .iter()
                    .map(move |(serial, version)| StoreChange::Version {
                        bucket: name.clone(),
                        key: key.to_owned(),
                        serial: *serial,
                        to: Some(version.clone()),
                    })
            });

            std::iter::once(settings).chain(versions)
        });

        let uploads = self.uploads.iter().map(|(id, upload)| StoreChange::Upload {
            id: id.clone(),
            to: Some(Box::new(upload.clone())),
        });
        let ended = self.ended.iter().map(|(id, ended)| StoreChange::Ended {
            id: id.clone(),
            to: Some(Arc::clone(ended)),
        });

        buckets.chain(uploads).chain(ended)
    }

    /// The bodies of all objects and parts.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &StoredBody> {
        let keys = self.buckets.values().flat_map(|bucket| bucket.keys(""));
        let versions = keys.flat_map(|(_, versions)| versions.iter());
        let objects = versions.filter_map(|(_, version)| version.object());

        let uploads = self.uploads.values();
        let parts = uploads.flat_map(|upload| upload.parts.values());

        objects
            .map(|object| &object.body)
            .chain(parts.map(|part| &part.body))
    }

    /// The buckets, by name.
    pub(in crate::s3) fn buckets(&self) -> impl Iterator<Item = (&str, &Bucket)> {
        self.buckets
            .iter()
            .map(|(name, bucket)| (name.as_str(), bucket))
    }

    pub(in crate::s3) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets
            .get(name)
            .ok_or_else(|| s3_error!(NoSuchBucket))
    }

    /// The uploads of a bucket, by key and start.
    pub(in crate::s3) fn uploads(&self, bucket: &str) -> Vec<(&str, &Upload)> {
        let mut uploads: Vec<_> = self
            .uploads
            .iter()
            .filter(|(_, upload)| upload.bucket == bucket)
            .map(|(id, upload)| (id.as_str(), upload))
            .collect();
        uploads.sort_by(|(a, upload), (b, other)| (&upload.key, a).cmp(&(&other.key, b)));

        uploads
    }

    pub(in crate::s3) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<&Upload> {
        self.bucket(bucket)?;
        self.uploads
            .get(id)
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .ok_or_else(|| s3_error!(NoSuchUpload))
    }

    /// An upload that has ended.
    pub(super) fn ended(&self, bucket: &str, key: &str, id: &str) -> Option<&EndedUpload> {
        let ended = self.ended.get(id).map(AsRef::as_ref);
        ended.filter(|ended| ended.bucket == bucket && ended.key == key)
    }

    /// The upload that was started first among those that have ended, if there are more than this.
    pub(super) fn oldest_ended(&self, more_than: usize) -> Option<&str> {
        let oldest = self.ended.keys().next();
        oldest
            .filter(|_| self.ended.len() > more_than)
            .map(String::as_str)
    }
}

fn assign_in<T>(map: &mut BTreeMap<String, T>, id: &str, to: Option<T>) -> Option<T> {
    match to {
        Some(to) => map.insert(id.to_owned(), to),
        None => map.remove(id),
    }
}
