//! A queue of SQS.

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

use crate::lambda::trace_interceptor::TraceHeaderInterceptor;
use crate::queue::access::{Queue, QueueError};
use crate::queue::sqs_error::{Call, of_call};

/// How many entries one call takes ("DeleteMessageBatch" and "ChangeMessageVisibilityBatch", Amazon
/// SQS API Reference, 2026).
const MAX_ENTRIES: usize = 10;

/// How many calls run at once. A batch may have 10,000 messages, and each call that runs has a
/// connection of its own.
const MAX_CALLS: usize = 10;

/// The queue of SQS with this URL.
///
/// The function's role needs `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on the queue.
/// Both are among the rights that an event source mapping needs anyway. A program that
/// [receives](crate::queue::Receive) messages itself needs `sqs:ReceiveMessage` and
/// `sqs:GetQueueAttributes` too.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub(super) client: Client,
    pub(super) url: String,
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
        let config = client.config().to_builder();
        let config = config.interceptor(TraceHeaderInterceptor::new());

        Self {
            client: Client::from_conf(config.build()),
            url: url.into(),
            arn: Arc::default(),
        }
    }

    async fn delete_chunk(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let mut delete = self.client.delete_message_batch().queue_url(&self.url);

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
            Err(error) => self.whole_call(messages.len(), &error),
        }
    }

    async fn change_chunk(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let mut change = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.url);

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
            Err(error) => self.whole_call(messages.len(), &error),
        }
    }

    /// The results of a call that failed as a whole.
    fn whole_call<E>(
        &self,
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
            url: &self.url,
            region: self.client.config().region(),
            was_sent: true,
        };
        (0..entries).map(|_| Err(of_call(error, &call))).collect()
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let calls = messages.chunks(MAX_ENTRIES);
        let calls: Vec<_> = calls.map(|chunk| self.delete_chunk(chunk)).collect();
        stream::iter(calls).buffered(MAX_CALLS).concat().await
    }

    /// Rounds the times up to whole seconds. SQS refuses a time that ends more than 12 hours after
    /// the receive ("Amazon SQS visibility timeout", Amazon SQS Developer Guide, 2026).
    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let calls = messages.chunks(MAX_ENTRIES);
        let calls: Vec<_> = calls.map(|chunk| self.change_chunk(chunk)).collect();
        stream::iter(calls).buffered(MAX_CALLS).concat().await
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
