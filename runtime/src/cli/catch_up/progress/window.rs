//! What of a source is settled, when settling happens in any order.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::cli::catch_up::objects::{Found, Position};

/// What is in flight, and the position up to which everything is settled.
///
/// # Guarantees
///
/// - An object that is neither settled nor passed over is behind [`Record::through`], and is not in
///   [`Record::beyond`]. So a run that goes on from a record leaves nothing out.
/// - What was settled when a record was taken is before its position, or in `beyond`. So that run
///   repeats only what was in flight, or was settled after the record was taken.
#[derive(Debug)]
pub(in crate::cli) struct Window {
    /// The position of the last object that was begun or passed over.
    last: Position,
    next: u64,
    /// In flight: the position before each, and its name.
    open: BTreeMap<u64, (Position, Name)>,
    /// Settled, while something before it is in flight.
    beyond: BTreeMap<u64, Name>,
    /// Settled by an earlier run, and not met yet in this one.
    inherited: HashSet<Name>,
    /// How many objects were settled.
    settled: u64,
    /// How many of them the last record that was written has.
    recorded: u64,
}

/// What tells an object from all others of a source: its key and its version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::cli) struct Name(String, #[serde(default)] Option<String>);

/// What a resume file says about progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Record {
    /// Everything up to here is settled.
    pub(in crate::cli) through: Position,
    /// What is settled behind it.
    pub(in crate::cli) beyond: Vec<Name>,
    /// How many objects were settled, in all runs.
    pub(in crate::cli) settled: u64,
}

impl Name {
    pub(in crate::cli) fn of(found: &Found) -> Self {
        Self(found.key.clone(), found.version_id.clone())
    }
}

impl Window {
    /// A window that goes on from a record.
    pub(in crate::cli) fn new(from: &Record) -> Self {
        Self {
            last: from.through.clone(),
            next: 0,
            open: BTreeMap::new(),
            beyond: BTreeMap::new(),
            inherited: from.beyond.iter().cloned().collect(),
            settled: from.settled,
            recorded: from.settled,
        }
    }

    /// Notes an object that there is nothing to do for.
    pub(in crate::cli) fn pass_over(&mut self, found: &Found) {
        self.last.clone_from(&found.position);
    }

    /// Whether an earlier run has settled an object. If so, this notes it: there is nothing to do
    /// for it any more.
    pub(in crate::cli) fn was_settled_before(&mut self, found: &Found) -> bool {
        if self.inherited.is_empty() || !self.inherited.remove(&Name::of(found)) {
            return false;
        }

        // It stays in the record until everything before it is settled as well.
        let number = self.begin(found);
        self.end(number)
    }

    /// Puts an object in flight, and returns its number.
    pub(in crate::cli) fn begin(&mut self, found: &Found) -> u64 {
        let number = self.next;
        let before = std::mem::replace(&mut self.last, found.position.clone());
        self.open.insert(number, (before, Name::of(found)));
        self.next += 1;

        number
    }

    /// Settles an object that is in flight.
    pub(in crate::cli) fn settle(&mut self, number: u64) {
        if self.end(number) {
            self.settled += 1;
        }
    }

    fn end(&mut self, number: u64) -> bool {
        let Some((_, name)) = self.open.remove(&number) else {
            return false;
        };

        match self.open.first_key_value() {
            Some((first, _)) if *first < number => {
                self.beyond.insert(number, name);
            }
            Some((first, _)) => self.beyond = self.beyond.split_off(first),
            None => self.beyond.clear(),
        }

        true
    }

    /// How many objects a run that goes on from the last record would repeat, if this one ended
    /// now: those in flight, and those that were settled since.
    pub(in crate::cli) fn at_stake(&self) -> u64 {
        self.open.len() as u64 + self.settled - self.recorded
    }

    /// How many objects are settled, but not all before them.
    pub(in crate::cli) fn beyond(&self) -> usize {
        self.beyond.len() + self.inherited.len()
    }

    /// What is to be written.
    pub(in crate::cli) fn record(&self) -> Record {
        let first = self.open.first_key_value();
        let through = first.map_or(&self.last, |(_, (before, _))| before);

        Record {
            through: through.clone(),
            beyond: self
                .beyond
                .values()
                .chain(&self.inherited)
                .cloned()
                .collect(),
            settled: self.settled,
        }
    }

    /// Notes that a record was written.
    pub(in crate::cli) fn recorded(&mut self, record: &Record) {
        self.recorded = self.recorded.max(record.settled);
    }
}

