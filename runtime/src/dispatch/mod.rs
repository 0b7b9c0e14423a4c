//! Dispatches one payload and reports on its messages.
//!
//! A [`Dispatcher`](crate::Dispatcher) reads a payload, schedules its records, runs each through
//! the router, and makes a [`BatchReport`](crate::BatchReport) of the outcomes. All rules of
//! delivery are here, so that they are the same whoever calls: Lambda, the command line or a test.
//! The types of this module are the parts of that report.

pub(crate) mod dispatcher;
pub(crate) mod settings;
pub(crate) mod payload;
pub(crate) mod invocation;
mod schedule;
mod fair_join;
mod batch;
mod record_task;
mod outcomes;
pub(crate) mod report;
mod summary;

pub use report::{MessageFailure, MessageOutcome, MessageReport};
