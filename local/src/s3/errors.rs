//! The errors of the store: what an S3 client is told, and what a caller in this process is told.

use std::io;

use s3s::{S3Error, S3ErrorCode};

use crate::{Error, ErrorKind};

/// Why a change of the buckets failed.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// S3 rejects the request.
    S3(S3Error),
    /// The change could not be written to disk, and was undone.
    Storage(Error),
    /// The change is in effect, but a crash of the machine may undo it.
    Unsynced(Error),
}

impl From<S3Error> for StoreError {
    fn from(error: S3Error) -> Self {
        Self::S3(error)
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::S3(error) => error,
            StoreError::Storage(error) | StoreError::Unsynced(error) => {
                Self::with_message(S3ErrorCode::ServiceUnavailable, error.to_string())
            }
        }
    }
}

impl StoreError {
    /// The error for a caller in this process.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::S3(error) => {
                let code = error.code().as_str();
                let text = error.message().unwrap_or(code);
                Error::new(
                    ErrorKind::S3,
                    format!("the S3 endpoint answered `{code}`: {text}"),
                )
            }
            Self::Storage(error) | Self::Unsynced(error) => error,
        }
    }
}

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
