//! Buckets with any key that S3 takes, since none becomes a file's name.

pub(crate) mod uploads;
pub(crate) mod bodies;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream;
use md5::{Digest, Md5};
use s3_dispatch::EventName;
use s3s::dto::ETagCondition;
use s3s::{S3Error, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::s3::store::bodies::{BodyStore, Content, storage_error};
use crate::s3::store::uploads::Upload;
use crate::{Error, ErrorKind, ObjectEvent};

/// The longest key ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
pub(crate) const MAX_KEY_BYTES: usize = 1024;

/// All buckets, in memory or in a folder.
///
/// What changes an object gives the event that S3 would send. Events of one key get their
/// sequencers in the order of the changes. In a folder, changes survive the end of the process, not
/// that of the machine: nothing is synced.
pub struct Buckets {
    bodies: BodyStore,
    /// Where objects are described, one file each.
    folder: Option<PathBuf>,
    state: Mutex<State>,
    sequencers: Option<Box<dyn Fn() -> String + Send + Sync>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, BTreeMap<String, Arc<Object>>>,
    pub(crate) uploads: HashMap<String, Upload>,
    last_sequencer: u64,
}

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) e_tag: String,
    pub(crate) last_modified: SystemTime,
    pub(crate) headers: Headers,
    pub(crate) tags: Vec<(String, String)>,
}

/// What is said of an object by who puts it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) metadata: HashMap<String, String>,
}

