//! The outcome of one record.

use crate::{HandlerError, HandlerErrorKind, SkipReason};

/// The outcome of one record.
///
/// A message succeeds if each of its records was handled, skipped, or given to a dead-letter sink.
/// If one record fails, its message fails and is delivered again, with all of its records. What a
/// failure means is in the guide [Which failures come again].
///
/// [Which failures come again]: https://docs.rs/s3-dispatch/latest/s3_dispatch/failure/
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
