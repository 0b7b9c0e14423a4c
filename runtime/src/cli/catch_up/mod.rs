//! Handles events that exist already, or sends them to a queue.
//!
//! `replay` and the commands like it differ in where their messages come from, a [`Source`], and
//! share what happens to them. They are handled *here* ([`here`]): a `Worker` runs the handlers,
//! and nothing else calls them. Or they are *sent* to a queue ([`send`]), so that others handle
//! them.

pub(in crate::cli) mod source;
pub(in crate::cli) mod tally;
mod ending;
pub(in crate::cli) mod here;
pub(in crate::cli) mod send;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
#[cfg(feature = "backfill")]
pub(in crate::cli) mod objects;
#[cfg(feature = "backfill")]
pub(in crate::cli) mod selection;
#[cfg(feature = "backfill")]
pub(in crate::cli) mod progress;

pub(in crate::cli) use source::{Item, Settled, Source, SourceError};
pub(in crate::cli) use tally::Tally;
