//! Reads an invocation of an S3 Batch Operations job.
//!
//! There are few tasks in an invocation. So this reads in explaining mode only, and writes each
//! task as the notification that would tell of it, which is then read like any other.

mod invocation;
mod members;
mod task;

pub(super) use invocation::explain_job;
