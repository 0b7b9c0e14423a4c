//! What is held: how long, and how much.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::TICK;
use super::{Checked, Facts};
use crate::journal::{Answer, Moment, Run};

pub(super) fn no_two_workers_are_inside_one_lease(facts: &Facts<'_>) -> Checked {
    let mut by_message: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in facts.runs() {
        by_message.entry(run.place.0).or_default().push(run);
    }

    for runs in by_message.values() {
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
    for run in facts.runs() {
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
    for run in facts.runs() {
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

        let mut due: Vec<(usize, Duration)> = vec![(
            receipt.sent.number,
            (receipt.sent.at + visibility / 2).max(answered.at),
        )];
        for call in receipt.extensions(visibility) {
            let Some(ended) = call.ended else { continue };
            match call.answer {
                Some(Answer::Done) => {
                    let half = call.begun.at + visibility / 2;
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

    for call in calls {
        let asked: usize = calls
            .iter()
            .filter(|other| other.worker == call.worker && other.begun <= call.begun)
            .filter(|other| other.ended.is_none_or(|ended| ended > call.begun))
            .map(|other| other.most)
            .sum();
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
        let runs = facts.runs().iter().chain(&facts.trial.journal.letters);
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
