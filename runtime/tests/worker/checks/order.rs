//! The order of keys and groups.

use std::collections::BTreeMap;

use super::facts::TICK;
use super::{Checked, Facts, Settled};
use crate::journal::{Moment, Receipt, Run};
use crate::world::End;

/// The handlers of each worker that belong together, in the order of their starts.
fn by<'t, K: Ord>(
    facts: &Facts<'t>,
    of: impl Fn(&'t Run) -> K,
) -> BTreeMap<(usize, K), Vec<&'t Run>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for run in facts.runs() {
        all.entry((run.worker, of(run))).or_default().push(run);
    }

    all
}

fn by_key<'t>(facts: &Facts<'t>) -> BTreeMap<(usize, (&'t str, &'t str)), Vec<&'t Run>> {
    let world = &facts.fleet.world;
    let key = |run: &Run| {
        let record = &world.messages[run.place.0].records()[run.place.1];
        (record.bucket, record.key)
    };

    by(facts, key)
}

fn run_one_at_a_time<K>(all: &BTreeMap<K, Vec<&Run>>) -> Checked {
    for runs in all.values() {
        let overlap = runs
            .windows(2)
            .find(|pair| pair[0].end.is_none_or(|end| end > pair[1].start));
        if let Some(pair) = overlap {
            return Err(format!("side by side: {pair:?}"));
        }
    }

    Ok(())
}

pub(super) fn keys_run_one_at_a_time(facts: &Facts<'_>) -> Checked {
    run_one_at_a_time(&by_key(facts))
}

/// Whether a record should run before another one, if both wait.
fn comes_before(facts: &Facts<'_>, one: &Run, other: &Run) -> bool {
    let world = &facts.fleet.world;
    let sequencer =
        |run: &Run| world.messages[run.place.0].records()[run.place.1].reliable_sequencer();
    let arrival = |run: &Run| {
        let receipt = facts.receipt(run.receipt);
        (receipt.answered, run.place.1)
    };

    match (sequencer(one), sequencer(other)) {
        (Some(one), Some(other)) => one < other,
        (None, None) => arrival(one) < arrival(other),
        _ => false,
    }
}

/// Whether a receipt had been admitted for sure at this moment.
fn is_admitted(receipt: &Receipt, moment: Moment) -> bool {
    receipt
        .answered
        .is_some_and(|answered| answered.at < moment.at)
}

pub(super) fn keys_keep_their_order(facts: &Facts<'_>) -> Checked {
    if facts.fleet.world.is_fifo {
        return Ok(());
    }

    for runs in by_key(facts).values() {
        for (index, first) in runs.iter().enumerate() {
            let waited = |later: &&&Run| {
                let (one, other) = (facts.receipt(first.receipt), facts.receipt(later.receipt));
                one.receive.0 == other.receive.0 || is_admitted(other, first.start)
            };
            let late = runs[index + 1..]
                .iter()
                .filter(waited)
                .find(|later| comes_before(facts, later, first));
            if let Some(late) = late {
                return Err(format!("{first:?} began before {late:?}"));
            }
        }
    }

    Ok(())
}

pub(super) fn failed_keys_hold_back(facts: &Facts<'_>) -> Checked {
    let setup = &facts.fleet.world.setup;
    if !setup.holds_back {
        return Ok(());
    }

    for runs in by_key(facts).values() {
        for (index, failed) in runs.iter().enumerate() {
            let is_failure =
                facts.fails(failed) || !setup.has_sink && failed.answer == Some(End::Permanent);
            let Some(end) = failed.end.filter(|_| is_failure) else {
                continue;
            };
            let waited = |later: &&&Run| is_admitted(facts.receipt(later.receipt), end);
            if let Some(later) = runs[index + 1..].iter().find(waited) {
                return Err(format!("{later:?} began after {failed:?}"));
            }
        }
    }

    Ok(())
}

pub(super) fn groups_run_one_at_a_time(facts: &Facts<'_>) -> Checked {
    if !facts.fleet.world.is_fifo {
        return Ok(());
    }

    let messages = &facts.fleet.world.messages;
    run_one_at_a_time(&by(facts, |run| messages[run.place.0].group))
}

/// Nothing begins before everything ahead of it in its group has succeeded once, or is gone.
pub(super) fn groups_keep_their_order(facts: &Facts<'_>) -> Checked {
    let messages = &facts.fleet.world.messages;
    if !facts.fleet.world.is_fifo {
        return Ok(());
    }

    let mut done: Vec<usize> = vec![usize::MAX; messages.len()];
    for (index, receipt) in facts.receipts() {
        if let Some((at, Settled::Succeeded)) = facts.settled(index) {
            done[receipt.message] = done[receipt.message].min(at.number);
        }
    }
    for (index, message) in facts.trial.messages.iter().enumerate() {
        if let Some(at) = message.gone_at {
            done[index] = done[index].min(at.number);
        }
    }

    for run in facts.runs() {
        let group = messages[run.place.0].group;
        let ahead = (0..run.place.0).filter(|index| messages[*index].group == group);
        if let Some(ahead) = ahead.clone().find(|index| done[*index] > run.start.number) {
            return Err(format!("{run:?} began before message {ahead} had ended"));
        }

        let before = facts.runs_of(run.receipt).iter();
        let out_of_order = before
            .clone()
            .any(|one| one.place.1 < run.place.1 && one.start > run.start);
        if out_of_order {
            return Err(format!("the records of a message changed places: {run:?}"));
        }
    }

    Ok(())
}

pub(super) fn failed_groups_are_handed_back_untouched(facts: &Facts<'_>) -> Checked {
    let messages = &facts.fleet.world.messages;
    if !facts.fleet.world.is_fifo {
        return Ok(());
    }

    for (failed, receipt) in facts.receipts() {
        let Some((at, Settled::Failed(_))) = facts.settled(failed) else {
            continue;
        };
        // Without records, its turn is not in the journal.
        if facts.runs_of(failed).is_empty() {
            continue;
        }

        let behind = facts.receipts().filter(|(_, other)| {
            other.worker == receipt.worker
                && other.message > receipt.message
                && messages[other.message].group == messages[receipt.message].group
                && is_admitted(other, at)
        });
        for (index, other) in behind {
            if facts.runs_of(index).iter().any(|run| run.start > at) {
                return Err(format!("{other:?} began after {receipt:?} had failed"));
            }

            let mut endings = other.endings(facts.visibility());
            let was_done = endings.any(|call| call.begun < at);
            let is_over = facts.over(receipt.worker) <= at.at + TICK;
            // One that failed before it handed this one back already, or it ended long ago.
            let ended_before = facts.settled(index).is_some_and(|(end, _)| end < at)
                && !facts.runs_of(index).is_empty();
            if was_done || is_over || ended_before || !facts.is_kept(index, at) {
                continue;
            }

            // It may be told to stop at this moment.
            let by = facts.hand_back_by(receipt.worker, at.at + TICK);
            let mut back = facts.handed_back(index);
            let is_back = back.any(|begun| begun > at && begun.at <= by + TICK);
            if !is_back && !facts.is_gone_by(index, by) {
                return Err(format!("{other:?} was not handed back after {receipt:?}"));
            }
        }
    }

    Ok(())
}
