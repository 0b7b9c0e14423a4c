//! Functions, and the event source mappings that invoke them.
//!
//! A mapping receives messages from a queue and makes batches of them. An invoker invokes the
//! function and reads its answer. The function is a router in this process, a program that talks
//! to the Runtime API, or runs elsewhere. A worker is a program that receives from its queue
//! itself. The pipeline starts all of them. A job of S3 Batch Operations invokes a function without
//! a queue.

mod answer;
mod batch;
pub(crate) mod batch_jobs;
mod error_report;
mod event;
mod function;
pub(crate) mod invoker;
pub(crate) mod mapping;
mod process;
pub(crate) mod recursion;
mod remote;

pub use self::batch_jobs::{BatchJobRun, CompletionReport, JobManifest, ReportedTask, TaskStatus};
pub(crate) use self::function::require_real_clock;
pub use self::function::{
    Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind,
};
pub use self::process::Process;
pub(crate) use self::process::Worker;
pub use self::remote::Remote;