impl Default for Record {
    fn default() -> Self {
        Self {
            through: Position::Start,
            beyond: Vec::new(),
            settled: 0,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// What happens in a run, one step after the other.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// The next object is begun, or passed over if there is nothing to do for it.
        Take,
        /// One of those in flight is settled.
        Settle(usize),
        Write,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Take),
            3 => any::<usize>().prop_map(Step::Settle),
            1 => Just(Step::Write),
        ]
    }

    /// A run over keys, of which those with an even number have nothing to do.
    struct Trial {
        window: Window,
        /// The keys that are behind the position and not taken yet.
        rest: std::vec::IntoIter<u32>,
        in_flight: Vec<(u64, u32)>,
        written: Record,
        /// Settled after the record was taken that is written.
        since: HashSet<u32>,
    }

    const KEYS: u32 = 24;

    fn found(key: u32) -> Found {
        let key = format!("{key:02}");
        Found::of_key(key.clone(), Position::After(key))
    }

    fn has_nothing_to_do(key: u32) -> bool {
        key.is_multiple_of(4)
    }

    impl Trial {
        fn from(record: &Record) -> Self {
            let first = match &record.through {
                Position::After(key) => key.parse::<u32>().unwrap() + 1,
                _ => 0,
            };

            Self {
                window: Window::new(record),
                rest: (first..KEYS).collect::<Vec<_>>().into_iter(),
                in_flight: Vec::new(),
                written: record.clone(),
                since: HashSet::new(),
            }
        }

        fn take(&mut self, step: Step, settled: &mut Vec<u32>) {
            match step {
                Step::Take => {
                    let Some(key) = self.rest.next() else {
                        return;
                    };
                    let found = found(key);
                    if self.window.was_settled_before(&found) {
                        return;
                    }
                    if has_nothing_to_do(key) {
                        self.window.pass_over(&found);
                    } else {
                        self.in_flight.push((self.window.begin(&found), key));
                    }
                }
                Step::Settle(which) => {
                    if self.in_flight.is_empty() {
                        return;
                    }
                    let index = which % self.in_flight.len();
                    let (number, key) = self.in_flight.remove(index);
                    self.window.settle(number);
                    settled.push(key);
                    self.since.insert(key);
                }
                Step::Write => {
                    self.written = self.window.record();
                    self.window.recorded(&self.written.clone());
                    self.since.clear();
                }
            }

            let at_stake = self.in_flight.len() + self.since.len();
            assert_eq!(self.window.at_stake(), at_stake as u64);
        }

        fn finish(&mut self, settled: &mut Vec<u32>) {
            while self.rest.len() > 0 {
                self.take(Step::Take, settled);
            }
            while !self.in_flight.is_empty() {
                self.take(Step::Settle(0), settled);
            }
            self.take(Step::Write, settled);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// A kill at every step, and at every step of the run that goes on.
        #[test]
        fn a_kill_leaves_nothing_out_and_repeats_only_what_was_in_flight(
            steps in prop::collection::vec(step(), 0..60),
            again in prop::collection::vec(step(), 0..30),
        ) {
            for kill in 0..=steps.len() {
                let (mut trial, mut settled) = (Trial::from(&Record::default()), Vec::new());
                steps[..kill].iter().for_each(|step| trial.take(*step, &mut settled));
                let may_repeat = trial.since.clone();

                let mut second = Trial::from(&trial.written);
                let mut settled_again = Vec::new();
                again.iter().for_each(|step| second.take(*step, &mut settled_again));
                let may_repeat_again = second.since.clone();
                let mut third = Trial::from(&second.written);
                let mut settled_at_last = Vec::new();
                third.finish(&mut settled_at_last);

                let all: HashSet<u32> = [&settled, &settled_again, &settled_at_last]
                    .into_iter().flatten().copied().collect();
                let expected: HashSet<u32> =
                    (0..KEYS).filter(|key| !has_nothing_to_do(*key)).collect();
                prop_assert_eq!(all, expected, "killed after {} steps", kill);

                let is_allowed = |key: &u32| !settled.contains(key) || may_repeat.contains(key);
                let is_allowed_again =
                    |key: &u32| !settled_again.contains(key) || may_repeat_again.contains(key);
                prop_assert!(settled_again.iter().all(is_allowed));
                prop_assert!(settled_at_last.iter().all(is_allowed));
                prop_assert!(settled_at_last.iter().all(is_allowed_again));
                let last = Position::After(format!("{:02}", KEYS - 1));
                prop_assert_eq!(&third.written.through, &last);
                prop_assert!(third.written.beyond.is_empty());
            }
        }

        /// Whatever is passed over while one object is in flight.
        #[test]
        fn the_window_is_as_large_as_what_is_in_flight(passed in 1..2_000_u32) {
            let mut window = Window::new(&Record::default());
            let slow = window.begin(&found(1));
            for key in 0..passed {
                window.pass_over(&found(key));
            }

            prop_assert_eq!((window.open.len(), window.beyond.len()), (1, 0));
            prop_assert_eq!(window.record().through, Position::Start);
            window.settle(slow);
            let last = Position::After(format!("{:02}", passed - 1));
            prop_assert_eq!(window.record().through, last);
        }
    }
}
