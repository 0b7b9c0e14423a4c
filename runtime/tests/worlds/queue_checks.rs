//! Checks what was deleted from the queue, and how messages ran that came back.
//!
//! These hold at any moment, so they hold for a process that ends at any moment.

use std::collections::BTreeSet;

use s3_dispatch::Malformed;
use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};

use crate::Checked;
use crate::oracle::{Fate, fate};
use crate::router::{Moment, Run};
use crate::separation::Separation;
use crate::trial::{Ending, Trial};
use crate::world::{Content, End, QueueUse, World};

fn is_before(run: &Run, moment: Moment) -> bool {
    run.end.is_some_and(|end| end.number < moment.number)
}

/// Returns whether every record of a message was done at a moment.
fn is_done_by(world: &World, trial: &Trial, index: usize, moment: Moment) -> bool {
    let records = 0..world.messages[index].records().len();
    let letter = trial
        .journal
        .letters
        .iter()
        .find(|run| run.place.0 == index);

    records.into_iter().all(|at| {
        let handlers = trial.journal.handlers.iter();
        let mut runs = handlers.filter(|run| run.place == (index, at) && is_before(run, moment));

        match runs
            .next()
            .and_then(|run| run.answer)
            .map(|end| fate(world, end))
        {
            Some(Fate::Handled | Fate::Skipped) => true,
            Some(Fate::Permanent) => {
                letter.is_some_and(|run| run.answer == Some(End::Done) && is_before(run, moment))
            }
            Some(Fate::Failed) | None => false,
        }
    })
}

/// Returns the message with this id, unless several have it.
fn only_one(world: &World, id: &str) -> Option<usize> {
    let messages = world.messages.iter().enumerate();
    let mut with_id = messages.filter(|(_, message)| message.id.as_deref() == Some(id));
    let (index, _) = with_id.next()?;

    with_id.next().is_none().then_some(index)
}

/// Only what has succeeded by then is deleted, and only once. No message is deleted whose id
/// another one has, because the answer names ids.
pub(crate) fn only_what_has_succeeded_is_deleted(world: &World, trial: &Trial) -> Checked {
    let deletions = &trial.journal.deletions;

    for (number, (id, moment)) in deletions.iter().enumerate() {
        let Some(index) = only_one(world, id) else {
            return Err(format!("`{id}` was deleted, but two messages have that id"));
        };

        if deletions[..number].iter().any(|(other, _)| other == id) {
            return Err(format!("message {index} was deleted twice"));
        }

        let is_malformed = matches!(world.messages[index].content, Content::Malformed(_));
        let may_be_dropped = world.setup.malformed == Malformed::Drop;

        if (is_malformed && !may_be_dropped) || !is_done_by(world, trial, index, *moment) {
            return Err(format!(
                "message {index} was deleted before it had succeeded"
            ));
        }
    }

    if matches!(world.setup.queue, QueueUse::None | QueueUse::Parts) && !deletions.is_empty() {
        return Err(String::from("there is no queue, but messages were deleted"));
    }

    Ok(())
}

/// A message that is kept apart runs alone, after all messages that are not. What has succeeded
/// before is deleted before it begins.
pub(crate) fn returned_messages_run_one_by_one(world: &World, trial: &Trial) -> Checked {
    let separation = Separation::of(world);
    if world.setup.queue != QueueUse::OneByOne || !separation.separates(world) {
        return Ok(());
    }

    let is_apart = |run: &&Run| separation.is_apart(world, run.place.0);
    for run in trial.journal.handlers.iter().filter(is_apart) {
        for other in &trial.journal.handlers {
            let overlaps = other.start.number < run.start.number && !is_before(other, run.start);
            // In the second half of the time, what has not ended by then runs on.
            let is_allowed = !is_apart(&other)
                && world.setup.concurrency > 1
                && world
                    .cut()
                    .is_some_and(|cut| 2 * run.start.at.as_millis() >= cut.into());

            if overlaps && !is_allowed && other.place != run.place {
                return Err(format!("{:?} began beside {:?}", run.place, other.place));
            }

            let is_early = world
                .cut()
                .is_none_or(|cut| 2 * other.start.at.as_millis() < cut.into());
            if is_early && !is_apart(&other) && other.start.number > run.start.number {
                return Err(format!("{:?} began after {:?}", other.place, run.place));
            }
        }

        for index in 0..world.messages.len() {
            let id = world.messages[index].id.as_deref().unwrap_or_default();
            // What ends beside a message that is kept apart may still be on its way.
            let is_beside = !separation.is_apart(world, index)
                && world
                    .cut()
                    .is_some_and(|cut| 2 * run.start.at.as_millis() >= cut.into());
            let must_be_deleted = only_one(world, id).is_some()
                && !is_beside
                && !world.messages[index].records().is_empty()
                && is_done_by(world, trial, index, run.start);
            let deleted = trial
                .journal
                .deletions
                .iter()
                .find(|(deleted, _)| deleted == id);
            let is_deleted = deleted.is_some_and(|(_, at)| at.number < run.start.number);

            if must_be_deleted && !is_deleted {
                return Err(format!(
                    "message {index} was not deleted before {:?}",
                    run.place
                ));
            }
        }
    }

    Ok(())
}

/// Parts leave something out, but never everything, and a unit as a whole.
pub(crate) fn parts_are_whole_units(world: &World, trial: &Trial) -> Checked {
    let separation = Separation::of(world);
    let is_parts = world.setup.queue == QueueUse::Parts && separation.separates(world);
    let is_uncut = world.cut().is_none() && !world.setup.holds_back && !world.is_fifo;
    let Ending::Report(report) = &trial.ending else {
        return Ok(());
    };

    if !is_parts || !is_uncut {
        return Ok(());
    }

    let left_out: Vec<usize> = (0..world.messages.len())
        .filter(|index| {
            report.messages()[*index].outcome() == MessageOutcome::Failed(MessageFailure::LeftOut)
        })
        .collect();
    let ran = |index: usize| {
        trial
            .journal
            .handlers
            .iter()
            .any(|run| run.place.0 == index)
    };

    for index in (0..world.messages.len()).filter(|index| separation.is_apart(world, *index)) {
        let of_unit = |other: &&usize| separation.are_together(**other, index);
        let is_left_out = left_out.contains(&index);

        if is_left_out == ran(index) || (!is_left_out && left_out.iter().any(|one| of_unit(&one))) {
            return Err(format!("message {index}: left out are {left_out:?}"));
        }
    }

    let apart: Vec<_> = (0..world.messages.len())
        .filter(|index| separation.is_apart(world, *index))
        .collect();
    let ids: BTreeSet<_> = apart
        .iter()
        .map(|index| &world.messages[*index].id)
        .collect();

    // Equal ids are never divided.
    if ids.len() == apart.len() && (left_out.is_empty() || left_out.len() == apart.len()) {
        return Err(format!("{left_out:?} of {apart:?} are left out"));
    }

    Ok(())
}
