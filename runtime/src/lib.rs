//! Write one async function per S3 event. This crate calls it, in Lambda and from a terminal.
//!
//! S3 publishes a notification for each event to an SNS topic. Filter policies send it to one SQS
//! queue per kind of event, and one Lambda function per queue does the work. This crate does the
//! work around your code in that function: it opens the envelopes, decodes the keys, calls the
//! right handler for each record, and tells SQS exactly which messages failed.
//!
//! # A program
//!
//! ```no_run
//! use s3_dispatch::{Routes, S3EventRecord, State, s3_handler};
//! # use s3_dispatch::{BucketName, ObjectKey};
//! # #[derive(Clone)] struct Index;
//! # #[derive(Debug)] struct IndexError;
//! # impl std::fmt::Display for IndexError {
//! #     fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) }
//! # }
//! # impl std::error::Error for IndexError {}
//! # impl Index {
//! #     async fn open() -> Result<Self, IndexError> { Ok(Index) }
//! #     async fn add(&self, _: &BucketName, _: &ObjectKey) -> Result<(), IndexError> { Ok(()) }
//! # }
//!
//! #[s3_handler("ObjectCreated:Put")]
//! async fn index_upload(
//!     record: &S3EventRecord,
//!     State(index): State<Index>,
//! ) -> Result<(), IndexError> {
//!     index.add(&record.bucket.name, &record.object.key).await
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), s3_dispatch::Error> {
//!     let routes = Routes::prepared_by(Index::open).on::<index_upload>();
//!     s3_dispatch::start(routes).await
//! }
//! ```
//!
//! In Lambda this program opens the index and then serves invocations. In a terminal the same
//! binary is a command line: `my-program invoke event.json` runs the handler on a recorded event.
//! Commands that run no handlers do not open the index; see [`Routes::prepared_by`].
//!
//! # In a test
//!
//! A [`Dispatcher`] needs neither Lambda nor AWS:
//!
//! ```
//! use s3_dispatch::{Dispatcher, ObjectKey, Routes};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), s3_dispatch::Error> {
//! let routes = Routes::new(()).on_fn(
//!     "ObjectCreated:*",
//!     async |key: ObjectKey| if key == "bad.jpg" { Err("not an image") } else { Ok(()) },
//! );
//! let dispatcher = Dispatcher::new(routes);
//!
//! let notification = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
//!     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "bad.jpg"}}}]}"#;
//! let message = json!({"messageId": "1", "eventSource": "aws:sqs", "body": notification});
//! let batch = json!({"Records": [message]}).to_string();
//!
//! let report = dispatcher.dispatch(batch, None).await?;
//! assert_eq!(report.response().batch_item_failures[0].item_identifier, "1");
//! # Ok(())
//! # }
//! ```
//!
//! The crate `s3-dispatch-testing` builds records and batches. The crate `s3-dispatch-local` runs
//! the whole pipeline on one machine.
//!
//! # Guides
//!
//! The module [`guide`] has a page for each task, from [the first handler](guide::first_handler)
//! to [a billion events a day](guide::tuning_and_cost).
//!
//! # Where to find what
//!
//! - To write a handler: [`s3_handler`], [`Handler`], [`HandlerError`], [`Outcome`].
//! - To choose its arguments: [`FromRecord`], [`FromRecordAsync`], [`S3EventRecord`],
//!   [`ObjectKey`], [`State`], [`MessageContext`], and views such as [`ObjectCreated`].
//! - To name the types of a record's fields: the modules [`record`] and [`event_data`].
//! - To choose the handler of a record: [`Routes`], [`Route`], [`EventPattern`]. Implement
//!   [`Router`] to wrap them.
//! - To run the program: [`start`], [`run`]. For AWS SDK clients on Managed Instances:
//!   `TraceHeaderInterceptor`.
//! - To trace each event with OpenTelemetry: the feature `otel`.
//! - To write metrics after each invocation, and for tower layers:
//!   [`Dispatcher::after_invocation`], [`Dispatcher::layer`].
//! - To choose what is logged: [`Dispatcher::log_handled_at`], [`Dispatcher::log_unrouted_at`]. To
//!   write logs as `run` does without it: [`LogSubscriber`]. The guide
//!   ["Logs and metrics"](guide::logs_and_metrics) shows both.
//! - To set the rules of delivery: [`Dispatcher`], [`Unrouted`], [`Malformed`], [`AllFailed`].
//! - To see what happened: [`BatchReport`] and the module [`dispatch`].
//! - To handle each record once, one record of a key at a time, or to skip outdated ones:
//!   [`Deduplicated`], [`Exclusive`], [`LatestOnly`], the stores [`MemoryStore`] and
//!   `DynamoDbStore`, and the module [`once`].
//! - To keep or delay what fails: [`DeadLetters`], [`Backoff`], `SqsDeadLetters`, `SqsBackoff`, and
//!   the module [`failure`].
//! - To delete messages one by one, so that the end of the process undoes nothing: the module
//!   [`queue`].
//! - To read the object of an event, to look at what is there now, and to write a result: `Object`,
//!   `Current`, `Objects`, and the module `objects`.
//! - To derive filters and policies from the routes: [`Manifest`].
//! - To read payloads without a dispatcher: [`Notification`], and
//!   [`Delivery`](delivery::Delivery) in the module [`delivery`].
//!
//! # Features
//!
//! - `cli` (default): the command line outside Lambda, with `invoke`, `inspect` and `policy`.
//! - `doctor`: the command `doctor`, which finds what loses events in a Terraform plan, a template,
//!   or a running pipeline.
//! - `dynamodb`: `DynamoDbStore`, with which [`Deduplicated`], [`Exclusive`] and [`LatestOnly`]
//!   work across processes.
//! - `sqs`: `SqsDeadLetters`, `SqsBackoff` and `SqsQueue`.
//! - `objects`: `Object`, `Current` and `Objects`, with a client of the AWS SDK. `object-store` is
//!   the same without the SDK, for a store of your own and for tests on the memory of
//!   `s3-dispatch-testing`.
//! - `trace-header`: `TraceHeaderInterceptor`, with which AWS can stop loops of functions on Lambda
//!   Managed Instances too.
//! - `worker`: serves a queue of SQS outside Lambda.
//! - `replay`: the command `replay`, which handles events from files or a dead-letter queue, or
//!   sends them to a queue; see the guide ["Replaying events"](guide::replaying_events).
//! - `audit`: the command `audit`, which compares the objects of a bucket with what was handled,
//!   and prints or replays the rest; see the guide ["Auditing a bucket"](guide::auditing_a_bucket).
//! - `prometheus`: the metrics of a worker at `/metrics`, in Prometheus' text format.
//! - `metrics`: counters, gauges and histograms through the facade of the crate `metrics`.
//! - `emf`: [`start`] and [`run`] print these metrics in CloudWatch's embedded metric format.
//! - `otel`: a span for each invocation, message and record by OpenTelemetry, exported by OTLP; see
//!   the guide ["Traces"](guide::traces).
//! - `anyhow`: each error in an `anyhow::Error` that `?` converts can be downcast, also the
//!   outermost one.
//! - `aws_lambda_events`: conversions between [`S3EventRecord`] and the record of that crate.
//!
//! # Metrics
//!
//! With the feature `metrics`, a dispatcher reports to the recorder that the program has installed:
//!
//! | name | kind | unit | labels |
//! |---|---|---|---|
//! | `s3_dispatch_records_total` | counter | records | `event_name`, `outcome` |
//! | `s3_dispatch_messages_total` | counter | messages | `outcome` |
//! | `s3_dispatch_dead_letters_total` | counter | records | `event_name` |
//! | `s3_dispatch_handler_duration_seconds` | histogram | seconds | `event_name` |
//! | `s3_dispatch_lag_seconds` | histogram | seconds | `event_name` |
//! | `s3_dispatch_batch_size` | histogram | messages | |
//! | `s3_dispatch_worker_in_flight` | gauge | messages | |
//! | `s3_dispatch_worker_waiting` | gauge | messages | |
//! | `s3_dispatch_worker_running` | gauge | handlers | |
//! | `s3_dispatch_worker_receivers` | gauge | receivers | |
//! | `s3_dispatch_worker_receives_total` | counter | receives | `outcome` |
//! | `s3_dispatch_worker_deletions_total` | counter | messages | `outcome` |
//! | `s3_dispatch_worker_extensions_total` | counter | messages | `outcome` |
//! | `s3_dispatch_worker_lost_leases_total` | counter | messages | |
//! | `s3_dispatch_worker_handed_back_total` | counter | messages | |
//!
//! - The outcome of a record is `handled`, `retry`, `permanent`, `not_reached`, or the
//!   [name](SkipReason::name) of the reason for which it was skipped.
//! - The outcome of a message is `succeeded`, `malformed`, `record_failed`, `not_reached` or
//!   `left_out`.
//! - The duration is the time that a record spends in the router, including wrappers such as
//!   [`Deduplicated`].
//! - The lag is the time from the event, by S3's clock, to the start of its handler. A record
//!   without a readable time has no lag.
//! - What begins with `s3_dispatch_worker_` comes from a worker only (feature `worker`). It holds
//!   the messages in flight: they are received and neither deleted nor given back. Those that wait
//!   have no handler that has started.
//! - The outcome of a receive is `full` if it brought as many messages as were asked for, `part`,
//!   `empty` or `failed`. Deletions and extensions of leases have `succeeded` or `failed` for each
//!   message.
//! - The number of label values is bounded. An event name that this version does not know is
//!   `other`. Keys and buckets are never labels.
//!
//! With the feature `emf`, [`start`] and [`run`] install a recorder in Lambda, unless the program
//! has one, and print the metrics after each invocation in CloudWatch's embedded metric format. The
//! namespace is `S3Dispatch`. The dimensions are the labels of the table and `function`; labels of
//! other metrics are fields of the line. The example `cloudwatch_metrics` does the same with a
//! recorder of its own and [`Dispatcher::after_invocation`].
//!
//! # In an existing function
//!
//! A function that takes an `SqsEvent` and returns an `SqsBatchResponse` can call
//! [`Dispatcher::dispatch_event`] with its event, return the response, and keep everything else:
//!
//! ```
//! use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
//! use lambda_runtime::{Error, LambdaEvent};
//! use s3_dispatch::{Dispatcher, Routes};
//!
//! async fn function(
//!     event: LambdaEvent<SqsEvent>,
//!     dispatcher: &Dispatcher<Routes<()>>,
//! ) -> Result<SqsBatchResponse, Error> {
//!     let report = dispatcher.dispatch_event(event).await?;
//!     Ok(report.response())
//! }
//! ```
//!
//! A [`Dispatcher`] is also a `tower::Service`, so `lambda_runtime::run(dispatcher)` works, with
//! your own layers around it. Call [`Dispatcher::prepare`] first if the routes were made with
//! [`Routes::prepared_by`]. The guide ["Adopting step by step"](guide::adopting_step_by_step) leads
//! from a hand-written function to [`start`].
//!
//! # Deploying
//!
//! `my-program policy --format sam` prints the whole pipeline as a template, from the bucket to the
//! alarms, and `--format cloudformation` the same for CloudFormation and the CDK. `--format
//! terraform` is for the Terraform module of the repository. The guides about
//! [Terraform](guide::deploying_with_terraform),
//! [SAM and CloudFormation](guide::deploying_with_sam_and_cloudformation), and
//! [the CDK and Pulumi](guide::deploying_with_the_cdk_and_pulumi) lead to a running pipeline.

mod start;
mod lambda;
#[cfg(feature = "cli")]
mod cli;
pub mod dispatch;
pub mod once;
pub mod failure;
pub mod queue;
#[cfg(feature = "object-store")]
pub mod objects;
#[cfg(feature = "worker")]
mod worker;
mod guarded;
mod telemetry;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(doc, doctest))]
#[path = "../docs/guide.rs"]
pub mod guide;

