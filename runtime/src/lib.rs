//! Write one async function per S3 event; have it called, correctly, in Lambda and from a terminal.
//!
//! S3 publishes a notification to an SNS topic, filter policies send it to one SQS queue per kind
//! of event, and a Lambda function per queue does the work. This crate is the inside of that
//! function: it opens the envelopes, decodes the keys, calls the right handler for each record, and
//! reports to SQS exactly the messages that failed.
//!
//! ```no_run
//! use s3_dispatch::{Routes, S3EventRecord, State, s3_handler};
//! # use s3_dispatch::{BucketName, ObjectKey};
//! # #[derive(Clone)] struct Index;
//! # #[derive(Debug)] struct IndexError;
//! # impl std::fmt::Display for IndexError {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("index") }
//! # }
//! # impl std::error::Error for IndexError {}
//! # impl Index {
//! #     async fn open() -> Result<Self, IndexError> { Ok(Index) }
//! #     async fn add(&self, _: &BucketName, _: &ObjectKey) -> Result<(), IndexError> { Ok(()) }
//! # }
//!
//! #[s3_handler("ObjectCreated:Put")]
//! async fn index_upload(record: &S3EventRecord, State(index): State<Index>) -> Result<(), IndexError> {
//!     index.add(&record.bucket.name, &record.object.key).await
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let routes = Routes::new(Index::open().await?).on::<index_upload>();
//!     Ok(s3_dispatch::start(routes).await?)
//! }
//! ```
//!
//! - [`s3_handler`] makes a handler of a function; [`FromRecord`] says what its arguments can be.
//! - [`Routes`] chooses the handler of a record; [`Router`] is what can be wrapped around it.
//! - [`Dispatcher`] holds the rules of delivery: what becomes of a batch, message by message.
//! - [`start`] runs it all: in Lambda it serves invocations, elsewhere it is a command line.
//!   [`run`] is Lambda alone.
//!
//! - [`Deduplicated`] and [`LatestOnly`] are routers around a router: each record once, and none
//!   after a newer one.
//! - [`DeadLetters`] takes what will never succeed, [`Backoff`] postpones what failed.
//!
//! # Metrics
//!
//! With the feature `metrics` a dispatcher counts through the facade of the crate `metrics`:
//!
//! | name | kind | unit | labels |
//! |---|---|---|---|
//! | `s3_dispatch_records_total` | counter | records | `event_name`, `outcome` |
//! | `s3_dispatch_messages_total` | counter | messages | `outcome` |
//! | `s3_dispatch_dead_letters_total` | counter | records | `event_name` |
//! | `s3_dispatch_handler_duration_seconds` | histogram | seconds | `event_name` |
//! | `s3_dispatch_lag_seconds` | histogram | seconds | `event_name` |
//! | `s3_dispatch_batch_size` | histogram | messages | |
//!
//! The outcome of a record is `handled`, `unrouted`, `duplicate`, `stale`, `skipped`, `retry`,
//! `permanent` or `not_reached`; that of a message `succeeded`, `malformed`, `record_failed` or
//! `not_reached`. The duration is that of a record's way through the router, with what stands
//! around the routes. The lag is the time from the event, by S3's clock, to the handler's start.
//! Labels have few values: an event name that this version does not know is `other`, and no key or
//! bucket is ever one. The example `cloudwatch_metrics` writes them in CloudWatch's embedded metric
//! format.
//!
//! # From an existing function
//!
//! A function that has an `SqsEvent` and answers with an `SqsBatchResponse` can hand over the one
//! and return the other, and keep everything else:
//!
//! ```
//! use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
//! use lambda_runtime::{Error, LambdaEvent};
//! use s3_dispatch::{Dispatcher, Routes};
//!
//! async fn function(event: LambdaEvent<SqsEvent>, dispatcher: &Dispatcher<Routes<()>>) -> Result<SqsBatchResponse, Error> {
//!     let report = dispatcher.dispatch_event(event).await?;
//!     Ok(report.response())
//! }
//! ```
//!
//! A [`Dispatcher`] is also a `tower::Service`, so `lambda_runtime::run(dispatcher)` works, with
//! layers of yours around it. With the feature `aws_lambda_events`, a record converts from and into
//! that crate's.

mod start;
mod lambda;
#[cfg(feature = "cli")]
mod cli;
pub mod dispatch;
pub mod once;
pub mod failure;
mod guarded;
mod telemetry;

#[doc(hidden)]
pub use s3_dispatch_core::__private;
pub use s3_dispatch_core::{
    AccessTier, Annotated, Annotation, AnnotationName, BoxFuture, Bucket, BucketArn, BucketName,
    BucketNotification, BucketTags, ConfigurationId, Content, Context, Delivery, ETag, Envelope,
    Envelopes, Error, ErrorKind, EventBridgePattern, EventHold, EventHoldDuration, EventName,
    EventPattern, EventSource, EventTime, EventVersion, Expired, FailureReason, FilterCriteria,
    FilterPolicy, FromRecord, FromRef, Handler, HandlerError, HandlerErrorKind, HandlerFn, HostId,
    IamPolicy, InvocationId, Manifest, Message, MessageContext, MessageGroupId, MessageId,
    Notification, Object, ObjectCreated, ObjectKey, ObjectRemoved, ObjectRestored, Outcome,
    PrincipalId, QueueArn, ReceiptHandle, Region, Replicated, Replication, ReplicationMinutes,
    ReplicationRuleId, RequestId, Restore, Retained, Retention, RetentionMode, Route, Router,
    Routes, S3EventRecord, S3Operation, Sequencer, ServiceName, SkipReason, SourceIp, State,
    StorageClass, TagName, TagValue, Tagged, TestEvent, Tiered, Tiering, Timestamp, TraceHeader,
    Transition, Transitioned, VersionId, Warning, async_trait,
};
pub use s3_dispatch_macros::s3_handler;

pub use dispatch::dispatcher::Dispatcher;
pub use dispatch::payload::Payload;
pub use dispatch::report::BatchReport;
pub use dispatch::settings::{Malformed, Unrouted};
pub use failure::backoff::Backoff;
pub use failure::dead_letters::DeadLetters;
#[cfg(feature = "sqs")]
pub use failure::sqs_backoff::SqsBackoff;
#[cfg(feature = "sqs")]
pub use failure::sqs_dead_letters::SqsDeadLetters;
pub use lambda::run;
pub use once::deduplicated::Deduplicated;
#[cfg(feature = "dynamodb")]
pub use once::dynamodb::DynamoDbStore;
pub use once::latest_only::LatestOnly;
pub use once::memory::MemoryStore;
pub use once::store::{ClaimStore, SequencerStore};
pub use start::start;

// `s3-dispatch-testing` still takes these from the root.
#[doc(hidden)]
pub use once::{Claim, Identity, Lease, StoreError};
