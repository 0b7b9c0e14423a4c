//! How receipts end at the queue.

use std::collections::BTreeSet;
use std::time::Duration;

use super::facts::TICK;
use super::{Checked, Facts, Settled};
use crate::journal::{Answer, Call, Kind, Moment, Receipt};

fn is_delete(kind: Kind) -> bool {
    kind == Kind::Delete
}

pub(super) fn only_what_succeeded_is_deleted(facts: &Facts<'_>) -> Checked {
    for (index, receipt) in facts.receipts() {
        for call in receipt.calls_of(is_delete) {
            if !facts.has_succeeded(index, call.begun.number) {
                return Err(format!("{receipt:?} {:?}", facts.runs_of(index)));
            }
        }
    }

    Ok(())
}

pub(super) fn what_was_lost_is_not_deleted(facts: &Facts<'_>) -> Checked {
    let visibility = facts.visibility();

    for (_, receipt) in facts.receipts() {
        for call in receipt.calls_of(is_delete) {
            let over = receipt.known_end(call.begun.number, visibility);
            // Both can happen at one moment, and the worker looks at one of them first.
            let refused = receipt.refused(visibility);
            if call.begun.at > over || refused.is_some_and(|refused| refused.at < call.begun.at) {
                return Err(format!("lost at {over:?} or {refused:?}: {receipt:?}"));
            }
        }
    }

    Ok(())
}

pub(super) fn deletions_are_tried_again_alone(facts: &Facts<'_>) -> Checked {
    for (_, receipt) in facts.receipts() {
        let deletions: Vec<_> = receipt.calls_of(is_delete).collect();
        if let Some(call) = deletions.iter().find(|call| call.size > 10) {
            return Err(format!("{} entries: {receipt:?}", call.size));
        }

        for (index, call) in deletions.iter().enumerate().skip(1) {
            let before = deletions[index - 1];
            let has_failed = matches!(before.answer, None | Some(Answer::Failed));
            let is_ended = before.ended.is_some_and(|ended| ended < call.begun);
            let is_last = call.begun.at >= facts.over(receipt.worker);
            if !has_failed || !is_ended || call.size > 1 && !is_last {
                return Err(format!("{call:?} of {receipt:?}"));
            }
        }
    }

    Ok(())
}

/// The ways in which the calls of a receipt end it.
fn ways(receipt: &Receipt, visibility: Duration) -> (BTreeSet<&'static str>, usize) {
    let endings = receipt
        .endings(visibility)
        .map(|call: &Call| match call.kind {
            Kind::Delete => "deleted",
            Kind::Change(Duration::ZERO) => "handed back",
            Kind::Change(_) => "returned",
            Kind::Postpone(_) => "postponed",
        });
    let endings: Vec<_> = endings.collect();
    let others = endings
        .iter()
        .filter(|ending| **ending != "deleted")
        .count();

    (endings.into_iter().collect(), others)
}

pub(super) fn every_receipt_ends_once(facts: &Facts<'_>) -> Checked {
    let visibility = facts.visibility();

    for (index, receipt) in facts.receipts() {
        let (ways, others) = ways(receipt, visibility);
        if ways.len() > 1 || others > 1 {
            return Err(format!("ended more than once: {receipt:?}"));
        }

        let returns = receipt
            .endings(visibility)
            .filter(|call| !is_delete(call.kind));
        let returned = returns.map(|call| call.begun).min();
        let mut extensions = receipt.extensions(visibility);
        if extensions.any(|call| returned.is_some_and(|returned| call.begun > returned)) {
            return Err(format!("extended after its return: {receipt:?}"));
        }

        let life = facts.life(receipt.worker);
        let (Some(answered), Some(ended)) = (receipt.answered, life.ended) else {
            continue;
        };
        let fails = facts
            .settled(index)
            .is_some_and(|(_, settled)| matches!(settled, Settled::Failed(_)));
        let is_explained = life.was_dropped()
            || receipt.is_lost(ended, visibility)
            || fails
            || holds_back_key(facts, index);
        if ways.is_empty() && !is_explained {
            return Err(format!("answered {answered:?} and forgotten: {receipt:?}"));
        }
    }

    Ok(())
}

