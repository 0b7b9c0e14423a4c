//! How long to wait for a turn, and how often to ask for it.

use std::time::Duration;

use s3_dispatch_core::MessageContext;
use tokio::time::Instant;

/// The pauses between two claims of one key.
pub(crate) struct Waiting {
    until: Instant,
    pause: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Waiting {
    /// Waits for as long as `longest`, but not beyond half of the time to the deadline, so that
    /// time is left for the handler.
    pub(crate) fn new(longest: Duration, message: &MessageContext) -> Self {
        let now = Instant::now();
        let deadline = message.deadline().map(Instant::from_std);
        let half = deadline.map(|deadline| deadline.saturating_duration_since(now) / 2);

        Self {
            until: later(now, half.map_or(longest, |half| half.min(longest))),
            pause: FIRST_PAUSE,
        }
    }

    /// Returns the time to the next claim, or `None` if there is no time for another one. `left` is
    /// what is left of the other's lease.
    ///
    /// The pauses grow, and vary by a quarter, so that several who wait do not ask all at once.
    pub(crate) fn next_pause(&mut self, left: Option<Duration>) -> Option<Duration> {
        let rest = self.until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return None;
        }

        let pause = self.pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        self.pause = LONGEST_PAUSE.min(self.pause * 2);

        Some(left.map_or(pause, |left| pause.min(left)).min(rest))
    }
}

/// Adds to a time. If the clock cannot express the sum, it is a century later.
pub(crate) fn later(time: Instant, duration: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    time.checked_add(duration).unwrap_or_else(|| time + CENTURY)
}
