//! The outcomes of a delivery while it runs.

use std::ops::Range;
use std::time::Duration;

use s3_dispatch_core::delivery::{Content, Delivery};
use s3_dispatch_core::{HandlerError, Outcome};

use crate::dispatch::engine::step::{Step, Work};
use crate::dispatch::message_outcome::{MessageFailure, MessageOutcome};
use crate::dispatch::settings::Malformed;

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

impl RecordOutcome {
    /// Returns whether it fails its message.
    fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_)) && !self.is_dead_letter
    }
}

/// The progress of a message.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The number of steps that have no outcome.
    unfinished: usize,
    /// The number of steps that wait or run.
    open: usize,
    /// The number of records that failed and need a retry.
    retries: usize,
    /// The number of records that failed permanently and that the dead-letter sink does not have.
    permanent: usize,
    /// One of its steps has begun.
    has_begun: bool,
    /// It is left for another receive, because it may be what ended the process.
    is_left_out: bool,
    /// It waits for a message that failed before it: of its group, or with the same key.
    is_held_back: bool,
    /// It is not ours anymore, so none of its steps may begin.
    is_withdrawn: bool,
}

impl Outcomes {
    pub(crate) fn new(delivery: &Delivery) -> Self {
        Self {
            records: std::iter::repeat_with(|| None)
                .take(delivery.records().len())
                .collect(),
            messages: vec![Progress::default(); delivery.messages().len()],
        }
    }

    /// Adds a step to a message.
    pub(super) fn add_step(&mut self, message: usize) {
        let progress = &mut self.messages[message];
        progress.unfinished += 1;
        progress.open += 1;
    }

    /// Returns whether no step of the message waits or runs.
    pub(super) fn has_ended(&self, message: usize) -> bool {
        self.messages[message].open == 0
    }

    /// Notes that a step of the message begins.
    pub(super) fn begin(&mut self, message: usize) {
        self.messages[message].has_begun = true;
    }

    /// Notes that a step neither waits nor runs anymore. Returns whether it was the last one of its
    /// message.
    pub(super) fn close_step(&mut self, message: usize) -> bool {
        let progress = &mut self.messages[message];
        progress.open -= 1;
        progress.open == 0
    }

    /// Takes a message away: no step of it may begin anymore.
    #[cfg(feature = "worker")]
    pub(super) fn withdraw(&mut self, message: usize) {
        self.messages[message].is_withdrawn = true;
    }

    /// Takes a message away if no step of it has begun. Returns whether it did.
    #[cfg(feature = "worker")]
    pub(super) fn withdraw_if_waiting(&mut self, message: usize) -> bool {
        let progress = &mut self.messages[message];
        let waits = progress.open > 0 && !progress.has_begun && !progress.is_withdrawn;
        progress.is_withdrawn |= waits;

        waits
    }

    /// Returns whether the message has been taken away.
    pub(super) fn is_withdrawn(&self, message: usize) -> bool {
        self.messages[message].is_withdrawn
    }

    /// Gives a step its outcome. Returns whether it was the last step of its message, no record of
    /// the message needs a retry, and the message is still ours.
    pub(super) fn finish(&mut self, step: &Step, outcome: Option<Outcome>) -> bool {
        let progress = &mut self.messages[step.message];
        progress.unfinished -= 1;

        if let (Work::Route(record), Some(outcome)) = (step.work, outcome) {
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

        progress.unfinished == 0 && progress.retries == 0 && !progress.is_withdrawn
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

    /// Notes that a message waits for one that failed before it.
    pub(crate) fn hold_back(&mut self, message: usize) {
        self.messages[message].is_held_back = true;
    }

    /// Returns whether the message waits for one that failed before it.
    pub(crate) fn is_held_back(&self, message: usize) -> bool {
        self.messages[message].is_held_back
    }

    /// Returns whether a message has succeeded, as far as its records have outcomes.
    pub(crate) fn message(
        &self,
        delivery: &Delivery,
        index: usize,
        on_malformed: Malformed,
    ) -> MessageOutcome {
        let progress = &self.messages[index];
        let content = &delivery.messages()[index].content;
        // On a FIFO queue, a message without records waits for its turn in the group.
        let is_finished = progress.unfinished == 0;
        let failure = match content {
            Err(_) if on_malformed == Malformed::Fail => Some(MessageFailure::Malformed),
            Ok(Content::Records(range)) if !range.is_empty() => self.failure_of(range.clone()),
            _ => (!is_finished).then_some(MessageFailure::NotReached),
        };

        match failure {
            None => MessageOutcome::Succeeded,
            Some(MessageFailure::NotReached) if progress.is_left_out => {
                MessageOutcome::Failed(MessageFailure::LeftOut)
            }
            Some(failure) => MessageOutcome::Failed(failure),
        }
    }

    fn failure_of(&self, records: Range<usize>) -> Option<MessageFailure> {
        let mut failure = None;
        for record in &self.records[records] {
            match record {
                Some(record) if record.is_failure() => return Some(MessageFailure::RecordFailed),
                Some(_) => {}
                None => failure = Some(MessageFailure::NotReached),
            }
        }

        failure
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
