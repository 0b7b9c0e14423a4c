//! Why a handler failed, and whether a retry can help.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::SkipReason;
use crate::contained::ContainedError;
use crate::error::with_causes;

/// The failure of a record.
///
/// `?` makes one from every error, boxed error and text, as a failure that is worth a
/// [`retry`](Self::retry). Use [`permanent`](Self::permanent) if a retry cannot help, and
/// [`skip`](Self::skip) if there is nothing to do.
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
pub struct HandlerError {
    kind: HandlerErrorKind,
    retry_after: Option<Duration>,
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
    /// `?` does the same.
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
        Self {
            kind: HandlerErrorKind::Retry,
            retry_after: None,
            source: ContainedError::new(error),
        }
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
        Self {
            kind: HandlerErrorKind::Permanent,
            retry_after: None,
            source: ContainedError::new(error),
        }
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
        Self {
            kind: HandlerErrorKind::Skip(reason),
            retry_after: None,
            source: ContainedError::new(NothingToDo(reason)),
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
        self.retry_after = Some(delay);
        self
    }

    /// The minimum delay before a retry. `None` unless
    /// [`with_retry_after`](Self::with_retry_after) set one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
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
        self.kind
    }

    /// Whether a retry cannot help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.kind == HandlerErrorKind::Permanent
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
        self.source.get()
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
        self.source.into_inner()
    }
}

/// The same as [`HandlerError::retry`].
impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::retry(error)
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
            .field("kind", &self.kind)
            .field("source", &self.source)
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
