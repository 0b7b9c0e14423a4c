//! How long a call may take that a dispatch makes for others than its handlers.

use std::time::{Duration, Instant};

/// The longest time of one call.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// Returns how long a call may take now: half of the time that is left, so that time remains for
/// what comes after it, and never longer than [`LONGEST`].
pub(crate) fn time_limit(end: Option<Instant>) -> Duration {
    let now = tokio::time::Instant::now().into_std();
    let half = end.map(|end| end.saturating_duration_since(now) / 2);

    half.map_or(LONGEST, |half| half.min(LONGEST))
}
