//! The outcome of one record.

use crate::HandlerError;

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
    /// No handler ran, on purpose. The record does not need to be delivered again.
    Skipped(SkipReason),
    /// A handler failed, or could not be called.
    Failed(HandlerError),
}

/// Why a record was skipped.
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
impl<E: Into<HandlerError>> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Handled,
            Err(error) => Self::Failed(error.into()),
        }
    }
}
