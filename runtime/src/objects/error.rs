//! What can go wrong with an object.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use s3_dispatch_core::{BucketName, Class, Classify, ObjectKey, SkipReason};

/// Why an object could not be read, looked at or written.
///
/// Its text names the object and says what is wrong. What the service said is its
/// [`source`](StdError::source).
///
/// # What becomes of the record
///
/// The table of [`ObjectErrorKind`] gives the outcome of each kind. The dispatcher applies it to
/// errors that `?` converted, after the program's own
/// [classifiers](crate::Dispatcher::classify). A test that calls routes without a dispatcher sees a
/// failure that is tried again, whatever the kind. To change the outcome in one handler, look at
/// the kind:
///
/// ```
/// use s3_dispatch::HandlerError;
/// use s3_dispatch::objects::{Object, ObjectErrorKind};
///
/// async fn read(object: &Object) -> Result<String, HandlerError> {
///     object.text().await.map_err(|error| match error.kind() {
///         // In this bucket nothing is ever deleted, so it is worth a look.
///         ObjectErrorKind::Gone => HandlerError::permanent(error),
///         _ => error.into(),
///     })
/// }
/// ```
pub struct ObjectError(Box<Inner>);

struct Inner {
    kind: ObjectErrorKind,
    object: Option<(BucketName, ObjectKey)>,
    /// The right without which the service denies the request.
    right: &'static str,
    /// What is wrong, more exactly than the kind.
    detail: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What is wrong with an object.
///
/// | kind | outcome of the record, unless the program says otherwise |
/// |---|---|
/// | `Gone`, `Superseded` | skipped with that reason, because a later event tells of it |
/// | `TooLarge`, `Archived`, `Unidentified`, `Content` | a permanent failure |
/// | all others | a failure that is tried again, after the delay that the service asked for |
///
/// On a route that [skips own writes](crate::Route::skip_own_writes) the later event may be skipped
/// too, so there `Superseded` is a permanent failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectErrorKind {
    /// The object, or the version that the event is about, was deleted.
    Gone,
    /// The object has been overwritten since the event.
    Superseded,
    /// The object has more bytes than [`Object::at_most`](crate::objects::Object::at_most) allows.
    TooLarge,
    /// The service denies the request. The text names the right that may be missing.
    ///
    /// Without `s3:ListBucket`, S3 also denies access to an object that does not exist
    /// ("GetObject", Amazon S3 API Reference, 2026).
    Denied,
    /// The service asks for fewer requests.
    Throttled,
    /// The service could not be reached or failed, or the body broke off too often.
    Unavailable,
    /// Others write to the same key, and each attempt met one of them.
    Conflict,
    /// The object is in an archive and must be restored before it can be read.
    Archived,
    /// The bucket does not exist, at least not at the endpoint of this client.
    NoSuchBucket,
    /// The event names neither a version nor an entity tag, so its object cannot be told from a
    /// later one. See [`Object::or_latest`](crate::objects::Object::or_latest).
    Unidentified,
    /// The content is not UTF-8, or not the JSON that was expected.
    Content,
    /// A local file could not be read or written.
    File,
    /// The service rejects the request for another reason.
    Rejected,
}

impl ObjectError {
    /// Creates an error, for an implementation of [`ObjectStore`](crate::objects::ObjectStore).
    ///
    /// The object is added by [`Objects`](crate::objects::Objects).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectError, ObjectErrorKind};
    ///
    /// let error = ObjectError::new(ObjectErrorKind::Throttled);
    /// assert_eq!(error.to_string(), "the service asks for fewer requests");
    /// ```
    #[must_use]
    pub fn new(kind: ObjectErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            object: None,
            right: "s3:GetObject",
            detail: None,
            retry_after: None,
            source: None,
        }))
    }

    /// Adds what the service said.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use s3_dispatch::objects::{ObjectError, ObjectErrorKind};
    ///
    /// let error = ObjectError::new(ObjectErrorKind::Unavailable)
    ///     .with_source("connection refused");
    /// assert_eq!(error.source().unwrap().to_string(), "connection refused");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the delay that the service asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::objects::{ObjectError, ObjectErrorKind};
    ///
    /// let error = ObjectError::new(ObjectErrorKind::Throttled)
    ///     .with_retry_after(Duration::from_secs(2));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// What is wrong, as an enum.
    #[must_use]
    pub fn kind(&self) -> ObjectErrorKind {
        self.0.kind
    }

    /// The delay that the service asked for. `None` if it asked for none.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub(super) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(super) fn about(mut self, bucket: &BucketName, key: &ObjectKey) -> Self {
        // An error may outlive the batch that the names are slices of.
        self.0.object = Some((bucket.to_detached(), key.to_detached()));
        self
    }

    pub(super) fn with_right(mut self, right: &'static str) -> Self {
        self.0.right = right;
        self
    }

    /// The same error once more, for a read after the one that failed.
    pub(super) fn again(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            object: self.0.object.clone(),
            right: self.0.right,
            detail: Some("reading it has failed before".into()),
            retry_after: self.0.retry_after,
            source: None,
        }))
    }

    pub(super) fn with_kind(mut self, kind: ObjectErrorKind) -> Self {
        self.0.kind = kind;
        self
    }
}

/// The outcome of each kind is in the table of [`ObjectErrorKind`].
impl Classify for ObjectError {
    fn class(&self) -> Class {
        match self.kind() {
            ObjectErrorKind::Gone => Class::Skip(SkipReason::Gone),
            ObjectErrorKind::Superseded => Class::Skip(SkipReason::Superseded),
            ObjectErrorKind::TooLarge
            | ObjectErrorKind::Archived
            | ObjectErrorKind::Unidentified
            | ObjectErrorKind::Content => Class::Permanent,
            _ => self.retry_after().map_or(Class::Retry, Class::RetryAfter),
        }
    }
}

impl ObjectErrorKind {
    /// Whether the same request may succeed in a moment.
    pub(super) fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Gone => "the object is gone",
            Self::Superseded => "the object has been overwritten",
            Self::TooLarge => "the object is too large",
            Self::Denied => "the service denies the request",
            Self::Throttled => "the service asks for fewer requests",
            Self::Unavailable => "the service is unavailable",
            Self::Conflict => "others write to the same key",
            Self::Archived => "the object is in an archive and must be restored first",
            Self::NoSuchBucket => "the bucket does not exist",
            Self::Unidentified => {
                "the event names neither a version nor an entity tag, so the object cannot be told \
                 from a later one"
            }
            Self::Content => "the content is not what was expected",
            Self::File => "a local file cannot be read or written",
            Self::Rejected => "the service rejects the request",
        }
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some((bucket, key)) = &inner.object {
            write!(f, "{key:?} in bucket {bucket:?}: ")?;
        }

        f.write_str(inner.detail.as_deref().unwrap_or(inner.kind.text()))?;
        if inner.kind != ObjectErrorKind::Denied {
            return Ok(());
        }

        write!(f, "; the role may lack `{}`", inner.right)?;
        if inner.right != PUT_RIGHT {
            f.write_str(
                ", or the object does not exist: without `s3:ListBucket` on the bucket, S3 answers \
                 403 and not 404",
            )?;
        }
        Ok(())
    }
}

/// The right to write an object.
pub(super) const PUT_RIGHT: &str = "s3:PutObject";

impl fmt::Debug for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectError")
            .field("kind", &self.0.kind)
            .field("object", &self.0.object)
            .field("retry_after", &self.0.retry_after)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for ObjectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}