/// What must be true of the object that is there, for it to be replaced.
#[derive(Debug, Default)]
pub(crate) struct Precondition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl Buckets {
    /// Empty buckets of these names.
    pub fn in_memory<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            bodies: BodyStore::in_memory(),
            folder: None,
            state: Mutex::new(State::empty(names)),
            sequencers: None,
        }
    }

    /// Buckets of these names, with what the folder holds of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`], when the folder cannot be read or made.
    pub fn open<'n>(
        folder: &Path,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, Error> {
        let mut state = State::empty(names);
        let bodies = state.load(folder).and_then(|()| {
            let objects = state
                .buckets
                .values()
                .flat_map(BTreeMap::values)
                .map(|object| &object.content);

            let parts = state
                .uploads
                .values()
                .flat_map(|upload| upload.parts.values())
                .map(|part| &part.content);

            BodyStore::open(folder.join("bodies"), objects.chain(parts))
        });

        let bodies = bodies.map_err(|error| {
            let text = format!("the buckets in `{}` cannot be opened", folder.display());
            Error::new(ErrorKind::Storage, text).with_source(error)
        })?;

        Ok(Self {
            bodies,
            folder: Some(folder.to_owned()),
            state: Mutex::new(state),
            sequencers: None,
        })
    }

    /// With sequencers from elsewhere; otherwise they are made of the time.
    #[must_use]
    pub fn with_sequencers(mut self, next: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.sequencers = Some(Box::new(next));
        self
    }

    /// Which take so many bytes at most in one request; 1 GiB unless said otherwise. An upload in
    /// parts may be larger.
    #[must_use]
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.bodies.limit(bytes);
        self
    }

    /// Where the bytes of the objects are.
    pub(crate) fn bodies(&self) -> &BodyStore {
        &self.bodies
    }

    /// The buckets' names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().buckets.keys().cloned().collect()
    }

    pub(crate) fn check(&self, bucket: &str) -> S3Result<()> {
        self.lock().objects(bucket).map(|_| ())
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> S3Result<Arc<Object>> {
        self.lock()
            .objects(bucket)?
            .get(key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchKey))
    }

    /// The objects of a bucket whose keys lie behind this one, in order, for as long as they are
    /// wanted.
    pub(crate) fn walk(
        &self,
        bucket: &str,
        prefix: &str,
        mut visit: impl FnMut(&str, &Object) -> bool,
    ) -> S3Result<()> {
        let state = self.lock();
        let objects = state
            .buckets
            .get(bucket)
            .ok_or_else(|| s3_error!(NoSuchBucket))?;

        for (key, object) in objects
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
        {
            if !visit(key, object) {
                break;
            }
        }

        Ok(())
    }

    /// Puts an object whose bytes are in memory.
    pub(crate) async fn put(&self, bucket: &str, key: &str, body: Bytes) -> S3Result<ObjectEvent> {
        self.check(bucket)?;
        let e_tag = hex(&Md5::digest(&body));
        let content = self
            .bodies
            .write(stream::iter([Ok::<_, io::Error>(body)]), |_| {})
            .await?;
        let object = Object::new(bucket, key, content, e_tag);

        self.create(
            object,
            EventName::OBJECT_CREATED_PUT,
            &Precondition::default(),
        )
    }

    /// Copies an object, with what is said of it.
    pub(crate) async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> S3Result<ObjectEvent> {
        let source = self.object(from.0, from.1)?;
        self.check(to.0)?;
        let content = self
            .bodies
            .copy(&source.content, 0..source.content.len(), |_| {})
            .await?;

        let object = Object {
            headers: source.headers.clone(),
            tags: source.tags.clone(),
            ..Object::new(to.0, to.1, content, source.e_tag.clone())
        };

        self.create(
            object,
            EventName::OBJECT_CREATED_COPY,
            &Precondition::default(),
        )
    }

    /// Puts an object in the place of what is there, or forgets its bytes.
    pub(crate) fn create(
        &self,
        object: Object,
        event_name: EventName,
        precondition: &Precondition,
    ) -> S3Result<ObjectEvent> {
        let content = object.content.clone();
        self.insert(object, event_name, None, precondition)
            .inspect_err(|_| self.bodies.discard(&content))
    }

    /// Puts an object in the place of what is there.
    pub(crate) fn insert(
        &self,
        object: Object,
        event_name: EventName,
        sequencer: Option<String>,
        precondition: &Precondition,
    ) -> S3Result<ObjectEvent> {
        let mut state = self.lock();
        let inserted = state.objects(&object.bucket).and_then(|objects| {
            if object.key.len() > MAX_KEY_BYTES {
                return Err(s3_error!(KeyTooLongError));
            }

            precondition.check(objects.get(&object.key).map(AsRef::as_ref))?;
            self.describe(
                "objects",
                &object_name(&object.bucket, &object.key),
                &object,
            )?;

            Ok(objects.insert(object.key.clone(), Arc::new(object.clone())))
        });

        if let Some(replaced) = inserted? {
            self.bodies.discard(&replaced.content);
        }

        let sequencer = sequencer.unwrap_or_else(|| self.sequencer(&mut state));
        Ok(ObjectEvent::new(event_name, object.bucket, object.key)
            .with_size(object.content.len())
            .with_e_tag(object.e_tag)
            .with_sequencer(sequencer))
    }

    /// Deletes an object. Without one there is no event.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> S3Result<Option<ObjectEvent>> {
        let mut state = self.lock();
        if !state.objects(bucket)?.contains_key(key) {
            return Ok(None);
        }

        self.forget("objects", &object_name(bucket, key))?;
        let removed = state.objects(bucket)?.remove(key);

        if let Some(object) = removed {
            self.bodies.discard(&object.content);
        }

        let event = ObjectEvent::new(EventName::OBJECT_REMOVED_DELETE, bucket, key);
        Ok(Some(event.with_sequencer(self.sequencer(&mut state))))
    }

    /// Changes an object's tags. No sequencer tells such an event from others.
    pub(crate) fn tag(
        &self,
        bucket: &str,
        key: &str,
        tags: Option<Vec<(String, String)>>,
    ) -> S3Result<ObjectEvent> {
        let mut state = self.lock();
        let object = state
            .objects(bucket)?
            .get(key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchKey))?;

        let event_name = match tags {
            Some(_) => EventName::OBJECT_TAGGING_PUT,
            None => EventName::OBJECT_TAGGING_DELETE,
        };
        let object = Object {
            tags: tags.unwrap_or_default(),
            ..Object::clone(&object)
        };
        self.describe("objects", &object_name(bucket, key), &object)?;
        let event = ObjectEvent::new(event_name, bucket, key).with_e_tag(object.e_tag.clone());
        state
            .objects(bucket)?
            .insert(key.to_owned(), Arc::new(object));

        Ok(event)
    }

    /// Writes a description, whole or not at all.
    pub(crate) fn describe(&self, kind: &str, name: &str, value: &impl Serialize) -> S3Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };

        let path = folder.join(kind).join(name);
        let text = serde_json::to_vec(value).map_err(|error| storage_error(error.into()))?;
        let temporary = path.with_extension("new");

        std::fs::write(&temporary, text)
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(storage_error)
    }

    pub(crate) fn forget(&self, kind: &str, name: &str) -> S3Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        std::fs::remove_file(folder.join(kind).join(name)).map_err(storage_error)
    }

    /// Taken under the lock, so that those of one key grow as it changes.
    pub(crate) fn sequencer(&self, state: &mut State) -> String {
        match &self.sequencers {
            Some(next) => next(),
            None => state.sequencer(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets")
            .field("names", &self.names())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl State {
    fn empty<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let buckets = names
            .into_iter()
            .map(|name| (name.to_owned(), BTreeMap::new()))
            .collect();
        Self {
            buckets,
            ..Self::default()
        }
    }

    /// Reads all descriptions; those of buckets that are no more are left alone.
    fn load(&mut self, folder: &Path) -> io::Result<()> {
        for object in read_all::<Object>(&folder.join("objects"))? {
            self.buckets
                .entry(object.bucket.clone())
                .or_default()
                .insert(object.key.clone(), Arc::new(object));
        }

        let files: HashSet<u64> = self
            .buckets
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(|object| object.content.files())
            .collect();

        for upload in read_all::<Upload>(&folder.join("uploads"))? {
            // One that was completed, and that the process did not live to forget.
            if upload
                .parts
                .values()
                .any(|part| part.content.shares(&files))
            {
                std::fs::remove_file(folder.join("uploads").join(&upload.id))?;
            } else {
                self.uploads.insert(upload.id.clone(), upload);
            }
        }

        Ok(())
    }

    pub(crate) fn objects(&mut self, bucket: &str) -> S3Result<&mut BTreeMap<String, Arc<Object>>> {
        self.buckets
            .get_mut(bucket)
            .ok_or_else(|| s3_error!(NoSuchBucket))
    }

    /// Of the form of those of S3, and growing across restarts as well.
    fn sequencer(&mut self) -> String {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        self.last_sequencer = (self.last_sequencer + 1).max(u64::try_from(now).unwrap_or(u64::MAX));

        format!("{:018X}", self.last_sequencer)
    }
}

impl Object {
    /// An object of which nothing is said.
    pub(crate) fn new(bucket: &str, key: &str, content: Content, e_tag: String) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            content,
            e_tag,
            last_modified: SystemTime::now(),
            headers: Headers::default(),
            tags: Vec::new(),
        }
    }
}

