//! Dispatches one payload: schedules its records, runs them through the router, reports each message.
//!
//! It exists so that the rules of delivery stand in one place, whoever delivers the payload.
//! `lambda` and `cli` call it for each payload; tests and other programs may do so too.

pub(crate) mod batch;
pub(crate) mod dispatcher;
pub(crate) mod outcomes;
pub(crate) mod payload;
mod record_task;
pub(crate) mod report;
pub(crate) mod schedule;

pub use report::{MessageFailure, MessageOutcome, MessageReport};
