//! Faults on demand.

use std::time::Duration;

/// What goes wrong with one request to a [`MemoryObjects`](crate::MemoryObjects).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The body of a read breaks off with an error after this number of bytes.
    BodyBreaksAfter(u64),
    /// The body of a read ends after this number of bytes, as if it were complete.
    BodyEndsAfter(u64),
    /// The request is throttled, and the service asks for this delay.
    Throttled(Option<Duration>),
    /// The service is unavailable.
    Unavailable,
    /// The request is denied.
    Denied,
    /// A write meets another one (409), and nothing is written.
    Conflict,
    /// A write succeeds, but its answer is lost. The client repeats it and finds that its condition
    /// does not hold any more.
    AnswerLost,
}

impl Fault {
    /// Whether the fault is one of reads, and not of looks and writes.
    pub(super) fn is_of_body(self) -> bool {
        matches!(self, Self::BodyBreaksAfter(_) | Self::BodyEndsAfter(_))
    }

    /// Whether the fault is one of writes only.
    pub(super) fn is_of_write(self) -> bool {
        matches!(self, Self::Conflict | Self::AnswerLost)
    }
}
