//! A queue of SQS.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use futures_util::{StreamExt, stream};
use s3_dispatch_core::delivery::ReceiptHandle;

use crate::lambda::trace_interceptor::TraceHeaderInterceptor;
use crate::queue::access::{Queue, QueueError};
use crate::telemetry::errors::with_causes;

/// How many entries one call takes ("DeleteMessageBatch" and "ChangeMessageVisibilityBatch", Amazon
/// SQS API Reference, 2026).
const MAX_ENTRIES: usize = 10;

/// How many calls run at once. A batch may have 10,000 messages, and each call that runs has a
/// connection of its own.
const MAX_CALLS: usize = 10;

/// The queue of SQS with this URL.
///
/// The function's role needs `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on the queue.
/// Both are among the rights that an event source mapping needs anyway.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// Creates a queue from its URL. The client's own retries and timeouts apply.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::queue::SqsQueue;
    /// use s3_dispatch::{Dispatcher, Routes};
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
            Err(error) => whole_call(messages.len(), error),
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
            Err(error) => whole_call(messages.len(), error),
        }
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
        let reason = entry.message().unwrap_or(entry.code());
        let index = entry.id().parse::<usize>().ok();
        if let Some(result) = index.and_then(|index| results.get_mut(index)) {
            *result = Err(QueueError::refused(reason.to_owned()));
        }
    }

    results
}

/// The results of a call that failed as a whole.
fn whole_call<E>(entries: usize, error: E) -> Vec<Result<(), QueueError>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // Some services that speak SQS's protocol refuse the whole call for one entry.
    if error.code() == Some("InvalidParameterValue") {
        let reason = error.message().unwrap_or_default().to_owned();
        return (0..entries)
            .map(|_| Err(QueueError::refused(reason.clone())))
            .collect();
    }

    all_failed(entries, &with_causes(&error))
}

fn all_failed(entries: usize, reason: &str) -> Vec<Result<(), QueueError>> {
    (0..entries)
        .map(|_| Err(QueueError::failed(reason)))
        .collect()
}

fn whole_seconds(time: Duration) -> i32 {
    let seconds = time.as_secs();
    let rounded_up = seconds.saturating_add(u64::from(time.subsec_nanos() > 0));

    i32::try_from(rounded_up).unwrap_or(i32::MAX)
}
