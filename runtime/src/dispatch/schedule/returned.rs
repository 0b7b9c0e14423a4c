//! Keeps messages apart that came back without an answer.
//!
//! If a handler ends the process, every message of its batch comes back, and nobody knows which of
//! them was to blame. If all ran together again, all would be lost to the dead-letter queue
//! together. So they are run in an order, or in parts, that change from receive to receive.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::quality::FixedState;
use s3_dispatch_core::delivery::Delivery;

use crate::dispatch::schedule::lanes::Steps;

/// What to do with messages that came back without an answer.
#[derive(Clone, Copy)]
pub(crate) enum Separation<'s> {
    /// Run them together with all others.
    None,
    /// Run some of them together with all others, and leave the rest out.
    ///
    /// The function returns whether the message with this index came back without an answer.
    Parts(&'s dyn Fn(usize) -> bool),
    /// Run them one by one after all others.
    OneByOne(&'s dyn Fn(usize) -> bool),
}

/// Lanes that share messages with each other, and with no other lane.
pub(crate) struct Unit {
    pub(crate) lanes: Range<usize>,
    /// It would run even if only a part of the units did.
    pub(crate) is_in_part: bool,
    /// Its messages, in the order of the lanes. A message may occur more than once.
    pub(crate) messages: Vec<usize>,
}

/// How the lanes of a schedule are divided.
pub(super) struct Separated {
    /// How many lanes, from the first on, run side by side.
    pub(super) side_by_side: usize,
    pub(super) one_by_one: Vec<Unit>,
    pub(super) left_out: Vec<usize>,
}

/// Sorts the lanes, so that those which run side by side come first.
pub(super) fn separate(
    steps: &mut Steps,
    delivery: &Delivery,
    separation: Separation<'_>,
) -> Separated {
    let together = Separated {
        side_by_side: steps.lanes.len(),
        one_by_one: Vec::new(),
        left_out: Vec::new(),
    };
    let (has_returned, is_one_by_one) = match separation {
        Separation::None => return together,
        Separation::Parts(has_returned) => (has_returned, false),
        Separation::OneByOne(has_returned) => (has_returned, true),
    };

    if !(0..delivery.messages().len()).any(has_returned) {
        return together;
    }

    let (mut returned, fresh): (Vec<_>, Vec<_>) = groups(steps, delivery)
        .into_iter()
        .partition(|group| group.messages.iter().any(|message| has_returned(*message)));

    // One alone endangers no other.
    if returned.len() + fresh.len() < 2 || (returned.len() < 2 && !is_one_by_one) {
        return together;
    }

    let received = returned.iter().map(|group| group.received).max();
    let turn = received.unwrap_or(0).saturating_sub(2);
    returned.sort_by_key(|group| group.hash);

    let hashes: Vec<_> = returned.iter().map(|group| group.hash).collect();
    let returned = returned.into_iter().zip(part(&hashes, turn)).collect();

    if is_one_by_one {
        one_after_another(steps, fresh, turned(returned, turn))
    } else {
        one_part(steps, fresh, returned)
    }
}

/// Puts the fresh groups first, and makes a unit of each returned one.
fn one_after_another(
    steps: &mut Steps,
    fresh: Vec<Group>,
    returned: Vec<(Group, bool)>,
) -> Separated {
    let mut lanes: Vec<_> = fresh.into_iter().flat_map(|group| group.lanes).collect();
    lanes.sort_unstable();
    let side_by_side = lanes.len();
    let mut one_by_one = Vec::with_capacity(returned.len());

    for (group, is_in_part) in returned {
        let first = lanes.len();
        lanes.extend(group.lanes);
        one_by_one.push(Unit {
            lanes: first..lanes.len(),
            is_in_part,
            messages: group.messages,
        });
    }

    steps.sort_lanes(&lanes);
    Separated {
        side_by_side,
        one_by_one,
        left_out: Vec::new(),
    }
}

/// Puts the fresh groups and those of the part first, in the order that they had.
fn one_part(steps: &mut Steps, fresh: Vec<Group>, returned: Vec<(Group, bool)>) -> Separated {
    let (in_part, left_out): (Vec<_>, Vec<_>) = returned
        .into_iter()
        .partition(|(_, is_in_part)| *is_in_part);

    let in_part = in_part.into_iter().map(|(group, _)| group);
    let mut lanes: Vec<_> = fresh
        .into_iter()
        .chain(in_part)
        .flat_map(|group| group.lanes)
        .collect();
    lanes.sort_unstable();
    let side_by_side = lanes.len();

    let mut messages = Vec::new();
    for (group, _) in left_out {
        lanes.extend(group.lanes);
        messages.extend(group.messages);
    }

    steps.sort_lanes(&lanes);
    Separated {
        side_by_side,
        one_by_one: Vec::new(),
        left_out: messages,
    }
}

/// Lanes that share messages with each other, and with no other lane.
struct Group {
    /// The numbers of the lanes.
    lanes: Vec<usize>,
    messages: Vec<usize>,
    /// Depends on the ids of the messages only, so it is the same in every process.
    hash: u64,
    /// The highest receive count of the messages.
    received: u32,
}

/// Finds the groups, in the order of their first lane.
fn groups(steps: &Steps, delivery: &Delivery) -> Vec<Group> {
    let mut lane_of = HashMap::new();
    let mut parents: Vec<usize> = (0..steps.lanes.len()).collect();

    for (lane, range) in steps.lanes.iter().enumerate() {
        for step in &steps.steps[range.clone()] {
            let other = *lane_of.entry(step.message).or_insert(lane);
            let (root, other) = (root(&mut parents, lane), root(&mut parents, other));
            parents[root.max(other)] = root.min(other);
        }
    }

    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = HashMap::new();

    for (lane, range) in steps.lanes.iter().enumerate() {
        let group = *group_of.entry(root(&mut parents, lane)).or_insert_with(|| {
            groups.push(Group::default());
            groups.len() - 1
        });

        groups[group].lanes.push(lane);
        for step in &steps.steps[range.clone()] {
            groups[group].add(step.message, delivery);
        }
    }

    groups
}

/// Returns the lane that stands for all lanes that are known to share messages with this one.
fn root(parents: &mut [usize], mut lane: usize) -> usize {
    while parents[lane] != lane {
        parents[lane] = parents[parents[lane]];
        lane = parents[lane];
    }

    lane
}

impl Group {
    fn add(&mut self, message: usize, delivery: &Delivery) {
        let context = &delivery.messages()[message].context;
        let hash = context
            .message_id()
            .map_or(0, |id| FixedState::default().hash_one(id.as_str()));

        self.messages.push(message);
        self.hash = self.hash.min(hash);
        self.received = self.received.max(context.receive_count().unwrap_or(0));
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            lanes: Vec::new(),
            messages: Vec::new(),
            hash: u64::MAX,
            received: 0,
        }
    }
}

