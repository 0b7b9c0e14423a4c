//! The hand-written handler with `serde_json::Value`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::lean::decode;

/// Answers a payload, or rejects the whole payload.
pub(crate) fn respond(payload: &Bytes) -> Option<Vec<u8>> {
    let event: Value = serde_json::from_slice(payload).ok()?;
    let mut failures = Vec::new();

    for message in event["Records"].as_array()? {
        let id = message["messageId"].as_str().filter(|id| !id.is_empty())?;
        if handle_message(message).is_none() {
            failures.push(json!({"itemIdentifier": id}));
        }
    }

    serde_json::to_vec(&json!({"batchItemFailures": failures})).ok()
}

fn handle_message(message: &Value) -> Option<()> {
    let body: Value = serde_json::from_str(message["body"].as_str()?).ok()?;
    match body["Records"].as_array() {
        Some(records) => records.iter().try_for_each(handle_record),
        None => (body["Event"] == "s3:TestEvent").then_some(()),
    }
}

fn handle_record(record: &Value) -> Option<()> {
    let event_name = record["eventName"].as_str()?;
    let bucket = record["s3"]["bucket"]["name"].as_str()?;
    let object = &record["s3"]["object"];
    let key = decode(object["key"].as_str()?);
    let size = match &object["size"] {
        Value::Null => 0,
        size => size.as_u64()?,
    };

    match event_name.strip_prefix("s3:").unwrap_or(event_name) {
        "ObjectCreated:Put" | "ObjectCreated:CompleteMultipartUpload" => {
            reading::take_note(bucket, &key, size)
        }
        _ => {}
    }

    Some(())
}
