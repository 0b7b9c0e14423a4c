//! What a worker promises, checked in what happened in a trial.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::ledger::{Fact, Receipt};
use super::trial::Trial;
use super::world::{Fate, World};

/// The result of a check. The error says how a promise was broken.
type Checked = Result<(), String>;

/// How long a worker needs at most after its drain time, to stop handlers and for its last calls.
const LAST: Duration = Duration::from_millis(4_010);

/// Compares a world with what happened in it.
type Check = fn(&World, &Trial) -> Checked;

const CHECKS: [(&str, Check); 8] = [
    ("no two workers are inside one lease", leases),
    ("only what succeeded is deleted", deletions),
    ("keys run one at a time", keys),
    ("groups keep their order", groups),
    ("workers stop in time, and begin nothing after it", stops),
    ("reports count every message once", reports),
    ("nothing is done twice where nothing fails", twice),
    ("nothing is missing in the end", nothing_missing),
];

/// Returns the first promise that was broken.
pub(super) fn check_all(world: &World, trial: &Trial) -> Checked {
    for (name, check) in CHECKS {
        check(world, trial).map_err(|broken| format!("{name}: {broken}"))?;
    }

    Ok(())
}

/// The receives whose leases a fault has ended early.
fn ended_early(trial: &Trial) -> BTreeSet<Receipt> {
    let facts = trial.facts.iter();
    facts
        .filter_map(|(_, fact)| match fact {
            Fact::EndsEarly(receipt) => Some(*receipt),
            _ => None,
        })
        .collect()
}

fn leases(_: &World, trial: &Trial) -> Checked {
    let early = ended_early(trial);
    let mut running: BTreeSet<(usize, Receipt)> = BTreeSet::new();
    let mut last: BTreeMap<usize, u32> = BTreeMap::new();

    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Began(worker, receipt) => {
                running.insert((worker, receipt));
                let is_ours = last.get(&receipt.0) == Some(&receipt.1);
                if !is_ours && !early.contains(&receipt) {
                    return Err(format!("{receipt:?} began at {at:?}, and is not ours"));
                }
            }
            Fact::Ended(worker, receipt, _) => {
                running.remove(&(worker, receipt));
            }
            Fact::Received((message, count)) => {
                last.insert(message, count);
                let mut others = running.iter().filter(|(_, other)| other.0 == message);
                if let Some(other) = others.find(|(_, one)| !early.contains(one)) {
                    return Err(format!("received at {at:?} while {other:?} ran"));
                }
            }
            _ => {}
        }
    }

    Ok(())
}

fn deletions(_: &World, trial: &Trial) -> Checked {
    let mut last: BTreeMap<usize, u32> = BTreeMap::new();
    let mut succeeded: BTreeSet<Receipt> = BTreeSet::new();

    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Received((message, count)) => {
                last.insert(message, count);
            }
            Fact::Ended(_, receipt, Some(true)) => {
                succeeded.insert(receipt);
            }
            Fact::Deleted(message) => {
                let receipt = (message, last.get(&message).copied().unwrap_or_default());
                if !succeeded.contains(&receipt) {
                    return Err(format!("{receipt:?} was deleted at {at:?}"));
                }
            }
            _ => {}
        }
    }

    Ok(())
}

fn keys(world: &World, trial: &Trial) -> Checked {
    let mut running: BTreeMap<(usize, u8), Receipt> = BTreeMap::new();

    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Began(worker, receipt) => {
                let key = world.messages[receipt.0].key;
                if let Some(other) = running.insert((worker, key), receipt) {
                    return Err(format!("{receipt:?} began at {at:?} beside {other:?}"));
                }
            }
            Fact::Ended(worker, receipt, _) => {
                running.remove(&(worker, world.messages[receipt.0].key));
            }
            _ => {}
        }
    }

    Ok(())
}

/// Nothing begins before everything ahead of it in its group has succeeded once, or is gone.
fn groups(world: &World, trial: &Trial) -> Checked {
    if !world.is_fifo {
        return Ok(());
    }

    let mut done = BTreeSet::new();
    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Ended(_, (message, _), Some(true))
            | Fact::Redriven((message, _))
            | Fact::Deleted(message) => {
                done.insert(message);
            }
            Fact::Began(_, (message, _)) => {
                let group = world.messages[message].group;
                let mut ahead = (0..message).filter(|one| world.messages[*one].group == group);
                if let Some(ahead) = ahead.find(|one| !done.contains(one)) {
                    return Err(format!(
                        "{message} began at {at:?} before {ahead} had ended"
                    ));
                }
            }
            _ => {}
        }
    }

    Ok(())
}

