//! What became of the messages of a delivery, and what is answered to whoever brought them.
//!
//! An invocation ends with a report. Lambda, the command line and `s3-dispatch-local` send the
//! answer that it makes.

mod answer;
mod batch_report;
mod reported_failure;
mod task_result;

pub use answer::{Answer, BatchJobResponse};
pub use batch_report::{BatchReport, MessageReport};
pub use reported_failure::ReportedFailure;
pub use task_result::{ResultCode, TaskResult};
