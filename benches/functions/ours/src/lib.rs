//! The function with s3-dispatch, whose handlers only read.

mod many;
#[cfg(feature = "sdk")]
pub mod sdk;

use std::convert::Infallible;

use s3_dispatch::{Routes, S3EventRecord, s3_handler};

pub use many::hundred_routes;

/// The two routes.
#[must_use]
pub fn two_routes() -> Routes<()> {
    Routes::new(()).on::<uploaded>().on::<uploaded_in_parts>()
}

#[s3_handler("ObjectCreated:Put")]
async fn uploaded(record: &S3EventRecord) -> Result<(), Infallible> {
    read(record);
    Ok(())
}

#[s3_handler("ObjectCreated:CompleteMultipartUpload")]
async fn uploaded_in_parts(record: &S3EventRecord) -> Result<(), Infallible> {
    read(record);
    Ok(())
}

fn read(record: &S3EventRecord) {
    reading::take_note(
        record.bucket.name.as_str(),
        record.object.key.as_str(),
        record.object.size.unwrap_or(0),
    );
}
