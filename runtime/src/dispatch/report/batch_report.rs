//! The outcome of every message of a batch, and the answer to SQS.

use std::collections::HashSet;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use s3_dispatch_core::Outcome;
use s3_dispatch_core::delivery::{Delivery, MessageId};

use super::answer::{Answer, BatchJobResponse};
use super::reported_failure::{ReportedFailure, Room};
use crate::dispatch::engine::{Outcomes, RecordOutcome, record_range};
use crate::dispatch::message_outcome::MessageOutcome;
use crate::dispatch::settings::Malformed;

/// The outcome of every message of a batch, and the answer to SQS.
///
/// It guarantees:
///
/// - Every message is reported exactly once, as succeeded or failed, even if the batch was cut off.
/// - A message succeeds only if each of its records was handled, skipped, or stored by the
///   dead-letter sink. A record without an outcome counts as failed.
/// - Every id in the [`response`](Self::response) is the id of a message of the batch, and occurs
///   once. If two messages have the same id, it is listed if either failed;
///   [`messages`](Self::messages) has both.
///
/// # Examples
///
/// ```
/// use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
/// use s3_dispatch::{Dispatcher, Routes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let batch = r#"{"Records": [
///     {"messageId": "1", "eventSource": "aws:sqs", "body": "{\"Records\": []}"},
///     {"messageId": "2", "eventSource": "aws:sqs", "body": "not JSON"}
/// ]}"#;
/// let report = Dispatcher::new(Routes::new(())).dispatch(batch, None).await?;
///
/// assert_eq!(report.messages()[0].outcome(), MessageOutcome::Succeeded);
/// assert_eq!(
///     report.messages()[1].outcome(),
///     MessageOutcome::Failed(MessageFailure::Malformed)
/// );
/// assert_eq!(
///     serde_json::to_string(&report.response())?,
///     r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct BatchReport {
    messages: Vec<MessageReport>,
    handled: usize,
    skipped: usize,
    dead_letters: usize,
    failed: usize,
    failed_messages: usize,
    /// The answer to a job. `None` for every other delivery.
    job: Option<Box<BatchJobResponse>>,
}

/// The outcome of one message.
#[derive(Debug, Clone)]
pub struct MessageReport {
    id: Option<MessageId>,
    outcome: MessageOutcome,
    /// Empty, and so without memory of its own, unless something failed.
    failures: Box<[ReportedFailure]>,
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
            failed_messages: 0,
            job: delivery
                .batch_job()
                .map(|job| Box::new(BatchJobResponse::new(job, delivery, outcomes))),
        };

        let mut room = Room::new();
        for (index, message) in delivery.messages().iter().enumerate() {
            let has_failure = match &message.content {
                Ok(content) => {
                    report.count(record_range(content).map(|record| outcomes.record(record)))
                }
                Err(_) => true,
            };

            let outcome = outcomes.message(delivery, index, on_malformed);
            report.failed_messages += usize::from(outcome != MessageOutcome::Succeeded);
            report.messages.push(MessageReport {
                id: message.context.message_id().cloned(),
                outcome,
                failures: match has_failure {
                    true => ReportedFailure::of(message, outcomes, &mut room),
                    false => Box::default(),
                },
            });
        }

        report
    }

    /// Counts the records of a message. Returns whether one of them failed.
    fn count<'a>(&mut self, records: impl Iterator<Item = Option<&'a RecordOutcome>>) -> bool {
        let before = self.failed + self.dead_letters;
        for record in records {
            match record.map(|record| (&record.outcome, record.is_dead_letter)) {
                Some((Outcome::Handled, _)) => self.handled += 1,
                Some((Outcome::Skipped(_), _)) => self.skipped += 1,
                Some((Outcome::Failed(_), true)) => self.dead_letters += 1,
                Some((Outcome::Failed(_), false)) | None => self.failed += 1,
            }
        }

        self.failed + self.dead_letters > before
    }

    /// Returns the messages, in the order of the payload.
    #[must_use]
    pub fn messages(&self) -> &[MessageReport] {
        &self.messages
    }

    /// Returns the number of records that a handler processed successfully.
    #[must_use]
    pub fn handled(&self) -> usize {
        self.handled
    }

    /// Returns the number of records that were skipped: by a router or a handler, or because no
    /// route matches.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Returns the number of records that failed permanently and that the dead-letter sink stored.
    ///
    /// They do not count as [`failed`](Self::failed).
    #[must_use]
    pub fn dead_letters(&self) -> usize {
        self.dead_letters
    }

    /// Returns the number of records that failed or were not reached.
    ///
    /// A message that cannot be read has no records, so it is not counted here but in
    /// [`failed_messages`](Self::failed_messages).
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Returns whether every message succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed_messages() == 0
    }

    /// Returns the number of messages that failed.
    #[must_use]
    pub fn failed_messages(&self) -> usize {
        self.failed_messages
    }

    /// Returns the answer that Lambda gives to whoever invoked the function.
    ///
    /// For a job of S3 Batch Operations it has the result of each task, and for everything else it
    /// is the [`response`](Self::response).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::ResultCode;
    /// use s3_dispatch::{Dispatcher, ObjectKey, Routes};
    /// use s3_dispatch_testing::BatchJobBuilder;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
    ///     println!("{key} is handled");
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// let job = BatchJobBuilder::new().with_task("task-1", "amzn-s3-demo-bucket", "a.jpg");
    /// let report = Dispatcher::new(routes).dispatch(job.to_bytes(), None).await?;
    ///
    /// let answer = report.answer();
    /// let response = answer.job().expect("the answer to a job");
    /// assert_eq!(response.results[0].task_id, "task-1");
    /// assert_eq!(response.results[0].result_code, ResultCode::Succeeded);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn answer(&self) -> Answer {
        match &self.job {
            Some(job) => Answer::of_job((**job).clone()),
            None => Answer::of_batch(self.response()),
        }
    }

    /// Returns the answer to SQS, which lists the failed messages.
    ///
    /// As JSON it is
    ///
    /// ```json
    /// {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
    /// ```
    ///
    /// Each id occurs once. The list is empty if every message succeeded.
    ///
    /// Lambda reads the list only if the event source mapping has `ReportBatchItemFailures` among
    /// its function response types. Without it, Lambda deletes the whole batch ("Handling errors
    /// for an SQS event source in Lambda", AWS Lambda Developer Guide, 2026).
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
    /// Returns the message's id, or the id of a batch job's task. It is `None` for an event that
    /// came by itself.
    #[must_use]
    pub fn id(&self) -> Option<&MessageId> {
        self.id.as_ref()
    }

    /// Returns whether the message succeeded, or why it failed.
    #[must_use]
    pub fn outcome(&self) -> MessageOutcome {
        self.outcome
    }

    /// Returns why records of the message failed, in their order, or why the message cannot be
    /// read.
    ///
    /// Also those that the dead-letter sink stored, and a message that cannot be read and is
    /// dropped, are here, although the message succeeds. A record that was not reached is not. The
    /// texts of a whole report have at most about 1 MiB; failures beyond that are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, HandlerError, Routes};
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", async || {
    ///     Err::<(), _>(HandlerError::permanent("not an image"))
    /// });
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// let batch = SqsBatchBuilder::new().with_record("1", record);
    /// let report = Dispatcher::new(routes).dispatch(batch.to_bytes(), None).await?;
    ///
    /// let failure = &report.messages()[0].failures()[0];
    /// assert_eq!(failure.error, "not an image");
    /// assert!(failure.is_permanent);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn failures(&self) -> &[ReportedFailure] {
        &self.failures
    }
}
