//! The outcomes of a batch while it runs. What is not written is not proven.

use std::time::Duration;

use s3_dispatch_core::{Content, Delivery, HandlerError, Outcome};

use crate::dispatch::schedule::{Schedule, Work};

#[derive(Debug)]
pub(crate) struct Outcomes {
    records: Vec<Option<Answer>>,
    messages: Vec<Progress>,
}

/// The outcome of a record, and whether a failure was given to the dead-letter sink.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) is_dead_letter: bool,
}

/// How far a message is.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// Steps that have not ended.
    waiting: usize,
    /// Records that failed and need a retry.
    retries: usize,
}

impl Outcomes {
    pub(crate) fn new(delivery: &Delivery, schedule: &Schedule) -> Self {
        let mut messages = vec![Progress::default(); delivery.messages().len()];
        for step in schedule.steps() {
            messages[step.message].waiting += 1;
        }

        Self {
            records: std::iter::repeat_with(|| None)
                .take(delivery.records().len())
                .collect(),
            messages,
        }
    }

    /// Ends a step. Whether it was the last of its message, and none of the message's records needs
    /// a retry.
    pub(crate) fn end(&mut self, message: usize, work: Work, outcome: Option<Outcome>) -> bool {
        let progress = &mut self.messages[message];
        progress.waiting -= 1;

        if let (Work::Record(record), Some(outcome)) = (work, outcome) {
            if matches!(&outcome, Outcome::Failed(error) if !error.is_permanent()) {
                progress.retries += 1;
            }

            self.records[record] = Some(Answer {
                outcome,
                is_dead_letter: false,
            });
        }

        progress.waiting == 0 && progress.retries == 0
    }

    /// Whether every step of the message ended: on a FIFO queue, whether its turn came.
    pub(crate) fn is_through(&self, message: usize) -> bool {
        self.messages[message].waiting == 0
    }

    pub(crate) fn record(&self, record: usize) -> Option<&Answer> {
        self.records[record].as_ref()
    }

    /// Takes out a permanent failure, to be put back or marked as kept by
    /// [`put_back`](Self::put_back).
    pub(crate) fn take_permanent(&mut self, record: usize) -> Option<HandlerError> {
        let answer = self.records[record].take_if(|answer| {
            !answer.is_dead_letter
                && matches!(&answer.outcome, Outcome::Failed(error) if error.is_permanent())
        })?;
        match answer.outcome {
            Outcome::Failed(error) => Some(error),
            Outcome::Handled | Outcome::Skipped(_) => None,
        }
    }

    pub(crate) fn put_back(&mut self, record: usize, error: HandlerError, is_dead_letter: bool) {
        self.records[record] = Some(Answer {
            outcome: Outcome::Failed(error),
            is_dead_letter,
        });
    }

    /// The first failure of a handler that was not given to the dead-letter sink.
    pub(crate) fn into_first_error(self) -> Option<HandlerError> {
        self.records
            .into_iter()
            .flatten()
            .find_map(|answer| match answer.outcome {
                Outcome::Failed(error) if !answer.is_dead_letter => Some(error),
                _ => None,
            })
    }

    /// The longest that the failures of a message ask for.
    pub(crate) fn retry_after(&self, content: &Content) -> Option<Duration> {
        let answers = self.records[Self::range(content)].iter().flatten();
        let asked = answers.filter_map(|answer| match &answer.outcome {
            Outcome::Failed(error) => error.retry_after(),
            _ => None,
        });

        asked.max()
    }

    /// The records of a message, by their place in the delivery.
    pub(crate) fn range(content: &Content) -> std::ops::Range<usize> {
        match content {
            Content::Records(range) => range.clone(),
            _ => 0..0,
        }
    }
}
