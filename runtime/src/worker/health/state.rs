//! What a worker says about itself: whether it makes progress, and whether it receives.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How old the last progress of a worker may be. A long poll takes 20 s, and so may a call that is
/// tried again.
const PROGRESS_LIMIT: Duration = Duration::from_secs(60);

const NOTHING_YET: u8 = 0;
const RECEIVES: u8 = 1;
const FAILS: u8 = 2;

/// The state of a worker, which its loop updates and the health server reads.
///
/// Updates cost one atomic store, so the loop may call them as often as it likes. Times are those
/// of Tokio's clock, which never goes back.
#[derive(Debug)]
pub(crate) struct HealthState {
    started: Instant,
    /// Milliseconds from the start to the last progress.
    progress: AtomicU64,
    progress_limit: Duration,
    receiving: AtomicU8,
    is_draining: AtomicBool,
}

impl HealthState {
    /// A worker that starts now and has received nothing yet. It is dead if it makes no progress
    /// for 60 seconds.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            progress: AtomicU64::new(0),
            progress_limit: PROGRESS_LIMIT,
            receiving: AtomicU8::new(NOTHING_YET),
            is_draining: AtomicBool::new(false),
        }
    }

    /// Sets how long the worker may make no progress before it counts as dead.
    #[cfg(test)]
    pub(crate) fn with_progress_limit(mut self, limit: Duration) -> Self {
        self.progress_limit = limit;
        self
    }

    /// Notes that the loop of the worker has come round.
    pub(crate) fn progressed(&self) {
        let progress = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // The latest of several receivers counts.
        self.progress.fetch_max(progress, Ordering::Relaxed);
    }

    /// Notes whether the last receive succeeded, also if it brought nothing.
    pub(crate) fn receiving(&self, has_succeeded: bool) {
        let receiving = if has_succeeded { RECEIVES } else { FAILS };
        self.receiving.store(receiving, Ordering::Relaxed);
    }

    /// Notes that the worker receives no more, and ends when its messages are settled.
    pub(crate) fn draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Returns whether the worker makes progress.
    ///
    /// # Errors
    ///
    /// One line that says why it does not.
    pub(super) fn check_live(&self) -> Result<(), String> {
        let last = Duration::from_millis(self.progress.load(Ordering::Relaxed));
        let age = self.started.elapsed().saturating_sub(last);

        if age < self.progress_limit {
            Ok(())
        } else {
            Err(format!("no progress for {} s", age.as_secs()))
        }
    }

    /// Returns whether the worker receives messages.
    ///
    /// # Errors
    ///
    /// One line that says why it does not.
    pub(super) fn check_ready(&self) -> Result<(), String> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err("draining".to_owned());
        }

        self.check_live()?;

        match self.receiving.load(Ordering::Relaxed) {
            RECEIVES => Ok(()),
            FAILS => Err("the last receive failed".to_owned()),
            _ => Err("nothing has been received yet".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[track_caller]
    fn check_live(state: &HealthState, expected: Result<(), &str>) {
        assert_eq!(state.check_live(), expected.map_err(str::to_owned));
    }

    #[track_caller]
    fn check_ready(state: &HealthState, expected: Result<(), &str>) {
        assert_eq!(state.check_ready(), expected.map_err(str::to_owned));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_dead_once_its_last_progress_is_a_minute_old() {
        let state = HealthState::new();

        for _ in 0..100 {
            advance(secs(59)).await;
            check_live(&state, Ok(()));
            state.progressed();
        }

        advance(secs(60) - Duration::from_millis(1)).await;
        check_live(&state, Ok(()));
        advance(Duration::from_millis(1)).await;
        check_live(&state, Err("no progress for 60 s"));
        advance(secs(3_600)).await;
        check_live(&state, Err("no progress for 3660 s"));

        state.progressed();
        check_live(&state, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_never_progresses_is_dead_after_the_limit_from_its_start() {
        let state = HealthState::new().with_progress_limit(secs(5));
        advance(secs(4)).await;
        check_live(&state, Ok(()));
        advance(secs(1)).await;
        check_live(&state, Err("no progress for 5 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_ready_while_its_last_receive_succeeded() {
        let state = HealthState::new();
        check_ready(&state, Err("nothing has been received yet"));

        state.receiving(false);
        check_ready(&state, Err("the last receive failed"));
        state.receiving(true);
        check_ready(&state, Ok(()));
        state.receiving(false);
        check_ready(&state, Err("the last receive failed"));
        state.receiving(true);
        check_ready(&state, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_stuck_is_not_ready_either() {
        let state = HealthState::new();
        state.receiving(true);
        advance(secs(61)).await;
        check_ready(&state, Err("no progress for 61 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_drains_is_alive_and_never_ready_again() {
        let state = HealthState::new();
        state.receiving(true);
        state.draining();
        // A poll that was under way.
        state.receiving(true);

        check_live(&state, Ok(()));
        check_ready(&state, Err("draining"));
        advance(secs(60)).await;
        check_live(&state, Err("no progress for 60 s"));
        check_ready(&state, Err("draining"));
    }
}
