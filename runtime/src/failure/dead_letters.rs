//! Gives records that can never succeed to a sink.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use s3_dispatch_core::__private::ContainedError;
use s3_dispatch_core::{HandlerError, MessageContext, S3EventRecord};

use crate::guarded::Guarded;
use crate::telemetry::errors::with_causes;

/// Stores the records that failed [permanently](HandlerError::permanent).
///
/// Without a sink such a record fails its message, which is then delivered again until the queue's
/// redrive policy moves it to the dead-letter queue. With a sink, set with
/// [`Dispatcher::with_dead_letters`](crate::Dispatcher::with_dead_letters), the record counts as
/// done once the sink has stored it. The feature `sqs` has one that sends to a queue,
/// `SqsDeadLetters`. The dispatcher guarantees:
///
/// - It puts the letter of a message only after the last record of that message has an outcome, and
///   only if none of them needs a retry.
/// - A message with several permanent failures becomes one letter, which names them all.
/// - A letter is put at least once: if the message is cut off at the deadline while its letter is
///   put, it is delivered again and its letter is put again.
/// - A sink that fails or panics fails the message.
///
/// # Examples
///
/// ```
/// use s3_dispatch::failure::{DeadLetter, DeadLetterError};
/// use s3_dispatch::{DeadLetters, Dispatcher, HandlerError, Routes, async_trait};
///
/// /// Prints letters. That is enough if someone keeps the logs.
/// struct Print;
///
/// #[async_trait]
/// impl DeadLetters for Print {
///     async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
///         println!("{:?} failed: {}", letter.record.object.key, letter.error_chain());
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(())
///     .on_fn("*", async || -> Result<(), _> { Err(HandlerError::permanent("not an image")) });
/// let dispatcher = Dispatcher::new(routes).with_dead_letters(Print);
///
/// let event = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "photo.txt"}}}]}"#;
/// let report = dispatcher.dispatch(event, None).await?;
/// assert_eq!((report.failed(), report.dead_letters()), (0, 1));
/// # Ok(())
/// # }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take dead letters",
    label = "does not implement `DeadLetters`",
    note = "`SqsDeadLetters::new(client, queue_url)` can, with the feature `sqs` of `s3-dispatch`",
    note = "a sink of your own implements `DeadLetters` with `#[s3_dispatch::async_trait]`"
)]
pub trait DeadLetters: Send + Sync + 'static {
    /// Stores one letter.
    ///
    /// Only the invocation's deadline limits the time of this call, so a sink should have its own
    /// timeout.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not certain that the letter is stored. Its message then fails and
    /// is delivered again, and the letter is put again.
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError>;

    /// Makes or checks what the sink needs. By default, there is nothing to do.
    ///
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare) calls it, so it runs once, before the
    /// first invocation. It may be called again.
    ///
    /// # Errors
    ///
    /// Returns an error if the sink cannot be used as it is. The program then ends at its start.
    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(())
    }
}

/// A shared sink, for several dispatchers.
#[async_trait]
impl<D: DeadLetters + ?Sized> DeadLetters for Arc<D> {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        (**self).put(letter).await
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        (**self).prepare().await
    }
}

/// A message with records that failed permanently, with what is needed to examine it and to send it
/// again.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeadLetter<'l> {
    /// The first record that failed.
    pub record: &'l S3EventRecord,
    /// Why that record failed.
    pub error: &'l HandlerError,
    /// All records of the message that failed, in the order of the message. The first one is
    /// `record`.
    pub failures: &'l [DeadRecord<'l>],
    /// The context of the message: its id, receive count and more.
    pub message: &'l MessageContext,
    /// The body of the message as it was sent. It holds all records of the message, also those that
    /// did not fail.
    pub body: &'l str,
}

/// A record of a [`DeadLetter`], and why it failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeadRecord<'l> {
    /// The record that failed.
    pub record: &'l S3EventRecord,
    /// Why it failed.
    pub error: &'l HandlerError,
}

/// After how many bytes a chain names no more records. A message may have thousands.
const MAX_CHAIN_BYTES: usize = 8 * 1024;

impl<'l> DeadLetter<'l> {
    /// Makes the letter of a message, or returns `None` if nothing failed.
    pub(crate) fn new(
        message: &'l MessageContext,
        body: &'l str,
        failures: &'l [DeadRecord<'l>],
    ) -> Option<Self> {
        let first = failures.first()?;

        Some(Self {
            record: first.record,
            error: first.error,
            failures,
            message,
            body,
        })
    }

    /// Returns the error of the first record and its causes on one line, `a: b: c`.
    ///
    /// If several records failed, it names them all, in the order of the message:
    /// `photo.jpg: a: b; notes.txt: c`. After 8 KiB it says how many are left:
    /// `photo.jpg: a: b; and 2 more`.
    #[must_use]
    pub fn error_chain(&self) -> String {
        if self.failures.len() < 2 {
            return with_causes(self.error.as_error());
        }

        let mut text = String::new();

        for (index, failure) in self.failures.iter().enumerate() {
            if index > 0 {
                text.push_str("; ");
            }

            if text.len() > MAX_CHAIN_BYTES {
                text.push_str(&format!("and {} more", self.failures.len() - index));
                break;
            }

            text.push_str(&format!(
                "{}: {}",
                failure.record.object.key,
                failure.error_chain()
            ));
        }

        text
    }
}

impl<'l> DeadRecord<'l> {
    pub(crate) fn new(record: &'l S3EventRecord, error: &'l HandlerError) -> Self {
        Self { record, error }
    }

    /// Returns the error and its causes on one line, `a: b: c`.
    #[must_use]
    pub fn error_chain(&self) -> String {
        with_causes(self.error.as_error())
    }
}

/// The error of a sink that could not store a letter.
///
/// The reason is its [`source`](StdError::source). A retry may help. The dispatcher puts the letter
/// again when the message is delivered again.
#[derive(Debug)]
pub struct DeadLetterError(ContainedError);

impl DeadLetterError {
    /// Creates an error with this reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use s3_dispatch::failure::DeadLetterError;
    ///
    /// let error = DeadLetterError::new("the disk is full");
    /// assert_eq!(error.to_string(), "the dead letter could not be stored");
    /// assert_eq!(error.source().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(ContainedError::new(source))
    }
}

impl fmt::Display for DeadLetterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dead letter could not be stored")
    }
}

impl StdError for DeadLetterError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.get())
    }
}

/// Puts a letter, and logs and counts the result. Returns whether the sink has stored it.
pub(crate) async fn put(sink: &dyn DeadLetters, letter: &DeadLetter<'_>) -> bool {
    let problem = match Guarded::new(|| sink.put(letter)).await {
        Ok(Ok(())) => {
            #[cfg(feature = "metrics")]
            for failure in letter.failures {
                crate::telemetry::metrics::dead_letter_stored(failure.record);
            }

            return true;
        }
        Ok(Err(error)) => with_causes(&error),
        Err(panicked) => with_causes(&panicked),
    };

    tracing::error!(
        error = problem,
        "dead letter could not be stored: its message fails"
    );

    false
}
