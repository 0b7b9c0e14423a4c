//! The event that Lambda sends to a function for messages of a queue.

use std::borrow::Cow;

use bytes::Bytes;
use s3_dispatch_testing::SqsRecord;
use serde_json::{Value, json};

use crate::aws::arn::queue_arn;
use crate::aws::digest::{base64, md5_hex};
use crate::aws::time::milliseconds;
use crate::sqs::{AttributeValue, MessageAttributes, Received, sequence_number};
use crate::topology::is_fifo;

/// The longest event, and the longest answer: 6 MB ("Payload" of a synchronous invocation in
/// "Lambda quotas", AWS Lambda Developer Guide, 2026).
pub(super) const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

const START: &str = r#"{"Records":["#;
const END: &str = "]}";

/// One message of this queue, as an entry of `Records`.
pub(super) fn record_json(queue: &str, received: &Received) -> String {
    let message = &received.message;

    let record = SqsRecord {
        message_id: Some(&message.id),
        receipt_handle: received.receipt.to_string().into(),
        body: &message.body,
        receive_count: received.receive_count,
        sent: milliseconds(received.sent),
        first_received: milliseconds(received.first_received),
        trace_header: message.trace_header.as_deref(),
        group_id: message.group_id.as_deref(),
        sequence_number: is_fifo(queue).then(|| sequence_number(received.sequence_number).into()),
        deduplication_id: message.deduplication_id.as_deref(),
        message_attributes: attributes_json(&message.attributes).map(Cow::Owned),
        md5_of_body: md5_hex(message.body.as_bytes()).into(),
        queue_arn: &queue_arn(queue),
    };

    record.to_json()
}

/// Message attributes as Lambda writes them. `None` if there are none.
fn attributes_json(attributes: &MessageAttributes) -> Option<Value> {
    if attributes.is_empty() {
        return None;
    }

    let attributes = attributes.iter().map(|(name, attribute)| {
        let mut json = json!({
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": &*attribute.data_type,
        });

        match &attribute.value {
            AttributeValue::Text(text) => json["stringValue"] = (&**text).into(),
            AttributeValue::Binary(bytes) => json["binaryValue"] = base64(bytes).into(),
        }

        (name.to_string(), json)
    });

    Some(Value::Object(attributes.collect()))
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
