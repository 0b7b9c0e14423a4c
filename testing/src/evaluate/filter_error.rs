//! The error of a filter that AWS would reject.

use std::error::Error;
use std::fmt;

/// A filter policy or an event pattern that AWS rejects, or that needs an unsupported operator.
///
/// A retry does not help: the same text is always rejected. The message says what is wrong and
/// where.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::{FilterErrorKind, SnsFilterPolicy};
///
/// let error = SnsFilterPolicy::parse(r#"{"Records": {"eventName": []}}"#).unwrap_err();
/// assert_eq!(error.kind(), FilterErrorKind::InvalidShape);
/// assert_eq!(error.to_string(), "the array `eventName` is empty, expected a condition");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    kind: FilterErrorKind,
    message: String,
}

/// The kind of a [`FilterError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// The text is not JSON.
    InvalidJson,
    /// The JSON is not a filter: it is not an object, an object or array in it is empty, or a field
    /// is not an array of conditions.
    InvalidShape,
    /// A condition has an unsupported operator, several operators, or an operand of the wrong type.
    InvalidCondition,
    /// The policy has more leaf keys than SNS allows.
    TooManyKeys,
    /// The policy has more combinations of values than SNS allows.
    TooManyCombinations,
}

impl FilterError {
    pub(crate) fn new(kind: FilterErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> FilterErrorKind {
        self.kind
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for FilterError {}
