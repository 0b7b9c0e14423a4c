//! The outcomes of a batch while it runs.

use std::ops::Range;
use std::time::Duration;

use s3_dispatch_core::delivery::{Content, Delivery};
use s3_dispatch_core::{HandlerError, Outcome};

use crate::dispatch::schedule::{Schedule, Work};

/// The outcomes so far, by record, and the progress of each message.
///
/// A record without an outcome counts as failed, so a batch can be cut off at any point.
#[derive(Debug)]
pub(crate) struct Outcomes {
    records: Vec<Option<RecordOutcome>>,
    messages: Vec<Progress>,
}

/// The outcome of a record.
#[derive(Debug)]
pub(crate) struct RecordOutcome {
    pub(crate) outcome: Outcome,
    /// It failed permanently, and the dead-letter sink has stored it.
    pub(crate) is_dead_letter: bool,
}

/// The progress of a message.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The number of steps that have not finished.
    unfinished: usize,
    /// The number of records that failed and need a retry.
    retries: usize,
    /// The number of records that failed permanently and that the dead-letter sink does not have.
    permanent: usize,
    /// It is left for another receive, because it may be what ended the process.
    is_left_out: bool,
    /// It waits for a message that failed before it: of its group, or with the same key.
    is_held_back: bool,
}

impl Outcomes {
    pub(crate) fn new(delivery: &Delivery, schedule: &Schedule) -> Self {
        let mut messages = vec![Progress::default(); delivery.messages().len()];
        for step in schedule.steps() {
            messages[step.message].unfinished += 1;
        }

        for message in schedule.left_out() {
            messages[*message].is_left_out = true;
        }

        Self {
            records: std::iter::repeat_with(|| None)
                .take(delivery.records().len())
                .collect(),
            messages,
        }
    }

    /// Finishes a step. Returns whether it was the last step of its message and no record of the
    /// message needs a retry.
    pub(crate) fn finish(&mut self, message: usize, work: Work, outcome: Option<Outcome>) -> bool {
        let progress = &mut self.messages[message];
        progress.unfinished -= 1;

        if let (Work::Route(record), Some(outcome)) = (work, outcome) {
            if let Outcome::Failed(error) = &outcome {
                let is_permanent = error.is_permanent();
                progress.permanent += usize::from(is_permanent);
                progress.retries += usize::from(!is_permanent);
            }

            self.records[record] = Some(RecordOutcome {
                outcome,
                is_dead_letter: false,
            });
        }

        progress.unfinished == 0 && progress.retries == 0
    }

    /// Returns whether every step of the message has finished. On a FIFO queue, a message without
    /// records finishes when its turn in the group comes.
    pub(crate) fn is_finished(&self, message: usize) -> bool {
        self.messages[message].unfinished == 0
    }

    /// Returns whether every step of the message has finished, and none of its records failed
    /// without becoming a dead letter.
    pub(crate) fn has_succeeded(&self, message: usize) -> bool {
        let progress = &self.messages[message];
        progress.unfinished == 0 && progress.retries == 0 && progress.permanent == 0
    }

    /// Leaves messages for another receive.
    pub(crate) fn leave_out(&mut self, messages: &[usize]) {
        for message in messages {
            self.messages[*message].is_left_out = true;
        }
    }

    /// Returns whether the message is left for another receive.
    pub(crate) fn is_left_out(&self, message: usize) -> bool {
        self.messages[message].is_left_out
    }

    /// Notes that a message waits for one that failed before it.
    pub(crate) fn hold_back(&mut self, message: usize) {
        self.messages[message].is_held_back = true;
    }

    /// Returns whether the message waits for one that failed before it.
    pub(crate) fn is_held_back(&self, message: usize) -> bool {
        self.messages[message].is_held_back
    }

    pub(crate) fn record(&self, record: usize) -> Option<&RecordOutcome> {
        self.records[record].as_ref()
    }

    /// Takes out a permanent failure that the sink does not have yet.
    ///
    /// The record has no outcome until the failure is [put back](Self::put_back), so a cut in
    /// between leaves it failed.
    pub(crate) fn take_permanent_failure(&mut self, record: usize) -> Option<HandlerError> {
        let taken = self.records[record].take_if(|record| {
            !record.is_dead_letter
                && matches!(&record.outcome, Outcome::Failed(error) if error.is_permanent())
        })?;
        match taken.outcome {
            Outcome::Failed(error) => Some(error),
            Outcome::Handled | Outcome::Skipped(_) => None,
        }
    }

    /// Puts a permanent failure back, and notes whether the sink has stored it.
    pub(crate) fn put_back(
        &mut self,
        message: usize,
        record: usize,
        error: HandlerError,
        is_dead_letter: bool,
    ) {
        self.messages[message].permanent -= usize::from(is_dead_letter);
        self.records[record] = Some(RecordOutcome {
            outcome: Outcome::Failed(error),
            is_dead_letter,
        });
    }

    /// Returns the first failure that the dead-letter sink does not have.
    pub(crate) fn into_first_failure(self) -> Option<HandlerError> {
        self.records
            .into_iter()
            .flatten()
            .find_map(|record| match record.outcome {
                Outcome::Failed(error) if !record.is_dead_letter => Some(error),
                _ => None,
            })
    }

    /// Returns the longest delay that the failures of a message ask for.
    pub(crate) fn retry_after(&self, content: &Content) -> Option<Duration> {
        let records = self.records[record_range(content)].iter().flatten();
        let delays = records.filter_map(|record| match &record.outcome {
            Outcome::Failed(error) => error.retry_after(),
            _ => None,
        });
        delays.max()
    }
}

/// Returns where the records of a message are in the delivery.
pub(crate) fn record_range(content: &Content) -> Range<usize> {
    match content {
        Content::Records(range) => range.clone(),
        _ => 0..0,
    }
}
