//! Dispatches one payload and reports on its messages.
//!
//! A [`Dispatcher`](crate::Dispatcher) reads a payload, schedules its records, runs each through
//! the router, and makes a [`BatchReport`](crate::BatchReport) of the outcomes. All rules of
//! delivery are here, so that they are the same for Lambda, the command line and tests. This module
//! also has the types that the report consists of.
//!
//! With the feature `otel` it traces what it does: see the guide ["Traces"](crate::guide::traces).

pub(crate) mod dispatcher;
mod after_invocation;
pub(crate) mod settings;
pub(crate) mod payload;
pub(crate) mod answered;
pub(crate) mod arrival;
mod message_outcome;
pub(crate) mod engine;
pub(crate) mod batch;
pub(crate) mod report;
pub(crate) mod summary;

pub use after_invocation::AfterInvocation;
pub use message_outcome::{MessageFailure, MessageOutcome};
pub use report::{
    Answer, BatchJobResponse, MessageReport, ReportedFailure, ResultCode, TaskResult,
};
pub use settings::{Acknowledge, FailedKey, OwnWrite, Returned, Unreached};
