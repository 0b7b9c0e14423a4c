//! Buckets with any key that S3 takes, since none becomes a file's name.

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

use crate::body_store::{BodyStore, Content, storage_error};
use crate::{Error, ErrorKind, ObjectEvent};

/// The smallest part of a multipart upload, other than the last ("Amazon S3 multipart upload limits", Amazon S3 User Guide,
/// 2026).
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// The longest key ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
const MAX_KEY_BYTES: usize = 1024;

/// All buckets, in memory or in a folder.
///
/// What changes an object gives the event that S3 would send. Events of one key get their sequencers in the order of the
/// changes. In a folder, changes survive the end of the process, not that of the machine: nothing is synced.
pub struct Buckets {
    bodies: BodyStore,
    /// Where objects are described, one file each.
    folder: Option<PathBuf>,
    state: Mutex<State>,
    sequencers: Option<Box<dyn Fn() -> String + Send + Sync>>,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, Arc<Object>>>,
    uploads: HashMap<String, Upload>,
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

/// A multipart upload that is not completed yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) initiated: SystemTime,
    pub(crate) parts: BTreeMap<i32, Part>,
    headers: Headers,
    tags: Vec<(String, String)>,
    /// That of the upload's start is the one that the completed object's event carries.
    sequencer: String,
}

/// A part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) e_tag: String,
    pub(crate) last_modified: SystemTime,
}

