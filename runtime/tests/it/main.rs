//! The rules of delivery, through the public door.

#![allow(missing_docs, clippy::unwrap_used)]

mod concurrency;
mod deadline;
mod fifo;
mod giving_up;
mod in_order;
mod lambda_service;
mod logs;
mod messages;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "aws_lambda_events")]
mod neighbours;
mod once;
mod outside_sqs;
mod script;
mod stores;
