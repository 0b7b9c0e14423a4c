//! Generates worlds. They shrink to fewer messages and records, less trouble, and shorter times.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3_dispatch::{Malformed, Unrouted};

use crate::world::{
    Content, Delay, End, Message, Patience, QueueUse, Record, Script, Setup, World, Wrapping,
    malformed_bodies,
};

/// The share of worlds in which nothing may hang without a deadline or timeout to cut it off.
const MUST_END: f64 = 0.8;

pub(crate) fn worlds(is_fifo: bool) -> impl Strategy<Value = World> {
    let messages = prop_oneof![
        60 => vec(message(), 0..=8),
        30 => vec(message(), 0..=60),
        1 => vec(message(), 0..=500),
    ];

    // In percent: how many records do not succeed, and how many letters are not stored.
    let troubles = (select(vec![0, 5, 20, 60, 100]), select(vec![0, 0, 20, 100]));

    (
        messages,
        setup(),
        patience(),
        troubles,
        prop::bool::weighted(0.1),
        prop::bool::weighted(MUST_END),
    )
        .prop_map(
            move |(drafts, setup, patience, (handlers, letters), is_typed, must_end)| {
                let is_endless = setup.deadline.is_none() && must_end;
                let may_hang = (!is_endless || setup.record_timeout.is_some(), !is_endless);
                let mut messages: Vec<Message> = Vec::with_capacity(drafts.len());

                for (index, draft) in drafts.into_iter().enumerate() {
                    let id = match draft.twin {
                        Some(twin) if index > 0 => messages[twin % index].id.clone(),
                        _ if draft.lacks_id => None,
                        _ => Some(format!("id-{index}")),
                    };

                    let content = match draft.content {
                        DraftContent::Records(wrapping, drafts) => {
                            let settle =
                                |draft: DraftRecord| draft.settle((handlers, letters), may_hang);
                            Content::Records(wrapping, drafts.into_iter().map(settle).collect())
                        }
                        DraftContent::Other(content) => content,
                    };

                    messages.push(Message {
                        id,
                        group: draft.group,
                        receive_count: draft.receive_count,
                        content,
                    });
                }

                World {
                    is_fifo,
                    messages,
                    setup,
                    patience,
                    is_typed,
                }
            },
        )
}

#[derive(Debug, Clone)]
struct DraftMessage {
    twin: Option<usize>,
    lacks_id: bool,
    group: Option<u8>,
    receive_count: u32,
    content: DraftContent,
}

#[derive(Debug, Clone)]
enum DraftContent {
    Records(Wrapping, Vec<DraftRecord>),
    Other(Content),
}

/// A record, and the random numbers that will decide whether it and its letter fail.
#[derive(Debug, Clone)]
struct DraftRecord {
    record: Record,
    dice: (u8, u8),
}

impl DraftRecord {
    fn settle(mut self, percent: (u8, u8), may_hang: (bool, bool)) -> Record {
        let Self { record, dice } = &mut self;
        let scripts = [
            (&mut record.handler, dice.0 < percent.0, may_hang.0),
            (&mut record.letter, dice.1 < percent.1, may_hang.1),
        ];

        for (script, is_trouble, may_hang) in scripts {
            if !is_trouble {
                script.end = End::Done;
            }

            if script.delay == Delay::Forever && !(may_hang && is_trouble) {
                script.delay = Delay::None;
            }
        }

        self.record
    }
}

fn message() -> impl Strategy<Value = DraftMessage> {
    let wrapping = prop_oneof![
        8 => Just(Wrapping::Raw),
        1 => Just(Wrapping::Sns),
        1 => Just(Wrapping::EventBridge),
    ];

    let content = prop_oneof![
        40 => (wrapping, vec(record(), 0..=4))
            .prop_map(|(wrapping, records)| DraftContent::Records(wrapping, records)),
        2 => select(vec![Wrapping::Raw, Wrapping::Sns])
            .prop_map(|wrapping| DraftContent::Other(Content::Test(wrapping))),
        2 => (0..malformed_bodies().len())
            .prop_map(|kind| DraftContent::Other(Content::Malformed(kind))),
    ];

    let twin = option::weighted(0.05, 0..500_usize);

    (
        twin,
        prop::bool::weighted(0.001),
        option::weighted(0.8, 0..4_u8),
        1..5_u32,
        content,
    )
        .prop_map(
            |(twin, lacks_id, group, receive_count, content)| DraftMessage {
                twin,
                lacks_id,
                group,
                receive_count,
                content,
            },
        )
}

