//! The whole pipeline: it moves events from the buckets to the functions.
//!
//! The modules for S3, SNS, SQS and Lambda each know the rules of their service. This one connects
//! them, injects faults in between, and keeps the state on disk. Tests and the program use
//! [`LocalPipeline`].

mod arrivals;
mod builder;
pub(crate) mod clients;
pub(crate) mod engine;
pub(crate) mod injection;
mod log;
mod publishing;
mod receiving;
mod running;
mod state;
mod transit;

pub use self::builder::LocalPipelineBuilder;
pub use self::running::{LocalObjects, LocalPipeline, LocalQueue};
