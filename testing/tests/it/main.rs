//! What the builders write, byte by byte.
#![allow(clippy::unwrap_used)]

mod record;
mod eventbridge;
mod batches;
mod filters;
