//! SQS as dead-letter sink, and the visibility of its messages.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue};
use futures_util::future;

use crate::failure::backoff::{ExponentialBackoff, FailedMessage};
use crate::failure::dead_letters::{DeadLetter, DeadLetterError};
use crate::{Backoff, DeadLetters};

/// Sends dead letters to an SQS queue, a standard one.
///
/// A letter has the body of the original message, so that it can be sent to its queue again as it
/// is, and the message attributes `Error` (with its causes), `EventName`, `Bucket`, `Key` (as it
/// was sent) and, where known, `MessageId` and `ReceiveCount`. Texts are cut to 1,024 bytes;
/// characters that SQS does not take become `?`.
///
/// The function's role needs `sqs:SendMessage` on the queue.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    queue_url: String,
}

impl SqsDeadLetters {
    /// To this queue.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self {
            client,
            queue_url: queue_url.into(),
        }
    }
}

#[async_trait]
impl DeadLetters for SqsDeadLetters {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        let text =
            |text: &str| attribute("String", &acceptable(text)).map_err(DeadLetterError::new);
        let mut send = self
            .client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(letter.body)
            .message_attributes("Error", text(&letter.error_chain())?)
            .message_attributes("EventName", text(letter.record.event_name.as_str())?)
            .message_attributes("Bucket", text(letter.record.bucket.name.as_str())?)
            .message_attributes("Key", text(letter.record.object.key.as_sent())?);

        if let Some(id) = letter.message.message_id() {
            send = send.message_attributes("MessageId", text(id.as_str())?);
        }

        if let Some(count) = letter.message.receive_count() {
            let count = attribute("Number", &count.to_string()).map_err(DeadLetterError::new)?;
            send = send.message_attributes("ReceiveCount", count);
        }

        send.send().await.map(drop).map_err(DeadLetterError::new)
    }
}

fn attribute(data_type: &str, value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type(data_type)
        .string_value(value)
        .build()
}

/// What SQS takes: `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`, and
/// not nothing ("SendMessage", Amazon SQS API Reference, 2026).
fn acceptable(text: &str) -> String {
    const LONGEST: usize = 1_024;

    let replace = |character| match character {
        '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => character,
        _ => '?',
    };
    let mut accepted = String::new();

    for character in text.chars().map(replace) {
        if accepted.len() + character.len_utf8() > LONGEST {
            break;
        }
        accepted.push(character);
    }

    if accepted.is_empty() {
        accepted.push('?');
    }

    accepted
}

/// Hides failed messages for a while, longer with each receive, and at least as long as their
/// errors ask for.
///
/// The function's role needs `sqs:ChangeMessageVisibility` on the queue. A message stays where it
/// is when the queue's redrive policy has had enough of it.
#[derive(Debug, Clone)]
pub struct SqsBackoff {
    client: Client,
    queue_url: String,
    policy: ExponentialBackoff,
}

impl SqsBackoff {
    /// For the messages of this queue.
    pub fn new(client: Client, queue_url: impl Into<String>, policy: ExponentialBackoff) -> Self {
        Self {
            client,
            queue_url: queue_url.into(),
            policy,
        }
    }

    async fn postpone_some(
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
                .policy
                .delay(message.context.receive_count().unwrap_or(1));
            let delay = delay.max(message.retry_after.unwrap_or_default());

            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle.as_str())
                .visibility_timeout(seconds(delay))
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
        // As many as one call takes.
        let calls = failed.chunks(10).map(|some| self.postpone_some(some));
        future::join_all(calls).await.into_iter().collect()
    }
}

/// Whole seconds, rounded up; a message can be hidden for 12 hours ("Amazon SQS visibility
/// timeout", Amazon SQS Developer Guide, 2026).
fn seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds.min(12 * 60 * 60)).unwrap_or(0)
}

/// Some messages come again when the queue's own visibility timeout is over.
#[derive(Debug)]
struct NotPostponed {
    messages: usize,
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
