//! The outcome of one record.

use std::fmt;

use crate::{HandlerError, HandlerErrorKind};

/// The outcome of one record.
///
/// A message succeeds if each of its records was handled, skipped, or given to a dead-letter sink.
/// If one record fails, its message fails and is delivered again, with all of its records.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{HandlerError, Outcome};
///
/// assert!(Outcome::from(Ok::<(), HandlerError>(())).is_success());
///
/// let failed = Outcome::from(Err(HandlerError::retry("the table is unavailable")));
/// assert!(!failed.is_success());
/// ```
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// A handler succeeded.
    Handled,
    /// There was nothing to do. The record does not need to be delivered again.
    ///
    /// Routers skip a record without calling its handler. A handler skips one with
    /// [`HandlerError::skip`].
    Skipped(SkipReason),
    /// A handler failed, or could not be called.
    Failed(HandlerError),
}

/// Why a record was skipped.
///
/// A handler names one with [`HandlerError::skip`]. A text in the program's source is a reason of
/// its own, [`Other`](Self::Other).
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::SkipReason;
///
/// assert_eq!(SkipReason::Gone.to_string(), "the object is gone");
/// assert_eq!(SkipReason::from("not an image"), SkipReason::Other("not an image"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// No route matches the record.
    ///
    /// That is normal to some degree: a filter policy lets a whole message pass if one of its
    /// records matches.
    Unrouted,
    /// The record was handled before, in this or an earlier delivery.
    Duplicate,
    /// A newer event of the same key was handled before.
    Stale,
    /// The object that the event is about does not exist any more. A later event tells of its
    /// removal.
    Gone,
    /// The object has been overwritten since the event. A later event tells of its new content.
    Superseded,
    /// The program wrote the object itself, so it need not react to the event.
    OwnWrite,
    /// A reason of the program, as one clause: `not an image`.
    ///
    /// It is written to the log. It must be a text in the source, so that it cannot contain
    /// anything that came with the record.
    Other(&'static str),
}

impl SkipReason {
    /// The short name of the reason: `unrouted`, `duplicate`, `stale`, `gone`, `superseded` or
    /// `own_write`. Every [`Other`](Self::Other) is `skipped`.
    ///
    /// Use it where there must be few different values, such as a label of a metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::SkipReason;
    ///
    /// assert_eq!(SkipReason::OwnWrite.name(), "own_write");
    /// assert_eq!(SkipReason::Other("not an image").name(), "skipped");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unrouted => "unrouted",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Gone => "gone",
            Self::Superseded => "superseded",
            Self::OwnWrite => "own_write",
            Self::Other(_) => "skipped",
        }
    }
}

/// Writes the reason as one clause.
impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unrouted => "no route matches the record",
            Self::Duplicate => "the record was handled before",
            Self::Stale => "a newer event of the key was handled before",
            Self::Gone => "the object is gone",
            Self::Superseded => "the object has been overwritten",
            Self::OwnWrite => "the program wrote the object itself",
            Self::Other(reason) => reason,
        })
    }
}

/// [`SkipReason::Other`].
impl From<&'static str> for SkipReason {
    fn from(reason: &'static str) -> Self {
        Self::Other(reason)
    }
}

impl Outcome {
    /// Whether the record was handled or skipped, so that it need not be delivered again.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Outcome, SkipReason};
    ///
    /// assert!(Outcome::Handled.is_success());
    /// assert!(Outcome::Skipped(SkipReason::Duplicate).is_success());
    /// ```
    #[must_use]
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

/// The outcome of a handler that returned the result.
///
/// An error made by [`HandlerError::skip`] is [`Outcome::Skipped`].
impl<E: Into<HandlerError>> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Handled,
            Err(error) => Self::from(error.into()),
        }
    }
}

/// [`Outcome::Skipped`] for an error made by [`HandlerError::skip`], otherwise
/// [`Outcome::Failed`].
impl From<HandlerError> for Outcome {
    fn from(error: HandlerError) -> Self {
        match error.kind() {
            HandlerErrorKind::Skip(reason) => Self::Skipped(reason),
            HandlerErrorKind::Retry | HandlerErrorKind::Permanent => Self::Failed(error),
        }
    }
}
