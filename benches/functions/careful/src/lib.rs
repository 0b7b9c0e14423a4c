//! What a careful developer writes by hand: one bad body fails one message, keys are decoded, and a
//! test notification is not an error.

use std::borrow::Cow;

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Answers a batch.
///
/// # Errors
///
/// If a message has no id. An empty id in the response would make Lambda fail the whole batch
/// anyway.
pub fn handle_batch(event: SqsEvent) -> Result<SqsBatchResponse, &'static str> {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let id = message
            .message_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .ok_or("a message has no id")?;

        if handle_message(&message).is_none() {
            response.add_failure(id);
        }
    }

    Ok(response)
}

fn handle_message(message: &SqsMessage) -> Option<()> {
    let body = message.body.as_deref()?;
    match serde_json::from_str::<S3Event>(body) {
        Ok(notification) => notification.records.iter().try_for_each(handle_record),
        Err(_) => is_test_event(body).then_some(()),
    }
}

fn is_test_event(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|body| body["Event"] == "s3:TestEvent")
}

fn handle_record(record: &S3EventRecord) -> Option<()> {
    let event_name = record.event_name.as_deref()?;
    let bucket = record.s3.bucket.name.as_deref()?;
    let key = decode(record.s3.object.key.as_deref()?);

    let size = record
        .s3
        .object
        .size
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(0);

    match event_name.strip_prefix("s3:").unwrap_or(event_name) {
        "ObjectCreated:Put" | "ObjectCreated:CompleteMultipartUpload" => {
            reading::take_note(bucket, &key, size)
        }
        _ => {}
    }

    Some(())
}

/// Decodes a key as S3 sends it: `+` is a space, then `%XX` is a byte.
fn decode(key: &str) -> Cow<'_, str> {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Cow::Owned(decoded.into_owned()),
        Err(_) => Cow::Borrowed(key),
    }
}
