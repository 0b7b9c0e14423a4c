//! Computes how long a message waits after each receive.

use std::time::Duration;

/// A random delay below a ceiling that doubles with each receive.
///
/// This is the "full jitter" of "Exponential Backoff And Jitter" (AWS Architecture Blog), which
/// spreads the load best. The type only computes delays; `SqsBackoff`, behind the feature `sqs`,
/// applies them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use s3_dispatch::failure::ExponentialBackoff;
///
/// let backoff = ExponentialBackoff::default();
/// assert_eq!(backoff.ceiling(1), Duration::from_secs(2));
/// assert_eq!(backoff.ceiling(4), Duration::from_secs(16));
/// assert_eq!(backoff.ceiling(100), Duration::from_secs(15 * 60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExponentialBackoff {
    base: Duration,
    cap: Duration,
}

impl ExponentialBackoff {
    /// Creates a backoff whose ceiling is `base` at the first receive and never exceeds `cap`.
    ///
    /// SQS hides a message for at most 12 hours, so a longer `cap` has no effect there.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::failure::ExponentialBackoff;
    ///
    /// const BACKOFF: ExponentialBackoff =
    ///     ExponentialBackoff::new(Duration::from_secs(10), Duration::from_secs(60));
    ///
    /// let ceilings = [1, 2, 3, 4].map(|receive_count| BACKOFF.ceiling(receive_count).as_secs());
    /// assert_eq!(ceilings, [10, 20, 40, 60]);
    /// ```
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// Returns the longest delay for a message with this receive count.
    ///
    /// The count of the first receive is 1, as in SQS's `ApproximateReceiveCount`; 0 is treated as
    /// 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::failure::ExponentialBackoff;
    ///
    /// let backoff = ExponentialBackoff::default();
    /// assert_eq!(backoff.ceiling(3), 2 * backoff.ceiling(2));
    /// ```
    #[must_use]
    pub fn ceiling(&self, receive_count: u32) -> Duration {
        let doublings = receive_count.saturating_sub(1);
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);

        self.base
            .checked_mul(factor)
            .map_or(self.cap, |ceiling| ceiling.min(self.cap))
    }

    /// Returns a random delay between zero and the [`ceiling`](Self::ceiling).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::failure::ExponentialBackoff;
    ///
    /// let backoff = ExponentialBackoff::default();
    /// assert!(backoff.delay(5) <= backoff.ceiling(5));
    /// ```
    #[must_use]
    pub fn delay(&self, receive_count: u32) -> Duration {
        self.ceiling(receive_count).mul_f64(fastrand::f64())
    }
}

impl Default for ExponentialBackoff {
    /// Starts with a ceiling of 2 seconds and never exceeds 15 minutes.
    fn default() -> Self {
        Self::new(Duration::from_secs(2), Duration::from_secs(15 * 60))
    }
}
