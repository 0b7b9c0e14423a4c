//! Checks the report against the journal of what really happened.

use std::collections::BTreeSet;

use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
use s3_dispatch::{BatchReport, Malformed};
use serde_json::Value;

use crate::Checked;
use crate::oracle::{Fate, Prediction, fate, group_of, is_idle_success};
use crate::router::Run;
use crate::separation::Separation;
use crate::trial::{Ending, Trial};
use crate::world::{Content, End, Patience, Place, World};

fn report(trial: &Trial) -> Option<&BatchReport> {
    match &trial.ending {
        Ending::Report(report) => Some(report),
        _ => None,
    }
}

fn has_failed(report: &BatchReport, index: usize) -> bool {
    report.messages()[index].outcome() != MessageOutcome::Succeeded
}

/// Returns whether another message with the same id has failed.
fn twin_has_failed(world: &World, report: &BatchReport, index: usize) -> bool {
    let is_twin =
        |other: &usize| *other != index && world.messages[*other].id == world.messages[index].id;
    (0..world.messages.len())
        .filter(is_twin)
        .any(|other| has_failed(report, other))
}

fn answer(runs: &[Run], place: Place) -> Option<End> {
    runs.iter()
        .find(|run| run.place == place)
        .and_then(|run| run.answer)
}

/// Returns how the letter of a message ended. It is put for the first of its records that failed.
fn letter_of(trial: &Trial, index: usize) -> Option<End> {
    let letters = trial.journal.letters.iter();
    let mut of_message = letters.filter(|run| run.place.0 == index);
    of_message.next().and_then(|run| run.answer)
}

/// Returns whether a record is done: handled, skipped, or stored by the sink.
fn is_done(world: &World, trial: &Trial, place: Place) -> bool {
    match answer(&trial.journal.handlers, place).map(|end| fate(world, end)) {
        Some(Fate::Handled | Fate::Skipped) => true,
        Some(Fate::Permanent) => letter_of(trial, place.0) == Some(End::Done),
        Some(Fate::Failed) | None => false,
    }
}

/// A dispatch ends with a report or a justified error, or its caller drops it.
pub(crate) fn dispatch_ends_in_an_allowed_way(world: &World, trial: &Trial) -> Checked {
    let lacks_id = world.messages.iter().any(|message| message.id.is_none());
    let is_never_polled = world.patience == Patience::Polls(0);

    let is_right = match &trial.ending {
        Ending::Report(_) => !lacks_id && !is_never_polled,
        Ending::Error(error) => {
            lacks_id
                && !is_never_polled
                && !error.is_retryable()
                && trial.journal.handlers.is_empty()
        }
        Ending::Dropped => world.patience != Patience::Endless,
        Ending::Panic => false,
        // Something hangs, and neither a deadline nor a timeout was set.
        Ending::Endless => !lacks_id && world.cut().is_none() && trial.waiting > 0,
    };

    if is_right {
        Ok(())
    } else {
        Err(format!("{:?}", trial.ending))
    }
}

/// Each id of the batch is reported in its order, as succeeded or failed, and the response lists
/// those that failed.
pub(crate) fn each_id_succeeds_or_fails_once(world: &World, trial: &Trial) -> Checked {
    let Some(report) = report(trial) else {
        return Ok(());
    };

    let ids: Vec<_> = world
        .messages
        .iter()
        .filter_map(|message| message.id.as_deref())
        .collect();

    let reported: Vec<_> = report
        .messages()
        .iter()
        .filter_map(|message| message.id().map(|id| id.as_str()))
        .collect();

    if ids != reported {
        return Err(format!("the report has the messages {reported:?}"));
    }

    let failed: BTreeSet<_> = ids
        .iter()
        .enumerate()
        .filter(|(at, _)| has_failed(report, *at))
        .map(|(_, id)| *id)
        .collect();

    let listed: Vec<_> = report
        .response()
        .batch_item_failures
        .into_iter()
        .map(|item| item.item_identifier)
        .collect();

    let listed_once: BTreeSet<_> = listed.iter().map(String::as_str).collect();

    if listed_once != failed || listed.len() != failed.len() {
        return Err(format!(
            "the response lists {listed:?}, but {failed:?} have failed"
        ));
    }

    if report.is_success() != failed.is_empty() {
        return Err(format!("is_success() is {}", report.is_success()));
    }

    Ok(())
}

/// The response is `{"batchItemFailures": [{"itemIdentifier": ...}]}`, with ids of the batch, each
/// once, and nothing else.
pub(crate) fn response_is_what_sqs_reads(world: &World, trial: &Trial) -> Checked {
    let Some(report) = report(trial) else {
        return Ok(());
    };

    let json = serde_json::to_value(report.response()).map_err(|error| error.to_string())?;

    let mut left: BTreeSet<_> = world
        .messages
        .iter()
        .filter_map(|message| message.id.as_deref())
        .collect();

    let mut take = |item: &Value| {
        let id = item["itemIdentifier"].as_str();
        item.as_object().is_some_and(|item| item.len() == 1)
            && id.is_some_and(|id| !id.is_empty() && left.remove(id))
    };

    let is_right = json.as_object().is_some_and(|object| object.len() == 1)
        && json["batchItemFailures"]
            .as_array()
            .is_some_and(|items| items.iter().all(&mut take));

    if is_right {
        Ok(())
    } else {
        Err(format!("the response is {json}"))
    }
}

