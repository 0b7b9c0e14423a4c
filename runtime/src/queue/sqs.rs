//! A queue of SQS.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use futures_util::{StreamExt, stream};
use s3_dispatch_core::delivery::{QueueArn, ReceiptHandle};
use tokio::sync::OnceCell;

use crate::lambda::trace_interceptor::traced_sqs;
use crate::queue::access::{Queue, QueueError};
use crate::queue::sqs_error::{Call, of_call};
use crate::queue::sqs_url::{SqsUrl, UnknownUrl, Wanted};
use crate::telemetry::errors::with_causes;

/// How many entries one call takes ("DeleteMessageBatch" and "ChangeMessageVisibilityBatch", Amazon
/// SQS API Reference, 2026).
const MAX_ENTRIES: usize = 10;

/// How many calls run at once. A batch may have 10,000 messages, and each call that runs has a
/// connection of its own.
const MAX_CALLS: usize = 10;

/// A queue of SQS.
///
/// The function's role needs `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on the queue.
/// Both are among the rights that an event source mapping needs anyway. A program that
/// [receives](crate::queue::Receive) messages itself needs `sqs:ReceiveMessage` and
/// `sqs:GetQueueAttributes` too.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub(super) client: Client,
    pub(super) url: SqsUrl,
    /// The queue that the messages name, if its URL depends on that.
    named: Option<QueueArn>,
    /// The queue's own ARN, which SQS is asked for once. Clones share it.
    pub(super) arn: Arc<OnceCell<QueueArn>>,
}

