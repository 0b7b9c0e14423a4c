//! The clock of a pipeline.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The time in a pipeline: the machine's time at the start, plus what has passed on Tokio's clock.
/// It does not move while Tokio's clock is paused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started_at: SystemTime,
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started_at: SystemTime::now(),
            started: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.started_at + self.elapsed()
    }

    /// The machine's time at the start.
    pub(crate) fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until this time, or not at all if it is in the past.
    pub(crate) async fn sleep_until(&self, time: SystemTime) {
        let since_start = time.duration_since(self.started_at).unwrap_or_default();

        // Tokio's timer is exact to the millisecond and rounds up. A time beyond its range is never
        // reached.
        match self.started.checked_add(since_start) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }

    /// Waits until this time, or forever if there is none.
    pub(crate) async fn sleep_until_some(&self, time: Option<SystemTime>) {
        match time {
            Some(time) => self.sleep_until(time).await,
            None => std::future::pending().await,
        }
    }
}

/// Whether Tokio's clock is paused, in the runtime that this thread belongs to.
///
/// While it is paused, only that runtime moves it, and that waits for this function.
pub(crate) fn is_paused() -> bool {
    let before = Instant::now();

    let real = std::time::Instant::now();
    while std::time::Instant::now() == real {
        std::hint::spin_loop();
    }

    Instant::now() == before
}
