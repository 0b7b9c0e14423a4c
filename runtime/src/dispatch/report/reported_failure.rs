//! Why a record failed, as a text.

use s3_dispatch_core::delivery::Message;
use s3_dispatch_core::{Error, Outcome};

use crate::dispatch::engine::{Outcomes, RecordOutcome, record_range};
use crate::telemetry::errors::with_causes;

/// Why a record failed, or why a message cannot be read.
///
/// [`MessageReport::failures`](super::MessageReport::failures) lists them, so that a test can
/// assert them. What an error *is* can be asserted where the handler is called as a function.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedFailure {
    /// The error with its causes, as it is in the log: `a: b: c`. Cut after 8 KiB.
    pub error: String,
    /// Whether a retry cannot help: the error is
    /// [permanent](crate::HandlerError::permanent), or the message cannot be read.
    pub is_permanent: bool,
    /// Whether the dead-letter sink has stored the record, so that it does not fail its message.
    pub is_dead_letter: bool,
}

impl ReportedFailure {
    /// Returns the failures of a message, in the order of its records, as long as there is room for
    /// their texts.
    pub(super) fn of(message: &Message, outcomes: &Outcomes, room: &mut Room) -> Box<[Self]> {
        let content = match &message.content {
            Err(_) if room.is_full() => return Box::default(),
            Err(error) => return Box::new([room.take(Self::of_unreadable(error))]),
            Ok(content) => content,
        };

        let mut records = record_range(content).filter_map(|record| outcomes.record(record));
        let failures = std::iter::from_fn(|| match room.is_full() {
            true => None,
            false => records
                .find_map(Self::of_record)
                .map(|failure| room.take(failure)),
        });
        failures.collect()
    }

    fn of_unreadable(error: &Error) -> Self {
        Self {
            error: with_causes(error),
            is_permanent: true,
            is_dead_letter: false,
        }
    }

    fn of_record(record: &RecordOutcome) -> Option<Self> {
        let Outcome::Failed(error) = &record.outcome else {
            return None;
        };

        Some(Self {
            error: with_causes(error.as_error()),
            is_permanent: error.is_permanent(),
            is_dead_letter: record.is_dead_letter,
        })
    }
}

/// How long all texts of a report together may become, in bytes. A batch may have 10,000 messages
/// with many records, and a function 128 MB.
const MAX_BYTES: usize = 1024 * 1024;

/// The room for the texts of a report.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self { bytes: MAX_BYTES }
    }

    fn is_full(&self) -> bool {
        self.bytes == 0
    }

    fn take(&mut self, failure: ReportedFailure) -> ReportedFailure {
        self.bytes = self.bytes.saturating_sub(failure.error.len());
        failure
    }
}
