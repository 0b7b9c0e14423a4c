//! S3, SNS, SQS and Lambda on one machine, with the faults of the real ones: for development and tests, never for
//! production.

mod error;
mod clock;
mod journal;
mod faults;
mod topology;
mod topology_check;
mod config;
mod object_event;
mod s3_endpoint;
mod s3_service;
mod received;
mod listing;
mod bucket;
mod upload;
mod body_store;
mod arn;
mod notification;
mod parcel;
mod topic;
mod carrier;
mod queue_state;
mod deduplication;
mod queue;
mod queue_snapshot;
mod sqs_event;
mod mapping;
mod invoker;
mod batch_answer;
mod function;
mod process;
mod environment;
mod runtime_api;
mod log_line;
mod persistence;
mod state;
mod engine;
mod report;
mod pipeline_builder;
mod pipeline;

pub use bucket::Buckets;
pub use error::{Error, ErrorKind};
pub use faults::{Fault, Faults, Hop};
pub use function::{Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind};
pub use journal::{EventId, Fate, Journal, LogStream, ReceivedMessage, Step, StepKind, Steps};
pub use object_event::ObjectEvent;
pub use pipeline::LocalPipeline;
pub use pipeline_builder::LocalPipelineBuilder;
pub use process::Process;
pub use queue::{Deletion, Message, NotInFlight, Queue, Receipt, Receive, Received, Redriven, SendRefusal, Sent};
pub use queue_snapshot::{QueueSnapshot, QueuedMessage, Visibility};
pub use report::{EventReport, Handling, Report};
pub use s3_endpoint::{BoundS3Endpoint, S3Endpoint};
pub use s3_service::ObjectEvents;
pub use topology::{
    BucketSpec, Destination, FunctionSpec, MappingSpec, NotificationSpec, QueueSpec, Redrive, SubscriptionSpec,
    Topology,
};
