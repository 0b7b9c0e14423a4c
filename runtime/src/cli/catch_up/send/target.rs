//! The queue that messages are sent to.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use foldhash::quality::FixedState;
use std::hash::BuildHasher;

use super::outgoing::Outgoing;
use crate::queue::QueueError;
use crate::queue::sqs_error::{Call, of_call};

/// A queue that messages are sent to.
#[async_trait]
pub(in crate::cli) trait Target: Send + Sync + 'static {
    /// Whether the order of messages within a group matters.
    fn is_fifo(&self) -> bool;

    /// Sends messages with one call. Returns one result for each, in their order.
    ///
    /// # Errors
    ///
    /// The call failed as a whole. It may have been successful nevertheless, unless the error is a
    /// [refusal](QueueError::is_refusal).
    async fn send(&self, messages: &[&Outgoing])
    -> Result<Vec<Result<(), QueueError>>, QueueError>;
}

/// A queue of SQS.
pub(in crate::cli) struct SqsTarget {
    client: Client,
    url: String,
    /// Tells the messages of this run from those of any other, so that a FIFO queue never takes two
    /// runs for one.
    run: String,
}

impl SqsTarget {
    /// The program's role needs `sqs:SendMessage` on the queue.
    pub(in crate::cli) fn new(client: Client, url: impl Into<String>) -> Self {
        Self {
            client,
            url: url.into(),
            run: format!("{:032x}", fastrand::u128(..)),
        }
    }

    fn entry(
        &self,
        index: usize,
        message: &Outgoing,
    ) -> Result<SendMessageBatchRequestEntry, BuildError> {
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(&message.body);
        if !message.attributes.is_empty() {
            entry = entry.set_message_attributes(Some(message.attributes.clone()));
        }
        if let Some(header) = &message.trace_header {
            entry = entry.message_system_attributes(
                MessageSystemAttributeNameForSends::AwsTraceHeader,
                text(header)?,
            );
        }

        if self.is_fifo() {
            let group = message.group.as_deref().unwrap_or("s3-dispatch");
            entry = entry
                .message_group_id(group_id(group))
                .message_deduplication_id(format!("{}-{}", self.run, message.number));
        } else if let Some(group) = &message.group {
            entry = entry.message_group_id(group_id(group));
        }

        entry.build()
    }
}

#[async_trait]
impl Target for SqsTarget {
    fn is_fifo(&self) -> bool {
        self.url.ends_with(".fifo")
    }

    async fn send(
        &self,
        messages: &[&Outgoing],
    ) -> Result<Vec<Result<(), QueueError>>, QueueError> {
        let mut call = self.client.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            call = call.entries(self.entry(index, message).map_err(QueueError::refused)?);
        }

        let sent = match call.send().await {
            Ok(sent) => sent,
            Err(error) => return Err(self.whole_call(&error)),
        };

        let missing = || Err(QueueError::failed("SQS gave no answer for the message"));
        let mut results: Vec<_> = messages.iter().map(|_| missing()).collect();
        for entry in &sent.successful {
            if let Some(result) = at(&mut results, entry.id()) {
                *result = Ok(());
            }
        }
        for entry in &sent.failed {
            let reason = entry.message().unwrap_or(entry.code()).to_owned();
            if let Some(result) = at(&mut results, entry.id()) {
                *result = Err(match entry.sender_fault() && !is_throttling(entry.code()) {
                    true => QueueError::refused(reason),
                    false => QueueError::failed(reason),
                });
            }
        }

        Ok(results)
    }
}

impl SqsTarget {
    fn whole_call<E>(
        &self,
        error: &SdkError<E, aws_sdk_sqs::config::http::HttpResponse>,
    ) -> QueueError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let call = Call {
            url: &self.url,
            region: self.client.config().region(),
            was_sent: true,
        };
        let of_call = of_call(error, &call);

        let SdkError::ServiceError(answer) = error else {
            return of_call;
        };
        let is_about_the_request = answer.raw().status().as_u16() == 400;
        let passes = error.code().is_none_or(is_throttling);
        if is_about_the_request && !passes && !of_call.is_unusable() {
            return QueueError::refused(error.message().unwrap_or("SQS refused it").to_owned());
        }

        of_call
    }
}

fn at<'r, T>(results: &'r mut [T], id: &str) -> Option<&'r mut T> {
    results.get_mut(id.parse::<usize>().ok()?)
}

/// Whether a code says that the same request may be taken later ("Common Errors" and
/// "SendMessageBatch", Amazon SQS API Reference, 2026).
fn is_throttling(code: &str) -> bool {
    [
        "Throttl",
        "Throttled",
        "TooMany",
        "OverLimit",
        "LimitExceeded",
        "RequestExpired",
    ]
    .iter()
    .any(|part| code.contains(part))
}

fn text(value: &str) -> Result<MessageSystemAttributeValue, BuildError> {
    MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
}

/// Makes a text a group id. SQS takes letters, digits and punctuation of ASCII, up to 128 of them
/// ("SendMessage", Amazon SQS API Reference, 2026). For any other text, its hash stands, which is
/// the same in every process; if two texts share one, their order matters more than it has to.
fn group_id(group: &str) -> String {
    let is_taken = group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic());
    if is_taken && !group.is_empty() {
        return group.to_owned();
    }

    format!("{:016x}", FixedState::default().hash_one(group))
}
