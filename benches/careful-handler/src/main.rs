//! What `put-processor` does, as a careful developer writes it without s3-dispatch.

use std::env::{self, VarError};

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The reason why a message fails.
#[derive(Debug, thiserror::Error)]
enum MessageError {
    #[error("the message has no body")]
    NoBody,
    #[error("the body is not an S3 notification")]
    Malformed(#[from] serde_json::Error),
    #[error("the record has no {0}")]
    Missing(&'static str),
    #[error("the object {key:?} has {size} bytes, which is more than {max_bytes}")]
    TooLarge {
        key: String,
        size: u64,
        max_bytes: u64,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let max_bytes = match env::var("MAX_OBJECT_BYTES") {
        Ok(bytes) => bytes.parse()?,
        Err(VarError::NotPresent) => u64::MAX,
        Err(error) => return Err(error.into()),
    };

    run(service_fn(|event| handle_batch(event, max_bytes))).await
}

async fn handle_batch(
    event: LambdaEvent<SqsEvent>,
    max_bytes: u64,
) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();
    for message in event.payload.records {
        // An empty id in the response would make Lambda fail the whole batch anyway, with less
        // detail.
        let id = message
            .message_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .ok_or("a message has no id")?;
        if let Err(error) = handle_message(&message, max_bytes) {
            tracing::error!(
                message_id = id,
                error = &error as &dyn std::error::Error,
                "message failed"
            );
            response.add_failure(id);
        }
    }

    Ok(response)
}

fn handle_message(message: &SqsMessage, max_bytes: u64) -> Result<(), MessageError> {
    let body = message.body.as_deref().ok_or(MessageError::NoBody)?;
    // Reads any JSON first: a test notification has no records and is not an error.
    let body: Value = serde_json::from_str(body)?;

    if body["Event"] == "s3:TestEvent" {
        tracing::info!("test notification skipped");
        return Ok(());
    }

    let notification: S3Event = serde_json::from_value(body)?;
    notification
        .records
        .iter()
        .try_for_each(|record| handle_record(record, max_bytes))
}

fn handle_record(record: &S3EventRecord, max_bytes: u64) -> Result<(), MessageError> {
    let event_name = record
        .event_name
        .as_deref()
        .ok_or(MessageError::Missing("event name"))?;
    let bucket = record
        .s3
        .bucket
        .name
        .as_deref()
        .ok_or(MessageError::Missing("bucket"))?;
    let key = decode(
        record
            .s3
            .object
            .key
            .as_deref()
            .ok_or(MessageError::Missing("key"))?,
    );

    if !matches!(
        event_name,
        "ObjectCreated:Put" | "ObjectCreated:CompleteMultipartUpload"
    ) {
        tracing::warn!(event_name, bucket, key, "record skipped");
        return Ok(());
    }

    let size = record
        .s3
        .object
        .size
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(0);
    if size > max_bytes {
        return Err(MessageError::TooLarge {
            key,
            size,
            max_bytes,
        });
    }

    tracing::info!(event_name, bucket, key, size, "object uploaded");
    Ok(())
}

/// Decodes a key as S3 sends it: `+` is a space, then `%XX` is a byte.
fn decode(key: &str) -> String {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => key.to_owned(),
    }
}
