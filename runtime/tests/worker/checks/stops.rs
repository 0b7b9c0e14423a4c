//! How workers stop, and what is left in the end.

use std::time::Duration;

use super::facts::TICK;
use super::{Checked, Facts, Settled};
use crate::journal::Kind;
use crate::stage::Gone;

/// How long a worker needs at most after its drain time, to stop handlers and for its last calls.
const LAST: Duration = Duration::from_secs(4);

pub(super) fn handlers_are_given_what_was_received(facts: &Facts<'_>) -> Checked {
    match facts.trial.journal.complaints.first() {
        Some(complaint) => Err(complaint.clone()),
        None => Ok(()),
    }
}

pub(super) fn every_worker_ends(facts: &Facts<'_>) -> Checked {
    if facts.trial.has_ended {
        return Ok(());
    }

    Err(String::from("a worker did not end after it was told to"))
}

/// A worker ends by itself once the queue has ended, and not before.
pub(super) fn workers_end_with_their_queue(facts: &Facts<'_>) -> Checked {
    let given_all = facts.trial.journal.given_all;

    for (worker, life) in facts.lives() {
        let ended_by_itself = life.told.is_none() && !life.was_dropped();
        let stays = life.told.is_some() && life.ended.is_some() && facts.is_told_at_last(worker);
        if facts.fleet.ends && stays {
            return Err(format!("worker {worker} did not end by itself: {life:?}"));
        }

        let has_ended = given_all.is_some_and(|at| life.ended.is_some_and(|ended| at < ended));
        if ended_by_itself && !(facts.fleet.ends && has_ended) {
            return Err(format!("worker {worker} ended by itself: {life:?}"));
        }
    }

    Ok(())
}

pub(super) fn nothing_is_left_running(facts: &Facts<'_>) -> Checked {
    for run in facts.runs() {
        let ended = facts.life(run.worker).ended;
        let is_left = ended.is_some_and(|ended| run.goes_on_after(ended) || run.start > ended);
        if is_left {
            return Err(format!("{run:?} ran on after its worker had ended"));
        }
    }

    Ok(())
}

pub(super) fn nothing_is_received_after_the_stop(facts: &Facts<'_>) -> Checked {
    for call in &facts.trial.journal.receives {
        let told = facts.life(call.worker).told;
        if told.is_some_and(|told| call.begun > told && call.begun.at > told.at) {
            return Err(format!("{call:?} began after {told:?}"));
        }
    }

    Ok(())
}

pub(super) fn nothing_begins_after_the_stop(facts: &Facts<'_>) -> Checked {
    for (index, receipt) in facts.receipts() {
        let Some(told) = facts.life(receipt.worker).told else {
            continue;
        };
        let starts = facts.runs_of(index).iter().map(|run| run.start.at);
        if starts.min().is_some_and(|first| first > told.at) {
            return Err(format!("{receipt:?} began after {told:?}"));
        }
    }

    Ok(())
}

/// What waits is handed back as soon as no receive of the worker can get it again, and at the end
/// of the drain time at the latest.
pub(super) fn what_has_not_begun_is_handed_back(facts: &Facts<'_>) -> Checked {
    for (index, receipt) in facts.receipts() {
        let told = facts.life(receipt.worker).told;
        let (Some(told), Some(cut)) = (told, facts.cut(receipt.worker)) else {
            continue;
        };
        let Some(answered) = receipt.answered else {
            continue;
        };
        let due = told.max(answered);
        let by = facts.hand_back_by(receipt.worker, due.at);
        let records = facts.fleet.world.messages[receipt.message].records();
        let mut endings = receipt.endings(facts.visibility());
        let has_ended = endings.any(|call| call.begun < due);
        let is_over = answered > told && cut <= answered.at;
        let has_begun = !facts.runs_of(index).is_empty() || records.is_empty();
        let may_have_failed = facts.fleet.world.setup.holds_back;
        let excused = has_ended || is_over || may_have_failed || facts.is_gone_by(index, by);
        if has_begun && answered < told || excused {
            continue;
        }

        let mut back = facts.handed_back(index);
        if !back.any(|begun| begun.at <= by + TICK) {
            return Err(format!(
                "told at {told:?}, but not handed back by {by:?}: {receipt:?}"
            ));
        }
    }

    Ok(())
}

/// The receives of a worker that stops get nothing of what it hands back.
pub(super) fn nothing_becomes_visible_to_the_receives_of_a_worker_that_stops(
    facts: &Facts<'_>,
) -> Checked {
    for (_, receipt) in facts.receipts() {
        let Some(told) = facts.life(receipt.worker).told else {
            continue;
        };
        let mut back = receipt.calls_of(|kind| kind == Kind::Change(Duration::ZERO));
        let too_early = back.find(|call| {
            // A receive that hangs is over at the queue.
            let until = facts.receives_until(receipt.worker, call.begun);
            call.begun > told && until.is_some_and(|until| until > call.begun.at)
        });
        if let Some(call) = too_early {
            return Err(format!("a receive runs at {call:?}: {receipt:?}"));
        }
    }

    Ok(())
}

