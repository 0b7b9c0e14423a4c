//! S3, SNS, EventBridge, SQS and Lambda on one machine, with the faults of the real services.
//!
//! An object is put into a bucket, S3 notifies a topic or an event bus, filters choose the queues,
//! and a function is invoked with the messages. In a test all of that is one value,
//! [`LocalPipeline`], whose functions are routers in the same process. While Tokio's clock is
//! paused, minutes of retries take no time.
//!
//! A message that cannot be deleted is handled again, until it has been received too often:
//!
//! ```
//! use s3_dispatch::{ObjectKey, Routes};
//! use s3_dispatch_local::{Fault, Faults, Hop, LocalPipeline};
//!
//! fn routes() -> Routes<()> {
//!     Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
//!         println!("{key}");
//!         Ok::<_, std::io::Error>(())
//!     })
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)]
//! async fn main() -> Result<(), s3_dispatch_local::Error> {
//!     let pipeline = LocalPipeline::builder()
//!         .with_router("put-processor", routes())
//!         .with_router("copy-processor", routes())
//!         .with_faults(Faults::none().with_rate(Hop::Delete, Fault::RefuseDelete, 1.0))
//!         .start()
//!         .await?;
//!
//!     let id = pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
//!     pipeline.settle().await;
//!
//!     assert_eq!(pipeline.report().events[&id].handled, 5);
//!     assert_eq!(pipeline.queue("put-processor-dead-letters")?.messages.len(), 1);
//!     Ok(())
//! }
//! ```
//!
//! - [`Topology`] describes what a pipeline consists of. [`Topology::example`] is the pipeline of
//!   the examples; [`Topology::from_toml_file`] reads one from a file.
//! - [`Faults`] decides what goes wrong, where and how often. The same seed gives the same run.
//! - [`Queue`] has the rules of SQS. [`Function`] is what a queue invokes: a router in this
//!   process, a program ([`Process`]) that talks to Lambda's Runtime API, or one that runs
//!   elsewhere ([`Remote`]).
//! - [`S3Endpoint`] serves the buckets to any S3 client, and
//!   [`LocalPipelineBuilder::with_sqs_endpoint`] the queues to any SQS client.
//! - [`BatchJobRun`] is a job of S3 Batch Operations, which invokes a function without any queue.
//! - [`LocalQueue`] is a queue for a worker in the same process, and [`LocalObjects`] the store of
//!   objects for handlers there: the same buckets.
//! - [`Journal`] contains everything that happens. [`Report`] says what happened to each event.
//!
//! The program `s3-dispatch-local` runs a pipeline in a terminal. All of this is for development
//! and tests, never for production.

mod error;
mod aws;
mod topology;
mod faults;
mod journal;
mod s3;
mod fan_out;
mod sqs;
mod lambda;
mod pipeline;

pub use aws::http_server::{HttpListener, HttpServer};
pub use aws::web_access::{Origin, WebAccess};
pub use error::{Error, ErrorKind};
pub use faults::{Fault, Faults, Hop};
pub use journal::{
    EventFailure, EventReport, Fate, Handling, Journal, LogStream, ReceivedMessage, Report, Step,
    StepKind, Steps,
};
pub use lambda::{
    BatchJobRun, CompletionReport, Function, FunctionError, FunctionErrorKind, InProcess,
    Invocation, JobManifest, Kill, KillKind, Process, Remote, ReportedTask, TaskStatus,
};
pub use pipeline::{LocalObjects, LocalPipeline, LocalPipelineBuilder, LocalQueue};
pub use s3::{BoundS3Endpoint, Buckets, EventId, ObjectEvent, ObjectSnapshot, S3Endpoint};
pub use sqs::{
    AttributeValue, Deletion, Message, MessageAttribute, Queue, QueueSnapshot, QueuedMessage,
    Receipt, Receive, Received, Redriven, SendRefusal, Sent, Visibility, VisibilityRefusal,
};
pub use topology::{
    BucketSpec, Destination, FunctionSpec, InvokeUrl, MappingSpec, NotificationSource,
    NotificationSpec, QueueSpec, Redrive, RuleSpec, SubscriptionSpec, Topology,
};

/// The README's example, compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code of two guides of `s3-dispatch`, which needs this crate.
#[cfg(doctest)]
#[doc = include_str!("../../runtime/docs/testing.md")]
struct Testing;

#[cfg(doctest)]
#[doc = include_str!("../../runtime/docs/on-one-machine.md")]
struct OnOneMachine;
