//! What must happen somewhere in many worlds. Otherwise the checks would have checked nothing.

use std::collections::{BTreeMap, BTreeSet};

use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};

use crate::oracle::key_orders;
use crate::router::Run;
use crate::separation::Separation;
use crate::trial::{Ending, Trial};
use crate::world::{End, Patience, Place, QueueUse, World};

type Circumstance = fn(&World, &Trial) -> bool;

/// Circumstances of both kinds of queue.
const CIRCUMSTANCES: &[(&str, Circumstance)] = &[
    ("everything succeeded", |_, trial| {
        outcomes(trial).len() > 3 && failed(trial) == 0
    }),
    ("some failed and some succeeded", |_, trial| {
        failed(trial) > 3 && failed(trial) + 3 < outcomes(trial).len()
    }),
    ("a large batch", |world, _| world.messages.len() > 60),
    ("many handlers ran at a time", |_, trial| {
        trial.journal.most_running > 3
    }),
    ("only the timeout ended a handler", |world, trial| {
        world.cut().is_none()
            && is_report(trial)
            && trial
                .journal
                .handlers
                .iter()
                .any(|run| is_cut_off(world, run))
    }),
    (
        "the cut ended handlers, and others had succeeded",
        |world, trial| {
            let is_cut = world
                .cut()
                .is_some_and(|cut| trial.ended.as_millis() == u128::from(cut));
            let mut runs = trial.journal.handlers.iter();

            is_cut
                && failed(trial) + 3 < outcomes(trial).len()
                && runs.any(|run| is_cut_off(world, run))
        },
    ),
    ("the caller dropped running handlers", |_, trial| {
        matches!(trial.ending, Ending::Dropped) && trial.waiting > 1
    }),
    (
        "the caller dropped the future before it was polled",
        |world, _| world.patience == Patience::Polls(0),
    ),
    ("a dispatch that never ended", |_, trial| {
        matches!(trial.ending, Ending::Endless)
    }),
    ("an id was missing", |_, trial| {
        matches!(trial.ending, Ending::Error(_))
    }),
    ("letters were kept", |_, trial| {
        letters(trial, |answer| answer == Some(End::Done)) > 1
    }),
    ("a letter was refused", |_, trial| {
        letters(trial, |answer| answer == Some(End::Retry)) > 0
    }),
    ("a letter panicked or was cut off", |_, trial| {
        letters(trial, |answer| answer.is_none()) > 0
    }),
    ("a letter named several records", |_, trial| {
        let permanent = |index: usize| {
            let handlers = trial.journal.handlers.iter();
            let of_message = handlers.filter(move |run| run.place.0 == index);
            of_message
                .filter(|run| run.answer == Some(End::Permanent))
                .count()
        };
        let mut letters = trial.journal.letters.iter();
        letters.any(|run| permanent(run.place.0) > 1)
    }),
    (
        "messages were run one by one and deleted",
        |world, trial| {
            world.setup.queue == QueueUse::OneByOne
                && Separation::of(world).separates(world)
                && trial.journal.deletions.len() > 3
        },
    ),
    (
        "the caller dropped a dispatch that had deleted",
        |_, trial| matches!(trial.ending, Ending::Dropped) && trial.journal.deletions.len() > 1,
    ),
    ("messages were left out", |_, trial| {
        let Ending::Report(report) = &trial.ending else {
            return false;
        };

        let left_out = MessageOutcome::Failed(MessageFailure::LeftOut);
        let mut messages = report.messages().iter();
        messages.any(|message| message.outcome() == left_out)
    }),
    (
        "one of two messages with the same id failed",
        |world, trial| {
            let fates = world
                .messages
                .iter()
                .zip(outcomes(trial))
                .map(|(message, outcome)| (&message.id, outcome.is_ok()));

            let distinct: BTreeSet<_> = fates.collect();
            let mut counts = BTreeMap::new();
            distinct
                .iter()
                .for_each(|(id, _)| *counts.entry(id).or_insert(0) += 1);

            counts.values().any(|count| *count > 1)
        },
    ),
];

const OF_STANDARD_QUEUES: &[(&str, Circumstance)] = &[(
    "the records of a key did not run in the order of arrival",
    |world, trial| {
        let ran = |place: &Place| trial.journal.handlers.iter().any(|run| run.place == *place);
        key_orders(world)
            .values()
            .any(|order| order.len() > 3 && !order.is_sorted() && order.iter().all(ran))
    },
)];

const OF_FIFO_QUEUES: &[(&str, Circumstance)] =
    &[("a group stopped after several messages", |world, trial| {
        let of_first_group =
            |(message, _): &(&crate::world::Message, Result<(), ()>)| message.group == Some(0);
        let group: Vec<_> = world
            .messages
            .iter()
            .zip(outcomes(trial))
            .filter(of_first_group)
            .collect();

        group.iter().filter(|(_, outcome)| outcome.is_ok()).count() > 2
            && group.last().is_some_and(|(_, last)| last.is_err())
    })];

fn is_report(trial: &Trial) -> bool {
    matches!(trial.ending, Ending::Report(_))
}

fn is_cut_off(world: &World, run: &Run) -> bool {
    let ends_itself = |end| matches!(end, End::Panic | End::EarlyPanic);
    run.answer.is_none()
        && world
            .record(run.place)
            .is_some_and(|record| !ends_itself(record.handler.end))
}

fn outcomes(trial: &Trial) -> Vec<Result<(), ()>> {
    let Ending::Report(report) = &trial.ending else {
        return Vec::new();
    };

    let outcome = |outcome| {
        if outcome == MessageOutcome::Succeeded {
            Ok(())
        } else {
            Err(())
        }
    };

    report
        .messages()
        .iter()
        .map(|message| outcome(message.outcome()))
        .collect()
}

fn failed(trial: &Trial) -> usize {
    outcomes(trial)
        .iter()
        .filter(|outcome| outcome.is_err())
        .count()
}

fn letters(trial: &Trial, is_meant: fn(Option<End>) -> bool) -> usize {
    trial
        .journal
        .letters
        .iter()
        .filter(|run| is_meant(run.answer))
        .count()
}

/// Counts how often each circumstance was met.
pub(crate) struct Tally {
    circumstances: Vec<(&'static str, Circumstance)>,
    counts: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(crate) fn new(is_fifo: bool) -> Self {
        let of_queue = if is_fifo {
            OF_FIFO_QUEUES
        } else {
            OF_STANDARD_QUEUES
        };

        let circumstances: Vec<_> = CIRCUMSTANCES.iter().chain(of_queue).copied().collect();
        let counts = circumstances.iter().map(|(name, _)| (*name, 0)).collect();

        Self {
            circumstances,
            counts,
        }
    }

    pub(crate) fn add(&mut self, world: &World, trial: &Trial) {
        for (name, holds) in &self.circumstances {
            *self.counts.entry(name).or_default() += usize::from(holds(world, trial));
        }
    }

    #[track_caller]
    pub(crate) fn assert_all_met(&self) {
        assert!(
            self.counts.values().all(|count| *count > 0),
            "not every circumstance was met: {:#?}",
            self.counts
        );
    }
}
