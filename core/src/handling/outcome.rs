//! The fate of one record.

use crate::HandlerError;

/// What became of a record.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// A handler took it and succeeded.
    Handled,
    /// It was left alone on purpose, and need not come again.
    Skipped(SkipReason),
    /// A handler failed; its message fails with it and comes again.
    Failed(HandlerError),
}

/// Why a record was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// No route takes it.
    Unrouted,
    /// It was handled already, in this or an earlier delivery.
    Duplicate,
    /// A newer event of the same key was handled already.
    Stale,
}

impl Outcome {
    /// Whether the record need not come again: it was handled or skipped.
    #[must_use]
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl<E: Into<HandlerError>> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Handled,
            Err(error) => Self::Failed(error.into()),
        }
    }
}
