//! The function as it was written by hand.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;

use crate::index::Index;

/// Adds the objects of a batch to the index.
///
/// # Errors
///
/// Returns an error if a body is not JSON. Then Lambda delivers the whole batch again.
pub async fn function(
    index: &dyn Index,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();

    for message in event.payload.records {
        let id = message.message_id.unwrap_or_default();
        let body: Value = serde_json::from_str(&message.body.unwrap_or_default())?;

        for record in body["Records"].as_array().into_iter().flatten() {
            let bucket = record["s3"]["bucket"]["name"].as_str().unwrap_or_default();
            let key = record["s3"]["object"]["key"].as_str().unwrap_or_default();
            let size = record["s3"]["object"]["size"].as_u64().unwrap_or_default();

            if index.add(bucket, key, size).await.is_err() {
                response.add_failure(&id);
            }
        }
    }

    Ok(response)
}
