//! When failed messages come again.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use s3_dispatch_core::{Delivery, MessageContext};

use crate::BatchReport;
use crate::dispatch::outcomes::Outcomes;
use crate::dispatch::report::MessageOutcome;
use crate::guarded::Guarded;
use crate::telemetry::logs::with_causes;

/// Postpones the messages of a batch that failed, so that they do not all come back at once.
///
/// Set on a dispatcher by [`with_backoff`](crate::Dispatcher::with_backoff). It is asked once per
/// batch, after its last record and before the answer. That it fails, or takes too long, changes
/// nothing else: the messages come again when the queue's visibility timeout is over.
#[async_trait]
pub trait Backoff: Send + Sync + 'static {
    /// Postpones the messages.
    ///
    /// # Errors
    ///
    /// When some could not be postponed; it is logged.
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// A message that failed and comes again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FailedMessage<'b> {
    /// Its receipt handle, receive count and the like.
    pub context: &'b MessageContext,
    /// How long it must stay away at least, or it comes in vain: the longest that its records'
    /// errors [ask for](s3_dispatch_core::HandlerError::with_retry_after). A record that is in
    /// progress elsewhere asks for the rest of that lease. Coming in vain counts as a receive,
    /// and enough of them end in the dead-letter queue.
    pub retry_after: Option<Duration>,
}

/// Longer than this is no help to anyone.
const LONGEST_POSTPONING: Duration = Duration::from_secs(5);

/// Has the failed messages of a batch postponed, with what is left of the margin, since the answer
/// comes first.
pub(crate) async fn postpone(
    backoff: &dyn Backoff,
    delivery: &Delivery,
    report: &BatchReport,
    outcomes: &Outcomes,
    deadline: Option<Instant>,
) {
    let failed = delivery.messages().iter().zip(report.messages());
    let failed = failed.filter(|(_, report)| report.outcome() != MessageOutcome::Succeeded);

    let failed = failed.map(|(message, _)| FailedMessage {
        context: &message.context,
        retry_after: message
            .content
            .as_ref()
            .ok()
            .and_then(|content| outcomes.retry_after(content)),
    });

    let failed: Vec<_> = failed.collect();

    if failed.is_empty() {
        return;
    }

    let now = tokio::time::Instant::now();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(now.into_std()) / 2);
    let limit = left.map_or(LONGEST_POSTPONING, |left| left.min(LONGEST_POSTPONING));
    let postponed = Guarded::new(|| backoff.postpone(&failed));

    let problem = match tokio::time::timeout(limit, postponed).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error))) => with_causes(&*error),
        Ok(Err(panicked)) => panicked.to_string(),
        Err(_) => format!("it took longer than {limit:?}"),
    };

    tracing::warn!(error = problem, "failed messages are not postponed");
}

/// How long a message waits: at random up to a ceiling that doubles with each receive.
///
/// "Full jitter" of "Exponential Backoff And Jitter", AWS Architecture Blog: it spreads the load
/// best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExponentialBackoff {
    base: Duration,
    cap: Duration,
}

impl ExponentialBackoff {
    /// With a ceiling of `base` at the first receive, and of `cap` at most.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The ceiling for a message that was received so often (from 1 on; 0 counts as 1).
    #[must_use]
    pub fn ceiling(&self, receive_count: u32) -> Duration {
        let doublings = receive_count.saturating_sub(1);
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);

        self.base
            .checked_mul(factor)
            .map_or(self.cap, |ceiling| ceiling.min(self.cap))
    }

    /// A delay between nothing and the ceiling.
    #[must_use]
    pub fn delay(&self, receive_count: u32) -> Duration {
        self.ceiling(receive_count).mul_f64(fastrand::f64())
    }
}

impl Default for ExponentialBackoff {
    /// Two seconds, then four... up to 15 minutes.
    fn default() -> Self {
        Self::new(Duration::from_secs(2), Duration::from_secs(15 * 60))
    }
}
