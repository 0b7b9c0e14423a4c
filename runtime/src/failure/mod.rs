//! What happens to records and messages that fail.
//!
//! Classifiers say what an error means. A record that can never succeed goes to a dead-letter sink,
//! and a message that failed waits before SQS delivers it again. The dispatcher calls them;
//! programs choose them on a [`Dispatcher`](crate::Dispatcher), or implement
//! [`DeadLetters`](crate::DeadLetters) and [`Backoff`](crate::Backoff) with the types of this
//! module.
//!
//! The guide ["Which failures come again"](crate::guide::which_failures_come_again) shows all of it
//! in programs.

#[cfg(any(feature = "dynamodb", feature = "objects", feature = "sqs"))]
mod aws;
pub(crate) mod classifiers;
pub(crate) mod backoff;
pub(crate) mod dead_letters;
mod exponential_backoff;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_backoff;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_dead_letters;

#[cfg(any(feature = "dynamodb", feature = "objects", feature = "sqs"))]
pub use aws::{aws_error, aws_operation_error};
pub use backoff::FailedMessage;
pub use dead_letters::{DeadLetter, DeadLetterError, DeadRecord};
pub use exponential_backoff::ExponentialBackoff;
