//! The handler that has taken the place of the function.

use std::sync::Arc;

use s3_dispatch::{HandlerError, S3EventRecord, State, s3_handler};

use crate::index::Index;

/// Adds an object to the index.
#[s3_handler(
    "ObjectCreated:Put",
    "ObjectCreated:CompleteMultipartUpload",
    state = Arc<dyn Index>
)]
pub async fn add_to_index(
    record: &S3EventRecord,
    State(index): State<Arc<dyn Index>>,
) -> Result<(), HandlerError> {
    let (bucket, key) = (record.bucket.name.as_str(), record.object.key.as_str());
    let size = record.object.size.unwrap_or_default();
    let added = index.add(bucket, key, size).await;
    added.map_err(HandlerError::retry)
}
