//! The trait of queues, and the error of its methods.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::__private::ContainedError;
use s3_dispatch_core::MessageContext;
use s3_dispatch_core::delivery::{QueueArn, ReceiptHandle};

use crate::telemetry::errors::with_causes;

/// A queue whose received messages can be deleted and hidden, one by one.
///
/// The feature `sqs` has one for SQS, [`SqsQueue`](crate::SqsQueue). Set it with
/// [`Dispatcher::with_queue`](crate::Dispatcher::with_queue).
///
/// Each method takes any number of messages, splits them into as many calls as the queue needs, and
/// returns one result for each message, in their order. If it returns fewer, the rest counts as
/// failed.
///
/// A call may take 5 seconds, and at most half of the time that is left. Then it is dropped, and
/// counts as failed. A queue on which a deletion took too long is not asked to delete again in that
/// batch. Whatever a queue does, a message that was handled stays reported as succeeded.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use s3_dispatch::delivery::ReceiptHandle;
/// use s3_dispatch::queue::{Queue, QueueError};
/// use s3_dispatch::{Dispatcher, Routes, async_trait};
///
/// /// Prints what it would do.
/// struct Print;
///
/// #[async_trait]
/// impl Queue for Print {
///     async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
///         messages.iter().map(|message| Ok(println!("delete {message:?}"))).collect()
///     }
///
///     async fn change_visibility(
///         &self,
///         messages: &[(&ReceiptHandle, Duration)],
///     ) -> Vec<Result<(), QueueError>> {
///         messages.iter().map(|(message, time)| Ok(println!("{message:?}: {time:?}"))).collect()
///     }
/// }
///
/// let dispatcher = Dispatcher::new(Routes::new(())).with_queue(Print);
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a queue",
    label = "does not implement `Queue`",
    note = "`SqsQueue::new(client, queue_url)` is one, with the feature `sqs` of `s3-dispatch`"
)]
pub trait Queue: Send + Sync + 'static {
    /// Deletes messages. Deleting one that is already deleted succeeds.
    ///
    /// # Errors
    ///
    /// The result of a message is an error if it is not certain that it is deleted.
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>>;

    /// Hides messages from other receives for this time from now on. Zero gives a message back at
    /// once.
    ///
    /// # Errors
    ///
    /// The result of a message is an error if it is not certain that the time has been changed.
    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>>;

    /// Makes or checks what the queue needs. By default, there is nothing to do.
    ///
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare) calls it, so it runs once, before the
    /// first invocation. It may be called again.
    ///
    /// # Errors
    ///
    /// Returns an error if the queue cannot be used as it is. The program then ends at its start.
    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(())
    }

    /// Returns the queue with this ARN, for the messages that name it as the queue they come from.
    /// By default this is `None`: one and the same queue for all messages.
    ///
    /// The dispatcher calls it for each batch whose messages name one queue. What takes time
    /// belongs into the methods of the queue that is returned.
    fn at(&self, arn: &QueueArn) -> Option<Arc<dyn Queue>> {
        let _ = arn;
        None
    }
}

/// A shared queue, for several dispatchers.
#[async_trait]
impl<Q: Queue + ?Sized> Queue for Arc<Q> {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        (**self).delete(messages).await
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        (**self).change_visibility(messages).await
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        (**self).prepare().await
    }

    fn at(&self, arn: &QueueArn) -> Option<Arc<dyn Queue>> {
        (**self).at(arn)
    }
}

/// Returns the queue that all of these messages come from, or `None` if they do not name one.
pub(crate) fn named_queue<'m>(
    messages: impl IntoIterator<Item = &'m MessageContext>,
) -> Option<&'m QueueArn> {
    let mut arns = messages.into_iter().map(MessageContext::queue_arn);
    let first = arns.next()??;

    arns.all(|arn| arn == Some(first)).then_some(first)
}

/// Returns why the queue did not do what it was asked for each of this many messages, or `None` if
/// it did.
pub(crate) fn first_problem(results: &[Result<(), QueueError>], asked: usize) -> Option<String> {
    let error = results.iter().find_map(|result| result.as_ref().err());

    match error {
        Some(error) => Some(with_causes(error)),
        None if results.len() < asked => Some("the queue returned too few results".to_owned()),
        None => None,
    }
}

/// The error of a queue that did not do what it was asked for one message.
///
/// The reason is its [`source`](StdError::source).
#[derive(Debug)]
pub struct QueueError {
    reason: ContainedError,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failed,
    /// No credentials could be loaded, for a reason that may pass.
    #[cfg(feature = "sqs")]
    NoCredentials,
    Refused,
    Unusable,
}

impl QueueError {
    /// The call failed, and may succeed if it is tried again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use s3_dispatch::queue::QueueError;
    ///
    /// let error = QueueError::failed("connection refused");
    /// assert_eq!(error.to_string(), "the queue failed");
    /// assert_eq!(error.source().unwrap().to_string(), "connection refused");
    /// assert!(!error.is_refusal() && !error.is_unusable());
    /// ```
    pub fn failed(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Failed, reason)
    }

    /// The queue took the call, but refused this message.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::queue::QueueError;
    ///
    /// let error = QueueError::refused("the receipt handle has expired");
    /// assert_eq!(error.to_string(), "the queue refused");
    /// assert!(error.is_refusal());
    /// ```
    pub fn refused(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Refused, reason)
    }

    /// The queue cannot be used until somebody changes something: it does not exist, the region is
    /// wrong, credentials are missing or refused, or access is denied.
    ///
    /// A program should end with such an error if it meets it at its start. If the queue has worked
    /// before, the program should go on trying: queues and rights may come back.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::queue::QueueError;
    ///
    /// let error = QueueError::unusable("there is no queue `uploads`");
    /// assert_eq!(error.to_string(), "the queue cannot be used");
    /// assert!(error.is_unusable() && !error.is_refusal());
    /// ```
    pub fn unusable(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Unusable, reason)
    }

    /// The call was not made, because no credentials could be loaded. This may pass, but nobody can
    /// tell by the error: a service that is not there yet fails like one that never will be.
    #[cfg(feature = "sqs")]
    pub(crate) fn without_credentials(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::NoCredentials, reason)
    }

    fn new(kind: Kind, reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            reason: ContainedError::new(reason),
            kind,
        }
    }

    /// Returns whether the queue took the call, but refused this message. The same call would be
    /// refused again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.kind == Kind::Refused
    }

    /// Returns whether the queue cannot be used until somebody changes something.
    #[must_use]
    pub fn is_unusable(&self) -> bool {
        self.kind == Kind::Unusable
    }

    /// Returns whether a program that meets this error at its start should end: what has never
    /// worked would most likely fail for ever, and whoever runs the program sees why.
    #[cfg(feature = "worker")]
    pub(crate) fn ends_a_start(&self) -> bool {
        matches!(self.kind, Kind::Unusable | Kind::NoCredentials)
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Failed => "the queue failed",
            #[cfg(feature = "sqs")]
            Kind::NoCredentials => "the queue failed",
            Kind::Refused => "the queue refused",
            Kind::Unusable => "the queue cannot be used",
        })
    }
}

impl StdError for QueueError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.reason.get())
    }
}