fn record() -> impl Strategy<Value = DraftRecord> {
    let event = select(vec![
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectCreated:Post",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectTagging:Put",
        "ObjectFrozen:Put",
        "ObjectCreated:CompleteMultipartUpload",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
    ]);

    let object = (
        select(vec!["one", "two"]),
        select(vec!["a", "b c", "d/ä+%"]),
        event,
        sequencer(),
    );

    let letter =
        prop_oneof![3 => Just(End::Retry), 1 => Just(End::Panic), 1 => Just(End::EarlyPanic)];

    (
        object,
        script(trouble()),
        script(letter),
        (0..100_u8, 0..100_u8),
    )
        .prop_map(|((bucket, key, event, sequencer), handler, letter, dice)| {
            let record = Record {
                bucket,
                key,
                event,
                sequencer,
                handler,
                letter,
            };

            DraftRecord { record, dice }
        })
}

/// Reliable sequencers in all spellings, few enough to be equal at times; absent ones; and garbage.
fn sequencer() -> impl Strategy<Value = Option<String>> {
    let value = |n: u64| 0x55AE_D6DC_D902_8100 + n;
    let garbage = vec!["EXAMPLESEQ", "0x12", "-1", "+7", " 12", "12G", "١٢", "1.5"];

    prop_oneof![
        4 => (0..12_u64).prop_map(move |n| Some(format!("{:018X}", value(n)))),
        2 => (0..12_u64).prop_map(move |n| Some(format!("{:016x}", value(n)))),
        2 => (0..300_u64).prop_map(|n| Some(format!("{n:X}"))),
        1 => Just(Some(String::from("000"))),
        1 => Just(None),
        1 => select(garbage).prop_map(|text| Some(String::from(text))),
    ]
}

fn trouble() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Unrouted),
        2 => Just(End::Stale),
        4 => Just(End::Retry),
        8 => Just(End::Permanent),
        3 => Just(End::Panic),
        2 => Just(End::EarlyPanic),
    ]
}

/// Handlers last for an even time and timeouts are odd, so they never end at the same moment.
fn script(end: impl Strategy<Value = End>) -> impl Strategy<Value = Script> {
    let delay = prop_oneof![
        30 => Just(Delay::None),
        10 => (1..6_u8).prop_map(Delay::Yields),
        20 => (0..100_u64).prop_map(|half| Delay::Milliseconds(2 * half)),
        2 => (0..2000_u64).prop_map(|half| Delay::Milliseconds(2 * half)),
        3 => Just(Delay::Forever),
    ];

    (delay, end).prop_map(|(delay, end)| Script { delay, end })
}

fn setup() -> impl Strategy<Value = Setup> {
    let concurrency = prop_oneof![3 => 0..=4_usize, 2 => 0..=70_usize];
    let deadline = option::weighted(
        0.4,
        prop_oneof![0..=3000_u64, (0..=30_u64).prop_map(|hundred| 100 * hundred)],
    );
    let margin = option::weighted(0.6, prop_oneof![Just(0), 0..=700_u64]);
    let record_timeout = option::weighted(
        0.4,
        prop_oneof![0..150_u64, 0..2000_u64].prop_map(|half| 2 * half + 1),
    );
    let choices = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.7));
    let queue = prop_oneof![
        3 => Just(QueueUse::None),
        2 => Just(QueueUse::Parts),
        2 => Just(QueueUse::OneByOne),
        1 => Just(QueueUse::Every),
        1 => Just(QueueUse::Broken),
    ];
    let holds_back = prop::bool::weighted(0.2);

    (
        concurrency,
        deadline,
        margin,
        record_timeout,
        choices,
        queue,
        holds_back,
    )
        .prop_map(
            |(
                concurrency,
                deadline,
                margin,
                record_timeout,
                (fail_unrouted, drop_malformed, has_sink),
                queue,
                holds_back,
            )| Setup {
                concurrency,
                deadline,
                margin,
                record_timeout,
                unrouted: if fail_unrouted {
                    Unrouted::Fail
                } else {
                    Unrouted::Skip
                },
                malformed: if drop_malformed {
                    Malformed::Drop
                } else {
                    Malformed::Fail
                },
                has_sink,
                queue,
                holds_back,
            },
        )
}

fn patience() -> impl Strategy<Value = Patience> {
    prop_oneof![
        8 => Just(Patience::Endless),
        1 => (0..1500_u64).prop_map(Patience::Milliseconds),
        1 => prop_oneof![0..3_usize, 0..40_usize].prop_map(Patience::Polls),
    ]
}
