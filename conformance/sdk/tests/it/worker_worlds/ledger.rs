//! What happened in a trial, as the queue and the handlers say it, in one order.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use s3_dispatch_local::{Fault, Step, StepKind};
use tokio::time::Instant;

/// A receive of a message: the message, and how often it had been received.
pub(super) type Receipt = (usize, u32);

/// What happened, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    Received(Receipt),
    /// A fault ends the lease of this receive before its time.
    EndsEarly(Receipt),
    /// The time was changed at which it is visible.
    Changed(usize, Duration),
    Deleted(usize),
    /// It is in the dead-letter queue.
    Redriven(Receipt),
    /// A worker has begun to run the handler.
    Began(usize, Receipt),
    /// The handler has ended, or was dropped.
    Ended(usize, Receipt, Option<bool>),
    /// A worker was told to stop.
    Told(usize),
    /// A worker has ended. It was dropped if this is `false`.
    Stopped(usize, bool),
}

#[derive(Debug)]
pub(super) struct Ledger {
    started: Instant,
    facts: Mutex<Vec<(Duration, Fact)>>,
    runs: Mutex<BTreeMap<usize, usize>>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            facts: Mutex::default(),
            runs: Mutex::default(),
        }
    }

    pub(super) fn note(&self, fact: Fact) {
        let elapsed = self.started.elapsed();
        lock(&self.facts).push((elapsed, fact));
    }

    /// Notes a step of the pipeline, if it is about one of the messages.
    pub(super) fn note_step(&self, step: &Step) {
        let number = |id: &str| id.parse::<usize>().ok();
        let fact = match &step.kind {
            StepKind::Received {
                message_id,
                receive_count,
                ..
            } => number(message_id).map(|message| Fact::Received((message, *receive_count))),
            StepKind::VisibilityChanged {
                message_id,
                timeout,
                ..
            } => number(message_id).map(|message| Fact::Changed(message, *timeout)),
            StepKind::Deleted { message_id, .. } => number(message_id).map(Fact::Deleted),
            StepKind::Redriven {
                message_id,
                receive_count,
                ..
            } => number(message_id).map(|message| Fact::Redriven((message, *receive_count))),
            StepKind::FaultInjected {
                fault: Fault::ExpireVisibility,
                id: Some(id),
                receive_count: Some(count),
                ..
            } => number(id).map(|message| Fact::EndsEarly((message, *count))),
            _ => None,
        };

        if let Some(fact) = fact {
            self.note(fact);
        }
    }

    /// Returns how often the handler of a message was called before, and counts this call.
    pub(super) fn count_run(&self, message: usize) -> usize {
        let mut runs = lock(&self.runs);
        let count = runs.entry(message).or_default();
        *count += 1;

        *count - 1
    }

    pub(super) fn facts(&self) -> Vec<(Duration, Fact)> {
        lock(&self.facts).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
