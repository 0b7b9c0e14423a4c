//! Delays failed messages by changing their visibility timeout in SQS.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use s3_dispatch_core::delivery::ReceiptHandle;

use crate::Backoff;
use crate::failure::backoff::FailedMessage;
use crate::failure::exponential_backoff::ExponentialBackoff;
use crate::queue::access::named_queue;
use crate::queue::sqs::SqsQueue;
use crate::queue::{Queue, QueueError};

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
    queue: SqsQueue,
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
            queue: SqsQueue::new(client, queue_url),
            delays,
        }
    }

    /// Creates a backoff for the queue that the program's messages come from, without its URL.
    ///
    /// The URL is that of the environment variable `S3_DISPATCH_QUEUE_URL`, which the Terraform
    /// module and the templates set. Without that variable, the messages of an SQS event name their
    /// queue, and SQS is asked for its URL once; the function's role then also needs
    /// `sqs:GetQueueUrl` on the queue.
    ///
    /// A variable that is not the URL of a queue fails
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare), and with it the start of the program.
    /// While a URL cannot be found, messages are not delayed, and the reason is logged.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::failure::ExponentialBackoff;
    /// use s3_dispatch::{Dispatcher, Routes, SqsBackoff};
    ///
    /// fn dispatcher(client: Client) -> Dispatcher<Routes<()>> {
    ///     let backoff = SqsBackoff::from_environment(client, ExponentialBackoff::default());
    ///     Dispatcher::new(Routes::new(())).with_backoff(backoff)
    /// }
    /// ```
    #[must_use]
    pub fn from_environment(client: Client, delays: ExponentialBackoff) -> Self {
        Self {
            queue: SqsQueue::from_environment(client),
            delays,
        }
    }

    /// Delays messages. What SQS refuses is tried again with half of the delay, because the message
    /// may have been received longer ago than is known here.
    async fn hide(
        queue: &SqsQueue,
        mut delays: Vec<(&ReceiptHandle, Duration)>,
    ) -> Result<(), NotPostponed> {
        const MAX_TRIES: usize = 4;

        let mut given_up = NotPostponed::default();

        for tries_left in (0..MAX_TRIES).rev() {
            let results = queue.change_visibility(&delays).await;
            let asked = std::mem::take(&mut delays);

            for ((handle, delay), result) in asked.into_iter().zip(results) {
                match result {
                    Ok(()) => {}
                    Err(error) if error.is_refusal() && tries_left > 0 => {
                        delays.push((handle, Duration::from_secs(delay.as_secs() / 2)));
                    }
                    Err(error) => given_up.add(error),
                }
            }

            if delays.is_empty() {
                break;
            }
        }

        if given_up.messages == 0 {
            Ok(())
        } else {
            Err(given_up)
        }
    }

    /// Returns how long to hide a message, in whole seconds.
    fn delay(&self, message: &FailedMessage<'_>) -> Duration {
        let delay = self
            .delays
            .delay(message.context.receive_count().unwrap_or(1));
        let delay = delay.max(message.retry_after.unwrap_or_default());
        let rounded_up = delay
            .as_secs()
            .saturating_add(u64::from(delay.subsec_nanos() > 0));

        Duration::from_secs(rounded_up).min(longest_delay(message.elapsed))
    }
}

#[async_trait]
impl Backoff for SqsBackoff {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let delays = failed.iter().filter_map(|message| {
            let handle = message.context.receipt_handle()?;
            Some((handle, self.delay(message)))
        });

        let arn = named_queue(failed.iter().map(|message| message.context));
        let queue = self.queue.of_messages(arn);

        Ok(Self::hide(&queue, delays.collect()).await?)
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.queue.prepare().await
    }
}

/// Returns the longest time that SQS accepts for a message that was received at least `elapsed`
/// ago.
///
/// SQS hides a message for at most 12 hours from its receive ("Amazon SQS visibility timeout",
/// Amazon SQS Developer Guide, 2026). Lambda can wait for five minutes after a receive to fill a
/// batch ("Using Lambda with Amazon SQS", AWS Lambda Developer Guide, 2026).
fn longest_delay(elapsed: Duration) -> Duration {
    const MAX_HIDDEN: Duration = Duration::from_secs(12 * 60 * 60);
    const MAX_BATCHING_WINDOW: Duration = Duration::from_secs(5 * 60);

    let left = MAX_HIDDEN
        .saturating_sub(MAX_BATCHING_WINDOW)
        .saturating_sub(elapsed);

    // Whole seconds, because SQS's are rounded up.
    Duration::from_secs(left.as_secs())
}

/// SQS refused to delay some messages; they are delivered again when the queue's visibility timeout
/// ends.
#[derive(Debug, Default)]
struct NotPostponed {
    messages: usize,
    /// Why the first of them was not.
    reason: Option<QueueError>,
}

impl NotPostponed {
    fn add(&mut self, reason: QueueError) {
        self.messages += 1;
        self.reason.get_or_insert(reason);
    }
}

impl fmt::Display for NotPostponed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages could not be postponed", self.messages)
    }
}

impl StdError for NotPostponed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.reason.as_ref().map(|reason| reason as _)
    }
}
