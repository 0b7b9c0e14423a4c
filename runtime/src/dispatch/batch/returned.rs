//! Keeps messages apart that came back without an answer.
//!
//! If a handler ends the process, every message of its batch comes back, and nobody knows which of
//! them was to blame. If all ran together again, all would be lost to the dead-letter queue
//! together. So they are run in an order, or in parts, that change from receive to receive.

use std::collections::HashMap;

use s3_dispatch_core::delivery::Delivery;

use crate::dispatch::arrival::message_hash;
use crate::dispatch::engine::{Engine, LaneId};

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

/// Which lanes of a batch run, and when.
pub(crate) struct Plan {
    /// The lanes that run side by side.
    pub(crate) side_by_side: Vec<LaneId>,
    /// What runs one by one afterwards.
    pub(crate) one_by_one: Vec<Unit>,
    /// The messages that are left for another receive.
    pub(crate) left_out: Vec<usize>,
}

/// Lanes that share messages with each other, and with no other lane.
pub(crate) struct Unit {
    pub(crate) lanes: Vec<LaneId>,
    /// It would run even if only a part of the units did.
    pub(crate) is_in_part: bool,
    /// Its messages, in the order of the lanes. A message may occur more than once.
    pub(crate) messages: Vec<usize>,
}

impl Plan {
    /// Makes a plan for the lanes of a batch, which are all that the engine has.
    pub(crate) fn new(
        engine: &Engine<&Delivery>,
        lanes: Vec<LaneId>,
        delivery: &Delivery,
        separation: Separation<'_>,
    ) -> Self {
        let (has_returned, is_one_by_one) = match separation {
            Separation::None => return Self::together(lanes),
            Separation::Parts(has_returned) => (has_returned, false),
            Separation::OneByOne(has_returned) => (has_returned, true),
        };

        if !(0..delivery.messages().len()).any(has_returned) {
            return Self::together(lanes);
        }

        let (mut returned, fresh): (Vec<_>, Vec<_>) = groups(engine, &lanes, delivery)
            .into_iter()
            .partition(|group| group.messages.iter().any(|message| has_returned(*message)));

        // One alone endangers no other.
        if returned.len() + fresh.len() < 2 || (returned.len() < 2 && !is_one_by_one) {
            return Self::together(lanes);
        }

        let received = returned.iter().map(|group| group.received).max();
        let turn = received.unwrap_or(0).saturating_sub(2);
        returned.sort_by_key(|group| group.hash);

        let hashes: Vec<_> = returned.iter().map(|group| group.hash).collect();
        let returned = returned.into_iter().zip(part(&hashes, turn)).collect();

        if is_one_by_one {
            one_after_another(engine, &lanes, fresh, turned(returned, turn))
        } else {
            one_part(&lanes, fresh, returned)
        }
    }

    fn together(lanes: Vec<LaneId>) -> Self {
        Self {
            side_by_side: lanes,
            one_by_one: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Returns whether messages came back without an answer and are kept apart.
    pub(crate) fn is_separated(&self) -> bool {
        !self.one_by_one.is_empty() || !self.left_out.is_empty()
    }
}

/// Puts the fresh groups first, and makes a unit of each returned one.
fn one_after_another(
    engine: &Engine<&Delivery>,
    lanes: &[LaneId],
    fresh: Vec<Group>,
    returned: Vec<(Group, bool)>,
) -> Plan {
    let units = returned.into_iter().zip(0..);
    let one_by_one = units.map(|((group, is_in_part), order)| {
        let lanes: Vec<_> = group.places.iter().map(|place| lanes[*place]).collect();
        engine.set_apart(&lanes, order);

        Unit {
            lanes,
            is_in_part,
            messages: group.messages,
        }
    });

    Plan {
        one_by_one: one_by_one.collect(),
        side_by_side: in_order(lanes, fresh),
        left_out: Vec::new(),
    }
}

/// Runs the fresh groups and those of the part, in the order that they had.
fn one_part(lanes: &[LaneId], fresh: Vec<Group>, returned: Vec<(Group, bool)>) -> Plan {
    let (in_part, left_out): (Vec<_>, Vec<_>) = returned
        .into_iter()
        .partition(|(_, is_in_part)| *is_in_part);
    let in_part = in_part.into_iter().map(|(group, _)| group);
    let left_out = left_out.into_iter().flat_map(|(group, _)| group.messages);

    Plan {
        side_by_side: in_order(lanes, fresh.into_iter().chain(in_part)),
        one_by_one: Vec::new(),
        left_out: left_out.collect(),
    }
}

/// The lanes of these groups, in the order that the lanes had.
fn in_order(lanes: &[LaneId], groups: impl IntoIterator<Item = Group>) -> Vec<LaneId> {
    let mut places: Vec<_> = groups.into_iter().flat_map(|group| group.places).collect();
    places.sort_unstable();

    places.into_iter().map(|place| lanes[place]).collect()
}

/// Lanes that share messages with each other, and with no other lane.
struct Group {
    /// Where its lanes are among all lanes.
    places: Vec<usize>,
    messages: Vec<usize>,
    /// Depends on the ids of the messages only, so it is the same in every process.
    hash: u64,
    /// The highest receive count of the messages.
    received: u32,
}

/// Finds the groups, in the order of their first lane.
fn groups(engine: &Engine<&Delivery>, lanes: &[LaneId], delivery: &Delivery) -> Vec<Group> {
    let mut place_of = HashMap::new();
    let mut parents: Vec<usize> = (0..lanes.len()).collect();

    for (place, lane) in lanes.iter().enumerate() {
        engine.each_step(*lane, |step| {
            let other = *place_of.entry(step.message).or_insert(place);
            let (root, other) = (root(&mut parents, place), root(&mut parents, other));
            parents[root.max(other)] = root.min(other);
        });
    }

    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = HashMap::new();

    for (place, lane) in lanes.iter().enumerate() {
        let group = *group_of
            .entry(root(&mut parents, place))
            .or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });

        groups[group].places.push(place);
        engine.each_step(*lane, |step| groups[group].add(step.message, delivery));
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

        self.messages.push(message);
        self.hash = self.hash.min(message_hash(context));
        self.received = self.received.max(context.receive_count().unwrap_or(0));
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            places: Vec::new(),
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
