//! The rules of delivery, tested through the public items of the crate.

#![allow(missing_docs, clippy::unwrap_used)]

mod preparing;
mod messages;
mod concurrency;
mod fifo;
mod fairness;
mod returned;
mod queue_faults;
mod deadline;
mod drops;
mod outside_sqs;
mod batch_jobs;
mod after_invocation;
mod dead_letters;
mod reported_failures;
mod backoff;
mod classifiers;
#[cfg(feature = "sqs")]
mod aws_errors;
#[cfg(feature = "sqs")]
mod sqs_backoff;
#[cfg(feature = "sqs")]
mod sqs_queue;
#[cfg(feature = "sqs")]
mod sqs_receive;
#[cfg(feature = "sqs")]
mod sqs_urls;
mod deduplicated;
mod own_writes;
mod outages;
mod scopes;
mod identity;
mod history;
mod audited;
mod round_trips;
mod latest_only;
mod looking_mirror;
mod s3_model;
mod chaos;
mod compositions;
mod exclusive;
mod lease;
mod instances;
mod memory_store;
mod objects;
mod lambda_service;
#[cfg(all(feature = "dynamodb", feature = "objects", feature = "sqs"))]
mod trace_header;
mod logs;
#[cfg(feature = "otel")]
mod traces;
mod log_lines;
mod log_format;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "emf")]
mod emf;
#[cfg(feature = "aws_lambda_events")]
mod aws_lambda_events;
mod readme;
mod guides;
#[cfg(feature = "worker")]
mod worker;
#[cfg(feature = "worker")]
mod worker_ends;
#[cfg(feature = "worker")]
mod worker_fifo;
#[cfg(feature = "worker")]
mod worker_stops;
#[cfg(all(feature = "otel", feature = "worker"))]
mod worker_traces;
mod script;
