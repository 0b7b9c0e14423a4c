//! The buckets: what puts, copies, tags and deletes objects.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream;
use s3_dispatch::EventName;
use s3s::{S3Result, s3_error};

use super::bodies::BodyStore;
use super::descriptions::{Descriptions, OBJECTS, object_file_name};
use super::index::StoreIndex;
use super::object::{Preconditions, StoredObject};
use crate::aws::digest::md5_hex;
use crate::s3::event::ObjectEvent;
use crate::{Error, ErrorKind};

/// The longest key ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
const MAX_KEY_BYTES: usize = 1024;

/// A source of sequencers.
type NextSequencer = Box<dyn Fn() -> String + Send + Sync>;

/// All buckets, in memory or in a folder.
///
/// Each change of an object returns the event that S3 would send. The sequencers of a key are in
/// the order of its changes. In a folder, changes survive the end of the process but not a crash of
/// the machine, because nothing is synced.
pub struct Buckets {
    bodies: BodyStore,
    pub(super) descriptions: Descriptions,
    index: Mutex<StoreIndex>,
    next_sequencer: Option<NextSequencer>,
}

impl Buckets {
    /// Empty buckets with these names, in memory.
    pub fn in_memory<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            bodies: BodyStore::in_memory(),
            descriptions: Descriptions::new(None),
            index: Mutex::new(StoreIndex::empty(names)),
            next_sequencer: None,
        }
    }

    /// Buckets with these names, with the objects that the folder contains.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`] when the folder cannot be read or created.
    pub fn open<'n>(
        folder: &Path,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, Error> {
        let mut index = StoreIndex::empty(names);
        let bodies = index
            .load(folder)
            .and_then(|()| BodyStore::open(folder.join("bodies"), index.bodies()))
            .map_err(|error| {
                let text = format!("the buckets in `{}` cannot be opened", folder.display());
                Error::new(ErrorKind::Storage, text).with_source(error)
            })?;

        Ok(Self {
            bodies,
            descriptions: Descriptions::new(Some(folder.to_owned())),
            index: Mutex::new(index),
            next_sequencer: None,
        })
    }

    /// Sets where sequencers come from. Without it they come from the machine's clock.
    #[must_use]
    pub fn with_sequencers(mut self, next: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.next_sequencer = Some(Box::new(next));
        self
    }

    /// Sets the maximum number of bytes in the body of one request. The default is 1 GiB. A
    /// multipart upload can be larger in total.
    #[must_use]
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.bodies.set_max_body(bytes);
        self
    }

    /// The bodies of the objects.
    pub(in crate::s3) fn bodies(&self) -> &BodyStore {
        &self.bodies
    }

    /// The names of the buckets.
    pub(in crate::s3) fn names(&self) -> Vec<String> {
        self.lock().bucket_names().cloned().collect()
    }

    /// Checks that the bucket exists.
    pub(in crate::s3) fn check(&self, bucket: &str) -> S3Result<()> {
        self.lock().objects(bucket).map(drop)
    }

    pub(in crate::s3) fn object(&self, bucket: &str, key: &str) -> S3Result<Arc<StoredObject>> {
        self.lock().object(bucket, key).cloned()
    }

    /// Visits the objects whose keys start with this prefix, in order, until `visit` returns
    /// `false`.
    pub(in crate::s3) fn walk(
        &self,
        bucket: &str,
        prefix: &str,
        mut visit: impl FnMut(&str, &StoredObject) -> bool,
    ) -> S3Result<()> {
        let index = self.lock();
        let objects = index.objects(bucket)?.range(prefix.to_owned()..);

        for (key, object) in objects.take_while(|(key, _)| key.starts_with(prefix)) {
            if !visit(key, object) {
                break;
            }
        }

        Ok(())
    }

    /// Puts an object whose body is in memory.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: Bytes) -> S3Result<ObjectEvent> {
        self.check(bucket)?;

        let e_tag = md5_hex(&body);
        let body = stream::iter([Ok::<_, io::Error>(body)]);
        let body = self.bodies.write(body, |_| {}).await?;

        let object = StoredObject::new(bucket, key, body, e_tag);
        let event_name = EventName::OBJECT_CREATED_PUT;
        self.create(object, event_name, &Preconditions::default())
    }

    /// Copies an object with its headers and tags. Both arguments are a bucket and a key.
    pub(crate) async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> S3Result<ObjectEvent> {
        let source = self.object(from.0, from.1)?;
        self.check(to.0)?;

        let all = 0..source.body.len();
        let body = self.bodies.copy(&source.body, all, |_| {}).await?;

        let object = StoredObject {
            headers: source.headers.clone(),
            tags: source.tags.clone(),
            ..StoredObject::new(to.0, to.1, body, source.e_tag.clone())
        };
        let event_name = EventName::OBJECT_CREATED_COPY;
        self.create(object, event_name, &Preconditions::default())
    }

    /// Inserts an object, or discards its body if that fails.
    pub(in crate::s3) fn create(
        &self,
        object: StoredObject,
        event_name: EventName,
        preconditions: &Preconditions,
    ) -> S3Result<ObjectEvent> {
        let body = object.body.clone();
        self.insert(object, event_name, None, preconditions)
            .inspect_err(|_| self.bodies.discard(&body))
    }

    /// Inserts an object in place of the existing one. Without a sequencer the event gets the next
    /// one.
    pub(super) fn insert(
        &self,
        object: StoredObject,
        event_name: EventName,
        sequencer: Option<String>,
        preconditions: &Preconditions,
    ) -> S3Result<ObjectEvent> {
        let mut index = self.lock();
        let objects = index.objects_mut(&object.bucket)?;
        check_key_length(&object.key)?;
        preconditions.check(objects.get(&object.key).map(AsRef::as_ref))?;

        let file_name = object_file_name(&object.bucket, &object.key);
        self.descriptions.write(OBJECTS, &file_name, &object)?;

        let replaced = objects.insert(object.key.clone(), Arc::new(object.clone()));
        if let Some(replaced) = replaced {
            self.bodies.discard(&replaced.body);
        }

        let sequencer = sequencer.unwrap_or_else(|| self.next_sequencer(&mut index));

        Ok(ObjectEvent::new(event_name, object.bucket, object.key)
            .with_size(object.body.len())
            .with_e_tag(object.e_tag)
            .with_sequencer(sequencer))
    }

    /// Deletes an object. If it does not exist there is no event.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> S3Result<Option<ObjectEvent>> {
        let mut index = self.lock();
        let objects = index.objects_mut(bucket)?;
        if !objects.contains_key(key) {
            return Ok(None);
        }

        let file_name = object_file_name(bucket, key);
        self.descriptions.remove(OBJECTS, &file_name)?;

        if let Some(object) = objects.remove(key) {
            self.bodies.discard(&object.body);
        }

        let sequencer = self.next_sequencer(&mut index);
        let event = ObjectEvent::new(EventName::OBJECT_REMOVED_DELETE, bucket, key);

        Ok(Some(event.with_sequencer(sequencer)))
    }

    /// Replaces or deletes the tags of an object. The event has no sequencer.
    pub(in crate::s3) fn set_tags(
        &self,
        bucket: &str,
        key: &str,
        tags: Option<Vec<(String, String)>>,
    ) -> S3Result<ObjectEvent> {
        let event_name = match tags {
            Some(_) => EventName::OBJECT_TAGGING_PUT,
            None => EventName::OBJECT_TAGGING_DELETE,
        };

        let mut index = self.lock();
        let object = StoredObject {
            tags: tags.unwrap_or_default(),
            ..StoredObject::clone(index.object(bucket, key)?)
        };

        let file_name = object_file_name(bucket, key);
        self.descriptions.write(OBJECTS, &file_name, &object)?;

        let event = ObjectEvent::new(event_name, bucket, key).with_e_tag(object.e_tag.clone());
        index
            .objects_mut(bucket)?
            .insert(key.to_owned(), Arc::new(object));

        Ok(event)
    }

    /// The next sequencer. The lock makes sure that the sequencers of a key grow as it changes.
    pub(super) fn next_sequencer(&self, index: &mut StoreIndex) -> String {
        match &self.next_sequencer {
            Some(next) => next(),
            None => index.sequencers.next(SystemTime::now()),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, StoreIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets")
            .field("names", &self.names())
            .field("folder", &self.descriptions.folder())
            .finish_non_exhaustive()
    }
}

pub(super) fn check_key_length(key: &str) -> S3Result<()> {
    if key.len() > MAX_KEY_BYTES {
        return Err(s3_error!(KeyTooLongError));
    }

    Ok(())
}
