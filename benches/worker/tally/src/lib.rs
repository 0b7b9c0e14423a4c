//! What the workers of the benchmark have in common.
//!
//! Every worker handles messages with keys such as `uploads/2026/00000017.jpg`, and prints at its
//! end how many it has handled and the sum of their numbers. So the benchmark knows that a worker
//! has read every message and not only deleted it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What has been handled so far.
#[derive(Debug, Default)]
pub struct Tally {
    handled: AtomicU64,
    sum: AtomicU64,
}

impl Tally {
    /// Nothing has been handled.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            handled: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts the object with this key.
    ///
    /// # Panics
    ///
    /// If the key has no number.
    pub fn add(&self, key: &str) {
        let name = key
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next());
        let number: u64 = name
            .and_then(|name| name.parse().ok())
            .expect("the keys of the benchmark have numbers");

        self.handled.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Prints the line that the benchmark reads.
    pub fn print(&self) {
        let handled = self.handled.load(Ordering::Relaxed);
        println!("handled {handled} sum {}", self.sum.load(Ordering::Relaxed));
    }
}

/// How long the handlers wait: the environment variable `WAIT_MS`, in milliseconds.
///
/// # Panics
///
/// If it is not a number.
#[must_use]
pub fn wait() -> Duration {
    let wait = std::env::var("WAIT_MS").map_or(0, |wait| wait.parse().expect("a number"));
    Duration::from_millis(wait)
}
