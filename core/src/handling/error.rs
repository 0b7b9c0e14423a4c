//! Why a handler failed, and whether a retry can help.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::contained::ContainedError;
use crate::error::with_causes;
use crate::handling::boxed::boxed;
use crate::handling::class::Classifier;
use crate::{Class, Classify, SkipReason};

/// The failure of a record.
///
/// `?` makes one from every error, boxed error and text, as a failure that is worth a
/// [`retry`](Self::retry). Use [`permanent`](Self::permanent) if a retry cannot help, and
/// [`skip`](Self::skip) if there is nothing to do.
///
/// To say it once for a type of errors, and not at each `?`, implement [`Classify`], or give the
/// dispatcher of `s3-dispatch` a classifier. It is asked about errors that `?` converted. What
/// `retry`, `permanent`, `skip` and [`with_retry_after`](Self::with_retry_after) say is final.
///
/// The guide [Which failures come again] has the whole picture.
///
/// [Which failures come again]: https://docs.rs/s3-dispatch/latest/s3_dispatch/failure/
///
/// Like `anyhow::Error`, it does not implement [`Error`](std::error::Error) itself. Otherwise `?`
/// could not convert every other error. [`as_error`](Self::as_error) gives the error inside.
///
/// Dropping it never panics, even if the error inside does.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::HandlerError;
///
/// async fn read(key: &str) -> Result<(), HandlerError> {
///     // A key that is not a number will not become one: no retry.
///     let number: u64 = key.parse().map_err(HandlerError::permanent)?;
///     // A full disk may have space later: retry.
///     std::fs::write("last", number.to_string())?;
///     Ok(())
/// }
/// ```
pub struct HandlerError(Box<Inner>);

struct Inner {
    kind: HandlerErrorKind,
    retry_after: Option<Duration>,
    /// The handler has chosen the kind, or the classifiers have been asked.
    is_final: bool,
    source: ContainedError,
}

/// Whether a retry can help after a [`HandlerError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerErrorKind {
    /// The same record may succeed later. The message is delivered again.
    Retry,
    /// The same record will fail every time.
    ///
    /// A dispatcher with a dead-letter sink gives the record to it. Without one, the message is
    /// delivered again until its queue's redrive policy moves it to a dead-letter queue.
    Permanent,
    /// There is nothing to do, so nothing has failed. The outcome of the record is
    /// [`Outcome::Skipped`](crate::Outcome::Skipped).
    Skip(SkipReason),
}

impl HandlerError {
    /// A failure that a retry may fix: the message is delivered again.
    ///
    /// `?` does the same, but then a classifier may say otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::HandlerError;
    ///
    /// let error = HandlerError::retry("the index is unavailable");
    /// assert!(!error.is_permanent());
    /// assert_eq!(error.to_string(), "the index is unavailable");
    /// ```
    pub fn retry(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(HandlerErrorKind::Retry, error).into_final()
    }

    /// A failure that no retry can fix.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::HandlerError;
    ///
    /// let parsed = "photo".parse::<u64>().map_err(HandlerError::permanent);
    /// assert!(parsed.unwrap_err().is_permanent());
    /// ```
    pub fn permanent(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(HandlerErrorKind::Permanent, error).into_final()
    }

    /// Ends a handler that has nothing to do. The record counts as done.
    ///
    /// It is an error only so that `?` can return it from anywhere in a handler. The record's
    /// outcome is [`Outcome::Skipped`](crate::Outcome::Skipped) with this reason. A text is a
    /// reason of its own, [`SkipReason::Other`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{HandlerError, ObjectKey, Outcome, SkipReason};
    ///
    /// fn extension(key: &ObjectKey) -> Result<&str, HandlerError> {
    ///     let dot = key.as_str().rfind('.');
    ///     let dot = dot.ok_or_else(|| HandlerError::skip("the key has no extension"))?;
    ///     Ok(&key.as_str()[dot + 1..])
    /// }
    ///
    /// let outcome = Outcome::from(Err(HandlerError::skip(SkipReason::Gone)));
    /// assert!(matches!(outcome, Outcome::Skipped(SkipReason::Gone)));
    /// ```
    pub fn skip(reason: impl Into<SkipReason>) -> Self {
        let reason = reason.into();
        Self::new(HandlerErrorKind::Skip(reason), NothingToDo(reason)).into_final()
    }