/// A message succeeds exactly if it can be read or is dropped by choice, if all of its records are
/// done, and if, on a FIFO queue, no earlier message of its group failed.
///
/// At the cut, a FIFO message without records may succeed or fail.
pub(crate) fn messages_follow_from_their_records(world: &World, trial: &Trial) -> Checked {
    let Some(report) = report(trial) else {
        return Ok(());
    };

    let is_cut = world
        .cut()
        .is_some_and(|cut| trial.ended.as_millis() >= u128::from(cut));
    let mut stopped = BTreeSet::new();

    for (index, message) in world.messages.iter().enumerate() {
        let group = group_of(message);
        let is_stopped = world.is_fifo && stopped.contains(&group);
        let are_done = (0..message.records().len()).all(|at| is_done(world, trial, (index, at)));
        let is_left_out =
            report.messages()[index].outcome() == MessageOutcome::Failed(MessageFailure::LeftOut);
        let must_fail = is_stopped || !are_done || is_left_out || !is_idle_success(world, message);
        let may_fail = world.is_fifo && is_cut && message.records().is_empty();
        let has_failed = has_failed(report, index);

        if must_fail && !has_failed {
            return Err(format!("message {index} has succeeded"));
        }

        if has_failed && !must_fail && !may_fail && !twin_has_failed(world, report, index) {
            return Err(format!("message {index} has failed"));
        }

        if must_fail || (may_fail && has_failed) {
            stopped.insert(group);
        }
    }

    Ok(())
}

/// The reason of each failure is right.
pub(crate) fn failures_have_the_right_reasons(world: &World, trial: &Trial) -> Checked {
    let Some(report) = report(trial) else {
        return Ok(());
    };

    for (index, message) in world.messages.iter().enumerate() {
        let MessageOutcome::Failed(reason) = report.messages()[index].outcome() else {
            continue;
        };

        let runs: Vec<_> = trial
            .journal
            .handlers
            .iter()
            .filter(|run| run.place.0 == index)
            .collect();

        let is_true = match reason {
            MessageFailure::Malformed => {
                matches!(message.content, Content::Malformed(_))
                    && world.setup.malformed == Malformed::Fail
            }
            MessageFailure::RecordFailed => {
                runs.iter().any(|run| !is_done(world, trial, run.place))
                    || twin_has_failed(world, report, index)
            }
            // If a letter is cut off, its record has no outcome.
            MessageFailure::NotReached => {
                let has_no_answer = |runs, at| answer(runs, (index, at)).is_none();
                let is_unanswered = |at| {
                    let is_letter_due =
                        answer(&trial.journal.handlers, (index, at)) == Some(End::Permanent);
                    has_no_answer(&trial.journal.handlers, at)
                        || (is_letter_due
                            && world.cut().is_some()
                            && letter_of(trial, index).is_none())
                };

                world.is_fifo || (0..message.records().len()).any(is_unanswered)
            }
            MessageFailure::LeftOut => {
                Separation::of(world).may_leave_out(world, index) && runs.is_empty()
            }
            _ => false,
        };

        if !is_true {
            return Err(format!("message {index} has failed for {reason:?}"));
        }
    }

    Ok(())
}

/// The counts of the report match the journal.
pub(crate) fn counts_match_the_journal(world: &World, trial: &Trial) -> Checked {
    let Some(report) = report(trial) else {
        return Ok(());
    };

    let journal = &trial.journal;

    let count = |wanted| {
        let fates = journal
            .handlers
            .iter()
            .filter_map(|run| run.answer)
            .map(|end| fate(world, end));
        fates.filter(|fate| *fate == wanted).count()
    };

    let (handled, skipped) = (count(Fate::Handled), count(Fate::Skipped));

    let kept = journal
        .handlers
        .iter()
        .filter(|run| run.answer.map(|end| fate(world, end)) == Some(Fate::Permanent))
        .filter(|run| letter_of(trial, run.place.0) == Some(End::Done))
        .count();

    let expected = [
        handled,
        skipped,
        kept,
        world.records().count() - handled - skipped - kept,
    ];

    let reported = [
        report.handled(),
        report.skipped(),
        report.dead_letters(),
        report.failed(),
    ];

    if reported == expected {
        return Ok(());
    }

    Err(format!(
        "handled, skipped, dead letters and failed are {expected:?}, but reported as {reported:?}"
    ))
}

/// If nothing is cut off, everything is known before: which handlers run, and the outcome of every
/// message and its reason.
pub(crate) fn uncut_worlds_end_as_predicted(world: &World, trial: &Trial) -> Checked {
    let is_predictable = world.cut().is_none() && Prediction::is_possible(world);
    let Some(report) = report(trial).filter(|_| is_predictable) else {
        return Ok(());
    };

    let prediction = Prediction::of(world);
    let started: BTreeSet<_> = trial.journal.handlers.iter().map(|run| run.place).collect();

    if started != prediction.started {
        let differences: Vec<_> = started.symmetric_difference(&prediction.started).collect();
        return Err(format!(
            "these handlers ran although they should not, or did not run: {differences:?}"
        ));
    }

    if (report.handled(), report.skipped()) != (prediction.handled, prediction.skipped) {
        return Err(format!(
            "{} records should be handled and {} skipped",
            prediction.handled, prediction.skipped
        ));
    }

    for (index, expected) in prediction.messages.iter().enumerate() {
        let is_as_predicted = match (expected, report.messages()[index].outcome()) {
            (Ok(()), MessageOutcome::Succeeded) => true,
            (Ok(()), MessageOutcome::Failed(_)) => twin_has_failed(world, report, index),
            (Err(reason), MessageOutcome::Failed(failure)) => {
                reason.is_none_or(|reason| reason == failure)
                    || twin_has_failed(world, report, index)
            }
            (Err(_), MessageOutcome::Succeeded) => false,
        };

        if !is_as_predicted {
            return Err(format!("message {index} should be {expected:?}"));
        }
    }

    Ok(())
}
