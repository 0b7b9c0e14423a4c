//! What the rules of delivery say about a world. It is written from the rules, not from the code.

use std::collections::{BTreeMap, BTreeSet};

use s3_dispatch::dispatch::MessageFailure;
use s3_dispatch::{Malformed, Unrouted};

use crate::separation::{Separation, groups_share_keys};
use crate::world::{Content, Delay, End, Message, Place, QueueUse, Record, Script, World};

/// The outcome of one record, before its dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Handled,
    Skipped,
    /// The record needs a retry.
    Failed,
    Permanent,
}

/// The outcome of a world that nothing cuts off: without a deadline, a caller that drops the
/// dispatch, or anything that hangs forever.
#[derive(Debug, Default)]
pub(crate) struct Prediction {
    pub(crate) started: BTreeSet<Place>,
    pub(crate) handled: usize,
    pub(crate) skipped: usize,
    /// The outcome of each message. The reason is `None` if the rules leave it open.
    pub(crate) messages: Vec<Result<(), Option<MessageFailure>>>,
}

/// Returns the outcome of a record whose handler ends like this.
pub(crate) fn fate(world: &World, end: End) -> Fate {
    match end {
        End::Done => Fate::Handled,
        End::Unrouted if world.setup.unrouted == Unrouted::Fail => Fate::Failed,
        End::Unrouted | End::Stale => Fate::Skipped,
        End::Permanent if world.setup.has_sink => Fate::Permanent,
        End::Permanent | End::Retry | End::Panic | End::EarlyPanic => Fate::Failed,
    }
}

/// Returns how long a script runs if nothing stops it, or `None` if it never ends.
pub(crate) fn duration(script: Script) -> Option<u64> {
    match script.delay {
        _ if script.end == End::EarlyPanic => Some(0),
        Delay::None | Delay::Yields(_) => Some(0),
        Delay::Milliseconds(milliseconds) => Some(milliseconds),
        Delay::Forever => None,
    }
}

fn expected_fate(world: &World, record: &Record) -> Fate {
    let is_late = world
        .setup
        .record_timeout
        .is_some_and(|timeout| duration(record.handler).is_none_or(|d| d > timeout));
    if is_late {
        Fate::Failed
    } else {
        fate(world, record.handler.end)
    }
}

fn is_kept(letter: Script) -> bool {
    letter.end == End::Done && letter.delay != Delay::Forever
}

/// Returns whether a message succeeds as far as it does not depend on its records.
pub(crate) fn is_idle_success(world: &World, message: &Message) -> bool {
    match message.content {
        Content::Malformed(_) => world.setup.malformed == Malformed::Drop,
        Content::Test(_) | Content::Records(..) => true,
    }
}

/// Returns the group of a message on a FIFO queue. Messages without a group share one.
pub(crate) fn group_of(message: &Message) -> i32 {
    message.group.map_or(-1, i32::from)
}

impl Prediction {
    /// Returns whether the outcome of a world without a cut depends on nothing but the world.
    pub(crate) fn is_possible(world: &World) -> bool {
        let leaves_out = matches!(world.setup.queue, QueueUse::Parts | QueueUse::Broken)
            && Separation::of(world).separates(world);

        // Whether a letter or another group holds a record back depends on who is first.
        let depends_on_time =
            world.setup.holds_back && (world.setup.has_sink || groups_share_keys(world));

        !leaves_out && !depends_on_time
    }

    pub(crate) fn of(world: &World) -> Self {
        let mut prediction = Self::default();
        if !world.is_fifo && world.setup.holds_back {
            prediction.hold_back(world);
            return prediction;
        }

        let mut stopped = BTreeSet::new();

        for (index, message) in world.messages.iter().enumerate() {
            let group = group_of(message);
            let outcome = if world.is_fifo && stopped.contains(&group) {
                let is_malformed = matches!(message.content, Content::Malformed(_));
                Err((!is_malformed).then_some(MessageFailure::NotReached))
            } else {
                prediction.message(world, index, message)
            };

            if outcome.is_err() {
                stopped.insert(group);
            }

            prediction.messages.push(outcome);
        }

        prediction
    }

    /// On a standard queue, the first failure of a key holds back the rest of that key.
    fn hold_back(&mut self, world: &World) {
        for order in key_orders(world).into_values() {
            for place in order {
                self.started.insert(place);
                let fate = world
                    .record(place)
                    .map(|record| expected_fate(world, record));
                self.handled += usize::from(fate == Some(Fate::Handled));
                self.skipped += usize::from(fate == Some(Fate::Skipped));

                if fate == Some(Fate::Failed) {
                    break;
                }
            }
        }

        for (index, message) in world.messages.iter().enumerate() {
            let places = (0..message.records().len()).map(|at| (index, at));
            let fates: Vec<_> = places
                .zip(message.records())
                .map(|(place, record)| {
                    let has_started = self.started.contains(&place);
                    has_started.then(|| expected_fate(world, record))
                })
                .collect();

            self.messages.push(if !is_idle_success(world, message) {
                Err(Some(MessageFailure::Malformed))
            } else if fates.contains(&Some(Fate::Failed)) {
                Err(Some(MessageFailure::RecordFailed))
            } else if fates.contains(&None) {
                Err(Some(MessageFailure::NotReached))
            } else {
                Ok(())
            });
        }
    }

    fn message(
        &mut self,
        world: &World,
        index: usize,
        message: &Message,
    ) -> Result<(), Option<MessageFailure>> {
        if !is_idle_success(world, message) {
            return Err(Some(MessageFailure::Malformed));
        }

        let mut outcome = Ok(());
        let mut letter = None;

        for (at, record) in message.records().iter().enumerate() {
            if world.is_fifo && outcome.is_err() {
                break;
            }

            self.started.insert((index, at));
            match expected_fate(world, record) {
                Fate::Handled => self.handled += 1,
                Fate::Skipped => self.skipped += 1,
                Fate::Failed => outcome = Err(Some(MessageFailure::RecordFailed)),
                // The letter does what the first of its records says.
                Fate::Permanent => letter = letter.or(Some(record.letter)),
            }
        }

        outcome.and(if letter.is_none_or(is_kept) {
            Ok(())
        } else {
            Err(Some(MessageFailure::RecordFailed))
        })
    }
}

/// Returns the records of each bucket and key of a standard queue, in the order in which they must
/// run. The records with a reliable sequencer are sorted within the positions that they hold. The
/// others keep their positions.
pub(crate) fn key_orders(world: &World) -> BTreeMap<(&str, &str), Vec<Place>> {
    let mut keys: BTreeMap<_, Vec<(Place, Option<u128>)>> = BTreeMap::new();
    for (place, record) in world.records() {
        keys.entry((record.bucket, record.key))
            .or_default()
            .push((place, record.reliable_sequencer()));
    }

    let order = |arrived: Vec<(Place, Option<u128>)>| {
        let mut reliable: Vec<_> = arrived
            .iter()
            .filter(|(_, sequencer)| sequencer.is_some())
            .copied()
            .collect();

        reliable.sort_by_key(|(_, sequencer)| *sequencer);
        let mut reliable = reliable.into_iter();

        let places = arrived.into_iter().map(|one| {
            if one.1.is_some() {
                reliable.next().unwrap_or(one)
            } else {
                one
            }
        });

        places.map(|(place, _)| place).collect()
    };

    keys.into_iter()
        .map(|(key, arrived)| (key, order(arrived)))
        .collect()
}
