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
    /// The steps behind the first of all lanes. Each names the next of its lane.
    steps: Slab<Link>,
}

/// A lane while it has steps, or runs one.
struct Lane {
    number: u64,
    /// The step that is next. It is kept here, because most lanes have one step. `None` if no step
    /// waits.
    first: Option<Step>,
    /// The steps behind it.
    others: Option<Ends>,
    /// The highest receive count of its messages.
    received: u32,
    /// Of the step that began last since the lane was taken, whether it was kept apart.
    last_apart: Option<Option<u64>>,
}

/// The first and the last step of a list.
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
    /// Makes room for this many more lanes.
    pub(super) fn reserve(&mut self, lanes: usize) {
        self.by_number.reserve(lanes);
        self.lanes.reserve(lanes);
    }

    /// Adds a step to the end of the lane with this number. Returns the lane, and whether it is
    /// new.
    pub(super) fn add(&mut self, number: u64, step: Step, received: u32) -> (LaneId, bool) {
        let mut is_new = false;
        let id = *self.by_number.entry(number).or_insert_with(|| {
            is_new = true;
            self.lanes.insert(Lane {
                number,
                first: None,
                others: None,
                received: 0,
                last_apart: None,
            })
        });

        let lane = &mut self.lanes[id];
        lane.received = lane.received.max(received);
        if lane.first.is_none() {
            lane.first = Some(step);
            return (id, is_new);
        }

        let link = self.steps.insert(Link { step, next: None });
        match &mut lane.others {
            Some(ends) => {
                self.steps[ends.last].next = Some(link);
                ends.last = link;
            }
            None => {
                lane.others = Some(Ends {
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
        self.lanes[lane].first.as_ref()
    }

    /// Removes the step that is next in the lane.
    pub(super) fn remove_first(&mut self, lane: LaneId) -> Option<Step> {
        let lane = &mut self.lanes[lane];
        let first = lane.first.take();

        if let Some(ends) = lane.others {
            let link = self.steps.remove(ends.first);
            lane.first = Some(link.step);
            lane.others = link.next.map(|first| Ends {
                first,
                last: ends.last,
            });
        }

        first
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
        let lane = &self.lanes[lane];
        let others = lane.others.map(|ends| ends.first);
        let others = std::iter::successors(others, |index| self.steps[*index].next);

        let others = others.map(|index| &self.steps[index].step);
        lane.first.iter().chain(others)
    }

    /// Changes the steps that wait in a lane, all together.
    pub(super) fn change(&mut self, lane: LaneId, change: impl FnOnce(&mut [Step])) {
        let mut steps: Vec<Step> = self.steps(lane).copied().collect();
        change(&mut steps);

        let lane = &mut self.lanes[lane];
        let mut steps = steps.into_iter();
        lane.first = steps.next();
        let mut next = lane.others.map(|ends| ends.first);

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
