//! What happens to records and messages that fail.
//!
//! A record that can never succeed goes to a dead-letter sink, and a message that failed waits
//! before SQS delivers it again. The dispatcher calls both; programs choose them on a
//! [`Dispatcher`](crate::Dispatcher), or implement [`DeadLetters`](crate::DeadLetters) and
//! [`Backoff`](crate::Backoff) with the types of this module.

pub(crate) mod backoff;
pub(crate) mod dead_letters;
mod exponential_backoff;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_backoff;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_dead_letters;

pub use backoff::FailedMessage;
pub use dead_letters::{DeadLetter, DeadLetterError, DeadRecord};
pub use exponential_backoff::ExponentialBackoff;
