//! What became of a batch.

use std::collections::HashSet;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use s3_dispatch_core::{Content, Delivery, MessageId, Outcome};

use crate::Malformed;
use crate::dispatch::outcomes::{Answer, Outcomes};

/// The outcome of every message of a batch, and what SQS is to be told.
///
/// Every message id ends as exactly one of succeeded and failed in the
/// [`response`](Self::response); of an id that occurs twice [`messages`](Self::messages) shows each
/// occurrence. A message succeeds when each of its records was handled, skipped, or given to the
/// dead-letter sink; what is not proven handled is failed. No identifier is invented.
#[derive(Debug)]
#[must_use]
pub struct BatchReport {
    messages: Vec<MessageReport>,
    handled: usize,
    skipped: usize,
    dead_letters: usize,
    failed: usize,
}

/// The outcome of one message.
#[derive(Debug, Clone)]
pub struct MessageReport {
    id: Option<MessageId>,
    outcome: MessageOutcome,
}

/// Whether a message may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageOutcome {
    /// All of its records were handled, skipped or given to the dead-letter sink, or it has none;
    /// it is deleted.
    Succeeded,
    /// It stays in the queue and comes again.
    Failed(MessageFailure),
}

/// Why a message failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageFailure {
    /// Its body could not be read.
    Malformed,
    /// One of its records failed.
    RecordFailed,
    /// One of its records was not answered: the deadline came, or a message before it in its group
    /// failed.
    NotReached,
}

impl BatchReport {
    pub(crate) fn new(delivery: &Delivery, outcomes: &Outcomes, on_malformed: Malformed) -> Self {
        let messages = Vec::with_capacity(delivery.messages().len());
        let mut report = Self {
            messages,
            handled: 0,
            skipped: 0,
            dead_letters: 0,
            failed: 0,
        };

        for (index, message) in delivery.messages().iter().enumerate() {
            let outcome = match &message.content {
                Err(_) if on_malformed == Malformed::Fail => {
                    MessageOutcome::Failed(MessageFailure::Malformed)
                }
                Ok(Content::Records(range)) if !range.is_empty() => {
                    report.count(range.clone().map(|record| outcomes.record(record)))
                }
                _ if outcomes.is_through(index) => MessageOutcome::Succeeded,
                _ => MessageOutcome::Failed(MessageFailure::NotReached),
            };

            report.messages.push(MessageReport {
                id: message.context.message_id().cloned(),
                outcome,
            });
        }

        report
    }

    fn count<'a>(&mut self, answers: impl Iterator<Item = Option<&'a Answer>>) -> MessageOutcome {
        let mut outcome = MessageOutcome::Succeeded;
        for answer in answers {
            match answer.map(|answer| (&answer.outcome, answer.is_dead_letter)) {
                Some((Outcome::Handled, _)) => self.handled += 1,
                Some((Outcome::Skipped(_), _)) => self.skipped += 1,
                Some((Outcome::Failed(_), true)) => self.dead_letters += 1,
                Some((Outcome::Failed(_), false)) => {
                    self.failed += 1;
                    outcome = MessageOutcome::Failed(MessageFailure::RecordFailed);
                }
                None => {
                    self.failed += 1;
                    if outcome == MessageOutcome::Succeeded {
                        outcome = MessageOutcome::Failed(MessageFailure::NotReached);
                    }
                }
            }
        }

        outcome
    }

    /// The messages, in the order of the payload.
    #[must_use]
    pub fn messages(&self) -> &[MessageReport] {
        &self.messages
    }

    /// How many records were handled.
    #[must_use]
    pub fn handled(&self) -> usize {
        self.handled
    }

    /// How many records were skipped.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// How many records were given to the dead-letter sink.
    #[must_use]
    pub fn dead_letters(&self) -> usize {
        self.dead_letters
    }

    /// How many records failed, or were not reached.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Whether every message succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed_messages() == 0
    }

    /// How many messages failed.
    #[must_use]
    pub fn failed_messages(&self) -> usize {
        self.messages
            .iter()
            .filter(|message| message.outcome != MessageOutcome::Succeeded)
            .count()
    }

    /// The answer to SQS: `{"batchItemFailures": [{"itemIdentifier": "<message id>"}, ...]}`.
    ///
    /// Each failed id once; an id that occurs twice fails if either occurrence failed. The list is
    /// only read when the event source mapping has `ReportBatchItemFailures` among its function
    /// response types; without it Lambda deletes the whole batch ("Handling errors for an SQS
    /// event source in Lambda", AWS Lambda Developer Guide, 2026).
    #[must_use]
    pub fn response(&self) -> SqsBatchResponse {
        let mut seen = HashSet::new();
        let mut response = SqsBatchResponse::default();

        for message in &self.messages {
            if let (Some(id), MessageOutcome::Failed(_)) = (&message.id, message.outcome)
                && seen.insert(id.as_str())
            {
                response.add_failure(id.as_str());
            }
        }

        response
    }
}

impl MessageReport {
    /// The message's id; `None` outside SQS and SNS.
    #[must_use]
    pub fn id(&self) -> Option<&MessageId> {
        self.id.as_ref()
    }

    /// What became of the message.
    #[must_use]
    pub fn outcome(&self) -> MessageOutcome {
        self.outcome
    }
}
