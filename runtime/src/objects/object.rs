//! The object of an event.

use std::sync::OnceLock;

use s3_dispatch_core::{
    BucketName, Context, ETag, EventPattern, FromRecord, FromRef, HandlerError, ObjectKey,
    S3EventRecord, VersionId,
};

use crate::objects::content::reading::Reading;
use crate::objects::derived::derived_key;
use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::objects::Objects;
use crate::objects::store::{ObjectHead, ReadRequest};

/// The very object that an event is about, as an argument of a handler.
///
/// It is a handle: nothing is requested before its first use, and each use is a request of its own.
///
/// # Which bytes
///
/// It reads the version that the record names, and only content with the record's entity tag. So it
/// never yields other bytes than those that the event announced. If they are not there any more,
/// the error is [`Gone`](ObjectErrorKind::Gone) or [`Superseded`](ObjectErrorKind::Superseded).
/// Both skip the record, because a later event tells of what happened.
///
/// Some S3-compatible stores send neither version nor entity tag. Then reading fails as
/// [`Unidentified`](ObjectErrorKind::Unidentified), unless the program allows it with
/// [`or_latest`](Self::or_latest).
///
/// # Interruptions
///
/// If a connection breaks, the rest is requested as a range of the same content. A read gives up
/// after five interruptions within a mebibyte. The length is checked: a body that ends early is an
/// error and never looks complete.
///
/// # Rights
///
/// The role needs `s3:GetObject`, in versioned buckets `s3:GetObjectVersion`, and should have
/// `s3:ListBucket`. Without the last, S3 denies access to what does not exist, so that a deleted
/// object cannot be skipped.
///
/// # Events
///
/// It can be made from all events after which the object exists, so not from `ObjectRemoved:*` and
/// `LifecycleExpiration:*`. Use [`Current`](crate::objects::Current) in a handler of both, and its
/// [`object`](crate::objects::Current::object) to read.
///
/// # Examples
///
/// ```
/// use s3_dispatch::objects::{Object, ObjectError};
/// use s3_dispatch::s3_handler;
///
/// #[s3_handler("ObjectCreated:*", suffix = ".csv")]
/// # #[allow(dead_code)]
/// async fn import(object: Object) -> Result<(), ObjectError> {
///     let mut lines = object.lines().await?;
///     while let Some(line) = lines.next_line().await? {
///         println!("{line}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Object {
    objects: Objects,
    bucket: BucketName,
    key: ObjectKey,
    size: Option<u64>,
    identity: Identity,
    limit: u64,
    may_be_latest: bool,
    /// What was opened first, if the event does not say.
    opened: OnceLock<Identity>,
}

/// What tells the content of an object from other content at the same key.
#[derive(Debug, Clone, PartialEq)]
struct Identity {
    e_tag: Option<ETag>,
    version_id: Option<VersionId>,
}

impl Identity {
    fn is_known(&self) -> bool {
        self.e_tag.is_some() || self.version_id.is_some()
    }
}

impl Objects {
    /// The object that the record is about. As the argument of a handler it is made in the same
    /// way.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "text").build();
    ///
    /// let objects = Objects::new(memory);
    /// assert_eq!(objects.object(&record).text().await?, "text");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn object(&self, record: &S3EventRecord) -> Object {
        let object = &record.object;
        self.identified(
            record.bucket.name.clone(),
            object.key.clone(),
            object.size,
            object.e_tag.clone(),
            object.version_id.clone(),
        )
    }

    /// The object at a key that has this entity tag and this version.
    pub(in crate::objects) fn identified(
        &self,
        bucket: BucketName,
        key: ObjectKey,
        size: Option<u64>,
        e_tag: Option<ETag>,
        version_id: Option<VersionId>,
    ) -> Object {
        Object {
            objects: self.clone(),
            bucket,
            key,
            size,
            identity: Identity { e_tag, version_id },
            limit: u64::MAX,
            may_be_latest: false,
            opened: OnceLock::new(),
        }
    }
}

impl Object {
    /// Refuses to read more than this number of bytes.
    ///
    /// A larger object is a permanent failure before a byte of it is read: by the size in the
    /// record, without any request, else by the length that the service announces. A
    /// [`range`](Self::range) counts with its own length.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectErrorKind, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "text").build();
    ///
    /// let object = Objects::new(memory).object(&record).at_most(3);
    /// let error = object.bytes().await.unwrap_err();
    /// assert_eq!(error.kind(), ObjectErrorKind::TooLarge);
    /// # }
    /// ```
    #[must_use]
    pub fn at_most(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Reads what is at the key if the event names neither a version nor an entity tag.
    ///
    /// That may be a later object than the event's, though never one of another size than the
    /// record's. All uses of this handle read the same content. AWS's own events are not affected.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let event = memory.put("amzn-s3-demo-bucket", "a.txt", "text");
    /// let record = event.without_e_tag().build();
    ///
    /// let object = Objects::new(memory).object(&record).or_latest();
    /// assert_eq!(object.bytes().await?, "text");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        self.may_be_latest = true;
        self
    }

    /// The name of its bucket.
    #[must_use]
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// Its key, decoded.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Its size in bytes, by the event. `None` if the event does not have it.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Its entity tag, by the event. `None` if the event does not have it.
    #[must_use]
    pub fn e_tag(&self) -> Option<&ETag> {
        self.identity.e_tag.as_ref()
    }

    /// Its version, by the event. `None` in buckets without versioning.
    #[must_use]
    pub fn version_id(&self) -> Option<&VersionId> {
        self.identity.version_id.as_ref()
    }