impl SqsQueue {
    /// Creates a queue from its URL. The client's own retries and timeouts apply.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::{Dispatcher, Routes, SqsQueue};
    ///
    /// fn dispatcher(client: Client, queue_url: &str) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(())).with_queue(SqsQueue::new(client, queue_url))
    /// }
    /// ```
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client: traced_sqs(&client),
            url: SqsUrl::known(url),
            named: None,
            arn: Arc::default(),
        }
    }

    /// Creates the queue that the program's messages come from, without its URL. The client's own
    /// retries and timeouts apply.
    ///
    /// The URL is that of the environment variable `S3_DISPATCH_QUEUE_URL`, which the Terraform
    /// module and the templates set. Without that variable, the messages of an SQS event name their
    /// queue, and SQS is asked for its URL once; the function's role then also needs
    /// `sqs:GetQueueUrl` on the queue.
    ///
    /// A variable that is not the URL of a queue fails
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare), and with it the start of the program. A
    /// URL that cannot be found fails each call, with the reason. A program that
    /// [receives](crate::queue::Receive) messages itself needs the variable.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::{Dispatcher, Routes, SqsQueue};
    ///
    /// fn dispatcher(client: Client) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(())).with_queue(SqsQueue::from_environment(client))
    /// }
    /// ```
    #[must_use]
    pub fn from_environment(client: Client) -> Self {
        Self {
            client: traced_sqs(&client),
            url: SqsUrl::from_environment(Wanted::Main),
            named: None,
            arn: Arc::default(),
        }
    }

    /// Returns this queue for messages that name this one. It matters only if the URL depends on
    /// that.
    pub(crate) fn of_messages(&self, arn: Option<&QueueArn>) -> Self {
        Self {
            named: arn.cloned(),
            ..self.clone()
        }
    }

    async fn url(&self) -> Result<Arc<str>, UnknownUrl> {
        self.url.find(&self.client, self.named.as_ref()).await
    }

    async fn delete_chunk(
        &self,
        url: &str,
        messages: &[&ReceiptHandle],
    ) -> Vec<Result<(), QueueError>> {
        let mut delete = self.client.delete_message_batch().queue_url(url);

        for (index, handle) in messages.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle.as_str())
                .build();

            match entry {
                Ok(entry) => delete = delete.entries(entry),
                Err(error) => return all_failed(messages.len(), &error.to_string()),
            }
        }

        match delete.send().await {
            Ok(deleted) => results(messages.len(), &deleted.failed),
            Err(error) => self.whole_call(url, messages.len(), &error),
        }
    }

    async fn change_chunk(
        &self,
        url: &str,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let mut change = self.client.change_message_visibility_batch().queue_url(url);

        for (index, (handle, time)) in messages.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle.as_str())
                .visibility_timeout(whole_seconds(*time))
                .build();

            match entry {
                Ok(entry) => change = change.entries(entry),
                Err(error) => return all_failed(messages.len(), &error.to_string()),
            }
        }

        match change.send().await {
            Ok(changed) => results(messages.len(), &changed.failed),
            Err(error) => self.whole_call(url, messages.len(), &error),
        }
    }

    /// The results of a call that failed as a whole.
    fn whole_call<E>(
        &self,
        url: &str,
        entries: usize,
        error: &SdkError<E, HttpResponse>,
    ) -> Vec<Result<(), QueueError>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // Some services that speak SQS's protocol refuse the whole call for one entry.
        if error.code() == Some("InvalidParameterValue") {
            let reason = error.message().unwrap_or_default().to_owned();
            return (0..entries)
                .map(|_| Err(QueueError::refused(reason.clone())))
                .collect();
        }

        let call = Call {
            url,
            region: self.client.config().region(),
            was_sent: true,
        };
        (0..entries).map(|_| Err(of_call(error, &call))).collect()
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let url = match self.url().await {
            Ok(url) => url,
            Err(error) => return all_failed(messages.len(), &with_causes(&error)),
        };
        let calls = messages.chunks(MAX_ENTRIES);
        let calls: Vec<_> = calls.map(|chunk| self.delete_chunk(&url, chunk)).collect();

        stream::iter(calls).buffered(MAX_CALLS).concat().await
    }

    /// Rounds the times up to whole seconds. SQS refuses a time that ends more than 12 hours after
    /// the receive ("Amazon SQS visibility timeout", Amazon SQS Developer Guide, 2026).
    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let url = match self.url().await {
            Ok(url) => url,
            Err(error) => return all_failed(messages.len(), &with_causes(&error)),
        };
        let calls = messages.chunks(MAX_ENTRIES);
        let calls: Vec<_> = calls.map(|chunk| self.change_chunk(&url, chunk)).collect();

        stream::iter(calls).buffered(MAX_CALLS).concat().await
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(self.url.check()?)
    }

    fn at(&self, arn: &QueueArn) -> Option<Arc<dyn Queue>> {
        let depends = self.url.depends_on_messages();
        depends.then(|| Arc::new(self.of_messages(Some(arn))) as _)
    }
}

/// The results of a call that took place. What failed is an entry of its own.
fn results(entries: usize, failed: &[BatchResultErrorEntry]) -> Vec<Result<(), QueueError>> {
    let mut results: Vec<_> = (0..entries).map(|_| Ok(())).collect();

    for entry in failed {
        let reason = entry.message().unwrap_or(entry.code()).to_owned();
        let index = entry.id().parse::<usize>().ok();
        if let Some(result) = index.and_then(|index| results.get_mut(index)) {
            // SQS says whether the request is at fault, or SQS itself.
            *result = Err(if entry.sender_fault() {
                QueueError::refused(reason)
            } else {
                QueueError::failed(reason)
            });
        }
    }

    results
}

fn all_failed(entries: usize, reason: &str) -> Vec<Result<(), QueueError>> {
    (0..entries)
        .map(|_| Err(QueueError::failed(reason)))
        .collect()
}

pub(super) fn whole_seconds(time: Duration) -> i32 {
    let seconds = time.as_secs();
    let rounded_up = seconds.saturating_add(u64::from(time.subsec_nanos() > 0));

    i32::try_from(rounded_up).unwrap_or(i32::MAX)
}
