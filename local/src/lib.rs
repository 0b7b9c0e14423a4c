//! S3, SNS, SQS and Lambda on one machine, with the faults of the real ones: for development and tests, never for
//! production.

mod error;
mod journal;
mod faults;
mod topology;
mod config;
mod object_event;
mod s3_endpoint;
mod s3_service;
mod listing;
mod bucket;
mod body_store;
mod notification;
mod topic;
mod queue;
mod mapping;
mod batch_answer;
mod function;
mod process;
mod environment;
mod runtime_api;
mod persistence;
mod pipeline;
mod console;
mod demo;
mod cli;

pub use bucket::Buckets;
pub use error::{Error, ErrorKind};
pub use faults::{Fault, Hop};
pub use function::{Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind};
pub use journal::{EventId, Fate, Journal, LogStream, ReceivedMessage, Step, StepKind, Steps};
pub use object_event::ObjectEvent;
pub use process::Process;
pub use s3_endpoint::S3Endpoint;
pub use s3_service::ObjectEvents;
pub use topology::{
    BucketSpec, Destination, FunctionSpec, MappingSpec, NotificationSpec, QueueSpec, Redrive, SubscriptionSpec,
    Topology,
};
