//! Delays failed messages by changing their visibility timeout in SQS.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use futures_util::future;

use crate::Backoff;
use crate::failure::backoff::FailedMessage;
use crate::failure::exponential_backoff::ExponentialBackoff;

/// Hides failed messages from SQS's consumers, for longer with each receive.
///
/// The delay is that of an [`ExponentialBackoff`], but never shorter than
/// [`FailedMessage::retry_after`]. It is rounded up to whole seconds. SQS hides a message for at
/// most 12 hours from its receive, so the delay ends a few minutes before that. If SQS refuses it
/// nevertheless, half of it is tried, and half of that, up to four tries. Messages without a
/// receipt handle are left alone.
///
/// The queue's redrive policy still applies: once a message has been received often enough, SQS
/// moves it to the dead-letter queue.
///
/// The function's role needs `sqs:ChangeMessageVisibility` on the queue.
#[derive(Debug, Clone)]
pub struct SqsBackoff {
    client: Client,
    queue_url: String,
    delays: ExponentialBackoff,
}

impl SqsBackoff {
    /// Creates a backoff for the messages of the queue with this URL.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::failure::ExponentialBackoff;
    /// use s3_dispatch::{Dispatcher, Routes, SqsBackoff};
    ///
    /// fn dispatcher(client: Client, queue_url: &str) -> Dispatcher<Routes<()>> {
    ///     let backoff = SqsBackoff::new(client, queue_url, ExponentialBackoff::default());
    ///     Dispatcher::new(Routes::new(())).with_backoff(backoff)
    /// }
    /// ```
    pub fn new(client: Client, queue_url: impl Into<String>, delays: ExponentialBackoff) -> Self {
        Self {
            client,
            queue_url: queue_url.into(),
            delays,
        }
    }

    /// Delays the messages of one chunk.
    ///
    /// What SQS refuses is tried again with half of the delay, because the message may have been
    /// received longer ago than is known here.
    async fn postpone_chunk(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        const MAX_TRIES: usize = 4;

        let mut delays: Vec<_> = failed
            .iter()
            .filter_map(|message| {
                let receipt_handle = message.context.receipt_handle()?.as_str();
                let seconds = self.seconds(message);
                Some(Delay {
                    receipt_handle,
                    seconds,
                })
            })
            .collect();

        let mut problem = None;

        for _ in 0..MAX_TRIES {
            if delays.is_empty() {
                return Ok(());
            }

            let refused = self.change(&delays).await?;
            delays = refused.indexes.iter().map(|index| delays[*index]).collect();
            for delay in &mut delays {
                delay.seconds /= 2;
            }

            problem = Some(refused.reason);
        }

        match (delays.len(), problem) {
            (0, _) | (_, None) => Ok(()),
            (messages, Some(reason)) => Err(Box::new(NotPostponed { messages, reason })),
        }
    }

    /// Returns how long to hide a message, in seconds.
    fn seconds(&self, message: &FailedMessage<'_>) -> i32 {
        let delay = self
            .delays
            .delay(message.context.receive_count().unwrap_or(1));
        let delay = delay.max(message.retry_after.unwrap_or_default());

        whole_seconds(delay, message.elapsed)
    }

    /// Changes the visibility timeouts, and returns what SQS refused.
    async fn change(
        &self,
        delays: &[Delay<'_>],
    ) -> Result<Refused, Box<dyn StdError + Send + Sync>> {
        let mut change = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.queue_url);

        for (index, delay) in delays.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(delay.receipt_handle)
                .visibility_timeout(delay.seconds)
                .build()?;
            change = change.entries(entry);
        }

        match change.send().await {
            Ok(changed) => {
                let first = changed.failed.first();
                let reason = first.map(|first| first.message().unwrap_or(first.code()).to_owned());
                let ids = changed.failed.iter().map(|failed| failed.id().parse());

                Ok(Refused {
                    indexes: ids
                        .flatten()
                        .filter(|index| *index < delays.len())
                        .collect(),
                    reason: reason.unwrap_or_default(),
                })
            }
            // Some services that speak SQS's protocol refuse the whole call for one delay.
            Err(error) if error.code() == Some("InvalidParameterValue") => Ok(Refused {
                indexes: (0..delays.len()).collect(),
                reason: error.message().unwrap_or_default().to_owned(),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

/// How long to hide one message.
#[derive(Clone, Copy)]
struct Delay<'m> {
    receipt_handle: &'m str,
    seconds: i32,
}

/// What SQS refused of one call.
struct Refused {
    /// Where the messages stand in the call.
    indexes: Vec<usize>,
    /// SQS's reason for the first of them.
    reason: String,
}

#[async_trait]
impl Backoff for SqsBackoff {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        // One call takes ten entries ("ChangeMessageVisibilityBatch", Amazon SQS API Reference,
        // 2026).
        let calls = failed.chunks(10).map(|chunk| self.postpone_chunk(chunk));
        future::join_all(calls).await.into_iter().collect()
    }
}

/// Rounds up to whole seconds, and stays below what SQS accepts for a message that was received at
/// least `elapsed` ago.
///
/// SQS hides a message for at most 12 hours from its receive ("Amazon SQS visibility timeout",
/// Amazon SQS Developer Guide, 2026). Lambda can wait for five minutes after a receive to fill a
/// batch ("Using Lambda with Amazon SQS", AWS Lambda Developer Guide, 2026).
fn whole_seconds(delay: Duration, elapsed: Duration) -> i32 {
    const MAX_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);
    const MAX_BATCHING_WINDOW: Duration = Duration::from_secs(5 * 60);

    let left = MAX_HIDDEN
        .saturating_sub(MAX_BATCHING_WINDOW)
        .saturating_sub(elapsed);
    let rounded_up = delay
        .as_secs()
        .saturating_add(u64::from(delay.subsec_nanos() > 0));

    i32::try_from(rounded_up.min(left.as_secs())).unwrap_or(i32::MAX)
}

/// SQS refused to delay some messages; they are delivered again when the queue's visibility timeout
/// ends.
#[derive(Debug)]
struct NotPostponed {
    messages: usize,
    /// SQS's reason for the first of them.
    reason: String,
}

impl fmt::Display for NotPostponed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages could not be postponed: {}",
            self.messages, self.reason
        )
    }
}

impl StdError for NotPostponed {}
