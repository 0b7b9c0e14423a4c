//! The calls of a worker in this process, with their faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::QueueError;

use crate::faults::Hop;
use crate::faults::chance::Chance;
use crate::pipeline::engine::Engine;
use crate::sqs::endpoint::{CallAttempts, SqsError};
use crate::sqs::{Deletion, Receipt, VisibilityRefusal};
use crate::{Error, ErrorKind};

/// The longest visibility timeout (`ChangeMessageVisibility`, Amazon SQS API Reference, 2026).
const MAX_TIMEOUT: Duration = Duration::from_secs(12 * 60 * 60);

const EXPIRED: &str = "the receipt handle has expired";
const TOO_LONG: &str = "the message would be hidden for more than 12 hours";

/// One result for each message of a call.
type Results = Vec<Result<(), QueueError>>;

/// Makes the calls to one queue.
#[derive(Clone)]
pub(super) struct LocalCalls {
    engine: Arc<Engine>,
    queue: Arc<str>,
    /// The time of each call, half of it before its effect.
    pub(super) latency: Duration,
    /// The share of calls that never end.
    pub(super) hangs: f64,
    attempts: Arc<CallAttempts>,
    count: Arc<AtomicU64>,
}

/// Why a whole call failed.
#[derive(Debug)]
pub(super) enum Failure {
    MayPass(String),
    NoQueue(String),
}

impl Failure {
    pub(super) fn error(&self) -> QueueError {
        match self {
            Self::MayPass(reason) => QueueError::failed(reason.clone()),
            Self::NoQueue(reason) => QueueError::unusable(reason.clone()),
        }
    }
}

impl From<SqsError> for Failure {
    fn from(error: SqsError) -> Self {
        Self::MayPass(error.message().to_owned())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::UnknownName => Self::NoQueue(error.to_string()),
            _ => Self::MayPass(error.to_string()),
        }
    }
}

impl LocalCalls {
    pub(super) fn new(engine: Arc<Engine>, queue: &str) -> Self {
        Self {
            engine,
            queue: queue.into(),
            latency: Duration::ZERO,
            hangs: 0.0,
            attempts: Arc::default(),
            count: Arc::default(),
        }
    }

    /// Makes a call with the faults that occur. `key` says what the call is about, in the same way
    /// in each run.
    pub(super) async fn call<T, F>(
        &self,
        hop: Hop,
        key: String,
        effect: impl FnOnce() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let hang = self.draw_hang(hop);
        self.wait(self.latency / 2).await;
        if hang == Some(Hang::Before) {
            return std::future::pending().await;
        }

        let answer = self
            .attempts
            .admit(&self.engine, hop, &self.queue, || key)?;
        let result = effect().await;

        if hang == Some(Hang::After) {
            return std::future::pending().await;
        }
        self.wait(self.latency - self.latency / 2).await;

        Ok(answer.deliver(result?)?)
    }

    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    fn draw_hang(&self, hop: Hop) -> Option<Hang> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let about = format!("{hop} {} hang {number}", self.queue);
        let mut chance = Chance::new(self.engine.seed, &about);

