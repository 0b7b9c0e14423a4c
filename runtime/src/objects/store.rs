//! The door behind which objects are: the AWS SDK, the memory of tests, or a store of your own.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use s3_dispatch_core::{BucketName, ETag, ObjectKey, VersionId};

use crate::objects::body::{ObjectBody, PutBody};
use crate::objects::error::ObjectError;

/// Where objects are: three requests of S3.
///
/// It is implemented for `aws_sdk_s3::Client` (feature `objects`), for the memory of objects in
/// `s3-dispatch-testing`, and for the buckets of a pipeline in `s3-dispatch-local`. The suite in
/// `s3-dispatch-testing` checks every promise of this trait.
///
/// The store repeats requests that fail in passing, as the AWS SDK does. An error that it returns
/// has the [kind](crate::objects::ObjectErrorKind) of what the service said in the end.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of objects",
    label = "does not implement `ObjectStore`",
    note = "`aws_sdk_s3::Client` is one with the feature `objects` of `s3-dispatch`, if it is of \
            the same version of `aws-sdk-s3`",
    note = "tests have `MemoryObjects` of `s3-dispatch-testing`"
)]
pub trait ObjectStore: Send + Sync + 'static {
    /// Opens an object, or a range of it. The body arrives as it is read.
    ///
    /// # Errors
    ///
    /// `Gone` if the key, or the version, does not exist or is a delete marker; `Superseded` if the
    /// entity tag is another; `Rejected` if the range begins behind the end.
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError>;

    /// Looks at an object without its body. The range of the request has no meaning.
    ///
    /// # Errors
    ///
    /// The same as those of [`get`](Self::get).
    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError>;

    /// Writes an object if the condition holds. It is written whole, or not at all.
    ///
    /// # Errors
    ///
    /// `Superseded` if the condition does not hold; `Gone` if it names an entity tag and there is
    /// no object; `Conflict` if the service could not tell because of another request.
    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError>;
}

/// Which object to read, and which content of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadRequest {
    /// The bucket.
    pub bucket: BucketName,
    /// The key, decoded.
    pub key: ObjectKey,
    /// The version. `None` is the latest.
    pub version_id: Option<VersionId>,
    /// The entity tag that the object must have: `If-Match`. `None` accepts any.
    pub e_tag: Option<ETag>,
    /// The bytes to read, counted from 0. `None` is all of them.
    ///
    /// It is not empty. An end behind that of the object counts as the end of the object.
    pub range: Option<Range<u64>>,
}

impl ReadRequest {
    /// Creates a request for all bytes of whatever is at the key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::ObjectKey;
    /// use s3_dispatch::objects::ReadRequest;
    ///
    /// let key = ObjectKey::verbatim("a.txt");
    /// let mut request = ReadRequest::new("amzn-s3-demo-bucket".into(), key);
    /// request.range = Some(0..512);
    /// ```
    #[must_use]
    pub fn new(bucket: BucketName, key: ObjectKey) -> Self {
        Self {
            bucket,
            key,
            version_id: None,
            e_tag: None,
            range: None,
        }
    }
}

/// What is known about an object without its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectHead {
    /// The size of the whole object, in bytes.
    pub size: u64,
    /// The entity tag, without quotes. `None` from stores that have none.
    pub e_tag: Option<ETag>,
    /// The version. `None` in buckets without versioning.
    pub version_id: Option<VersionId>,
    /// The time of the last change. `None` if the store does not say.
    pub last_modified: Option<SystemTime>,
    /// The type of the content, such as `image/jpeg`. `None` if it was not set.
    pub content_type: Option<String>,
    /// The user-defined metadata, without the prefix `x-amz-meta-`. Names are lower case.
    pub metadata: BTreeMap<String, String>,
}

/// An object whose body is on its way.
#[non_exhaustive]
pub struct OpenedObject {
    /// What is known about the whole object.
    pub head: ObjectHead,
    /// The bytes that the body has.
    pub range: Range<u64>,
    /// The bytes.
    pub body: ObjectBody,
}

impl OpenedObject {
    /// Creates it from its parts.
    #[must_use]
    pub fn new(head: ObjectHead, range: Range<u64>, body: ObjectBody) -> Self {
        Self { head, range, body }
    }
}

impl fmt::Debug for OpenedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedObject")
            .field("head", &self.head)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// What to write, and on which condition.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PutRequest {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The content.
    pub body: PutBody,
    /// The type of the content, such as `image/jpeg`.
    pub content_type: Option<String>,
    /// The user-defined metadata, without the prefix `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// When to write.
    pub condition: PutCondition,
}

impl PutRequest {
    /// Creates a request to write an object where there is none.
    #[must_use]
    pub fn new(bucket: BucketName, key: ObjectKey, body: PutBody) -> Self {
        Self {
            bucket,
            key,
            body,
            content_type: None,
            metadata: BTreeMap::new(),
            condition: PutCondition::Absent,
        }
    }
}

/// When an object is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutCondition {
    /// If there is no object at the key: `If-None-Match: *`.
    Absent,
    /// If the object at the key has this entity tag: `If-Match`.
    Matches(ETag),
}

/// An object that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenObject {
    /// The entity tag, without quotes. `None` from stores that have none.
    pub e_tag: Option<ETag>,
    /// The version. `None` in buckets without versioning.
    pub version_id: Option<VersionId>,
}

impl WrittenObject {
    /// Creates it from its parts.
    #[must_use]
    pub fn new(e_tag: Option<ETag>, version_id: Option<VersionId>) -> Self {
        Self { e_tag, version_id }
    }
}

/// A shared store.
#[async_trait]
impl<S: ObjectStore + ?Sized> ObjectStore for Arc<S> {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        (**self).get(request).await
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        (**self).head(request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        (**self).put(request).await
    }
}
