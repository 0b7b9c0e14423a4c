//! Reads payloads: bytes in, records or an error with a path out.

pub(crate) mod body;
pub(crate) mod eventbridge;
pub(crate) mod json;
pub(crate) mod json_error;
pub(crate) mod s3_record;
pub(crate) mod scan;
#[cfg(feature = "aws_lambda_events")]
mod aws_lambda_events;