    /// A failure that is what its error says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fmt;
    ///
    /// use s3_dispatch_core::{Class, Classify, HandlerError};
    ///
    /// #[derive(Debug)]
    /// struct NotAnImage;
    ///
    /// impl fmt::Display for NotAnImage {
    ///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    ///         f.write_str("the object is not an image")
    ///     }
    /// }
    ///
    /// impl std::error::Error for NotAnImage {}
    ///
    /// impl Classify for NotAnImage {
    ///     fn class(&self) -> Class {
    ///         Class::Permanent
    ///     }
    /// }
    ///
    /// assert!(HandlerError::classified(NotAnImage).is_permanent());
    /// ```
    pub fn classified(error: impl Classify + Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let class = error.class();
        Self::new(HandlerErrorKind::Retry, error).with_class(class)
    }

    fn new(kind: HandlerErrorKind, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Box::new(Inner {
            kind,
            retry_after: None,
            is_final: false,
            source: ContainedError::new(error),
        }))
    }

    fn into_final(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    fn with_class(mut self, class: Class) -> Self {
        let (kind, retry_after) = match class {
            Class::Retry => (HandlerErrorKind::Retry, None),
            Class::RetryAfter(delay) => (HandlerErrorKind::Retry, Some(delay)),
            Class::Permanent => (HandlerErrorKind::Permanent, None),
            Class::Skip(reason) => (HandlerErrorKind::Skip(reason), None),
        };
        self.0.kind = kind;
        self.0.retry_after = retry_after;

        self.into_final()
    }

    /// Asks the classifier, unless the kind is final. Then it is final.
    pub(super) fn classified_by(self, classifier: &Classifier) -> Self {
        if self.0.is_final {
            return self;
        }

        match classifier.class(self.as_error()) {
            Some(class) => self.with_class(class),
            None => self.into_final(),
        }
    }

    /// Sets the minimum delay before a retry, for example one that a service asked for.
    ///
    /// Only a dispatcher with a backoff uses it. Without one, the message returns when the
    /// visibility timeout of its queue is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::HandlerError;
    /// use std::time::Duration;
    ///
    /// let error = HandlerError::retry("too many requests")
    ///     .with_retry_after(Duration::from_secs(30));
    /// assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self.into_final()
    }

    /// The minimum delay before a retry. `None` unless [`with_retry_after`](Self::with_retry_after)
    /// or a classifier set one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether a retry can help, as an enum.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{HandlerError, HandlerErrorKind};
    ///
    /// let error = HandlerError::from("the index is unavailable");
    /// assert_eq!(error.kind(), HandlerErrorKind::Retry);
    /// ```
    #[must_use]
    pub fn kind(&self) -> HandlerErrorKind {
        self.0.kind
    }

    /// Whether a retry cannot help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.kind == HandlerErrorKind::Permanent
    }

    /// The error that the handler returned. Use it to downcast, or to walk the causes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::HandlerError;
    ///
    /// let error = HandlerError::from("x".parse::<u64>().unwrap_err());
    /// assert!(error.as_error().is::<std::num::ParseIntError>());
    /// ```
    #[must_use]
    pub fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.0.source.get()
    }

    /// The error that the handler returned, by value.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::HandlerError;
    ///
    /// let error = HandlerError::from("x".parse::<u64>().unwrap_err());
    /// assert!(error.into_error().downcast::<std::num::ParseIntError>().is_ok());
    /// ```
    #[must_use]
    pub fn into_error(self) -> Box<dyn StdError + Send + Sync> {
        self.0.source.into_inner()
    }
}

/// A failure that is worth a retry, unless a classifier of the dispatcher says otherwise.
///
/// An `anyhow::Error` is converted as well, with all its causes. With the feature `anyhow` each of
/// them can be downcast afterwards, without it all but the outermost one.
impl<E: Into<Box<dyn StdError + Send + Sync>> + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::new(HandlerErrorKind::Retry, boxed(error))
    }
}

/// Writes the handler's error. With `{:#}` its causes follow: `a: b: c`. That text is cut after 32
/// causes and after 8 KiB.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            f.write_str(&with_causes(self.as_error()))
        } else {
            write!(f, "{}", self.as_error())
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("kind", &self.0.kind)
            .field("source", &self.0.source)
            .finish()
    }
}

/// What a handler that skips a record returns.
#[derive(Debug)]
struct NothingToDo(SkipReason);

impl fmt::Display for NothingToDo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing to do: {}", self.0)
    }
}

impl StdError for NothingToDo {}
