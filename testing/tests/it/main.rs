//! The output of the builders, byte by byte, and the evaluators.
#![allow(clippy::unwrap_used)]

mod record;
mod eventbridge;
mod batches;
mod filters;