/// Chooses the part of these that runs at this turn.
///
/// One bit of the hashes divides them. Of two turns in a row, each has the half that the other has
/// not; the next two turns divide by the next bit. If all of these have the same bit, the other
/// half is already gone, and the first bit in which they differ divides them. So neither half is
/// empty.
fn part(hashes: &[u64], turn: u32) -> Vec<bool> {
    let differing = hashes
        .iter()
        .fold(0, |differing, hash| differing | (hash ^ hashes[0]));
    if differing == 0 {
        return vec![true; hashes.len()];
    }

    let usual = (turn / 2) % u64::BITS;
    let bit = if differing >> usual & 1 == 1 {
        usual
    } else {
        differing.trailing_zeros()
    };
    let wanted = u64::from(turn % 2);

    hashes
        .iter()
        .map(|hash| hash >> bit & 1 == wanted)
        .collect()
}

/// Turns an order: forwards, backwards, from the middle up, from the last but one down, and so on
/// again.
///
/// What ends the process hides whatever comes behind it. With one such message, two turns reach all
/// others from both sides. With two, the other two turns reach what is between them.
fn turned<T>(mut sorted: Vec<T>, turn: u32) -> Vec<T> {
    match turn % 4 {
        0 => {}
        1 => sorted.reverse(),
        2 => {
            let above = sorted.split_off(sorted.len() / 2);
            sorted.reverse();
            sorted.splice(0..0, above);
        }
        _ => {
            sorted.reverse();
            if !sorted.is_empty() {
                sorted.rotate_left(1);
            }
        }
    }

    sorted
}
