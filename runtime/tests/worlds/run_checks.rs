//! Checks how handlers and the dead-letter sink were called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::Checked;
use crate::oracle::{Fate, duration, fate, group_of, is_idle_success, key_orders};
use crate::router::Run;
use crate::separation::{Separation, lanes_that_wait_for_each_other};
use crate::trial::{Ending, Trial};
use crate::world::{End, Place, World};

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn by_place(runs: &[Run]) -> BTreeMap<Place, &Run> {
    runs.iter().map(|run| (run.place, run)).collect()
}

/// Returns the number of the moment in which a run ended.
fn end_number(run: &Run) -> usize {
    run.end.map_or(usize::MAX, |end| end.number)
}

/// A handler gets its record and message, and a letter has the body and the error. No record is
/// given twice.
pub(crate) fn each_record_is_given_once_with_its_message(_: &World, trial: &Trial) -> Checked {
    if let Some(complaint) = trial.journal.complaints.first() {
        return Err(complaint.clone());
    }

    for runs in [&trial.journal.handlers, &trial.journal.letters] {
        let mut places = BTreeSet::new();
        if let Some(run) = runs.iter().find(|run| !places.insert(run.place)) {
            return Err(format!("{:?} was given twice", run.place));
        }
    }

    Ok(())
}

/// Everything ends at the cut, and no handler starts from then on.
pub(crate) fn nothing_starts_at_or_after_the_cut(world: &World, trial: &Trial) -> Checked {
    has_ended_at_the_cut(world, trial, &trial.journal.handlers)
}

/// No letter starts from then on, either.
pub(crate) fn no_letter_is_put_at_or_after_the_cut(world: &World, trial: &Trial) -> Checked {
    has_ended_at_the_cut(world, trial, &trial.journal.letters)
}

fn has_ended_at_the_cut(world: &World, trial: &Trial, runs: &[Run]) -> Checked {
    let Some(cut) = world.cut().map(milliseconds) else {
        return Ok(());
    };

    if let Some(run) = runs.iter().find(|run| run.start.at >= cut) {
        return Err(format!(
            "{:?} started at {:?}, the cut was at {cut:?}",
            run.place, run.start.at
        ));
    }

    if trial.ended > cut {
        return Err(format!(
            "it ran until {:?}, the cut was at {cut:?}",
            trial.ended
        ));
    }

    Ok(())
}

/// Never more handlers run at once than allowed. A limit of 0 is treated as 1.
pub(crate) fn concurrency_stays_within_its_limit(world: &World, trial: &Trial) -> Checked {
    let most = trial.journal.most_running;
    if most > world.setup.concurrency.max(1) {
        return Err(format!("{most} handlers ran at once"));
    }

    Ok(())
}

/// Independent lanes run side by side. On FIFO queues, groups that share a key are not independent.
///
/// If no worker is idle, a schedule takes at most as long as the longest lane and an equal share of
/// the rest (Graham, "Bounds on multiprocessing timing anomalies", 1969). The time of the letters
/// is added to that.
pub(crate) fn no_worker_is_idle(world: &World, trial: &Trial) -> Checked {
    let is_bounded = world.cut().is_none() && !Separation::of(world).separates(world);
    if !matches!(trial.ending, Ending::Report(_)) || !is_bounded {
        return Ok(());
    }

    let took = |run: &Run| run.end.map_or(Duration::ZERO, |end| end.at - run.start.at);
    let mut lanes: BTreeMap<_, Duration> = BTreeMap::new();
    let chains = lanes_that_wait_for_each_other(world);

    for run in &trial.journal.handlers {
        *lanes.entry(chains[&run.place]).or_default() += took(run);
    }

    let longest = lanes.values().max().copied().unwrap_or_default();
    let rest = lanes.values().sum::<Duration>() - longest;
    let workers = u32::try_from(world.setup.concurrency.max(1)).unwrap_or(u32::MAX);
    let bound = longest + rest / workers + trial.journal.letters.iter().map(took).sum::<Duration>();

    if trial.ended > bound {
        return Err(format!(
            "it took {:?}; with no worker idle it takes at most {bound:?}",
            trial.ended
        ));
    }

    Ok(())
}

/// A handler runs to its own end, unless its timeout, the cut or the caller ends it.
pub(crate) fn handlers_are_cut_off_for_a_reason(world: &World, trial: &Trial) -> Checked {
    let timeout = world.setup.record_timeout.map(milliseconds);
    let cut = world.cut().map(milliseconds);
    let is_dropped = !matches!(trial.ending, Ending::Report(_));

    for run in &trial.journal.handlers {
        let Some((record, end)) = world.record(run.place).zip(run.end) else {
            continue;
        };

        let took = end.at - run.start.at;
        let is_own_end = duration(record.handler).map(milliseconds) == Some(took);
        let is_cut_off =
            timeout == Some(took) || cut == Some(end.at) || (is_dropped && end.at == trial.ended);
        let is_late = timeout.is_some_and(|timeout| took > timeout);

        let is_right = if run.answer.is_some() {
            is_own_end
        } else {
            is_own_end || is_cut_off
        };

        if is_late || !is_right {
            return Err(format!(
                "{:?} lasted {took:?}, until {:?}",
                run.place, end.at
            ));
        }
    }

    Ok(())
}