/// What a worker held when it was told to stop, or got after that, it does not receive again,
/// unless that failed or was lost.
pub(super) fn nothing_is_received_again_after_the_stop(facts: &Facts<'_>) -> Checked {
    for (index, receipt) in facts.receipts() {
        let told = facts.life(receipt.worker).told;
        let (Some(told), Some(_)) = (told, receipt.answered) else {
            continue;
        };
        let again = facts.receipts().skip(index + 1).find(|(_, other)| {
            let is_same = (other.message, other.worker) == (receipt.message, receipt.worker);
            is_same && other.given >= told.at
        });
        let Some((_, again)) = again else { continue };

        let mut endings = receipt.endings(facts.visibility());
        let excused = receipt.was_taken
            || receipt.is_lost_by(again.given, facts.visibility())
            || endings.any(|call| call.begun < told)
            || matches!(facts.settled(index), Some((_, Settled::Failed(_))))
            || facts.fleet.world.setup.holds_back;
        if !excused {
            return Err(format!(
                "told at {told:?}: {receipt:?}, and again {again:?}"
            ));
        }
    }

    Ok(())
}

pub(super) fn what_is_cut_is_handed_back(facts: &Facts<'_>) -> Checked {
    let drain = facts.fleet.settings.drain;

    for run in facts.runs() {
        let life = facts.life(run.worker);
        let (Some(told), Some(end)) = (life.told, run.end) else {
            continue;
        };
        let is_cut = run.answer.is_none()
            && !facts.has_timed_out(run)
            && !life.was_dropped()
            && end.at >= told.at + drain;
        let mut back = facts.handed_back(run.receipt);
        let is_lost = facts.receipt(run.receipt).is_lost(end, facts.visibility());
        if is_cut && !is_lost && !back.any(|begun| begun > end) {
            return Err(format!("{run:?} was cut, but not handed back"));
        }
    }

    Ok(())
}

pub(super) fn workers_stop_in_time(facts: &Facts<'_>) -> Checked {
    for (worker, life) in facts.lives() {
        let Some(told) = life.told else { continue };
        let most = told.at + facts.fleet.settings.drain + LAST + TICK;
        if life.ended.is_none_or(|ended| ended.at > most) {
            return Err(format!("worker {worker} was told at {told:?}: {life:?}"));
        }
    }

    Ok(())
}

pub(super) fn handlers_are_cut_off_for_a_reason(facts: &Facts<'_>) -> Checked {
    for run in facts.runs() {
        let Some(end) = run.end.filter(|_| run.answer.is_none()) else {
            continue;
        };
        let has_reason = facts.has_timed_out(run)
            || !facts.is_kept(run.receipt, end)
            || facts.over(run.worker) <= end.at;
        if !has_reason {
            return Err(format!("{run:?} of {:?}", facts.receipt(run.receipt)));
        }
    }

    Ok(())
}

/// A message may be missing only if it succeeded, or was received as often as the queue allows. If
/// the queue ends, what did not succeed was given out, and so is in the report of a worker that did
/// not crash, or it is behind such a message of its group.
pub(super) fn nothing_is_missing_in_the_end(facts: &Facts<'_>) -> Checked {
    for (index, message) in facts.trial.messages.iter().enumerate() {
        let mut receipts = facts.receipts().filter(|(_, one)| one.message == index);
        let is_right = match message.gone {
            Some(Gone::Deleted) => receipts.any(|(one, _)| facts.has_succeeded(one, usize::MAX)),
            Some(Gone::DeadLetter) => facts.fleet.most_receives == Some(message.count),
            None => facts.fleet.ends && (message.count == 1 || is_behind_a_failure(facts, index)),
        };
        if !is_right {
            return Err(format!("message {index}: {message:?}"));
        }
    }

    Ok(())
}

/// Whether a message of a FIFO queue that ended was never given out, because one before it in its
/// group did not succeed.
fn is_behind_a_failure(facts: &Facts<'_>, index: usize) -> bool {
    let world = &facts.fleet.world;
    let group = |index: usize| world.messages[index].group;
    let mut ahead = (0..index).filter(|ahead| group(*ahead) == group(index));

    let is_failure = |ahead: usize| {
        let message = &facts.trial.messages[ahead];
        message.gone.is_none() && message.count == 1
    };
    world.is_fifo && facts.trial.messages[index].count == 0 && ahead.any(is_failure)
}
