//! Lets the records of one key take turns, where several lanes have the key.

use std::collections::{HashMap, VecDeque};

use foldhash::quality::RandomState;

use crate::dispatch::engine::step::{LaneId, Step, Work};

/// The keys of the records that wait or run on a FIFO queue. Empty on a standard queue.
///
/// Lanes are message groups on a FIFO queue, and a publisher may put events of one object into
/// several groups. Their records must not run side by side. A lane that waits for its turn is not
/// among those that may run, so it keeps no other lane from running.
#[derive(Default)]
pub(super) struct KeyTurns {
    keys: HashMap<u64, Key, RandomState>,
    is_fifo: bool,
}

#[derive(Default)]
struct Key {
    /// How many steps have the key and have not ended.
    steps: usize,
    is_running: bool,
    waiting: VecDeque<LaneId>,
    /// A record of the key failed after this many admissions.
    failed_after: Option<u64>,
}

impl KeyTurns {
    /// Adds a step of a FIFO queue.
    pub(super) fn add(&mut self, step: &Step) {
        self.is_fifo = true;
        if let Work::Route(_) = step.work {
            self.keys.entry(step.key).or_default().steps += 1;
        }
    }

    /// Returns whether the queue is FIFO.
    pub(super) fn are_needed(&self) -> bool {
        self.is_fifo
    }

    /// Takes the turn of the step's key. Returns whether it was free. Otherwise the lane waits.
    ///
    /// A lane has at most one turn at a time, so lanes never wait for each other in a circle.
    pub(super) fn begin(&mut self, step: &Step, lane: LaneId) -> bool {
        let Some(key) = self.key_of(step) else {
            return true;
        };

        let is_free = !std::mem::replace(&mut key.is_running, true);
        if !is_free {
            key.waiting.push_back(lane);
        }

        is_free
    }

    /// Ends a turn. Returns the lane that waits longest for the next one.
    #[must_use]
    pub(super) fn end(&mut self, step: &Step) -> Option<LaneId> {
        self.key_of(step)?.is_running = false;
        self.remove(step)
    }

    /// Removes a step that ended or will not run. Returns the lane that waits longest for the turn,
    /// if nobody has it: the step's own lane may have been the one that was to take it.
    #[must_use]
    pub(super) fn remove(&mut self, step: &Step) -> Option<LaneId> {
        let key = self.key_of(step)?;
        key.steps -= 1;

        if key.steps == 0 {
            self.keys.remove(&step.key);
            None
        } else if key.is_running {
            None
        } else {
            key.waiting.pop_front()
        }
    }

    /// Notes that a step has failed after this many admissions.
    pub(super) fn note_failure(&mut self, step: &Step, admissions: u64) {
        if let Some(key) = self.key_of(step) {
            key.failed_after = Some(admissions);
        }
    }

    /// Returns whether a record of the same key has failed, in any lane, after the step's message
    /// was admitted.
    pub(super) fn follows_a_failure(&mut self, step: &Step) -> bool {
        let since = step.since;
        let failed = self.key_of(step).and_then(|key| key.failed_after);

        failed.is_some_and(|admissions| since < admissions)
    }

    fn key_of(&mut self, step: &Step) -> Option<&mut Key> {
        match step.work {
            Work::Route(_) if self.is_fifo => self.keys.get_mut(&step.key),
            _ => None,
        }
    }
}
