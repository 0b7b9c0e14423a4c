//! Sends dead letters to an SQS queue.

use std::error::Error as StdError;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::MessageAttributeValue;

use crate::DeadLetters;
use crate::failure::dead_letters::{DeadLetter, DeadLetterError};
use crate::lambda::trace_interceptor::traced_sqs;
use crate::queue::sqs_url::{SqsUrl, Wanted};

/// Sends dead letters to a standard SQS queue.
///
/// A letter's body is the body of the original message, so that it can be moved back to its queue
/// as it is. Its message attributes say what failed. If several records of the message did, the
/// event name, bucket and key are those of the first, and `Error` names them all:
///
/// | attribute | value | absent |
/// |---|---|---|
/// | `Error` | the error with its causes, `a: b: c` | never |
/// | `FailedRecords` | how many records of the message failed, a `Number` | if it is only one |
/// | `EventName` | the event name, `ObjectCreated:Put` | never |
/// | `Bucket` | the bucket's name | never |
/// | `Key` | the key as it was sent, `my+photo.jpg` | never |
/// | `MessageId` | the id of the original message | outside SQS and SNS |
/// | `ReceiveCount` | how often that message was received, a `Number` | outside SQS |
///
/// Texts are cut to 1,024 bytes, and characters that SQS does not accept become `?`.
///
/// The function's role needs `sqs:SendMessage` on the queue.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    url: SqsUrl,
}

impl SqsDeadLetters {
    /// Creates a sink that sends to the queue with this URL.
    ///
    /// The client's own retries and timeouts apply. A letter that could not be sent fails its
    /// message, which is then delivered again.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::{Dispatcher, Routes, SqsDeadLetters};
    ///
    /// fn dispatcher(client: Client, queue_url: &str) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(()))
    ///         .with_dead_letters(SqsDeadLetters::new(client, queue_url))
    /// }
    /// ```
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self {
            client: traced_sqs(&client),
            url: SqsUrl::known(queue_url),
        }
    }

    /// Creates a sink for the dead-letter queue of the program's messages, without its URL.
    ///
    /// The URL is that of the environment variable `S3_DISPATCH_DEAD_LETTERS_URL`, which the
    /// Terraform module and the templates set. Without that variable, letters go to the queue that
    /// the redrive policy of the message's own queue names. SQS is asked for it once; the
    /// function's role then also needs `sqs:GetQueueUrl` on both queues, and
    /// `sqs:GetQueueAttributes` on the message's own.
    ///
    /// A variable that is not the URL of a queue fails
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare), and with it the start of the program.
    /// While no queue can be found, letters are not stored and fail their messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_sqs::Client;
    /// use s3_dispatch::{Dispatcher, Routes, SqsDeadLetters};
    ///
    /// fn dispatcher(client: Client) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(()))
    ///         .with_dead_letters(SqsDeadLetters::from_environment(client))
    /// }
    /// ```
    #[must_use]
    pub fn from_environment(client: Client) -> Self {
        Self {
            client: traced_sqs(&client),
            url: SqsUrl::from_environment(Wanted::DeadLetters),
        }
    }
}

#[async_trait]
impl DeadLetters for SqsDeadLetters {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        let text =
            |text: &str| attribute("String", &acceptable(text)).map_err(DeadLetterError::new);

        let arn = letter.message.queue_arn();
        let url = self.url.find(&self.client, arn).await;
        let url = url.map_err(DeadLetterError::new)?;

        let mut send = self
            .client
            .send_message()
            .queue_url(&*url)
            .message_body(letter.body)
            .message_attributes("Error", text(&letter.error_chain())?)
            .message_attributes("EventName", text(letter.record.event_name.as_str())?)
            .message_attributes("Bucket", text(letter.record.bucket.name.as_str())?)
            .message_attributes("Key", text(letter.record.object.key.as_sent())?);

        if letter.failures.len() > 1 {
            let failures = letter.failures.len().to_string();
            let failures = attribute("Number", &failures).map_err(DeadLetterError::new)?;
            send = send.message_attributes("FailedRecords", failures);
        }

        if let Some(id) = letter.message.message_id() {
            send = send.message_attributes("MessageId", text(id.as_str())?);
        }

        if let Some(count) = letter.message.receive_count() {
            let count = attribute("Number", &count.to_string()).map_err(DeadLetterError::new)?;
            send = send.message_attributes("ReceiveCount", count);
        }

        send.send().await.map(drop).map_err(DeadLetterError::new)
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(self.url.check()?)
    }
}

fn attribute(data_type: &str, value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type(data_type)
        .string_value(value)
        .build()
}

/// Makes a text acceptable to SQS.
///
/// SQS accepts `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`, and no
/// empty text ("SendMessage", Amazon SQS API Reference, 2026).
fn acceptable(text: &str) -> String {
    const MAX_BYTES: usize = 1_024;

    let replace = |character| match character {
        '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => character,
        _ => '?',
    };
    let mut accepted = String::new();

    for character in text.chars().map(replace) {
        if accepted.len() + character.len_utf8() > MAX_BYTES {
            break;
        }
        accepted.push(character);
    }

    if accepted.is_empty() {
        accepted.push('?');
    }

    accepted
}
