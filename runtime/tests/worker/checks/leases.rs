//! What is held: how long, and how much.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::TICK;
use super::{Checked, Facts};
use crate::journal::{Answer, Call, LONGEST, Moment, ReceiveCall, Run};
use crate::queue::whole_seconds;

pub(super) fn no_two_workers_are_inside_one_lease(facts: &Facts<'_>) -> Checked {
    let mut by_message: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in facts.runs_and_letters() {
        by_message.entry(run.place.0).or_default().push(run);
    }

    for runs in by_message.values_mut() {
        runs.sort_by_key(|run| run.start);
        for (index, one) in runs.iter().enumerate() {
            let later = runs[index + 1..]
                .iter()
                .filter(|other| other.receipt != one.receipt)
                .find(|other| one.end.is_none_or(|end| end.at > other.start.at));
            if let Some(other) = later
                && !facts.receipt(one.receipt.min(other.receipt)).was_taken
            {
                return Err(format!("{one:?} and {other:?}"));
            }
        }
    }

    Ok(())
}

pub(super) fn handlers_end_with_their_lease(facts: &Facts<'_>) -> Checked {
    for run in facts.runs_and_letters() {
        let receipt = facts.receipt(run.receipt);
        let Some(end) = run.end else { continue };
        let over = receipt.known_end(end.number, facts.visibility());
        if end.at > over {
            return Err(format!("{run:?} ran on after {over:?}: {receipt:?}"));
        }
    }

    Ok(())
}

pub(super) fn a_refused_extension_stops_the_handlers_at_once(facts: &Facts<'_>) -> Checked {
    for run in facts.runs_and_letters() {
        let receipt = facts.receipt(run.receipt);
        let refused = receipt.refused(facts.visibility());
        if let Some(refused) = refused
            && (run.goes_on_after(refused) || run.start > refused)
        {
            return Err(format!("{run:?} ran on after {refused:?}: {receipt:?}"));
        }
    }

    Ok(())
}

/// SQS refuses what ends later, and counts from when it gave the message out.
pub(super) fn nothing_is_asked_for_beyond_twelve_hours(facts: &Facts<'_>) -> Checked {
    for (_, receipt) in facts.receipts() {
        let is_beyond = |call: &&Call| {
            let time = call.time().map(whole_seconds).unwrap_or_default();
            call.begun.at + time > receipt.given + LONGEST
        };
        if let Some(call) = receipt.calls.iter().find(is_beyond) {
            return Err(format!("{call:?} of {receipt:?}"));
        }
    }

    Ok(())
}

pub(super) fn what_is_held_is_extended_in_time(facts: &Facts<'_>) -> Checked {
    let visibility = facts.visibility();

    for (index, receipt) in facts.receipts() {
        let Some(answered) = receipt.answered else {
            continue;
        };
        let seen_until = facts.seen_until(index).min(facts.over(receipt.worker));
        let begins_within = |after: usize, due: Duration| {
            let mut extensions = receipt.extensions(visibility);
            extensions.any(|call| call.begun.number > after && call.begun.at <= due)
        };

        let mut due: Vec<(usize, Duration)> = Vec::new();
        if !receipt.reaches_limit(receipt.sent.at + visibility) {
            let half = receipt.sent.at + visibility / 2;
            due.push((receipt.sent.number, half.max(answered.at)));
        }
        for call in receipt.extensions(visibility) {
            let (Some(ended), Some(time)) = (call.ended, call.time()) else {
                continue;
            };
            match call.answer {
                Some(Answer::Done) if receipt.reaches_limit(call.begun.at + time) => {}
                Some(Answer::Done) => {
                    let half = call.begun.at + time / 2;
                    due.push((ended.number, half.max(ended.at)));
                }
                Some(Answer::Refused) => {}
                Some(Answer::Failed) | None => {
                    let over = receipt.known_end(ended.number, visibility);
                    let rest = over.saturating_sub(ended.at);
                    due.push((ended.number, ended.at + rest / 4));
                }
            }
        }

        let late = due
            .into_iter()
            .map(|(after, due)| (after, due + TICK))
            .find(|(after, due)| seen_until > *due && !begins_within(*after, *due));
        if let Some((_, due)) = late {
            return Err(format!(
                "not extended by {due:?}, held until {seen_until:?}: {receipt:?}"
            ));
        }
    }

    Ok(())
}

/// Counts what is held by what can be seen later: a handler runs, or a call is made.
pub(super) fn no_more_is_held_than_there_are_places(facts: &Facts<'_>) -> Checked {
    let places = facts.fleet.places();
    let calls = &facts.trial.journal.receives;
    let held: Vec<_> = facts
        .receipts()
        .filter_map(|(index, receipt)| {
            Some((receipt.worker, receipt.answered?, facts.seen_until(index)))
        })
        .collect();

    // Those that have not ended, by worker. A world of hours has too many to look at all of them.
    let mut open: BTreeMap<usize, Vec<&ReceiveCall>> = BTreeMap::new();
    for call in calls {
        let open = open.entry(call.worker).or_default();
        open.retain(|other| other.ended.is_none_or(|ended| ended > call.begun));
        open.push(call);
        let asked: usize = open.iter().map(|other| other.most).sum();
        let now = call.begun;
        // Handlers that are stopped end a little later, at the same time.
        let held = held.iter().filter(|(worker, from, until)| {
            *worker == call.worker && *from < now && *until > now.at
        });
        let held = held.count();

        if asked + held > places {
            return Err(format!(
                "{asked} asked, {held} held, {places} places: {call:?}"
            ));
        }
    }

    Ok(())
}

pub(super) fn no_more_handlers_run_than_allowed(facts: &Facts<'_>) -> Checked {
    let most = facts.fleet.concurrency();

    for (worker, _) in facts.lives() {
        let runs = facts.runs_and_letters();
        let runs = runs.filter(|run| run.worker == worker);
        let mut changes: Vec<(Moment, i64)> = Vec::new();
        for run in runs {
            changes.push((run.start, 1));
            changes.extend(run.end.map(|end| (end, -1)));
        }
        changes.sort_unstable();

        let mut running = 0;
        for (moment, change) in changes {
            running += change;
            if running > most as i64 {
                return Err(format!("{running} ran at {moment:?}, and {most} may"));
            }
        }
    }

    Ok(())
}
