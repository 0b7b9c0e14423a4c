//! Decides what happens to records and messages that failed.
//!
//! Permanent failures go to a dead-letter sink, and failed messages wait before they come again.
//! The dispatcher calls both; programs choose or implement them.

pub(crate) mod backoff;
pub(crate) mod dead_letters;
#[cfg(feature = "sqs")]
pub(crate) mod sqs;

pub use backoff::{ExponentialBackoff, FailedMessage};
pub use dead_letters::{DeadLetter, DeadLetterError};
