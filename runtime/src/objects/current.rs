//! What is at the key of an event now.

use std::time::SystemTime;

use s3_dispatch_core::{
    BucketName, Context, ETag, FromRecordAsync, FromRef, HandlerError, ObjectKey, VersionId,
};

use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::object::Object;
use crate::objects::objects::Objects;
use crate::objects::store::{ObjectHead, ReadRequest};

/// What is at the key of the event *now*, as an argument of a handler.
///
/// Events arrive late, twice and out of order. A handler that makes its copy equal to `Current`
/// ends right whatever their order, because the last event that it handles finds the last state,
/// and no event is lost. Handlers of one key must not overlap: on one process a dispatcher sees to
/// that, and for several there is [`Exclusive`](crate::Exclusive).
///
/// [`Current::object`] reads what was seen.
///
/// It costs one `HeadObject` for each record, for which the role needs `s3:GetObject`, and
/// `s3:ListBucket` on the bucket: without that, S3 denies access to an object that does not exist,
/// and the record fails and is tried again.
///
/// # Examples
///
/// An index that is kept like the bucket:
///
/// ```
/// use s3_dispatch::objects::Current;
/// use s3_dispatch::{HandlerError, ObjectKey, State, s3_handler};
/// # #[derive(Clone)] struct Index;
/// # impl Index {
/// #     async fn set(&self, _: &ObjectKey, _: u64) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn remove(&self, _: &ObjectKey) -> Result<(), std::io::Error> { Ok(()) }
/// # }
///
/// #[s3_handler("ObjectCreated:*", "ObjectRemoved:*", "LifecycleExpiration:*")]
/// # #[allow(dead_code)]
/// async fn mirror(
///     key: ObjectKey,
///     current: Current,
///     State(index): State<Index>,
/// ) -> Result<(), HandlerError> {
///     match current {
///         Current::Present { size, .. } => index.set(&key, size).await?,
///         Current::Absent => index.remove(&key).await?,
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// There is an object at the key.
    #[non_exhaustive]
    Present {
        /// Its entity tag, without quotes. `None` from stores that have none.
        e_tag: Option<ETag>,
        /// Its version. `None` in buckets without versioning.
        version_id: Option<VersionId>,
        /// Its size in bytes.
        size: u64,
        /// The time of its last change. `None` if the store does not say.
        last_modified: Option<SystemTime>,
    },
    /// There is no object at the key, or a delete marker hides it.
    Absent,
}

impl Current {
    /// Whether there is an object at the key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::Current;
    ///
    /// assert!(!Current::Absent.is_present());
    /// ```
    #[must_use]
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Present { .. })
    }

    /// The object that was seen, to read it. `None` if there was none.
    ///
    /// Bucket and key are those that were looked at. It reads the version and the entity tag that
    /// were seen and no others, as an [`Object`] of an event does. If that content is not there any
    /// more, reading fails as [`Superseded`](ObjectErrorKind::Superseded) or
    /// [`Gone`](ObjectErrorKind::Gone), and the record is skipped: the event of that change leads
    /// to another look.
    ///
    /// # Examples
    ///
    /// A copy of each object, whatever the order of events:
    ///
    /// ```
    /// use s3_dispatch::objects::{Current, Objects};
    /// use s3_dispatch::{BucketName, HandlerError, ObjectKey, State, s3_handler};
    /// # #[derive(Clone)] struct Elsewhere;
    /// # impl Elsewhere {
    /// #     async fn write(&self, _: &ObjectKey, _: bytes::Bytes) -> Result<(), std::io::Error> {
    /// #         Ok(())
    /// #     }
    /// #     async fn remove(&self, _: &ObjectKey) -> Result<(), std::io::Error> { Ok(()) }
    /// # }
    ///
    /// #[s3_handler("ObjectCreated:*", "ObjectRemoved:*", "LifecycleExpiration:*")]
    /// # #[allow(dead_code)]
    /// async fn copy(
    ///     bucket: BucketName,
    ///     key: ObjectKey,
    ///     current: Current,
    ///     State(objects): State<Objects>,
    ///     State(elsewhere): State<Elsewhere>,
    /// ) -> Result<(), HandlerError> {
    ///     match current.object(&objects, bucket, key.clone()) {
    ///         Some(object) => elsewhere.write(&key, object.bytes().await?).await?,
    ///         None => elsewhere.remove(&key).await?,
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn object(
        &self,
        objects: &Objects,
        bucket: impl Into<BucketName>,
        key: ObjectKey,
    ) -> Option<Object> {
        match self {
            Self::Present {
                e_tag,
                version_id,
                size,
                ..
            } => {
                let (e_tag, version_id) = (e_tag.clone(), version_id.clone());
                Some(objects.identified(bucket.into(), key, Some(*size), e_tag, version_id))
            }
            Self::Absent => None,
        }
    }
}

impl From<ObjectHead> for Current {
    fn from(head: ObjectHead) -> Self {
        Self::Present {
            e_tag: head.e_tag,
            version_id: head.version_id,
            size: head.size,
            last_modified: head.last_modified,
        }
    }
}

impl Objects {
    /// What is at a key now, by one `HeadObject`.
    ///
    /// # Errors
    ///
    /// Those of a request that fails. An object that does not exist is no error.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::ObjectKey;
    /// use s3_dispatch::objects::{Current, ObjectError, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "text");
    ///
    /// let objects = Objects::new(memory);
    /// let key = ObjectKey::verbatim("b.txt");
    /// let current = objects.current("amzn-s3-demo-bucket", key).await?;
    /// assert_eq!(current, Current::Absent);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn current(
        &self,
        bucket: impl Into<BucketName>,
        key: ObjectKey,
    ) -> Result<Current, ObjectError> {
        match self.head(&ReadRequest::new(bucket.into(), key)).await {
            Ok(head) => Ok(Current::from(head)),
            Err(error) if error.kind() == ObjectErrorKind::Gone => Ok(Current::Absent),
            Err(error) => Err(error),
        }
    }
}

impl<'r, S: Sync> FromRecordAsync<'r, S> for Current
where
    Objects: FromRef<S>,
{
    const DISTINGUISHES_VERSIONS: bool = true;

    async fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        let objects = Objects::from_ref(context.state());
        let record = context.record();

        let current = objects.current(record.bucket.name.clone(), record.object.key.clone());
        Ok(current.await?)
    }
}