impl Part {
    pub(crate) fn new(content: Content, e_tag: String) -> Self {
        Self { content, e_tag, last_modified: SystemTime::now() }
    }
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
        Self { bodies: BodyStore::in_memory(), folder: None, state: Mutex::new(State::empty(names)), sequencers: None }
    }

    /// Buckets of these names, with what the folder holds of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`], when the folder cannot be read or made.
    pub fn open<'n>(folder: &Path, names: impl IntoIterator<Item = &'n str>) -> Result<Self, Error> {
        let mut state = State::empty(names);
        let bodies = state.load(folder).and_then(|()| {
            let objects = state.buckets.values().flat_map(BTreeMap::values).map(|object| &object.content);
            let parts = state.uploads.values().flat_map(|upload| upload.parts.values()).map(|part| &part.content);
            BodyStore::open(folder.join("bodies"), objects.chain(parts))
        });
        let bodies = bodies.map_err(|error| {
            let text = format!("the buckets in `{}` cannot be opened", folder.display());
            Error::new(ErrorKind::Storage, text).with_source(error)
        })?;
        Ok(Self { bodies, folder: Some(folder.to_owned()), state: Mutex::new(state), sequencers: None })
    }

    /// With sequencers from elsewhere; otherwise they are made of the time.
    #[must_use]
    pub fn with_sequencers(mut self, next: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.sequencers = Some(Box::new(next));
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
        self.lock().objects(bucket)?.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
    }

    /// The objects of a bucket whose keys lie behind this one, in order, for as long as they are wanted.
    pub(crate) fn walk(
        &self,
        bucket: &str,
        prefix: &str,
        mut visit: impl FnMut(&str, &Object) -> bool,
    ) -> S3Result<()> {
        let state = self.lock();
        let objects = state.buckets.get(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        for (key, object) in objects.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)) {
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
        let content = self.bodies.write(stream::iter([Ok::<_, io::Error>(body)]), |_| {}).await?;
        let object = Object::new(bucket, key, content, e_tag);
        self.insert(object, EventName::OBJECT_CREATED_PUT, None, &Precondition::default())
    }

    /// Copies an object, with what is said of it.
    pub(crate) async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> S3Result<ObjectEvent> {
        let source = self.object(from.0, from.1)?;
        self.check(to.0)?;
        let content = self.bodies.copy(&source.content, 0..source.content.len(), |_| {}).await?;
        let object = Object {
            headers: source.headers.clone(),
            tags: source.tags.clone(),
            ..Object::new(to.0, to.1, content, source.e_tag.clone())
        };
        self.insert(object, EventName::OBJECT_CREATED_COPY, None, &Precondition::default())
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
            self.describe("objects", &object_name(&object.bucket, &object.key), &object)?;
            Ok(objects.insert(object.key.clone(), Arc::new(object.clone())))
        });
        let replaced = inserted.inspect_err(|_| self.bodies.discard(&object.content))?;
        if let Some(replaced) = replaced {
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
    pub(crate) fn tag(&self, bucket: &str, key: &str, tags: Option<Vec<(String, String)>>) -> S3Result<ObjectEvent> {
        let mut state = self.lock();
        let object = state.objects(bucket)?.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey))?;
        let event_name = match tags {
            Some(_) => EventName::OBJECT_TAGGING_PUT,
            None => EventName::OBJECT_TAGGING_DELETE,
        };
        let object = Object { tags: tags.unwrap_or_default(), ..Object::clone(&object) };
        self.describe("objects", &object_name(bucket, key), &object)?;
        let event = ObjectEvent::new(event_name, bucket, key).with_e_tag(object.e_tag.clone());
        state.objects(bucket)?.insert(key.to_owned(), Arc::new(object));
        Ok(event)
    }

    /// Starts a multipart upload, and gives its id.
    pub(crate) fn start_upload(
        &self,
        bucket: &str,
        key: &str,
        headers: Headers,
        tags: Vec<(String, String)>,
    ) -> S3Result<String> {
        let mut state = self.lock();
        state.objects(bucket)?;
        if key.len() > MAX_KEY_BYTES {
            return Err(s3_error!(KeyTooLongError));
        }
        let sequencer = self.sequencer(&mut state);
        let upload = Upload {
            id: format!("upload-{sequencer}"),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            initiated: SystemTime::now(),
            parts: BTreeMap::new(),
            headers,
            tags,
            sequencer,
        };
        let id = upload.id.clone();
        self.describe("uploads", &id, &upload)?;
        state.uploads.insert(id.clone(), upload);
        Ok(id)
    }

    /// The uploads of a bucket, by key and start.
    pub(crate) fn uploads(&self, bucket: &str) -> S3Result<Vec<Upload>> {
        let mut state = self.lock();
        state.objects(bucket)?;
        let mut uploads: Vec<_> = state.uploads.values().filter(|upload| upload.bucket == bucket).cloned().collect();
        uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        Ok(uploads)
    }

    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        self.lock().upload(bucket, key, id).cloned()
    }

    /// Takes a part, in the place of one of the same number.
    pub(crate) fn insert_part(&self, upload: &Upload, number: i32, part: Part) -> S3Result<()> {
        let mut state = self.lock();
        let content = part.content.clone();
        let inserted = state.upload(&upload.bucket, &upload.key, &upload.id).and_then(|upload| {
            let replaced = upload.parts.insert(number, part);
            self.describe("uploads", &upload.id, upload)?;
            Ok(replaced)
        });
        let replaced = inserted.inspect_err(|_| self.bodies.discard(&content))?;
        if let Some(replaced) = replaced {
            self.bodies.discard(&replaced.content);
        }
        Ok(())
    }

    /// Makes an object of these parts, given by number and entity tag.
    pub(crate) fn complete_upload(
        &self,
        upload: &Upload,
        parts: &[(i32, String)],
        precondition: &Precondition,
    ) -> S3Result<ObjectEvent> {
        // Taken out first, so that of two completions one wins.
        let upload = {
            let mut state = self.lock();
            state.upload(&upload.bucket, &upload.key, &upload.id)?.check(parts)?;
            precondition.check(state.objects(&upload.bucket)?.get(&upload.key).map(AsRef::as_ref))?;
            state.uploads.remove(&upload.id).ok_or_else(|| s3_error!(NoSuchUpload))?
        };
        let mut digest = Md5::new();
        let (mut contents, mut kept) = (Vec::new(), upload.parts.clone());
        for (number, e_tag) in parts {
            digest.update(unhex(e_tag));
            contents.extend(kept.remove(number).map(|part| part.content));
        }
        let e_tag = format!("{}-{}", hex(&digest.finalize()), parts.len());
        let object = Object {
            headers: upload.headers.clone(),
            tags: upload.tags.clone(),
            ..Object::new(&upload.bucket, &upload.key, Content::concat(contents), e_tag)
        };
        let event_name = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
        let event = self.insert(object, event_name, Some(upload.sequencer.clone()), precondition)?;
        self.forget("uploads", &upload.id)?;
        // The parts that the object does not consist of.
        kept.values().for_each(|part| self.bodies.discard(&part.content));
        Ok(event)
    }

    /// Gives up an upload.
    pub(crate) fn abort_upload(&self, upload: &Upload) -> S3Result<()> {
        let mut state = self.lock();
        let upload = state.uploads.remove(&upload.id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        self.forget("uploads", &upload.id)?;
        upload.parts.values().for_each(|part| self.bodies.discard(&part.content));
        Ok(())
    }

    /// Writes a description, whole or not at all.
    fn describe(&self, kind: &str, name: &str, value: &impl Serialize) -> S3Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(kind).join(name);
        let text = serde_json::to_vec(value).map_err(|error| storage_error(error.into()))?;
        let temporary = path.with_extension("new");
        std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, &path)).map_err(storage_error)
    }

    fn forget(&self, kind: &str, name: &str) -> S3Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        std::fs::remove_file(folder.join(kind).join(name)).map_err(storage_error)
    }

    /// Taken under the lock, so that those of one key grow as it changes.
    fn sequencer(&self, state: &mut State) -> String {
        match &self.sequencers {
            Some(next) => next(),
            None => state.sequencer(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buckets").field("names", &self.names()).field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl State {
    fn empty<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let buckets = names.into_iter().map(|name| (name.to_owned(), BTreeMap::new())).collect();
        Self { buckets, ..Self::default() }
    }

    /// Reads all descriptions; those of buckets that are no more are left alone.
    fn load(&mut self, folder: &Path) -> io::Result<()> {
        for object in read_all::<Object>(&folder.join("objects"))? {
            self.buckets.entry(object.bucket.clone()).or_default().insert(object.key.clone(), Arc::new(object));
        }
        let files: HashSet<u64> =
            self.buckets.values().flat_map(BTreeMap::values).flat_map(|object| object.content.files()).collect();
        for upload in read_all::<Upload>(&folder.join("uploads"))? {
            // One that was completed, and that the process did not live to forget.
            if upload.parts.values().any(|part| part.content.shares(&files)) {
                std::fs::remove_file(folder.join("uploads").join(&upload.id))?;
            } else {
                self.uploads.insert(upload.id.clone(), upload);
            }
        }
        Ok(())
    }

    fn objects(&mut self, bucket: &str) -> S3Result<&mut BTreeMap<String, Arc<Object>>> {
        self.buckets.get_mut(bucket).ok_or_else(|| s3_error!(NoSuchBucket))
    }

    fn upload(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<&mut Upload> {
        let upload = self.uploads.get_mut(id).filter(|upload| upload.bucket == bucket && upload.key == key);
        upload.ok_or_else(|| s3_error!(NoSuchUpload))
    }

    /// Of the form of those of S3, and growing across restarts as well.
    fn sequencer(&mut self) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
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

impl Upload {
    /// Whether an object can be made of these parts.
    fn check(&self, parts: &[(i32, String)]) -> S3Result<()> {
        if parts.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload is completed with at least one part"));
        }
        if !parts.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(s3_error!(InvalidPartOrder));
        }
        for (position, (number, e_tag)) in parts.iter().enumerate() {
            let part = self.parts.get(number).filter(|part| part.e_tag == *e_tag);
            let part = part.ok_or_else(|| s3_error!(InvalidPart, "part {number} is not there, or is another"))?;
            if part.content.len() < MIN_PART_BYTES && position + 1 < parts.len() {
                return Err(s3_error!(EntityTooSmall, "part {number} is smaller than 5 MiB, and not the last"));
            }
        }
        Ok(())
    }
}

impl Precondition {
    fn check(&self, object: Option<&Object>) -> S3Result<()> {
        let is = |condition: &ETagCondition| {
            object.is_some_and(|object| condition.as_etag().is_none_or(|e_tag| e_tag.value() == object.e_tag))
        };
        if self.if_match.as_ref().is_some_and(|condition| !is(condition)) || self.if_none_match.as_ref().is_some_and(is)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        Ok(())
    }
}

/// The answer of S3 as an error of the pipeline.
pub(crate) fn error_of(error: &S3Error) -> Error {
    let text = error.message().map_or_else(|| error.code().as_str().to_owned(), str::to_owned);
    Error::new(ErrorKind::S3, format!("the S3 endpoint answered `{}`: {text}", error.code().as_str()))
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
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}` cannot be read: {error}", path.display()))
        })?);
    }
    Ok(all.into_iter())
}

/// In lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
