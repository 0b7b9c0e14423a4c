//! The builder of the event that SQS sends to a function.

use bytes::Bytes;
use serde::Serialize;

use super::sqs_message_builder::MessageJson;
use crate::write::json;
use crate::{NotificationBuilder, RecordBuilder, SqsMessageBuilder};

/// The payload of a function that an SQS queue invokes: `{"Records": [{"messageId": "1", "body":
/// ...}]}`.
///
/// ```
/// use s3_dispatch_core::{Delivery, EventName};
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
///
/// let payload = SqsBatchBuilder::new()
///     .on_fifo_queue()
///     .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
///     .with_body("2", "no JSON")
///     .to_bytes();
/// let delivery = Delivery::parse(payload)?;
/// assert!(delivery.messages()[0].context.is_fifo());
/// assert!(delivery.messages()[1].content.is_err());
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SqsBatchBuilder {
    queue_arn: String,
    messages: Vec<SqsMessageBuilder>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchJson<'b> {
    records: Vec<MessageJson<'b>>,
}

impl SqsBatchBuilder {
    /// A batch without messages yet, from a standard queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue_arn: String::from("arn:aws:sqs:us-east-1:123456789012:object-events"),
            messages: Vec::new(),
        }
    }

    /// From a FIFO queue, whose messages all have a group, a sequence number and a deduplication
    /// id.
    #[must_use]
    pub fn on_fifo_queue(self) -> Self {
        self.with_queue_arn("arn:aws:sqs:us-east-1:123456789012:object-events.fifo")
    }

    /// From the queue of this ARN; one that ends in `.fifo` is a FIFO queue.
    #[must_use]
    pub fn with_queue_arn(mut self, arn: impl Into<String>) -> Self {
        self.queue_arn = arn.into();
        self
    }

    /// With one more message.
    #[must_use]
    pub fn with_message(mut self, message: SqsMessageBuilder) -> Self {
        self.messages.push(message);
        self
    }

    /// With a message of this id that holds the notification.
    #[must_use]
    pub fn with_notification(
        self,
        id: impl Into<String>,
        notification: NotificationBuilder,
    ) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_notification(notification))
    }

    /// With a message of this id that holds a notification of one record.
    #[must_use]
    pub fn with_record(self, id: impl Into<String>, record: RecordBuilder) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_record(record))
    }

    /// With a message of this id and any text as its body.
    #[must_use]
    pub fn with_body(self, id: impl Into<String>, body: impl Into<String>) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_body(body))
    }

    /// The payload as text.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::compact(&BatchJson {
            records: self
                .messages
                .iter()
                .map(|message| message.of_queue(&self.queue_arn))
                .collect(),
        })
    }

    /// The payload as Lambda hands it over.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        Bytes::from(self.to_json())
    }
}

impl Default for SqsBatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}