impl Precondition {
    pub(crate) fn check(&self, object: Option<&Object>) -> S3Result<()> {
        let is = |condition: &ETagCondition| {
            object.is_some_and(|object| {
                condition
                    .as_etag()
                    .is_none_or(|e_tag| e_tag.value() == object.e_tag)
            })
        };

        if self
            .if_match
            .as_ref()
            .is_some_and(|condition| !is(condition))
            || self.if_none_match.as_ref().is_some_and(is)
        {
            return Err(s3_error!(PreconditionFailed));
        }

        Ok(())
    }
}

/// The answer of S3 as an error of the pipeline.
pub(crate) fn error_of(error: &S3Error) -> Error {
    let text = error
        .message()
        .map_or_else(|| error.code().as_str().to_owned(), str::to_owned);
    Error::new(
        ErrorKind::S3,
        format!(
            "the S3 endpoint answered `{}`: {text}",
            error.code().as_str()
        ),
    )
}

/// The name of the file that describes an object: no key fits into one, however it is escaped.
fn object_name(bucket: &str, key: &str) -> String {
    use s3s::crypto::{Checksum as _, Sha256};

    let mut digest = Sha256::new();
    digest.update(bucket.as_bytes());
    digest.update(b"/");
    digest.update(key.as_bytes());

    hex(digest.finalize().as_ref())
}

fn read_all<T: for<'de> Deserialize<'de>>(folder: &Path) -> io::Result<impl Iterator<Item = T>> {
    std::fs::create_dir_all(folder)?;
    let mut all = Vec::new();

    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some() {
            // Was being written when the process ended.
            std::fs::remove_file(path)?;
            continue;
        }

        let text = std::fs::read(&path)?;
        all.push(serde_json::from_slice(&text).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` cannot be read: {error}", path.display()),
            )
        })?);
    }

    Ok(all.into_iter())
}

/// In lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
