//! Which messages of a world may end the process, written from the rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracle::group_of;
use crate::world::{Place, QueueUse, World};

/// The messages that came back. The dispatcher of a world is new, so it has reported none of them.
pub(crate) struct Separation {
    /// The unit of each message that has work: messages that share a key or a group.
    units: BTreeMap<usize, usize>,
    returned: BTreeSet<usize>,
}

impl Separation {
    pub(crate) fn of(world: &World) -> Self {
        let units = units(world);
        let has_returned = |index: &usize| world.messages[*index].receive_count > 1;
        let returned = units.iter().filter(|(index, _)| has_returned(index));

        Self {
            returned: returned.map(|(_, unit)| *unit).collect(),
            units,
        }
    }

    /// Returns whether the dispatcher keeps messages apart.
    pub(crate) fn separates(&self, world: &World) -> bool {
        let units: BTreeSet<_> = self.units.values().collect();

        match world.setup.queue {
            QueueUse::None | QueueUse::Every => false,
            QueueUse::Parts => self.returned.len() > 1,
            QueueUse::OneByOne | QueueUse::Broken => !self.returned.is_empty() && units.len() > 1,
        }
    }

    /// Returns whether a message is kept apart.
    pub(crate) fn is_apart(&self, world: &World, index: usize) -> bool {
        let unit = self.units.get(&index);
        self.separates(world) && unit.is_some_and(|unit| self.returned.contains(unit))
    }

    pub(crate) fn may_leave_out(&self, world: &World, index: usize) -> bool {
        matches!(world.setup.queue, QueueUse::Parts | QueueUse::Broken)
            && self.is_apart(world, index)
    }

    /// Returns whether two messages belong to one unit.
    pub(crate) fn are_together(&self, one: usize, other: usize) -> bool {
        self.units.get(&one) == self.units.get(&other)
    }
}

fn units(world: &World) -> BTreeMap<usize, usize> {
    let mut shared: BTreeMap<_, Vec<usize>> = BTreeMap::new();

    for (index, message) in world.messages.iter().enumerate() {
        if world.is_fifo {
            let group = (group_of(message), "", "");
            shared.entry(group).or_default().push(index);
            continue;
        }

        for record in message.records() {
            let key = (0, record.bucket, record.key);
            shared.entry(key).or_default().push(index);
        }
    }

    components(shared.into_values())
}

/// Returns the lane of each record. Lanes wait for each other on FIFO queues if they share a key,
/// and count as one.
pub(crate) fn lanes_that_wait_for_each_other(world: &World) -> BTreeMap<Place, usize> {
    let mut shared: BTreeMap<_, Vec<Place>> = BTreeMap::new();

    for (place, record) in world.records() {
        let key = (None, record.bucket, record.key);
        shared.entry(key).or_default().push(place);

        if world.is_fifo {
            let group = (Some(group_of(&world.messages[place.0])), "", "");
            shared.entry(group).or_default().push(place);
        }
    }

    components(shared.into_values())
}

/// Returns whether a key occurs in several groups of a FIFO queue.
pub(crate) fn groups_share_keys(world: &World) -> bool {
    let mut groups: BTreeMap<_, BTreeSet<i32>> = BTreeMap::new();
    for (place, record) in world.records() {
        let group = group_of(&world.messages[place.0]);
        groups
            .entry((record.bucket, record.key))
            .or_default()
            .insert(group);
    }

    world.is_fifo && groups.values().any(|groups| groups.len() > 1)
}

/// Numbers things so that those which occur in one set, directly or through others, have one
/// number.
fn components<T: Ord + Copy>(sets: impl Iterator<Item = Vec<T>>) -> BTreeMap<T, usize> {
    let mut numbers: BTreeMap<T, usize> = BTreeMap::new();

    for (next, set) in sets.enumerate() {
        let known: BTreeSet<usize> = set
            .iter()
            .filter_map(|one| numbers.get(one).copied())
            .collect();
        for number in numbers.values_mut().filter(|number| known.contains(number)) {
            *number = next;
        }

        numbers.extend(set.into_iter().map(|one| (one, next)));
    }

    numbers
}