/// On standard queues, the records of a key run one at a time, in the order of rule 8.
pub(crate) fn keys_keep_their_order(world: &World, trial: &Trial) -> Checked {
    if world.is_fifo {
        return Ok(());
    }

    let runs = by_place(&trial.journal.handlers);
    for (key, order) in key_orders(world) {
        let mut last: Option<&Run> = None;
        let mut has_ended = false;

        for place in order {
            let Some(run) = runs.get(&place) else {
                has_ended = true;
                continue;
            };

            if has_ended || last.is_some_and(|last| run.start.number < end_number(last)) {
                return Err(format!("of {key:?}, {place:?} ran too early"));
            }

            last = Some(run);
        }
    }

    Ok(())
}

/// On any queue, no two records of a key run side by side.
pub(crate) fn keys_never_run_side_by_side(world: &World, trial: &Trial) -> Checked {
    let mut free_at: BTreeMap<_, usize> = BTreeMap::new();

    for run in &trial.journal.handlers {
        let Some(record) = world.record(run.place) else {
            continue;
        };

        let free_at = free_at.entry((record.bucket, record.key)).or_default();
        if run.start.number < *free_at {
            return Err(format!("{:?} ran beside another of its key", run.place));
        }

        *free_at = end_number(run);
    }

    Ok(())
}

/// On FIFO queues, the records of a group run one at a time as they arrived.
///
/// None runs after the first failure, and a message's letters are stored before the next message
/// starts.
pub(crate) fn groups_keep_their_order_and_stop(world: &World, trial: &Trial) -> Checked {
    if !world.is_fifo {
        return Ok(());
    }

    let (runs, letters) = (
        by_place(&trial.journal.handlers),
        by_place(&trial.journal.letters),
    );
    // By group: whether it has stopped, and when its last run ended.
    let mut groups: BTreeMap<_, (bool, usize)> = BTreeMap::new();

    for (index, message) in world.messages.iter().enumerate() {
        let (has_stopped, free_at) = groups.entry(group_of(message)).or_default();
        *has_stopped |= !is_idle_success(world, message);
        let mut unkept = false;

        for place in (0..message.records().len()).map(|at| (index, at)) {
            let Some(run) = runs.get(&place) else {
                *has_stopped = true;
                continue;
            };

            if *has_stopped || run.start.number < *free_at {
                return Err(format!(
                    "{place:?} ran too early, or after its group had stopped"
                ));
            }

            *free_at = end_number(run);
            match run.answer.map(|end| fate(world, end)) {
                Some(Fate::Handled | Fate::Skipped) => {}
                Some(Fate::Permanent) => {
                    let letter = letters.values().find(|run| run.place.0 == index);
                    unkept |= letter.is_none_or(|run| run.answer != Some(End::Done));
                }
                Some(Fate::Failed) | None => *has_stopped = true,
            }
        }

        let of_message = letters.values().filter(|run| run.place.0 == index);
        *free_at = of_message
            .map(|run| end_number(run))
            .fold(*free_at, usize::max);
        *has_stopped |= unkept;
    }

    Ok(())
}

/// Letters are put only for permanent failures, and only with a sink. All other records of the
/// message have an outcome by then, and none needs a retry.
pub(crate) fn letters_wait_for_their_message(world: &World, trial: &Trial) -> Checked {
    let runs = by_place(&trial.journal.handlers);
    for letter in &trial.journal.letters {
        let (index, _) = letter.place;
        let fate_by_now = |place: Place| {
            let run = runs
                .get(&place)
                .filter(|run| end_number(run) < letter.start.number)?;
            run.answer.map(|end| fate(world, end))
        };

        let is_permanent = fate_by_now(letter.place) == Some(Fate::Permanent);
        let records = (0..world.messages[index].records().len()).map(|at| fate_by_now((index, at)));
        let needs_retry = |fate: Option<Fate>| matches!(fate, None | Some(Fate::Failed));

        if !is_permanent || records.into_iter().any(needs_retry) {
            return Err(format!("a letter was put for {:?}", letter.place));
        }
    }

    Ok(())
}

/// A dispatch that ended, or was dropped at any point, leaves nothing running.
pub(crate) fn nothing_is_left_running(_: &World, trial: &Trial) -> Checked {
    match trial.left {
        (0, 0, false) => Ok(()),
        (runs, tasks, went_on) => Err(format!(
            "{runs} runs and {tasks} tasks were left; they continued: {went_on}"
        )),
    }
}
