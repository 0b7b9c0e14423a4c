//! How fast objects are begun: `--rate`.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Spreads what is begun evenly over time.
#[derive(Debug)]
pub(in crate::cli) struct Pace {
    /// The time between two. Zero without a limit.
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// What a pace that fell behind makes up for at most: a little more than Tokio's timers round
    /// up.
    const LAG: Duration = Duration::from_millis(20);

    /// At most this many a second, or any number.
    pub(in crate::cli) fn new(a_second: Option<u32>) -> Self {
        let interval = a_second.map(|rate| Duration::from_secs(1) / rate.max(1));

        Self {
            interval: interval.unwrap_or_default(),
            next: Instant::now(),
        }
    }

    /// Waits until the next one may begin.
    pub(in crate::cli) async fn wait(&mut self) {
        if self.interval.is_zero() {
            return;
        }

        let now = Instant::now();
        let next = self.next.max(now.checked_sub(Self::LAG).unwrap_or(now));
        // Whoever gives up waiting takes no place.
        if next > now {
            sleep_until(next).await;
        }
        self.next = next + self.interval;
    }

    /// Whether the next one may begin without waiting.
    pub(in crate::cli) fn is_ready(&self) -> bool {
        self.interval.is_zero() || self.next <= Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many begin in each of the first seconds.
    async fn counts(rate: u32, seconds: usize) -> Vec<usize> {
        let (started, mut pace) = (Instant::now(), Pace::new(Some(rate)));
        let mut counts = vec![0; seconds];

        loop {
            pace.wait().await;
            let second = started.elapsed().as_secs() as usize;
            match counts.get_mut(second) {
                Some(count) => *count += 1,
                None => return counts,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_second_has_as_many_as_the_rate() {
        for rate in [1, 3, 10, 999, 1_000, 7_000, 100_000] {
            let counts = counts(rate, 5).await;
            let rate = rate as usize;
            // Timers round up to milliseconds, so that what is due at the end of a second may
            // begin in the next one.
            let slack = rate / 40 + 1;
            for count in &counts {
                assert!(count.abs_diff(rate) <= slack, "{rate}: {counts:?}");
            }
            let all: usize = counts.iter().sum();
            assert!(all.abs_diff(5 * rate) <= slack, "{rate}: {counts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_not_made_up_for() {
        let mut pace = Pace::new(Some(100));
        pace.wait().await;
        tokio::time::advance(Duration::from_secs(60)).await;

        let started = Instant::now();
        for _ in 0..100 {
            pace.wait().await;
        }
        assert!(started.elapsed() >= Duration::from_millis(960));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let (started, mut pace) = (Instant::now(), Pace::new(None));
        for _ in 0..1_000 {
            pace.wait().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
