//! The handler of CSV files.

use bytes::BytesMut;
use s3_dispatch::objects::{ObjectError, ObjectStream, PutBody};
use s3_dispatch::{HandlerError, Object, Objects, s3_handler};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::converter::Converter;

/// The largest CSV file, in bytes. S3 takes at most 5 GiB in one request.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// How much of a file is converted at a time, in bytes.
const BLOCK: usize = 256 * 1024;

/// Converts a CSV file to NDJSON.
#[s3_handler(
    "ObjectCreated:*",
    prefix = "csv/",
    suffix = ".csv",
    ignore_suffix_case,
    reads,
    writes = "ndjson/",
    state = Objects
)]
pub async fn convert_csv(csv: Object) -> Result<(), HandlerError> {
    // Each content has a result of its own, so none is ever replaced.
    let key = csv.derived_from_content("ndjson/").ok_or_else(|| {
        HandlerError::permanent("the event does not say which content it is about")
    })?;

    // S3 must know the length of what is written, and nobody knows it before the end.
    let result = compress(&csv).await?;

    // A second delivery finds the result of the first, and writes nothing.
    csv.objects()
        .put_once(csv.bucket().clone(), key, PutBody::file(result.path()))
        .with_content_type("application/gzip")
        .await?;
    Ok(())
}

/// Converts the file into a temporary one, which is removed when the value is dropped.
async fn compress(csv: &Object) -> Result<NamedTempFile, HandlerError> {
    let mut pieces = csv.clone().at_most(LARGEST).stream().await?;
    let mut converter = spawn_blocking(|| NamedTempFile::new().map(Converter::new)).await??;

    // Converting and writing would hold up the other handlers of this thread. If this one is
    // cancelled, its work ends with the block.
    while let Some(block) = next_block(&mut pieces).await? {
        let converted = spawn_blocking(move || converter.push(&block).map(|()| converter));
        converter = converted.await?.map_err(HandlerError::classified)?;
    }

    let finished = spawn_blocking(move || converter.finish()).await?;
    finished.map_err(HandlerError::classified)
}

/// The next bytes of the file, about a block. `None` after the last one.
async fn next_block(pieces: &mut ObjectStream) -> Result<Option<BytesMut>, ObjectError> {
    let mut block = BytesMut::new();
    while block.len() < BLOCK {
        match pieces.chunk().await? {
            Some(piece) => block.extend_from_slice(&piece),
            None => break,
        }
    }

    Ok((!block.is_empty()).then_some(block))
}
