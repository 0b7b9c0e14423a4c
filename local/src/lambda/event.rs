//! The event that Lambda sends to a function for messages of a queue.

use bytes::Bytes;
use serde::Serialize;

use crate::aws::arn::{REGION, queue_arn};
use crate::aws::digest::md5_hex;
use crate::aws::time::milliseconds;
use crate::sqs::Received;
use crate::topology::is_fifo;

/// The longest event, and the longest answer: 6 MB ("Payload" of a synchronous invocation in
/// "Lambda quotas", AWS Lambda Developer Guide, 2026).
pub(super) const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

const START: &str = r#"{"Records":["#;
const END: &str = "]}";

/// A message in an event, with its fields in the order in which Lambda writes them ("Using Lambda
/// with Amazon SQS", AWS Lambda Developer Guide, 2026).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'m> {
    message_id: &'m str,
    receipt_handle: String,
    body: &'m str,
    attributes: AttributesJson<'m>,
    message_attributes: NoAttributes,
    md5_of_body: String,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
    aws_region: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttributesJson<'m> {
    approximate_receive_count: String,
    sent_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_group_id: Option<&'m str>,
    sender_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_deduplication_id: Option<&'m str>,
    approximate_first_receive_timestamp: String,
}

#[derive(Serialize)]
struct NoAttributes {}

/// One message of this queue, as an entry of `Records`.
pub(super) fn record_json(queue: &str, received: &Received) -> String {
    let message = &received.message;

    let record = RecordJson {
        message_id: &message.id,
        receipt_handle: received.receipt.to_string(),
        body: &message.body,
        attributes: AttributesJson {
            approximate_receive_count: received.receive_count.to_string(),
            sent_timestamp: milliseconds(received.sent).to_string(),
            // SQS writes 20 digits.
            sequence_number: is_fifo(queue).then(|| format!("188{:017}", received.sequence_number)),
            message_group_id: message.group_id.as_deref(),
            sender_id: "AIDAIENQZJOLO23YVJ4VO",
            message_deduplication_id: message.deduplication_id.as_deref(),
            approximate_first_receive_timestamp: milliseconds(received.first_received).to_string(),
        },
        message_attributes: NoAttributes {},
        md5_of_body: md5_hex(message.body.as_bytes()),
        event_source: "aws:sqs",
        event_source_arn: queue_arn(queue),
        aws_region: REGION,
    };

    serde_json::to_string(&record).expect("texts can always be written")
}

/// The event with these entries of `Records`.
pub(super) fn event_json<'m>(records: impl Iterator<Item = &'m str>) -> Bytes {
    let records: Vec<_> = records.collect();

    Bytes::from([START, &records.join(","), END].concat())
}

/// The length of the event with records of these lengths.
pub(super) fn event_length(records: impl Iterator<Item = usize>) -> usize {
    START.len() + END.len() + records.map(|length| length + 1).sum::<usize>()
}
