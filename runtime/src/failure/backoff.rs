//! Delays failed messages before SQS delivers them again.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use s3_dispatch_core::MessageContext;

use crate::guarded::time_limit::within_time_limit;

/// Delays the failed messages of a batch, so that they do not all come back at once.
///
/// Set one with [`Dispatcher::with_backoff`](crate::Dispatcher::with_backoff). The feature `sqs`
/// has one for SQS, `SqsBackoff`. The dispatcher guarantees:
///
/// - It calls [`postpone`](Self::postpone) at most once per batch of SQS: after the last record,
///   before the answer, and only if a message failed.
/// - It waits for at most half of the time that is left before the deadline, and never longer than
///   5 seconds.
/// - If `postpone` fails, panics or takes too long, that is logged and changes nothing else. The
///   messages are then delivered again when the queue's visibility timeout ends.
///
/// # Examples
///
/// ```
/// use std::error::Error;
///
/// use s3_dispatch::failure::FailedMessage;
/// use s3_dispatch::{Backoff, Dispatcher, Routes, async_trait};
///
/// /// Prints what it would delay.
/// struct Print;
///
/// #[async_trait]
/// impl Backoff for Print {
///     async fn postpone(
///         &self,
///         failed: &[FailedMessage<'_>],
///     ) -> Result<(), Box<dyn Error + Send + Sync>> {
///         for message in failed {
///             println!("{:?} for {:?}", message.context.message_id(), message.retry_after);
///         }
///         Ok(())
///     }
/// }
///
/// let dispatcher = Dispatcher::new(Routes::new(())).with_backoff(Print);
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot delay failed messages",
    label = "does not implement `Backoff`",
    note = "`SqsBackoff::new(client, queue_url, delays)` can, with the feature `sqs` of \
            `s3-dispatch`"
)]
pub trait Backoff: Send + Sync + 'static {
    /// Delays these messages. `failed` is never empty and has the order of the payload.
    ///
    /// # Errors
    ///
    /// Returns an error if at least one message could not be delayed. The dispatcher logs the error
    /// with its causes and does not try again for this batch.
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>>;

    /// Makes or checks what the backoff needs. By default, there is nothing to do.
    ///
    /// [`Dispatcher::prepare`](crate::Dispatcher::prepare) calls it, so it runs once, before the
    /// first invocation. It may be called again.
    ///
    /// # Errors
    ///
    /// Returns an error if the backoff cannot be used as it is. The program then ends at its start.
    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(())
    }
}

/// A message that failed and will be delivered again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FailedMessage<'b> {
    /// The context of the message: its id, receipt handle, receive count and more.
    pub context: &'b MessageContext,
    /// The minimum delay, or `None` if no record asked for one.
    ///
    /// It is the longest delay that the errors of the message's records [ask
    /// for](crate::HandlerError::with_retry_after). A record that another invocation is handling
    /// asks to wait until that invocation's lease expires. A message that is delivered earlier
    /// fails again for the same reason, and each receive brings it closer to the queue's
    /// `maxReceiveCount` and the dead-letter queue.
    pub retry_after: Option<Duration>,
    /// How long ago the dispatch began. The message was received before that.
    ///
    /// SQS counts the 12 hours for which it can hide a message from the receive.
    pub elapsed: Duration,
}

/// Calls the backoff, if there is anything to delay, and logs its failure.
pub(crate) async fn postpone(
    backoff: &dyn Backoff,
    failed: &[FailedMessage<'_>],
    deadline: Option<Instant>,
) {
    if failed.is_empty() {
        return;
    }

    if let Err(problem) = within_time_limit(deadline, || backoff.postpone(failed)).await {
        tracing::warn!(error = problem, "failed messages could not be postponed");
    }
}
