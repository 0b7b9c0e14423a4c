//! The buckets: the index, which the pipeline keeps, and the bodies of the objects.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use s3_dispatch::EventName;
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::bodies::{BodyStore, Pin, StoredBody};
use super::bucket::{FoundObject, ObjectSnapshot, Versioning};
use super::checksum::{ChecksumKind, ObjectChecksum};
use super::index::StoreIndex;
use super::object::DeleteConditions;
use super::object::{Preconditions, StoredObject};
use super::transaction::Transaction;
use crate::aws::digest::{hex, md5_hex};
use crate::aws::traces::Sender;
use crate::s3::errors::StoreError;
use crate::s3::event::EventId;
use crate::topology::Destination;
use crate::{Error, ErrorKind};

/// Keeps the index of the buckets, and publishes their events.
#[async_trait]
pub(crate) trait StoreKeeper: Send + Sync + 'static {
    /// Reads the index.
    fn read_store(&self, read: &mut dyn FnMut(&StoreIndex));

    /// Makes changes, and publishes their events: all of it or, if `change` or the disk fails,
    /// nothing. What has changed is on disk when this returns.
    async fn change_store(&self, change: &mut Change<'_>) -> Result<Committed, StoreError>;

    /// Whether a topic or a queue exists.
    fn has_destination(&self, destination: &Destination) -> bool;

    /// The trace header of the invocation that sends a request. `None` if none is known to do it.
    fn trace_of(&self, sender: &Sender) -> Option<Arc<str>>;

    /// Called when the body of an object could not be stored.
    fn storage_failed(&self, reason: &str);
}

/// A function that makes changes, or rejects a request.
pub(crate) type Change<'c> = dyn FnMut(&mut Transaction<'_>) -> S3Result<()> + Send + 'c;

/// Changes that are on disk.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The events, in the order of the changes.
    pub(crate) events: Vec<EventId>,
    /// What nothing needs any more.
    pub(crate) unused: StoredBody,
}

/// The buckets of a pipeline, for an [`S3Endpoint`](crate::S3Endpoint).
///
/// Each change of an object and its event are one entry of the pipeline's log: after a crash both
/// are there, or neither.
pub struct Buckets {
    bodies: BodyStore,
    keeper: Arc<dyn StoreKeeper>,
}

impl Buckets {
    pub(crate) fn new(bodies: BodyStore, keeper: Arc<dyn StoreKeeper>) -> Self {
        Self { bodies, keeper }
    }

    /// The bodies of the objects.
    pub(in crate::s3) fn bodies(&self) -> &BodyStore {
        &self.bodies
    }

    /// Passes a result on. If the disk failed, the pipeline is told.
    pub(in crate::s3) fn report_failure<T>(&self, result: S3Result<T>) -> S3Result<T> {
        result.inspect_err(|error| {
            if *error.code() == S3ErrorCode::InternalError {
                self.keeper
                    .storage_failed(error.message().unwrap_or_default());
            }
        })
    }

    /// Reads the index. Nothing changes meanwhile.
    pub(in crate::s3) fn read<T>(&self, read: impl FnOnce(&StoreIndex) -> T) -> T {
        let (mut read, mut result) = (Some(read), None);
        self.keeper.read_store(&mut |index| {
            result = read.take().map(|read| read(index));
        });

        result.expect("the keeper calls the function")
    }

