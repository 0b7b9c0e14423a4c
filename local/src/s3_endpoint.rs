//! The S3 endpoint.
