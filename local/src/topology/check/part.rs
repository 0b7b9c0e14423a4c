//! The part of a topology that a check looks at, and what is wrong with it.

use std::ops::RangeInclusive;

/// A mistake in a topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::topology) struct Problem {
    pub(in crate::topology) part: PartKind,
    /// The position of the part among the parts of its kind.
    pub(in crate::topology) index: usize,
    /// The position of the notification in its bucket, if the problem is in one.
    pub(in crate::topology) notification: Option<usize>,
    /// The name of the field.
    pub(in crate::topology) field: &'static str,
    /// The position in the list that the field is, if the problem is in one element.
    pub(in crate::topology) element: Option<usize>,
    pub(in crate::topology) message: String,
}

impl Problem {
    /// The same problem, in this element of the list that the field is.
    pub(super) fn at_element(self, index: usize) -> Self {
        Self {
            element: Some(index),
            ..self
        }
    }
}

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::topology) enum PartKind {
    Bucket,
    Topic,
    Subscription,
    Rule,
    Queue,
    Function,
    Mapping,
}

/// The part that a check looks at.
#[derive(Clone, Copy)]
pub(super) struct CheckedPart<'p> {
    kind: PartKind,
    index: usize,
    notification: Option<usize>,
    name: &'p str,
}

impl<'p> CheckedPart<'p> {
    pub(super) fn new(kind: PartKind, index: usize, name: &'p str) -> Self {
        Self {
            kind,
            index,
            notification: None,
            name,
        }
    }

    /// A notification of the bucket that this is.
    pub(super) fn notification(self, index: usize) -> Self {
        Self {
            notification: Some(index),
            ..self
        }
    }

    pub(super) fn require(
        &self,
        holds: bool,
        field: &'static str,
        message: impl FnOnce() -> String,
    ) -> Result<(), Problem> {
        if holds {
            Ok(())
        } else {
            Err(self.problem(field, message()))
        }
    }

    pub(super) fn require_range<T: PartialOrd>(
        &self,
        field: &'static str,
        value: T,
        range: RangeInclusive<T>,
        message: &str,
    ) -> Result<(), Problem> {
        self.require(range.contains(&value), field, || self.says(message))
    }

    pub(super) fn problem(&self, field: &'static str, message: String) -> Problem {
        Problem {
            part: self.kind,
            index: self.index,
            notification: self.notification,
            field,
            element: None,
            message,
        }
    }

    pub(super) fn says(&self, what: &str) -> String {
        format!("`{}`: {what}", self.name)
    }
}
