//! How long a call may take that a dispatch makes for others than its handlers.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use s3_dispatch_core::__private::ContainedError;
use s3_dispatch_core::handler::BoxFuture;

use crate::guarded::Guarded;
use crate::telemetry::errors::with_causes;

/// The longest time of one call.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// Returns how long a call may take now: half of the time that is left, so that time remains for
/// what comes after it, and never longer than [`LONGEST`].
pub(crate) fn time_limit(end: Option<Instant>) -> Duration {
    let now = tokio::time::Instant::now().into_std();
    let half = end.map(|end| end.saturating_duration_since(now) / 2);

    half.map_or(LONGEST, |half| half.min(LONGEST))
}

/// Makes a call, and cuts it off after the [`time_limit`].
///
/// # Errors
///
/// Says on one line why the call failed: with an error, a panic, or because it took too long.
pub(crate) async fn within_time_limit<'c>(
    end: Option<Instant>,
    call: impl FnOnce() -> BoxFuture<'c, Result<(), Box<dyn StdError + Send + Sync>>>,
) -> Result<(), String> {
    let limit = time_limit(end);

    match tokio::time::timeout(limit, Guarded::new(call)).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(with_causes(ContainedError::new(error).get())),
        Ok(Err(panicked)) => Err(with_causes(&panicked)),
        Err(_) => Err(format!("it took longer than {limit:?}")),
    }
}
