//! The SQS protocol on a port of this machine, so that any SQS client can use the queues.
//!
//! It speaks AWS JSON 1.0, as the SDKs do since 2023. The pipeline serves it, a function's process
//! finds its address in `AWS_ENDPOINT_URL_SQS`, and the rules of the queues stay in `sqs::queue`.

mod batch;
mod call_faults;
mod error;
mod http;
mod messages;
mod operations;
mod queues;
mod server;
mod service;

pub(crate) use self::call_faults::CallAttempts;
pub(crate) use self::error::SqsError;
pub(crate) use self::server::{BoundSqsEndpoint, SqsEndpoint};
pub(crate) use self::service::queue_url;
