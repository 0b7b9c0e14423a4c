//! A world: messages, what their handlers do, the workers that serve the queue, and its faults.

use std::ops::Range;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3_dispatch_local::{Fault, Faults, Hop};

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) is_fifo: bool,
    /// In the order in which they are sent.
    pub(super) messages: Vec<Sent>,
    pub(super) workers: Vec<Plan>,
    pub(super) settings: Settings,
    pub(super) troubles: Troubles,
    /// How many messages were received when the queue moves them to its dead-letter queue.
    pub(super) most_receives: Option<u32>,
    /// The messages are sent within this time.
    pub(super) spread: Duration,
    pub(super) seed: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) group: u8,
    pub(super) key: u8,
    /// What the handler does the first times. After that it succeeds.
    pub(super) scripts: Vec<Script>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) time: Duration,
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Succeeds,
    Fails,
    FailsWithRetryAfter,
    Panics,
    /// Until all trouble is over.
    Hangs,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) start: Duration,
    pub(super) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    /// It is told to stop, this long after its start.
    Drains(Duration),
    /// Its future is dropped, this long after its start.
    Crashes(Duration),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) in_flight: Option<usize>,
    pub(super) receivers: usize,
    pub(super) visibility: Duration,
    pub(super) drain: Duration,
}

/// Shares from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Troubles {
    throttles: f64,
    drops_requests: f64,
    drops_responses: f64,
    refuses: f64,
    ends_early: f64,
    pub(super) hangs: f64,
    pub(super) latency: Duration,
}

impl Troubles {
    pub(super) fn faults(self, seed: u64) -> Faults {
        Faults::none()
            .with_seed(seed)
            .with_fault(Fault::Throttle, self.throttles)
            .with_fault(Fault::DropRequest, self.drops_requests)
            .with_fault(Fault::DropResponse, self.drops_responses)
            .with_rate(Hop::Delete, Fault::RefuseDelete, self.refuses)
            .with_rate(Hop::ChangeVisibility, Fault::Refuse, self.refuses)
            .with_rate(Hop::Receive, Fault::ExpireVisibility, self.ends_early)
    }

    /// Whether every call succeeds.
    pub(super) fn are_none(self) -> bool {
        let shares = [
            self.throttles,
            self.drops_requests,
            self.drops_responses,
            self.refuses,
            self.ends_early,
            self.hangs,
        ];
        shares.iter().all(|share| *share == 0.0)
    }
}

pub(super) fn worlds(is_fifo: bool) -> impl Strategy<Value = World> {
    let messages = prop_oneof![3 => vec(sent(), 0..=8), 1 => vec(sent(), 0..=40)];

    (
        messages,
        vec(plan(), 1..=3),
        settings(),
        troubles(),
        option::weighted(0.3, 2..6_u32),
        prop_oneof![Just(Duration::ZERO), milliseconds(0..60_000)],
        any::<u64>(),
    )
        .prop_map(
            move |(messages, workers, settings, troubles, most_receives, spread, seed)| World {
                is_fifo,
                messages,
                workers,
                settings,
                troubles,
                most_receives,
                spread,
                seed,
            },
        )
}

fn milliseconds(range: Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn sent() -> impl Strategy<Value = Sent> {
    (0..3_u8, 0..4_u8, vec(script(), 0..4)).prop_map(|(group, key, scripts)| Sent {
        group,
        key,
        scripts,
    })
}

fn script() -> impl Strategy<Value = Script> {
    let time = prop_oneof![
        2 => Just(Duration::ZERO),
        3 => milliseconds(0..400),
        2 => milliseconds(0..12_000),
    ];
    let end = prop_oneof![
        6 => Just(End::Succeeds),
        3 => Just(End::Fails),
        1 => Just(End::FailsWithRetryAfter),
        1 => Just(End::Panics),
        1 => Just(End::Hangs),
    ];

    (time, end).prop_map(|(time, end)| Script { time, end })
}

fn plan() -> impl Strategy<Value = Plan> {
    let fate = prop_oneof![
        2 => Just(Fate::Stays),
        3 => milliseconds(0..60_000).prop_map(Fate::Drains),
        2 => milliseconds(0..60_000).prop_map(Fate::Crashes),
    ];
    let start = prop_oneof![Just(Duration::ZERO), milliseconds(0..20_000)];

    (start, fate).prop_map(|(start, fate)| Plan { start, fate })
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        1..8_usize,
        option::of(1..30_usize),
        1..9_usize,
        select(vec![2, 5, 30]).prop_map(Duration::from_secs),
        prop_oneof![Just(Duration::ZERO), milliseconds(0..25_000)],
    )
        .prop_map(
            |(concurrency, in_flight, receivers, visibility, drain)| Settings {
                concurrency,
                in_flight,
                receivers,
                visibility,
                drain,
            },
        )
}

fn troubles() -> impl Strategy<Value = Troubles> {
    let share = || prop_oneof![4 => Just(0.0), 2 => 0.0..0.1, 1 => 0.1..0.5];
    let hangs = prop_oneof![4 => Just(0.0), 1 => 0.0..0.1];
    let latency = prop_oneof![
        Just(Duration::ZERO),
        milliseconds(0..30),
        // With a visibility timeout of 2 seconds, a receive may wait for 1. If it took another one,
        // nothing would be left of the lease.
        milliseconds(0..300)
    ];
    let some = (share(), share(), share(), share(), share(), hangs, latency).prop_map(
        |(throttles, drops_requests, drops_responses, refuses, ends_early, hangs, latency)| {
            Troubles {
                throttles,
                drops_requests,
                drops_responses,
                refuses,
                ends_early,
                hangs,
                latency,
            }
        },
    );

    // With every call as it should be, more can be said.
    let none = milliseconds(0..100).prop_map(|latency| Troubles {
        throttles: 0.0,
        drops_requests: 0.0,
        drops_responses: 0.0,
        refuses: 0.0,
        ends_early: 0.0,
        hangs: 0.0,
        latency,
    });
    prop_oneof![3 => some, 1 => none]
}
