//! What time it is in a pipeline.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

/// The machine's time when the pipeline was started, and as much later as Tokio's clock says: so
/// that it stands still when that one is paused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    time: SystemTime,
    instant: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            time: SystemTime::now(),
            instant: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.time + self.elapsed()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.instant.elapsed()
    }

    /// Returns at once when the time is past.
    pub(crate) async fn sleep_until(&self, time: SystemTime) {
        let since_start = time.duration_since(self.time).unwrap_or_default();
        // Tokio's timer is exact to the millisecond and rounds up; what is later than it can say is
        // never.
        match self.instant.checked_add(since_start) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }
}

/// Since the Unix epoch.
pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    let since_epoch = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// As S3 and SNS write it: `2026-04-07T14:30:00.123Z`.
pub(crate) fn iso(time: SystemTime) -> String {
    let time = Timestamp::from_millisecond(i64::try_from(milliseconds(time)).unwrap_or(i64::MAX))
        .unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}
