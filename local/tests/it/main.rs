//! The pipeline, through its public door.

#![allow(missing_docs, clippy::unwrap_used)]

mod s3;