#[doc(hidden)]
pub use s3_dispatch_core::__private;
pub use s3_dispatch_core::{
    Annotated, BucketName, Class, Classify, Context, ETag, Error, ErrorKind, EventName,
    EventPattern, Expired, FromRecord, FromRecordAsync, FromRef, Handler, HandlerError,
    HandlerErrorKind, History, HistoryEntry, Key, Manifest, MessageContext, Notification,
    ObjectCreated, ObjectKey, ObjectRemoved, ObjectRestored, Outcome, Replicated, Retained, Route,
    Router, Routes, S3EventRecord, Sequencer, SkipReason, State, Tagged, Tiered, Transitioned,
    VersionId, async_trait,
};
pub use s3_dispatch_core::{delivery, event_data, handler, manifest, record};
pub use s3_dispatch_macros::s3_handler;

pub use dispatch::dispatcher::Dispatcher;
pub use dispatch::payload::Payload;
pub use dispatch::report::BatchReport;
pub use dispatch::settings::{AllFailed, Malformed, Unrouted};
pub use failure::backoff::Backoff;
pub use failure::dead_letters::DeadLetters;
#[cfg(feature = "sqs")]
pub use failure::sqs_backoff::SqsBackoff;
#[cfg(feature = "sqs")]
pub use failure::sqs_dead_letters::SqsDeadLetters;
pub use lambda::run;
#[cfg(feature = "trace-header")]
pub use lambda::trace_interceptor::TraceHeaderInterceptor;
#[cfg(feature = "object-store")]
pub use objects::{current::Current, object::Object, objects::Objects};
pub use once::deduplicated::Deduplicated;
pub use once::exclusive::Exclusive;
pub use once::latest_only::LatestOnly;
#[cfg(feature = "dynamodb")]
pub use once::stores::dynamodb::DynamoDbStore;
pub use once::stores::memory::MemoryStore;
pub use once::stores::store::{ClaimStore, LeaseStore, SequencerStore};
#[cfg(feature = "sqs")]
pub use queue::sqs::SqsQueue;
pub use start::start;
pub use telemetry::logs::LogSubscriber;
#[cfg(feature = "worker")]
pub use worker::{Worker, WorkerReport};
