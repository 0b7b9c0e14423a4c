//! What the protocols promise about the end of a run.

use s3_dispatch::HistoryEntry;

use crate::plan::{BACKFILLED, End, Plan};

/// Every record has an effect, and succeeds when nothing goes wrong any more.
pub(crate) fn nothing_lost(plan: &Plan, end: &End) -> bool {
    let has_effect = |sequencer: &&str| end.effects.iter().any(|effect| effect == sequencer);

    !end.is_stuck && plan.sequencers.iter().all(has_effect)
}

/// Nothing is lost, and a record is repeated only as often as something went wrong. Whoever was
/// replaced is told so. An audit finds what was handled.
pub(crate) fn handled_once(plan: &Plan, end: &End) -> bool {
    nothing_lost(plan, end)
        && is_repeated_with_a_reason(plan, end)
        && end.completed_twice == 0
        && is_audited(plan, end)
}

/// An audit never takes a record for handled that has no effect. If nothing went wrong, it finds
/// all that have one.
fn is_audited(plan: &Plan, end: &End) -> bool {
    let has_effect = |sequencer: &&str| end.effects.iter().any(|effect| effect == sequencer);
    let nothing_went_wrong = end.faults + end.waits == 0;

    let mut records = plan.sequencers.iter().zip(&end.history);
    records.all(|(sequencer, entry)| match entry {
        HistoryEntry::Handled => has_effect(sequencer),
        _ => !nothing_went_wrong,
    })
}

/// Nothing is lost, and no two handlers ran at once.
pub(crate) fn one_at_a_time(plan: &Plan, end: &End) -> bool {
    nothing_lost(plan, end) && !end.overlapped
}

/// The last effect is that of the newest event.
pub(crate) fn newest_last(plan: &Plan, end: &End) -> bool {
    let newest = plan.sequencers.iter().max();

    !end.is_stuck && end.effects.last().map(String::as_str) == newest.copied()
}

/// The last effect is that of the newest live event. If nothing went wrong, a backfilled one has
/// its effect before the live ones or none.
pub(crate) fn live_wins(plan: &Plan, end: &End) -> bool {
    let is_live = |sequencer: &&str| *sequencer != BACKFILLED;
    let newest = plan.sequencers.iter().copied().filter(is_live).max();
    let mut effects = end
        .effects
        .iter()
        .map(String::as_str)
        .skip_while(|one| !is_live(one));
    let something_went_wrong = end.faults + end.waits > 0;

    !end.is_stuck
        && !end.overlapped
        && end.effects.last().map(String::as_str) == newest
        && (something_went_wrong || effects.all(|one| is_live(&one)))
}

/// All promises of the wrappers around each other.
pub(crate) fn in_order(plan: &Plan, end: &End) -> bool {
    newest_last(plan, end)
        && !end.overlapped
        && end.completed_twice == 0
        && is_repeated_with_a_reason(plan, end)
}

fn is_repeated_with_a_reason(plan: &Plan, end: &End) -> bool {
    let count = |sequencer: &&str| {
        end.effects
            .iter()
            .filter(|effect| effect == sequencer)
            .count()
    };

    plan.sequencers
        .iter()
        .all(|sequencer| count(sequencer) <= 1 + end.faults + end.waits)
}
