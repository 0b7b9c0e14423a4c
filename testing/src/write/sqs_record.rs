//! One message in the event that Lambda sends to a function.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::json::{EmptyObject, compact};
use crate::record::defaults;

/// An entry of `Records` in an SQS event, with its fields in the order in which Lambda writes them.
///
/// [`SqsMessageBuilder`](crate::SqsMessageBuilder) makes plausible ones for tests. Use this type to
/// write a message whose receipt handle, digest and times are your own.
///
/// "Using Lambda with Amazon SQS", AWS Lambda Developer Guide, 2026.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::SqsRecord;
///
/// let record = SqsRecord {
///     message_id: Some("m-1"),
///     body: "{}",
///     queue_arn: "arn:aws:sqs:eu-central-1:123456789012:uploads",
///     ..SqsRecord::default()
/// };
/// assert!(record.to_json().starts_with(r#"{"messageId":"m-1","receiptHandle":"","body":"{}""#));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SqsRecord<'r> {
    /// The message id. `None` leaves it out, which SQS never does.
    pub message_id: Option<&'r str>,
    /// The receipt handle.
    pub receipt_handle: Cow<'r, str>,
    /// The body.
    pub body: &'r str,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    /// When the message was sent, in Unix milliseconds.
    pub sent: u64,
    /// When the message was first received, in Unix milliseconds.
    pub first_received: u64,
    /// The X-Ray trace header. `None` leaves it out.
    pub trace_header: Option<&'r str>,
    /// The message group. `None` leaves it out.
    pub group_id: Option<&'r str>,
    /// The sequence number, which only FIFO queues write.
    pub sequence_number: Option<Cow<'r, str>>,
    /// The deduplication id, which only FIFO queues write.
    pub deduplication_id: Option<&'r str>,
    /// The message attributes by name. `None` writes `{}`.
    ///
    /// ```json
    /// {"Colour": {"stringValue": "red", "stringListValues": [], "binaryListValues": [],
    ///             "dataType": "String"}}
    /// ```
    pub message_attributes: Option<Cow<'r, Value>>,
    /// The MD5 digest of the body, 32 hexadecimal digits.
    pub md5_of_body: Cow<'r, str>,
    /// The ARN of the queue, which also gives the region.
    pub queue_arn: &'r str,
}

impl SqsRecord<'_> {
    /// Writes the message as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        compact(self)
    }
}

impl Serialize for SqsRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RecordJson::from(self).serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'r str>,
    receipt_handle: &'r str,
    body: &'r str,
    attributes: AttributesJson<'r>,
    #[serde(serialize_with = "or_empty")]
    message_attributes: Option<&'r Value>,
    md5_of_body: &'r str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'r str,
    aws_region: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttributesJson<'r> {
    approximate_receive_count: String,
    #[serde(rename = "AWSTraceHeader", skip_serializing_if = "Option::is_none")]
    trace_header: Option<&'r str>,
    sent_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_group_id: Option<&'r str>,
    sender_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_deduplication_id: Option<&'r str>,
    approximate_first_receive_timestamp: String,
}

impl<'r> From<&'r SqsRecord<'_>> for RecordJson<'r> {
    fn from(record: &'r SqsRecord<'_>) -> Self {
        let region = record.queue_arn.split(':').nth(3);

        Self {
            message_id: record.message_id,
            receipt_handle: &record.receipt_handle,
            body: record.body,
            attributes: AttributesJson {
                approximate_receive_count: record.receive_count.to_string(),
                trace_header: record.trace_header,
                sent_timestamp: record.sent.to_string(),
                sequence_number: record.sequence_number.as_deref(),
                message_group_id: record.group_id,
                sender_id: "AIDAIENQZJOLO23YVJ4VO",
                message_deduplication_id: record.deduplication_id,
                approximate_first_receive_timestamp: record.first_received.to_string(),
            },
            message_attributes: record.message_attributes.as_deref(),
            md5_of_body: &record.md5_of_body,
            event_source: "aws:sqs",
            event_source_arn: record.queue_arn,
            aws_region: region.unwrap_or(defaults::REGION),
        }
    }
}

/// Writes a missing object as an empty one.
fn or_empty<S: Serializer>(object: &Option<&Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match object {
        Some(object) => object.serialize(serializer),
        None => EmptyObject {}.serialize(serializer),
    }
}
