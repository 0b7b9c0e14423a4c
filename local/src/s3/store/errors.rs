//! The errors of the store: what an S3 client is told, and what a caller in this process is told.

use std::io;

use s3s::{S3Error, S3ErrorCode};

use crate::{Error, ErrorKind};

/// The error for an S3 client when the disk fails.
pub(super) fn storage_error(error: io::Error) -> S3Error {
    let mut answer = S3Error::with_message(
        S3ErrorCode::InternalError,
        format!("the object cannot be stored: {error}"),
    );
    if error.kind() == io::ErrorKind::StorageFull {
        answer.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
    }

    answer
}

/// An error of S3 as an error of the pipeline.
pub(crate) fn rejected_by_s3(error: S3Error) -> Error {
    let code = error.code().as_str();
    let text = error.message().unwrap_or(code);

    Error::new(
        ErrorKind::S3,
        format!("the S3 endpoint answered `{code}`: {text}"),
    )
}
