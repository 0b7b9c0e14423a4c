//! A world of workers: the messages, handlers and settings of a world of batches, the workers that
//! serve its queue, and the faults of the queue.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3_dispatch::Malformed;

use crate::generate;
use crate::world::{Content, World};

/// No world has more messages than this.
const MOST_MESSAGES: usize = 80;

/// No world that lasts for hours has more messages than this.
const MOST_MESSAGES_FOR_HOURS: usize = 8;

/// How many worlds last for hours.
const SHARE_OF_HOURS: f64 = 0.02;

/// Handlers that take up to 200 milliseconds in the world of batches take up to 16 hours.
const SLOWNESS_FOR_HOURS: u32 = 300_000;

#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) world: World,
    pub(crate) workers: Vec<Plan>,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    /// How many messages were received when the queue moves them to its dead-letter queue.
    pub(crate) most_receives: Option<u32>,
    /// How often a record gets into its trouble before it succeeds.
    pub(crate) troubles: usize,
    /// Handlers take this many times as long as in the world of batches.
    pub(crate) slowness: u32,
    /// The messages arrive within this time.
    pub(crate) spread: Duration,
    /// The queue gives each message out once, and ends after the last. On a FIFO queue, what fails
    /// holds up the rest of its group for good.
    pub(crate) ends: bool,
    /// Handlers run for hours, some for longer than SQS hides a message.
    pub(crate) lasts_hours: bool,
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) start: Duration,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    /// It is told to stop, this long after its start.
    Drains(Duration),
    /// Its future is dropped, this long after its start.
    Crashes(Duration),
    /// Its future is dropped after this many polls.
    CrashesAfterPolls(usize),
    /// It is told to stop, and its future is dropped this long after that.
    DrainsAndCrashes(Duration, Duration),
}

impl Fate {
    /// The same, but this many times later.
    fn later(self, times: u32) -> Self {
        match self {
            Self::Drains(time) => Self::Drains(time * times),
            Self::Crashes(time) => Self::Crashes(time * times),
            Self::DrainsAndCrashes(told, dropped) => Self::DrainsAndCrashes(told * times, dropped),
            Self::Stays | Self::CrashesAfterPolls(_) => self,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) in_flight: Option<usize>,
    pub(crate) receivers: usize,
    pub(crate) visibility: Duration,
    pub(crate) drain: Duration,
    pub(crate) has_backoff: bool,
}

/// In percent, unless they say otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Calls fail before they have an effect.
    pub(crate) fails: u8,
    /// Calls have their effect and fail.
    pub(crate) loses_answers: u8,
    /// Calls never end, half of them after their effect.
    pub(crate) hangs: u8,
    /// Calls panic.
    pub(crate) panics: u8,
    /// Answers have too few results.
    pub(crate) shortens: u8,
    /// Single entries fail.
    pub(crate) fails_entries: u8,
    /// Leases end before their time.
    pub(crate) ends_early: u8,
    /// A receive also brings a message that somebody else has.
    pub(crate) duplicates: u8,
    /// The longest latency of a call.
    pub(crate) latency: Duration,
}

impl Fleet {
    /// How many handlers of a worker may run at once.
    pub(crate) fn concurrency(&self) -> usize {
        self.world.setup.concurrency.max(1)
    }

    /// How many messages a worker may hold.
    pub(crate) fn places(&self) -> usize {
        let default = self.concurrency() * 2 + 10;
        self.settings.in_flight.unwrap_or(default)
    }

    /// When all trouble is over.
    pub(crate) fn healed_at(&self) -> Duration {
        Duration::from_secs(if self.lasts_hours { 13 * 3_600 } else { 100 })
    }

    /// How long a healthy fleet may need to empty the queue.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(if self.lasts_hours { 14 * 3_600 } else { 1_800 })
    }

    /// Makes handlers run for hours, and workers live for hours. SQS's limit of 12 hours is met
    /// only where most calls succeed.
    fn for_hours(mut self, visibility: Duration, has_faults: bool) -> Self {
        self.lasts_hours = true;
        self.ends = false;
        self.slowness = SLOWNESS_FOR_HOURS;
        self.troubles = 1;
        self.world.messages.truncate(MOST_MESSAGES_FOR_HOURS);
        self.world.setup.record_timeout = None;
        self.settings.visibility = visibility;
        // So what is left of the 12 hours is never the time after which a failure returns.
        self.settings.has_backoff = true;
        if !has_faults {
            let latency = self.faults.latency;
            self.faults = Faults {
                latency,
                ..Faults::default()
            };
        }

        self.workers.truncate(2);
        for plan in &mut self.workers {
            plan.fate = plan.fate.later(700);
        }

        self
    }

    /// The minimum delay that a failed record asks for.
    pub(crate) fn retry_after(place: (usize, usize)) -> Option<Duration> {
        let choice = (place.0 + 2 * place.1) % 4;
        (choice < 2).then(|| Duration::from_millis(3_300 + 1_000 * choice as u64))
    }
}

