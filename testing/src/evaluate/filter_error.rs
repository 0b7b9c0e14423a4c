//! Why AWS would refuse a filter.

use std::error::Error;
use std::fmt;

/// A filter policy or event pattern that AWS refuses, or that uses what these evaluators do not
/// know.
///
/// The same text is always refused: trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    kind: FilterErrorKind,
    message: String,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// The text is not JSON.
    InvalidJson,
    /// The JSON is no filter: not an object, an empty object or array, or something else than an
    /// array of conditions where a field ends.
    InvalidShape,
    /// A condition has an operator that is not known, or several, or an operand of the wrong type.
    InvalidCondition,
    /// There are more leaf keys than SNS takes.
    TooManyKeys,
    /// There are more combinations of values than SNS takes.
    TooManyCombinations,
}

impl FilterError {
    pub(crate) fn new(kind: FilterErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// What is wrong.
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
