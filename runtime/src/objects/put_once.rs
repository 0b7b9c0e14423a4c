//! Writes a result once.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use s3_dispatch_core::handler::BoxFuture;
use s3_dispatch_core::{BucketName, ETag, ObjectKey};

use crate::objects::body::PutBody;
use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::objects::Objects;
use crate::objects::store::{ObjectHead, PutCondition, PutRequest, ReadRequest, WrittenObject};

/// How often a write is tried that meets another one.
const MAX_ATTEMPTS: u32 = 5;

/// The wait before the second attempt. Each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// The metadata by which a write is recognised whose answer was lost.
const TOKEN: &str = "s3-dispatch-put";

/// A conditional write, which `.await` carries out. [`Objects::put_once`] makes it.
///
/// # What it does
///
/// - It writes with `If-None-Match: *`, so nothing is overwritten, or with `If-Match`, after
///   [`replacing`](Self::replacing). The object is written whole or not at all.
/// - If the service cannot tell because of another request (409), it tries again, five times.
/// - The answer to a write may get lost. The client then repeats it, and the service finds an
///   object at the key: the one that the first attempt wrote. Each write therefore carries a token
///   in the metadata `s3-dispatch-put`. If an object is there, it is looked at, and with the same
///   token the outcome is [`Written`](PutOutcome::Written).
/// - It may be dropped at any time, and the process may end. Then the object is there, whole, or it
///   is not, and the next delivery finds out which.
///
/// The role needs `s3:PutObject`. With `s3:GetObject` it can look at the object that is there.
#[must_use = "nothing is written before `.await`"]
pub struct PutOnce {
    objects: Objects,
    request: PutRequest,
}

/// The outcome of a [`PutOnce`]. Both are a success: there is an object at the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written.
    Written(WrittenObject),
    /// Another object is at the key, and nothing was written.
    ///
    /// It is usually the result of an earlier delivery. `None` if the role may not look at it.
    /// After [`PutOnce::replacing`], the object is not the one that was to be replaced.
    AlreadyThere(Option<ObjectHead>),
}

impl Objects {
    /// Writes a result, unless there is an object at the key already.
    ///
    /// A second delivery of the same event finds the result of the first. [`PutOnce`] has the
    /// details, and what else can be set.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects, PutOutcome};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let objects = Objects::new(MemoryObjects::new());
    ///
    /// let first = objects.put_once("amzn-s3-demo-bucket", "a.txt", "text").await?;
    /// assert!(matches!(first, PutOutcome::Written(_)));
    ///
    /// let second = objects.put_once("amzn-s3-demo-bucket", "a.txt", "text").await?;
    /// assert!(matches!(second, PutOutcome::AlreadyThere(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_once(
        &self,
        bucket: impl Into<BucketName>,
        key: impl AsRef<str>,
        body: impl Into<PutBody>,
    ) -> PutOnce {
        let key = ObjectKey::verbatim(key.as_ref());
        PutOnce {
            objects: self.clone(),
            request: PutRequest::new(bucket.into(), key, body.into()),
        }
    }
}

impl PutOnce {
    /// Sets the type of the content, such as `image/jpeg`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::ObjectKey;
    /// use s3_dispatch::objects::{ObjectError, Objects, PutOutcome};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// let objects = Objects::new(memory.clone());
    ///
    /// objects
    ///     .put_once("amzn-s3-demo-bucket", "a.json", "{}")
    ///     .with_content_type("application/json")
    ///     .await?;
    ///
    /// let head = memory.head("amzn-s3-demo-bucket", "a.json").unwrap();
    /// assert_eq!(head.content_type.as_deref(), Some("application/json"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.request.content_type = Some(content_type.into());
        self
    }

    /// Adds an entry of user-defined metadata, such as the version of the source.
    ///
    /// S3 makes the name lower case, and so does this.
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
    /// let objects = Objects::new(memory.clone());
    ///
    /// objects
    ///     .put_once("amzn-s3-demo-bucket", "a.json", "{}")
    ///     .with_metadata("source", "a.txt")
    ///     .await?;
    ///
    /// let head = memory.head("amzn-s3-demo-bucket", "a.json").unwrap();
    /// assert_eq!(head.metadata["source"], "a.txt");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_metadata(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        let name = name.as_ref().to_ascii_lowercase();
        self.request.metadata.insert(name, value.into());
        self
    }

    /// Replaces the object with this entity tag, and no other: `If-Match`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, Objects, PutOutcome};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ObjectError> {
    /// let memory = MemoryObjects::new();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "old");
    /// let old = memory.head("amzn-s3-demo-bucket", "a.txt").unwrap().e_tag.unwrap();
    ///
    /// let objects = Objects::new(memory);
    /// let put = objects.put_once("amzn-s3-demo-bucket", "a.txt", "new").replacing(old.clone());
    /// assert!(matches!(put.await?, PutOutcome::Written(_)));
    ///
    /// let put = objects.put_once("amzn-s3-demo-bucket", "a.txt", "newer").replacing(old);
    /// assert!(matches!(put.await?, PutOutcome::AlreadyThere(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn replacing(mut self, e_tag: ETag) -> Self {
        self.request.condition = PutCondition::Matches(e_tag);
        self
    }

    async fn put(mut self) -> Result<PutOutcome, ObjectError> {
        let token = format!("{:032x}", fastrand::u128(..));
        self.request
            .metadata
            .insert(TOKEN.to_owned(), token.clone());
        let mut attempt = 1;

        loop {
            let error = match self.objects.put(&self.request).await {
                Ok(written) => return Ok(PutOutcome::Written(written)),
                Err(error) if error.kind() == ObjectErrorKind::Superseded => {
                    match self.look(&token).await? {
                        Some(outcome) => return Ok(outcome),
                        // It was deleted in between.
                        None => ObjectError::new(ObjectErrorKind::Conflict)
                            .about(&self.request.bucket, &self.request.key),
                    }
                }
                Err(error) if error.kind() == ObjectErrorKind::Conflict => error,
                // The event's own object is not gone, so the record must not be skipped.
                Err(error) if error.kind() == ObjectErrorKind::Gone => {
                    return Err(error
                        .with_kind(ObjectErrorKind::Conflict)
                        .with_detail("the object that was to be replaced is gone"));
                }
                Err(error) => return Err(error),
            };

            if attempt == MAX_ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(FIRST_WAIT * 2_u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    }

    /// Looks at what is at the key. `None` if nothing is there any more.
    async fn look(&self, token: &str) -> Result<Option<PutOutcome>, ObjectError> {
        let request = ReadRequest::new(self.request.bucket.clone(), self.request.key.clone());
        match self.objects.head(&request).await {
            Ok(head) if head.metadata.get(TOKEN).is_some_and(|other| other == token) => {
                let written = WrittenObject::new(head.e_tag, head.version_id);
                Ok(Some(PutOutcome::Written(written)))
            }
            Ok(head) => Ok(Some(PutOutcome::AlreadyThere(Some(head)))),
            Err(error) => match error.kind() {
                ObjectErrorKind::Gone => Ok(None),
                ObjectErrorKind::Denied => Ok(Some(PutOutcome::AlreadyThere(None))),
                _ => Err(error),
            },
        }
    }
}

impl IntoFuture for PutOnce {
    type Output = Result<PutOutcome, ObjectError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.put())
    }
}

impl fmt::Debug for PutOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutOnce")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