pub(crate) fn fleets(is_fifo: bool) -> impl Strategy<Value = Fleet> {
    let counts = (
        option::weighted(0.4, 2..6_u32),
        prop_oneof![3 => 0..3_usize, 1 => 3..20_usize],
        select(vec![1, 1, 5, 20]),
    );

    (
        generate::worlds(is_fifo),
        vec(plan(), 1..=4),
        settings(),
        faults(),
        counts,
        (
            prop_oneof![Just(0), 0..60_000_u64],
            prop::bool::weighted(0.25),
            option::weighted(SHARE_OF_HOURS, hours()),
        ),
        any::<u64>(),
    )
        .prop_map(
            move |(mut world, workers, settings, faults, counts, (spread, ends, hours), seed)| {
                let (most_receives, troubles, slowness) = counts;
                world.messages.truncate(MOST_MESSAGES);
                for (index, message) in world.messages.iter_mut().enumerate() {
                    message.id = Some(format!("id-{index}"));
                    message.group = is_fifo.then(|| message.group.unwrap_or(0));
                }

                // Nothing else would ever end it.
                let is_malformed = |message: &crate::world::Message| {
                    matches!(message.content, Content::Malformed(_))
                };
                let never_ends = world.setup.malformed == Malformed::Fail
                    && world.messages.iter().any(is_malformed);
                let most_receives = most_receives.or(never_ends.then_some(3));

                let fleet = Fleet {
                    world,
                    workers,
                    settings,
                    faults,
                    most_receives,
                    troubles,
                    slowness,
                    spread: Duration::from_millis(spread),
                    ends,
                    lasts_hours: false,
                    seed,
                };
                match hours {
                    None => fleet,
                    Some((visibility, has_faults)) => fleet.for_hours(visibility, has_faults),
                }
            },
        )
}

/// The visibility timeout of a world that lasts for hours, and whether calls fail in it.
fn hours() -> impl Strategy<Value = (Duration, bool)> {
    // Not all of them divide 12 hours.
    let visibility = select(vec![600_000, 3_600_000, 7_100_500, 18_000_000, 43_200_000]);

    (
        visibility.prop_map(Duration::from_millis),
        prop::bool::weighted(0.3),
    )
}

fn milliseconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn plan() -> impl Strategy<Value = Plan> {
    let fate = prop_oneof![
        3 => Just(Fate::Stays),
        3 => milliseconds(0..60_000).prop_map(Fate::Drains),
        2 => milliseconds(0..60_000).prop_map(Fate::Crashes),
        1 => (0..400_usize).prop_map(Fate::CrashesAfterPolls),
        1 => (milliseconds(0..30_000), milliseconds(0..9_000))
            .prop_map(|(told, dropped)| Fate::DrainsAndCrashes(told, dropped)),
    ];
    let start = prop_oneof![Just(Duration::ZERO), milliseconds(0..20_000)];

    (start, fate).prop_map(|(start, fate)| Plan { start, fate })
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        option::of(1..30_usize),
        1..9_usize,
        select(vec![2, 5, 30]).prop_map(Duration::from_secs),
        prop_oneof![Just(Duration::ZERO), milliseconds(0..25_000)],
        prop::bool::weighted(0.4),
    )
        .prop_map(
            |(in_flight, receivers, visibility, drain, has_backoff)| Settings {
                in_flight,
                receivers,
                visibility,
                drain,
                has_backoff,
            },
        )
}

fn faults() -> impl Strategy<Value = Faults> {
    let share = || prop_oneof![4 => Just(0_u8), 2 => 0..10_u8, 1 => 10..60_u8];
    let latency = prop_oneof![
        Just(Duration::ZERO),
        milliseconds(0..30),
        milliseconds(0..1_500)
    ];

    let shares = (
        share(),
        share(),
        prop_oneof![4 => Just(0_u8), 1 => 0..15_u8],
        prop_oneof![6 => Just(0_u8), 1 => 0..15_u8],
        prop_oneof![6 => Just(0_u8), 1 => 0..30_u8],
        share(),
        share(),
        share(),
    );

    (shares, latency).prop_map(|(shares, latency)| Faults {
        fails: shares.0,
        loses_answers: shares.1,
        hangs: shares.2,
        panics: shares.3,
        shortens: shares.4,
        fails_entries: shares.5,
        ends_early: shares.6,
        duplicates: shares.7,
        latency,
    })
}