    /// The access to all objects, for example to write a result.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The key of a result that is derived from this object, as by
    /// [`derived_key`].
    ///
    /// # Panics
    ///
    /// Panics if the prefix has more than 900 bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::Objects;
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "my photo.jpg", "").build();
    ///
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(object.derived("thumbnails/"), "thumbnails/my photo.jpg");
    /// ```
    #[must_use]
    pub fn derived(&self, prefix: &str) -> String {
        derived_key(prefix, &self.key)
    }

    /// The key of a result that is derived from exactly this content: that of
    /// [`derived`](Self::derived), a slash, and the version, or the entity tag if there is none.
    ///
    /// Two contents of one key never share a result, so [`Objects::put_once`] writes each result
    /// once and needs to replace none. `None` if the event names neither.
    ///
    /// # Panics
    ///
    /// Panics if the prefix has more than 900 bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::Objects;
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "my photo.jpg", "").build();
    ///
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(
    ///     object.derived_from_content("thumbnails/").unwrap(),
    ///     "thumbnails/my photo.jpg/d41d8cd98f00b204e9800998ecf8427e"
    /// );
    /// ```
    #[must_use]
    pub fn derived_from_content(&self, prefix: &str) -> Option<String> {
        let version = self.version_id().map(VersionId::as_str);
        let id = version.or_else(|| self.e_tag().map(ETag::as_str))?;

        // Without a slash of its own, the last part of the key is the id and nothing else.
        let id = id.replace('%', "%25").replace('/', "%2F");
        let source = ObjectKey::verbatim(&format!("{}/{id}", self.key.as_str()));
        Some(derived_key(prefix, &source))
    }

    pub(in crate::objects) async fn open(&self) -> Result<Reading, ObjectError> {
        if let Some(size) = self.size {
            self.check_limit(size)?;
        }

        let (head, reading) = Reading::open(&self.objects, self.request()?).await?;
        self.accept(&head)?;
        self.check_limit(reading.remaining())?;
        Ok(reading)
    }

    /// The request for exactly the event's content.
    pub(in crate::objects) fn request(&self) -> Result<ReadRequest, ObjectError> {
        let identity = self.opened.get().unwrap_or(&self.identity);
        if !self.may_be_latest && !identity.is_known() {
            return Err(self.error(ObjectErrorKind::Unidentified));
        }

        let mut request = ReadRequest::new(self.bucket.clone(), self.key.clone());
        request.e_tag = identity.e_tag.clone();
        request.version_id = identity.version_id.clone();
        Ok(request)
    }

    /// The size of exactly the event's content.
    pub(in crate::objects) async fn known_size(&self) -> Result<u64, ObjectError> {
        match self.size {
            Some(size) if self.identity.is_known() => Ok(size),
            _ => Ok(self.head().await?.size),
        }
    }

    /// What the service knows about the object, without its body.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes), except `TooLarge`.
    pub async fn head(&self) -> Result<ObjectHead, ObjectError> {
        let head = self.objects.head(&self.request()?).await?;
        self.accept(&head)?;
        Ok(head)
    }

    /// Checks that an answer is about the event's content, and remembers which that is.
    pub(in crate::objects) fn accept(&self, head: &ObjectHead) -> Result<(), ObjectError> {
        let identity = self.opened.get().unwrap_or(&self.identity);
        let Identity { e_tag, .. } = identity;
        let differs = e_tag.is_some() && head.e_tag.is_some() && *e_tag != head.e_tag;

        let is_known = identity.is_known();
        let has_another_size = !is_known && self.size.is_some_and(|size| size != head.size);
        if differs || has_another_size {
            return Err(self.error(ObjectErrorKind::Superseded));
        }

        if !is_known {
            let found = Identity {
                e_tag: head.e_tag.clone(),
                version_id: head.version_id.clone(),
            };
            // Another use of this handle may have been the first meanwhile.
            if *self.opened.get_or_init(|| found.clone()) != found {
                return Err(self.error(ObjectErrorKind::Superseded));
            }
        }
        Ok(())
    }

    pub(in crate::objects) fn check_limit(&self, bytes: u64) -> Result<(), ObjectError> {
        if bytes <= self.limit {
            return Ok(());
        }

        let detail = format!("{bytes} bytes are more than the limit of {}", self.limit);
        Err(self.error(ObjectErrorKind::TooLarge).with_detail(detail))
    }

    fn error(&self, kind: ObjectErrorKind) -> ObjectError {
        self.about(ObjectError::new(kind))
    }

    pub(in crate::objects) fn about(&self, error: ObjectError) -> ObjectError {
        error.about(&self.bucket, &self.key)
    }
}

/// The events after which the object exists.
impl<'r, S> FromRecord<'r, S> for Object
where
    Objects: FromRef<S>,
{
    const EVENTS: &'static [EventPattern] = &[
        EventPattern::from_static("ObjectCreated:*"),
        EventPattern::from_static("ObjectRestore:*"),
        EventPattern::from_static("ObjectTagging:*"),
        EventPattern::from_static("ObjectAcl:*"),
        EventPattern::from_static("ObjectAnnotation:*"),
        EventPattern::from_static("ObjectRetention:*"),
        EventPattern::from_static("Replication:*"),
        EventPattern::from_static("LifecycleTransition"),
        EventPattern::from_static("IntelligentTiering"),
    ];

    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        let objects = Objects::from_ref(context.state());
        Ok(objects.object(context.record()))
    }
}
