//! The pipeline, through its public door.

#![allow(missing_docs, clippy::unwrap_used)]

mod faults;
mod mapping;
mod persistence;
mod pipeline;
mod queue;
mod queue_model;
mod s3;
