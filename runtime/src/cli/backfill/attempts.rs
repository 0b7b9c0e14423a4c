//! What is in flight, by the number of its delivery, and what is to be tried again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::failure::ExponentialBackoff;
use crate::worker::observer::RecordFailure;

/// An event that is in flight.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Its number in the window.
    pub(super) number: u64,
    /// What it is called in logs.
    pub(super) name: String,
    pub(super) body: Bytes,
    /// How often it was tried, with this one.
    pub(super) count: u64,
}

/// The attempts of a run. Each has a number of its own, because a queue may hear of an attempt that
/// failed when the next one has begun.
#[derive(Debug)]
pub(super) struct Attempts {
    most: u64,
    next: u64,
    in_flight: HashMap<u64, Attempt>,
    /// By the time at which they are due.
    waiting: BTreeMap<(Instant, u64), Attempt>,
}

impl Attempts {
    /// Tries each event so often.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            next: 0,
            in_flight: HashMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Begins an attempt, and returns its number.
    pub(super) fn begin(&mut self, attempt: Attempt) -> u64 {
        let number = self.next;
        self.in_flight.insert(number, attempt);
        self.next += 1;

        number
    }

    /// Ends an attempt.
    pub(super) fn end(&mut self, number: u64) -> Option<Attempt> {
        self.in_flight.remove(&number)
    }

    /// Lets an attempt that failed wait for the next one. Returns whether there is one.
    pub(super) fn fail(&mut self, number: u64, failure: &RecordFailure) -> bool {
        let may_try = |attempt: &Attempt| attempt.count < self.most && !failure.is_permanent;
        if !self.in_flight.get(&number).is_some_and(may_try) {
            return false;
        }
        let Some(attempt) = self.in_flight.remove(&number) else {
            return false;
        };

        let backoff = ExponentialBackoff::default().delay(attempt.count as u32);
        let delay = backoff.max(failure.retry_after.unwrap_or_default());
        let next = Attempt {
            count: attempt.count + 1,
            ..attempt
        };
        self.waiting.insert((Instant::now() + delay, number), next);

        true
    }

    /// Takes an attempt that is due.
    pub(super) fn due(&mut self) -> Option<Attempt> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= Instant::now()).then(|| first.remove())
    }

    /// How long until the next attempt is due. `None` if none waits.
    pub(super) fn until_due(&self) -> Option<Duration> {
        let ((due, _), _) = self.waiting.first_key_value()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// How many events wait for another attempt.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Whether nothing is in flight, and nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.waiting.is_empty()
    }
}
