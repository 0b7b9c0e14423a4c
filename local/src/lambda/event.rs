//! What a function is told of the messages that it is invoked with.

use std::fmt::Write;

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::Serialize;

use crate::Received;
use crate::aws::arn::{REGION, queue_arn};
use crate::journal::clock::milliseconds;

/// `{"Records":[` and `]}`.
pub(crate) const FRAME: usize = 14;

/// In the order in which Lambda writes it ("Using Lambda with Amazon SQS", AWS Lambda Developer
/// Guide, 2026).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageJson<'m> {
    message_id: &'m str,
    receipt_handle: String,
    body: &'m str,
    attributes: Attributes<'m>,
    message_attributes: NoAttributes,
    md5_of_body: String,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
    aws_region: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes<'m> {
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

/// One message of this queue, as it stands in `Records`.
pub(crate) fn message_json(queue: &str, received: &Received) -> String {
    let message = &received.message;
    let is_fifo = queue.ends_with(".fifo");

    let json = MessageJson {
        message_id: &message.id,
        receipt_handle: received.receipt.to_string(),
        body: &message.body,
        attributes: Attributes {
            approximate_receive_count: received.receive_count.to_string(),
            sent_timestamp: milliseconds(received.sent).to_string(),
            // 20 digits, as in SQS.
            sequence_number: is_fifo.then(|| format!("188{:017}", received.sequence_number)),
            message_group_id: message.group_id.as_deref(),
            sender_id: "AIDAIENQZJOLO23YVJ4VO",
            message_deduplication_id: message.deduplication_id.as_deref(),
            approximate_first_receive_timestamp: milliseconds(received.first_received).to_string(),
        },
        message_attributes: NoAttributes {},
        md5_of_body: digest(&message.body),
        event_source: "aws:sqs",
        event_source_arn: queue_arn(queue),
        aws_region: REGION,
    };

    serde_json::to_string(&json).expect("texts can always be written")
}

/// The event of a batch.
pub(crate) fn event<'m>(messages: impl Iterator<Item = &'m str>) -> Bytes {
    let mut event = String::from("{\"Records\":[");
    for (index, message) in messages.enumerate() {
        if index > 0 {
            event.push(',');
        }
        event.push_str(message);
    }

    event.push_str("]}");
    Bytes::from(event)
}

pub(crate) fn digest(body: &str) -> String {
    let mut digits = String::with_capacity(32);
    for byte in Md5::digest(body.as_bytes()) {
        // Writing into a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }

    digits
}
