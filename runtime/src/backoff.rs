//! When failed messages come again.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::MessageContext;

/// Postpones the messages of a batch that failed, so that they do not all come back at once.
///
/// Set on a dispatcher by [`with_backoff`](crate::Dispatcher::with_backoff). It is asked once per batch, after its last
/// record and before the answer. That it fails, or takes too long, changes nothing else: the messages come again when the
/// queue's visibility timeout is over.
#[async_trait]
pub trait Backoff: Send + Sync + 'static {
    /// Postpones the messages.
    ///
    /// # Errors
    ///
    /// When some could not be postponed; it is logged.
    async fn postpone(&self, failed: &[&MessageContext]) -> Result<(), Box<dyn StdError + Send + Sync>>;
}

/// How long a message waits: at random up to a ceiling that doubles with each receive.
///
/// "Full jitter" of "Exponential Backoff And Jitter", AWS Architecture Blog: it spreads the load best.
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
        self.base.checked_mul(factor).map_or(self.cap, |ceiling| ceiling.min(self.cap))
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
