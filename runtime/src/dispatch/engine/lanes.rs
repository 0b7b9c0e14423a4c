//! Lanes, within which steps must wait for each other.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use slab::Slab;

use crate::dispatch::engine::step::{LaneId, Step};

/// The lanes that have steps, or run one.
///
/// A lane is found by a number that stands for its bucket and key or for its message group. Should
/// two have the same number, they share a lane, which does no harm. The number is a hash with a
/// secret seed, so nobody can make many share one.
#[derive(Default)]
pub(super) struct Lanes {
    by_number: HashMap<u64, LaneId, BuildHasherDefault<AsItIs>>,
    lanes: Slab<Lane>,
    /// The steps of all lanes. Each names the next of its lane.
    steps: Slab<Link>,
}

/// A lane while it has steps, or runs one.
struct Lane {
    number: u64,
    /// `None` if no step waits.
    ends: Option<Ends>,
    /// The highest receive count of its messages.
    received: u32,
    /// Of the step that began last since the lane was taken, whether it was kept apart.
    last_apart: Option<Option<u64>>,
}

/// The first and the last step that wait in a lane.
#[derive(Clone, Copy)]
struct Ends {
    first: usize,
    last: usize,
}

struct Link {
    step: Step,
    next: Option<usize>,
}

impl Lanes {
    /// Makes room for this many more steps.
    pub(super) fn reserve(&mut self, steps: usize) {
        self.by_number.reserve(steps);
        self.lanes.reserve(steps);
        self.steps.reserve(steps);
    }

    /// Adds a step to the end of the lane with this number. Returns the lane, and whether it is
    /// new.
    pub(super) fn add(&mut self, number: u64, step: Step, received: u32) -> (LaneId, bool) {
        let link = self.steps.insert(Link { step, next: None });
        let mut is_new = false;
        let id = *self.by_number.entry(number).or_insert_with(|| {
            is_new = true;
            self.lanes.insert(Lane {
                number,
                ends: None,
                received: 0,
                last_apart: None,
            })
        });

        let lane = &mut self.lanes[id];
        lane.received = lane.received.max(received);
        match &mut lane.ends {
            Some(ends) => {
                self.steps[ends.last].next = Some(link);
                ends.last = link;
            }
            None => {
                lane.ends = Some(Ends {
                    first: link,
                    last: link,
                });
            }
        }

        (id, is_new)
    }

    /// Notes that a lane was taken to run.
    pub(super) fn begin_turn(&mut self, lane: LaneId) {
        self.lanes[lane].last_apart = None;
    }

    /// Removes the step that is next in the lane, because it begins.
    pub(super) fn begin_first(&mut self, lane: LaneId) {
        let first = self.remove_first(lane);
        self.lanes[lane].last_apart = first.map(|step| step.apart);
    }

    /// Returns whether the step that began last since the lane was taken is kept apart, and in
    /// which order. `None` if none has begun.
    pub(super) fn last_apart(&self, lane: LaneId) -> Option<Option<u64>> {
        self.lanes[lane].last_apart
    }

    /// Returns the highest receive count of the messages in a lane.
    pub(super) fn received(&self, lane: LaneId) -> u32 {
        self.lanes[lane].received
    }

    /// Returns whether the lane exists.
    pub(super) fn contains(&self, lane: LaneId) -> bool {
        self.lanes.contains(lane)
    }

    /// Returns the step that is next in the lane.
    pub(super) fn first(&self, lane: LaneId) -> Option<&Step> {
        let ends = self.lanes[lane].ends?;
        Some(&self.steps[ends.first].step)
    }

    /// Removes the step that is next in the lane.
    pub(super) fn remove_first(&mut self, lane: LaneId) -> Option<Step> {
        let lane = &mut self.lanes[lane];
        let ends = lane.ends?;
        let link = self.steps.remove(ends.first);
        lane.ends = link.next.map(|first| Ends {
            first,
            last: ends.last,
        });

        Some(link.step)
    }

    /// Removes a lane that has no steps. If steps may still be added, its number is free then.
    pub(super) fn remove(&mut self, lane: LaneId, may_grow: bool) {
        let number = self.lanes.remove(lane).number;
        if may_grow {
            self.by_number.remove(&number);
        }
    }

    /// The steps that wait in a lane, in their order.
    pub(super) fn steps(&self, lane: LaneId) -> impl Iterator<Item = &Step> {
        let first = self.lanes[lane].ends.map(|ends| ends.first);
        std::iter::successors(first, |index| self.steps[*index].next)
            .map(|index| &self.steps[index].step)
    }

    /// Changes the steps that wait in a lane, all together.
    pub(super) fn change(&mut self, lane: LaneId, change: impl FnOnce(&mut [Step])) {
        let mut steps: Vec<Step> = self.steps(lane).copied().collect();
        change(&mut steps);

        let mut next = self.lanes[lane].ends.map(|ends| ends.first);
        for step in steps {
            let Some(index) = next else { return };
            let link = &mut self.steps[index];
            link.step = step;
            next = link.next;
        }
    }
}

/// Hashes a number that is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
