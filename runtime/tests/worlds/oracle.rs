//! What the rules of delivery say of a world, written from the rules alone.

use std::collections::{BTreeMap, BTreeSet};

use s3_dispatch::dispatch::MessageFailure;
use s3_dispatch::{Malformed, Unrouted};

use crate::world::{Content, Delay, End, Message, Place, Record, Script, World};

/// What one record comes to, dead letters apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Handled,
    Skipped,
    /// It needs a retry.
    Failed,
    Permanent,
}

/// What becomes of a world that nothing cuts: no deadline, no impatient caller, nothing that hangs
/// for good.
#[derive(Debug, Default)]
pub(crate) struct Forecast {
    pub(crate) started: BTreeSet<Place>,
    pub(crate) handled: usize,
    pub(crate) skipped: usize,
    /// By message. The reason is `None` where the rules leave it open.
    pub(crate) messages: Vec<Result<(), Option<MessageFailure>>>,
}

/// What a handler comes to that ends like this.
pub(crate) fn fate(world: &World, end: End) -> Fate {
    match end {
        End::Done => Fate::Handled,
        End::Unrouted if world.setup.unrouted == Unrouted::Fail => Fate::Failed,
        End::Unrouted | End::Stale => Fate::Skipped,
        End::Permanent if world.setup.has_sink => Fate::Permanent,
        End::Permanent | End::Retry | End::Panic | End::EarlyPanic => Fate::Failed,
    }
}

/// How long a script runs if nothing stops it; `None` for ever.
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

/// Whether a message without records to answer counts as done, in itself.
pub(crate) fn is_idle_success(world: &World, message: &Message) -> bool {
    match message.content {
        Content::Malformed(_) => world.setup.malformed == Malformed::Drop,
        Content::Test(_) | Content::Records(..) => true,
    }
}

/// On FIFO queues the group of each message, by the one that messages without a group share.
pub(crate) fn group_of(message: &Message) -> i32 {
    message.group.map_or(-1, i32::from)
}

impl Forecast {
    pub(crate) fn of(world: &World) -> Self {
        let mut forecast = Self::default();
        let mut stopped = BTreeSet::new();

        for (index, message) in world.messages.iter().enumerate() {
            let group = group_of(message);
            let outcome = if world.is_fifo && stopped.contains(&group) {
                let is_malformed = matches!(message.content, Content::Malformed(_));
                Err((!is_malformed).then_some(MessageFailure::NotReached))
            } else {
                forecast.message(world, index, message)
            };

            if outcome.is_err() {
                stopped.insert(group);
            }

            forecast.messages.push(outcome);
        }

        forecast
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
        let mut all_letters_are_kept = true;

        for (at, record) in message.records().iter().enumerate() {
            if world.is_fifo && outcome.is_err() {
                break;
            }

            self.started.insert((index, at));
            match expected_fate(world, record) {
                Fate::Handled => self.handled += 1,
                Fate::Skipped => self.skipped += 1,
                Fate::Failed => outcome = Err(Some(MessageFailure::RecordFailed)),
                Fate::Permanent => all_letters_are_kept &= is_kept(record.letter),
            }
        }

        outcome.and(if all_letters_are_kept {
            Ok(())
        } else {
            Err(Some(MessageFailure::RecordFailed))
        })
    }
}

/// The records of each bucket and key of a standard queue, in the order in which they must run:
/// those that have an honest sequencer by it, at the places that they take up among the others,
/// which stay as they arrived.
pub(crate) fn key_orders(world: &World) -> BTreeMap<(&str, &str), Vec<Place>> {
    let mut keys: BTreeMap<_, Vec<(Place, Option<u128>)>> = BTreeMap::new();
    for (place, record) in world.records() {
        keys.entry((record.bucket, record.key))
            .or_default()
            .push((place, honest_sequencer(record)));
    }

    let order = |arrived: Vec<(Place, Option<u128>)>| {
        let mut honest: Vec<_> = arrived
            .iter()
            .filter(|(_, sequencer)| sequencer.is_some())
            .copied()
            .collect();

        honest.sort_by_key(|(_, sequencer)| *sequencer);
        let mut honest = honest.into_iter();

        let places = arrived.into_iter().map(|one| {
            if one.1.is_some() {
                honest.next().unwrap_or(one)
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

/// As a number, where the event's sequencer tells when it happened.
pub(crate) fn honest_sequencer(record: &Record) -> Option<u128> {
    let lies = record.event.starts_with("LifecycleExpiration")
        || record.event.ends_with("CompleteMultipartUpload");
    let text = record
        .sequencer
        .as_deref()
        .filter(|text| !lies && text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;

    u128::from_str_radix(text, 16).ok()
}
