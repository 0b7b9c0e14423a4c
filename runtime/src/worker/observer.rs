//! Who is told what became of each message that a worker settles.

use std::time::Duration;

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Outcome, SkipReason};

use crate::dispatch::MessageOutcome;
use crate::dispatch::engine::{Outcomes, RecordOutcome, record_range};
use crate::telemetry::errors::with_causes;

/// Is told what became of each message that a worker settles.
pub(crate) trait Observer: Send + Sync + 'static {
    /// A message of a delivery has ended. The worker tells the queue after this call.
    ///
    /// It is not called for messages that were lost, or handed back before they had ended.
    fn ended(&self, delivery: &Delivery, message: usize, ended: &Ended);
}

/// What became of a message.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) outcome: MessageOutcome,
    /// What became of its records, in their order.
    pub(crate) records: Vec<RecordEnd>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordEnd {
    Handled,
    Skipped(SkipReason),
    /// The dead-letter sink has stored it.
    DeadLetter,
    Failed(RecordFailure),
    /// Nothing began with it, or it was cut off.
    NotReached,
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordFailure {
    /// The error and its causes, `a: b: c`.
    pub(crate) error: String,
    /// Whether trying again does not help.
    pub(crate) is_permanent: bool,
    /// How long to wait at least before it is tried again.
    pub(crate) retry_after: Option<Duration>,
}

impl Ended {
    pub(super) fn new(
        delivery: &Delivery,
        message: usize,
        outcome: MessageOutcome,
        outcomes: &Outcomes,
    ) -> Self {
        let content = delivery.messages()[message].content.as_ref().ok();
        let records = content.map_or(0..0, record_range);

        Self {
            outcome,
            records: records
                .map(|record| end_of(outcomes.record(record)))
                .collect(),
        }
    }
}

fn end_of(record: Option<&RecordOutcome>) -> RecordEnd {
    let Some(record) = record else {
        return RecordEnd::NotReached;
    };

    match &record.outcome {
        Outcome::Handled => RecordEnd::Handled,
        Outcome::Skipped(reason) => RecordEnd::Skipped(*reason),
        Outcome::Failed(_) if record.is_dead_letter => RecordEnd::DeadLetter,
        Outcome::Failed(error) => RecordEnd::Failed(RecordFailure {
            error: with_causes(error.as_error()),
            is_permanent: error.is_permanent(),
            retry_after: error.retry_after(),
        }),
    }
}
