//! Where records go that will never succeed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use s3_dispatch_core::{HandlerError, MessageContext, S3EventRecord};

use crate::telemetry::logs::with_causes;

/// Takes the records that failed [permanently](HandlerError::permanent), so that they need not go
/// round their queue until it gives them up.
///
/// Set on a dispatcher by [`with_dead_letters`](crate::Dispatcher::with_dead_letters). A letter is
/// put only once no other record of its message needs a retry; then its record counts as done. A
/// message that is cut off or fails between its letters comes again, and so may a letter: at least
/// once, as everywhere.
#[async_trait]
pub trait DeadLetters: Send + Sync + 'static {
    /// Keeps a letter. Only the invocation's deadline ends it from outside, so a sink that may hang
    /// should not.
    ///
    /// # Errors
    ///
    /// When it is not certain that the letter is kept; its message then fails.
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError>;
}

#[async_trait]
impl<D: DeadLetters + ?Sized> DeadLetters for Arc<D> {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        (**self).put(letter).await
    }
}

/// A record that failed permanently, with what is needed to look into it and to send it again.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeadLetter<'l> {
    /// The record.
    pub record: &'l S3EventRecord,
    /// The message that it came in, with its receive count.
    pub message: &'l MessageContext,
    /// The message's body as it was sent, with all of its records.
    pub body: &'l str,
    /// Why it failed.
    pub error: &'l HandlerError,
}

impl DeadLetter<'_> {
    /// The error with its causes, `a: b: c`.
    #[must_use]
    pub fn error_chain(&self) -> String {
        with_causes(self.error.as_error())
    }
}

/// A letter could not be kept.
#[derive(Debug)]
pub struct DeadLetterError(Box<dyn StdError + Send + Sync>);

impl DeadLetterError {
    /// The sink failed for this reason.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for DeadLetterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dead letter cannot be kept")
    }
}

impl StdError for DeadLetterError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
