//! Delays failed messages by changing their visibility timeout in SQS.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use futures_util::future;

use crate::Backoff;
use crate::failure::backoff::FailedMessage;
use crate::failure::exponential_backoff::ExponentialBackoff;

/// Hides failed messages from SQS's consumers, for longer with each receive.
///
/// The delay is that of an [`ExponentialBackoff`], but never shorter than
/// [`FailedMessage::retry_after`]. It is rounded up to whole seconds and is at most 12 hours.
/// Messages without a receipt handle are left alone.
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

    /// Delays the messages of one chunk with a single call to SQS.
    async fn postpone_chunk(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let mut change = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.queue_url);

        for (index, message) in failed.iter().enumerate() {
            let Some(handle) = message.context.receipt_handle() else {
                continue;
            };

            let delay = self
                .delays
                .delay(message.context.receive_count().unwrap_or(1));
            let delay = delay.max(message.retry_after.unwrap_or_default());

            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle.as_str())
                .visibility_timeout(whole_seconds(delay))
                .build()?;

            change = change.entries(entry);
        }

        if change.get_entries().is_none() {
            return Ok(());
        }

        let changed = change.send().await?;
        match changed.failed.first() {
            None => Ok(()),
            Some(first) => Err(Box::new(NotPostponed {
                messages: changed.failed.len(),
                reason: first.message().unwrap_or(first.code()).to_owned(),
            })),
        }
    }
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

/// Rounds up to whole seconds.
///
/// SQS hides a message for at most 12 hours ("Amazon SQS visibility timeout", Amazon SQS Developer
/// Guide, 2026).
fn whole_seconds(delay: Duration) -> i32 {
    const MAX_SECONDS: u64 = 12 * 60 * 60;

    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds.min(MAX_SECONDS)).unwrap_or(0)
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