/// Whether a message may have failed because one of its records waited for a failed one.
fn holds_back_key(facts: &Facts<'_>, receipt: usize) -> bool {
    let world = &facts.fleet.world;
    let records = world.messages[facts.receipt(receipt).message]
        .records()
        .len();

    world.setup.holds_back && facts.runs_of(receipt).len() < records
}

pub(super) fn what_succeeded_is_deleted(facts: &Facts<'_>) -> Checked {
    // A deletion waits for others, and for those that hang.
    let most = Duration::from_secs(60);

    for (index, receipt) in facts.receipts() {
        let Some((at, Settled::Succeeded)) = facts.settled(index) else {
            continue;
        };
        let is_over = facts.over(receipt.worker) < at.at + most;
        let late = Moment {
            number: usize::MAX,
            at: at.at + most,
        };
        let is_lost = receipt.is_lost(late, facts.visibility());
        let is_held_back = facts.handed_back(index).next().is_some();
        let asked = receipt.calls_of(is_delete).next();
        let is_late = asked.is_none_or(|call| call.begun.at > at.at + most);
        let has_records = !facts.runs_of(index).is_empty();
        if has_records && is_late && !is_over && !is_lost && !is_held_back {
            return Err(format!("succeeded at {at:?}: {receipt:?}"));
        }
    }

    Ok(())
}

pub(super) fn failures_return_as_they_asked(facts: &Facts<'_>) -> Checked {
    let visibility = facts.visibility();

    for (index, receipt) in facts.receipts() {
        let Some((at, Settled::Failed(retry_after))) = facts.settled(index) else {
            continue;
        };
        let is_over = facts.over(receipt.worker) <= at.at;
        // Without records, it ends when its turn in the group comes.
        if is_over || !facts.is_kept(index, at) || facts.runs_of(index).is_empty() {
            continue;
        }

        let expected = match (facts.fleet.settings.has_backoff, retry_after) {
            (true, minimum) => Some(Kind::Postpone(minimum)),
            (false, Some(time)) => Some(Kind::Change(time)),
            (false, None) => None,
        };
        let mut later = receipt.endings(visibility).filter(|call| call.begun > at);
        let first = later.next();
        let is_right = first.map(|call| call.kind) == expected
            && later.next().is_none()
            && first.is_none_or(|call| call.begun.at <= at.at + TICK);
        if !is_right {
            return Err(format!("{expected:?} after {at:?}: {receipt:?}"));
        }

        if expected.is_none()
            && let Some(call) = receipt.calls.iter().find(|call| call.begun > at)
        {
            return Err(format!("nothing after {at:?}, but {call:?}: {receipt:?}"));
        }
    }

    Ok(())
}

pub(super) fn reports_count_every_message_once(facts: &Facts<'_>) -> Checked {
    for (worker, life) in facts.lives() {
        let Some(report) = &life.report else { continue };
        let receipts = facts.receipts().map(|(_, receipt)| receipt);
        let mine: Vec<_> = receipts
            .filter(|one| one.worker == worker && one.answered.is_some())
            .collect();
        let deleted = mine.iter().filter(|receipt| {
            let mut deletions = receipt.calls_of(is_delete);
            deletions.any(|call| call.answer == Some(Answer::Done))
        });

        let sum = report.deleted() + report.returned() + report.handed_back() + report.lost();
        let received = mine.len() as u64;
        if report.received() != received || sum != received {
            return Err(format!(
                "{received} received by worker {worker}: {report:?}"
            ));
        }
        if report.deleted() != deleted.count() as u64 {
            return Err(format!(
                "another number deleted by worker {worker}: {report:?}"
            ));
        }
    }

    Ok(())
}