fn stops(world: &World, trial: &Trial) -> Checked {
    if !trial.has_ended {
        return Err(String::from("a worker did not end after it was told to"));
    }

    let mut told: BTreeMap<usize, Duration> = BTreeMap::new();
    let mut stopped: BTreeMap<usize, Duration> = BTreeMap::new();
    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Told(worker) => {
                told.insert(worker, *at);
            }
            Fact::Stopped(worker, _) => {
                stopped.insert(worker, *at);
                let most = told
                    .get(&worker)
                    .map(|told| *told + world.settings.drain + LAST);
                if most.is_some_and(|most| *at > most) {
                    return Err(format!("worker {worker} ended at {at:?}, not by {most:?}"));
                }
            }
            Fact::Began(worker, receipt) if told.get(&worker).is_some_and(|told| told < at) => {
                return Err(format!("{receipt:?} began at {at:?} after the stop"));
            }
            Fact::Ended(worker, receipt, _)
                if stopped.get(&worker).is_some_and(|stopped| stopped < at) =>
            {
                return Err(format!("{receipt:?} ran on until {at:?}"));
            }
            _ => {}
        }
    }

    Ok(())
}

fn reports(_: &World, trial: &Trial) -> Checked {
    for (worker, report) in trial.reports.iter().enumerate() {
        let Some(report) = report else { continue };
        let ends = report.deleted() + report.returned() + report.handed_back() + report.lost();
        if ends != report.received() {
            return Err(format!("worker {worker}: {report:?}"));
        }
    }

    Ok(())
}

/// Where no call fails and no worker crashes, what succeeded is never received again, whatever
/// stops.
fn twice(world: &World, trial: &Trial) -> Checked {
    let crashes = |fate: Fate| matches!(fate, Fate::Crashes(_));
    if !world.troubles.are_none() || world.workers.iter().any(|plan| crashes(plan.fate)) {
        return Ok(());
    }

    let mut succeeded = BTreeSet::new();
    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Ended(_, (message, _), Some(true)) => {
                succeeded.insert(message);
            }
            Fact::Received(receipt) if succeeded.contains(&receipt.0) => {
                return Err(format!("{receipt:?} was received at {at:?}"));
            }
            _ => {}
        }
    }

    Ok(())
}

fn nothing_missing(world: &World, trial: &Trial) -> Checked {
    let mut gone: BTreeMap<usize, usize> = BTreeMap::new();
    let mut redriven = 0;

    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Deleted(message) => *gone.entry(message).or_default() += 1,
            Fact::Redriven(receipt) => {
                *gone.entry(receipt.0).or_default() += 1;
                redriven += 1;
                if Some(receipt.1) != world.most_receives {
                    return Err(format!("{receipt:?} became a dead letter at {at:?}"));
                }
            }
            _ => {}
        }
    }

    let once = (0..world.messages.len()).all(|message| gone.get(&message) == Some(&1));
    if !once || trial.left != (0, redriven) {
        return Err(format!("{:?} are left, and gone are {gone:?}", trial.left));
    }

    Ok(())
}

/// What happened in a trial that not every world has.
pub(super) fn circumstances(world: &World, trial: &Trial) -> BTreeSet<&'static str> {
    let early = ended_early(trial);
    let mut met = BTreeSet::new();
    let mut running: BTreeMap<(usize, Receipt), Duration> = BTreeMap::new();
    let mut begun: BTreeSet<Receipt> = BTreeSet::new();
    let mut last: BTreeMap<usize, u32> = BTreeMap::new();
    let mut lost = BTreeSet::new();
    let mut told = BTreeSet::new();

    for (at, fact) in &trial.facts {
        match *fact {
            Fact::Began(worker, receipt) => {
                begun.insert(receipt);
                running.insert((worker, receipt), *at);
            }
            Fact::Ended(worker, receipt, succeeded) => {
                let since = running.remove(&(worker, receipt)).unwrap_or_default();
                let was_cut = succeeded.is_none();
                if !was_cut && *at - since > world.settings.visibility {
                    met.insert("a handler took longer than the visibility timeout");
                }
                if was_cut && early.contains(&receipt) {
                    met.insert("a lease ended early while a handler ran");
                    lost.insert(receipt.0);
                }
                if succeeded == Some(true) && lost.contains(&receipt.0) {
                    met.insert("a message was lost and succeeded later");
                }
                let fate = world.workers.get(worker).map(|plan| plan.fate);
                if was_cut && matches!(fate, Some(Fate::Crashes(_))) && !early.contains(&receipt) {
                    met.insert("a worker crashed while a handler ran");
                }
                if !was_cut && told.contains(&worker) && since < *at {
                    met.insert("a worker was stopped while a handler ran");
                }
            }
            Fact::Told(worker) => {
                told.insert(worker);
            }
            Fact::Redriven(_) => {
                met.insert("a message became a dead letter");
            }
            Fact::Received((message, count)) => {
                last.insert(message, count);
            }
            Fact::Changed(message, Duration::ZERO) => {
                let receipt = (message, last.get(&message).copied().unwrap_or_default());
                if !begun.contains(&receipt) {
                    met.insert("a message was handed back untouched");
                }
            }
            _ => {}
        }
    }

    met
}