        let is_before = chance.share() < 0.5;
        (chance.share() < self.hangs).then_some(if is_before { Hang::Before } else { Hang::After })
    }

    /// Deletes up to ten messages.
    pub(super) async fn delete(&self, messages: &[&ReceiptHandle]) -> Results {
        let (receipts, mut results) = self.read_receipts(messages.iter().copied());
        let key = receipts.iter().map(|(_, receipt)| receipt.receive());
        let key = key.collect::<Vec<_>>().join(" ");

        let deleted = self.call(Hop::Delete, key, async || {
            let receipts = receipts.iter().map(|(_, receipt)| *receipt);
            self.engine.delete_for_client(&self.queue, receipts)
        });
        let deleted = deleted.await;

        for (place, (index, _)) in receipts.iter().enumerate() {
            results[*index] = match &deleted {
                Ok(deletions) => self.explain_deletion(deletions[place].as_ref()),
                Err(failure) => Err(failure.error()),
            };
        }

        results
    }

    /// Changes the visibility timeouts of up to ten messages.
    pub(super) async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Results {
        let (mut receipts, mut results) = self.read_receipts(messages.iter().map(|(one, _)| *one));
        receipts.retain(|(index, _)| {
            let is_allowed = messages[*index].1 <= MAX_TIMEOUT;
            if !is_allowed {
                results[*index] = Err(QueueError::refused(TOO_LONG));
            }

            is_allowed
        });

        let keys = receipts.iter().map(|(index, receipt)| {
            format!("{} {}", receipt.receive(), messages[*index].1.as_secs())
        });
        let keys: Vec<_> = keys.collect();

        let changed = self.call(Hop::ChangeVisibility, keys.join(" "), async || {
            let entries = receipts.iter().zip(keys);
            let admitted: Vec<_> = entries
                .filter(|(_, key)| !self.refuses(key))
                .map(|((index, receipt), _)| (*index, *receipt, messages[*index].1))
                .collect();

            let changes = admitted.iter().map(|(_, receipt, time)| (*receipt, *time));
            let changed = self.engine.change_visibilities(&self.queue, changes)?;
            let indices = admitted.into_iter().map(|(index, ..)| index);

            Ok(indices.zip(changed).collect::<Vec<_>>())
        });

        match changed.await {
            Ok(changed) => {
                for (index, _) in &receipts {
                    results[*index] = Err(temporary_failure());
                }
                for (index, change) in changed {
                    results[index] = change.map_err(explain_refusal);
                }
            }
            Err(failure) => {
                for (index, _) in &receipts {
                    results[*index] = Err(failure.error());
                }
            }
        }

        results
    }

    /// Whether a fault refuses one entry of a call.
    fn refuses(&self, key: &str) -> bool {
        let hop = Hop::ChangeVisibility;
        self.attempts
            .refuses(&self.engine, hop, &self.queue, || key.to_owned())
    }

    /// Reads receipt handles, each with its index. Those that are not of this queue already have
    /// their result.
    fn read_receipts<'h>(
        &self,
        handles: impl Iterator<Item = &'h ReceiptHandle>,
    ) -> (Vec<(usize, Receipt)>, Results) {
        let mut receipts = Vec::new();

        let results = handles.enumerate().map(|(index, handle)| {
            let receipt = Receipt::parse(handle.as_str());
            match receipt.filter(|receipt| receipt.is_of_queue(&self.queue)) {
                Some(receipt) => {
                    receipts.push((index, receipt));
                    Ok(())
                }
                None => Err(QueueError::refused(format!(
                    "`{handle}` is not a receipt handle of the queue `{}`",
                    self.queue
                ))),
            }
        });
        let results = results.collect();

        (receipts, results)
    }

    /// An old receipt handle is an error only in a FIFO queue (`DeleteMessage`, Amazon SQS API
    /// Reference).
    fn explain_deletion(&self, deletion: Option<&Deletion>) -> Result<(), QueueError> {
        match deletion {
            None => Err(temporary_failure()),
            Some(Deletion::Expired) => Err(QueueError::refused(EXPIRED)),
            Some(Deletion::Superseded) if self.queue.ends_with(".fifo") => {
                Err(QueueError::refused(EXPIRED))
            }
            Some(_) => Ok(()),
        }
    }
}

/// When a call hangs: before its effect or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hang {
    Before,
    After,
}

fn temporary_failure() -> QueueError {
    Failure::from(SqsError::temporary_failure()).error()
}

fn explain_refusal(refusal: VisibilityRefusal) -> QueueError {
    QueueError::refused(match refusal {
        VisibilityRefusal::Absent => "the message does not exist",
        VisibilityRefusal::NotInFlight => "the message is not in flight",
        VisibilityRefusal::TooLong => TOO_LONG,
    })
}
