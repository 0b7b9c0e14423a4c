//! Jobs of S3 Batch Operations: a manifest in, invocations with retries, a completion report out.
//!
//! A job invokes a function of the pipeline with the objects of its manifest, without any queue.
//! Tests and the command `batch` of the program run one.

mod csv;
mod job;
mod job_answer;
mod manifest;
mod report;

pub use job::BatchJobRun;
pub(crate) use job::JobFunction;
pub use manifest::JobManifest;
pub use report::{CompletionReport, ReportedTask, TaskStatus};
