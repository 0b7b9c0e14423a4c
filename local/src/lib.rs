//! S3, SNS, SQS and Lambda on one machine, with the faults of the real ones: for development and
//! tests, never for production.
//!
//! An object is put into a bucket, S3 notifies a topic, filter policies choose the queues, and a
//! function is invoked with what is in them. In a test all of that is one value, [`LocalPipeline`],
//! with handlers in the same process, on a paused clock if wished:
//!
//! ```
//! use s3_dispatch::{ObjectKey, Routes};
//! use s3_dispatch_local::{Fault, Faults, Hop, LocalPipeline};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! let routes = || Routes::new(()).on_fn("ObjectCreated:*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));
//! let pipeline = LocalPipeline::builder()
//!     .with_router("put-processor", routes())
//!     .with_router("copy-processor", routes())
//!     .with_faults(Faults::none().with_rate(Hop::Delete, Fault::RefuseDelete, 1.0))
//!     .start()
//!     .await?;
//! let id = pipeline.put("amzn-s3-demo-bucket", "holiday/my photo.jpg", "an image").await?;
//! pipeline.settle().await;
//!
//! // What cannot be deleted comes again, until it has come too often.
//! assert_eq!(pipeline.report().events[&id].handled, 5);
//! assert_eq!(pipeline.queue("put-processor-dead-letters")?.messages.len(), 1);
//! # Ok::<_, s3_dispatch_local::Error>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Topology`] says what a pipeline is made of; [`Topology::example`] is that of the examples.
//! - [`Faults`] says what goes wrong, where and how often; the same seed gives the same run.
//! - [`Queue`] has the rules of SQS, [`Function`] is what a queue invokes: a router in this
//!   process, or a program ([`Process`]) behind Lambda's Runtime API.
//! - [`S3Endpoint`] serves the buckets to any S3 client.
//! - [`Journal`] tells of everything that happens, [`Report`] what became of each event.
//!
//! The program of the same name runs a pipeline in a terminal.

mod error;
mod aws;
mod topology;
mod faults;
mod journal;
mod s3;
mod sns;
mod sqs;
mod lambda;
mod pipeline;

pub use error::{Error, ErrorKind};
pub use faults::{Fault, Faults, Hop};
pub use journal::report::{EventReport, Handling, Report};
pub use journal::step::{EventId, Fate, LogStream, ReceivedMessage, Step, StepKind};
pub use journal::{Journal, Steps};
pub use lambda::function::{
    Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind,
};
pub use lambda::process::Process;
pub use pipeline::LocalPipeline;
pub use pipeline::builder::LocalPipelineBuilder;
pub use s3::endpoint::{BoundS3Endpoint, S3Endpoint};
pub use s3::event::ObjectEvent;
pub use s3::service::ObjectEvents;
pub use s3::store::Buckets;
pub use sqs::message::{
    Deletion, Message, NotInFlight, Receipt, Receive, Received, Redriven, SendRefusal, Sent,
};
pub use sqs::queue::Queue;
pub use sqs::snapshot::{QueueSnapshot, QueuedMessage, Visibility};
pub use topology::{
    BucketSpec, Destination, FunctionSpec, MappingSpec, NotificationSpec, QueueSpec, Redrive,
    SubscriptionSpec, Topology,
};