    /// Makes changes, and publishes their events. Returns what `change` returns, and the events.
    pub(in crate::s3) async fn change<T: Send>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> S3Result<T> + Send,
    ) -> Result<(T, Vec<EventId>), StoreError> {
        let (mut change, mut result) = (Some(change), None);
        let committed = self
            .keeper
            .change_store(&mut |transaction| {
                result = change
                    .take()
                    .map(|change| change(transaction))
                    .transpose()?;
                Ok(())
            })
            .await?;

        self.bodies.discard(&committed.unused);
        let result = result.expect("the keeper calls the function");

        Ok((result, committed.events))
    }

    /// Makes a change that needs this body, which is discarded if the change fails.
    pub(in crate::s3) async fn change_with<T: Send>(
        &self,
        body: &StoredBody,
        change: impl FnOnce(&mut Transaction<'_>) -> S3Result<T> + Send,
    ) -> Result<(T, Vec<EventId>), StoreError> {
        let changed = self.change(change).await;
        changed.inspect_err(|error| {
            if !matches!(error, StoreError::Unsynced(_)) {
                self.bodies.discard(body);
            }
        })
    }

    /// Whether a topic or a queue exists.
    pub(in crate::s3) fn has_destination(&self, destination: &Destination) -> bool {
        self.keeper.has_destination(destination)
    }

    /// The trace header of the invocation that sends a request. `None` if none is known to do it.
    pub(in crate::s3) fn trace_of(&self, sender: &Sender) -> Option<Arc<str>> {
        self.keeper.trace_of(sender)
    }

    /// Checks that the bucket exists.
    pub(in crate::s3) fn check(&self, bucket: &str) -> S3Result<()> {
        self.read(|index| index.bucket(bucket).map(drop))
    }

    /// The current object of a key, or the object with this version id.
    pub(in crate::s3) fn find(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> S3Result<FoundObject> {
        self.read(|index| index.bucket(bucket)?.find(key, version_id))
    }

    /// The same, for one whose body is read. The body stays as long as the pin.
    pub(in crate::s3) fn find_to_read(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> S3Result<(FoundObject, Pin)> {
        self.read(|index| {
            let found = index.bucket(bucket)?.find(key, version_id)?;
            // Nothing is discarded that the index contains.
            let pin = self.bodies.pin(&found.object.body);
            Ok((found, pin))
        })
    }

    /// Puts an object, and returns it.
    pub(in crate::s3) async fn create(
        &self,
        to: (&str, &str),
        object: StoredObject,
        event_name: EventName,
        preconditions: &Preconditions,
    ) -> Result<(Arc<StoredObject>, Vec<EventId>), StoreError> {
        let body = object.body.clone();
        self.change_with(&body, |transaction| {
            transaction.put(to, object, event_name, None, preconditions)
        })
        .await
    }

    /// Puts an object whose body is in memory.
    pub(crate) async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Bytes,
    ) -> Result<Vec<EventId>, StoreError> {
        self.check(bucket)?;

        let e_tag = md5_hex(&body);
        let kind = ChecksumKind::default();
        let mut hasher = ChecksumKind::hasher(|other| other == kind);
        let body = stream::iter([Ok::<_, io::Error>(body)]);
        let body = self
            .bodies
            .write(body, |bytes| hasher.update(bytes))
            .await?;

        let object = StoredObject {
            checksum: ObjectChecksum::whole(kind, &hasher.finalize()),
            ..StoredObject::new(body, e_tag)
        };
        let event_name = EventName::OBJECT_CREATED_PUT;
        let (_, events) = self
            .create((bucket, key), object, event_name, &Preconditions::default())
            .await?;

        Ok(events)
    }

    /// Copies an object with its headers and tags. Both arguments are a bucket and a key.
    pub(crate) async fn copy(
        &self,
        from: (&str, &str),
        to: (&str, &str),
    ) -> Result<Vec<EventId>, StoreError> {
        let (source, pin) = self.find_to_read(from.0, from.1, None)?;
        self.check(to.0)?;

        let object = self.copied(&source.object, pin, None).await?;
        let event_name = EventName::OBJECT_CREATED_COPY;
        let (_, events) = self
            .create(to, object, event_name, &Preconditions::default())
            .await?;

        Ok(events)
    }

    /// A copy of an object with its headers and tags, and with a checksum of this kind or else of
    /// the source's. The entity tag and the checksum are those of the bytes, even if the source was
    /// uploaded in parts.
    pub(in crate::s3) async fn copied(
        &self,
        source: &StoredObject,
        pin: Pin,
        kind: Option<ChecksumKind>,
    ) -> S3Result<StoredObject> {
        let kept = source.checksum.as_ref().map(|checksum| checksum.kind);
        let kind = kind.or(kept).unwrap_or_default();
        let mut md5 = Md5::new();
        let mut hasher = ChecksumKind::hasher(|other| other == kind);

        let all = 0..source.body.len();
        let copied = self.bodies.copy(&source.body, all, pin, |bytes| {
            md5.update(bytes);
            hasher.update(bytes);
        });
        let body = copied.await?;

        Ok(StoredObject {
            headers: source.headers.clone(),
            tags: source.tags.clone(),
            checksum: ObjectChecksum::whole(kind, &hasher.finalize()),
            ..StoredObject::new(body, hex(md5.finalize().as_ref()))
        })
    }

    /// Deletes an object, or removes this version of it. If there is nothing to delete, there is no
    /// event.
    pub(crate) async fn delete(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Vec<EventId>, StoreError> {
        let anything = DeleteConditions::default();
        let deleted =
            self.change(|transaction| transaction.delete(bucket, key, version_id, &anything));
        Ok(deleted.await?.1)
    }

    /// Enables versioning for a bucket.
    pub(crate) async fn enable_versioning(&self, bucket: &str) -> Result<(), StoreError> {
        let enable = |t: &mut Transaction<'_>| t.set_versioning(bucket, Versioning::Enabled);
        self.change(enable).await.map(drop)
    }

    /// The current objects of a bucket, in the order of their keys.
    pub(crate) fn snapshots(&self, bucket: &str) -> Result<Vec<ObjectSnapshot>, Error> {
        let snapshots = self.read(|index| Ok(index.bucket(bucket)?.snapshots()));
        snapshots.map_err(|error| StoreError::S3(error).into_error())
    }

    /// The versions of a key, the newest one first.
    pub(crate) fn version_snapshots(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Vec<ObjectSnapshot>, Error> {
        let snapshots = self.read(|index| Ok(index.bucket(bucket)?.version_snapshots(key)));
        snapshots.map_err(|error| StoreError::S3(error).into_error())
    }

    /// All bytes of the current object of a key, or of the object with this version id. `None` if
    /// there is none.
    pub(crate) async fn read_whole(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<Bytes>, Error> {
        let (found, pin) = match self.find_to_read(bucket, key, version_id) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(StoreError::S3(error).into_error()),
        };

        let body = &found.object.body;
        let blocks = self.bodies.read(body, 0..body.len(), pin);
        let mut bytes = BytesMut::new();
        let mut blocks = std::pin::pin!(blocks);
        while let Some(block) = blocks.next().await {
            let block = block.map_err(|error| {
                let text = format!("the object `{key}` of the bucket `{bucket}` cannot be read");
                Error::new(ErrorKind::Storage, text).with_source(error)
            })?;
            bytes.extend_from_slice(&block);
        }

        Ok(Some(bytes.freeze()))
    }
}

/// Whether the error says that there is no such object or version, or that it is a delete marker.
fn is_absent(error: &S3Error) -> bool {
    let absent = [
        S3ErrorCode::NoSuchKey,
        S3ErrorCode::NoSuchVersion,
        S3ErrorCode::MethodNotAllowed,
    ];
    absent.contains(error.code())
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            self.read(|index| index.buckets().map(|(name, _)| name.to_owned()).collect());
        f.debug_struct("Buckets")
            .field("names", &names)
            .finish_non_exhaustive()
    }
}
