//! Runs the records of a batch: side by side as far as the schedule allows, each behind a guard.

mod running;
pub(crate) mod stop;
mod record_task;
mod fair_join;
mod key_turns;

pub(super) use running::Batch;
