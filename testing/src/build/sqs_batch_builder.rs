//! The builder of a payload from SQS.

use bytes::Bytes;
use serde::Serialize;

use super::{NotificationBuilder, RecordBuilder, SqsMessageBuilder};
use crate::write::json;
use crate::write::sqs_record::SqsRecord;

/// The payload that a function gets from an SQS queue.
///
/// ```json
/// {"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::Delivery;
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
///
/// let payload = SqsBatchBuilder::new()
///     .on_fifo_queue()
///     .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
///     .with_body("2", "not JSON")
///     .to_bytes();
///
/// let delivery = Delivery::parse(payload)?;
/// assert!(delivery.messages()[0].context.is_fifo());
/// assert!(delivery.messages()[1].content.is_err());
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SqsBatchBuilder {
    queue_arn: String,
    messages: Vec<SqsMessageBuilder>,
    /// How many records the messages have. The sequencer of the next one has this number.
    records: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SqsBatchJson<'b> {
    records: Vec<SqsRecord<'b>>,
}

impl SqsBatchBuilder {
    /// A batch without messages, from the standard queue
    /// `arn:aws:sqs:us-east-1:123456789012:object-events`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue_arn: String::from("arn:aws:sqs:us-east-1:123456789012:object-events"),
            messages: Vec::new(),
            records: 0,
        }
    }

    /// Sends the batch from a FIFO queue.
    ///
    /// Each message then has a message group, a sequence number and a deduplication id. The group
    /// is `default` unless the message sets one.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::SqsBatchBuilder;
    ///
    /// let json = SqsBatchBuilder::new().on_fifo_queue().with_body("1", "{}").to_json();
    /// assert!(json.contains(r#""MessageGroupId":"default""#));
    /// assert!(json.contains(r#""MessageDeduplicationId":"1""#));
    /// ```
    #[must_use]
    pub fn on_fifo_queue(self) -> Self {
        self.with_queue_arn("arn:aws:sqs:us-east-1:123456789012:object-events.fifo")
    }

    /// Sets the queue by its ARN. It is a FIFO queue if the ARN ends in `.fifo`.
    #[must_use]
    pub fn with_queue_arn(mut self, arn: impl Into<String>) -> Self {
        self.queue_arn = arn.into();
        self
    }

    /// Adds a message.
    ///
    /// The default sequencers of all records increase in the order in which they are added to the
    /// batch. A body that was set as a text stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::delivery::Delivery;
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};
    ///
    /// let put = || RecordBuilder::new("ObjectCreated:Put");
    /// let payload = SqsBatchBuilder::new()
    ///     .with_record("1", put())
    ///     .with_message(SqsMessageBuilder::new("2").with_record(put()))
    ///     .to_bytes();
    ///
    /// let delivery = Delivery::parse(payload)?;
    /// let sequencers = delivery.records().iter().map(|record| record.object.sequencer.as_ref());
    /// let sequencers: Vec<_> = sequencers.flatten().map(|sequencer| sequencer.as_str()).collect();
    /// assert_eq!(sequencers, ["0055AED6DCD90281E5", "0055AED6DCD90281E6"]);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_message(mut self, message: SqsMessageBuilder) -> Self {
        let (message, records) = message.numbered_from(self.records);
        self.records += records;
        self.messages.push(message);
        self
    }

    /// Adds a message with this id and this notification.
    #[must_use]
    pub fn with_notification(
        self,
        id: impl Into<String>,
        notification: NotificationBuilder,
    ) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_notification(notification))
    }

    /// Adds a message with this id and a notification of one record.
    #[must_use]
    pub fn with_record(self, id: impl Into<String>, record: RecordBuilder) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_record(record))
    }

    /// Adds a message with this id and any text as its body.
    #[must_use]
    pub fn with_body(self, id: impl Into<String>, body: impl Into<String>) -> Self {
        self.with_message(SqsMessageBuilder::new(id).with_body(body))
    }

    /// The payload as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::compact(&SqsBatchJson {
            records: self
                .messages
                .iter()
                .map(|message| message.of_queue(&self.queue_arn))
                .collect(),
        })
    }

    /// The payload as bytes, as a Lambda function gets it.
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
