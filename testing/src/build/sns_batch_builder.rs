//! The builder of a payload from SNS.

use bytes::Bytes;
use serde::Serialize;

use super::sns_message_builder::{SUBSCRIPTION_ARN, SnsMessageJson};
use super::{NotificationBuilder, RecordBuilder, SnsMessageBuilder};
use crate::write::json;

/// The payload that a function gets from an SNS topic it is subscribed to.
///
/// ```json
/// {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "1", "Message": "{}"}}]}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::Delivery;
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{RecordBuilder, SnsBatchBuilder};
///
/// let payload = SnsBatchBuilder::new()
///     .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
///     .to_bytes();
///
/// let delivery = Delivery::parse(payload)?;
/// assert_eq!(delivery.messages()[0].envelopes.to_string(), "sns>s3");
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SnsBatchBuilder {
    messages: Vec<SnsMessageBuilder>,
    /// How many records the notifications have. The sequencer of the next one has this number.
    records: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnsBatchJson<'b> {
    records: Vec<SnsEntryJson<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnsEntryJson<'b> {
    event_source: &'static str,
    event_version: &'static str,
    event_subscription_arn: &'static str,
    sns: SnsMessageJson<'b>,
}

impl SnsBatchBuilder {
    /// A batch without messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message. SNS itself sends one message per payload.
    #[must_use]
    pub fn with_message(mut self, message: SnsMessageBuilder) -> Self {
        self.messages.push(message);
        self
    }

    /// Adds a message with this id and this notification.
    ///
    /// The default sequencers of all records increase in the order in which they are added to the
    /// batch.
    #[must_use]
    pub fn with_notification(
        mut self,
        id: impl Into<String>,
        notification: NotificationBuilder,
    ) -> Self {
        let (notification, records) = notification.numbered_from(self.records);
        self.records += records;

        self.with_body(id, notification.to_json())
    }

    /// Adds a message with this id and a notification of one record.
    #[must_use]
    pub fn with_record(self, id: impl Into<String>, record: RecordBuilder) -> Self {
        self.with_notification(id, record.into())
    }

    /// Adds a message with this id and any text.
    #[must_use]
    pub fn with_body(self, id: impl Into<String>, body: impl Into<String>) -> Self {
        self.with_message(SnsMessageBuilder::new(body).with_message_id(id))
    }

    /// The payload as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let entry = |message| SnsEntryJson {
            event_source: "aws:sns",
            event_version: "1.0",
            event_subscription_arn: SUBSCRIPTION_ARN,
            sns: SnsMessageBuilder::to_function(message),
        };

        json::compact(&SnsBatchJson {
            records: self.messages.iter().map(entry).collect(),
        })
    }

    /// The payload as bytes, as a Lambda function gets it.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        Bytes::from(self.to_json())
    }
}
