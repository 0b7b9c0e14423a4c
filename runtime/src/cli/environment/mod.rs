//! What commands that process records take from the environment of their process.
//!
//! Clients of AWS with the settings that the environment has, and the signals that end a command.
//! All commands that receive, list or send use these, so that one setting means one thing.

pub(super) mod arguments;
#[cfg(feature = "backfill")]
pub(super) mod bucket_client;
pub(super) mod clients;
mod endpoint;
pub(super) mod signals;
