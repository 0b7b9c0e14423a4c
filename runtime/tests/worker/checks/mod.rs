//! What a worker promises, checked in the journal of a trial.

mod facts;
mod leases;
mod ends;
mod order;
mod stops;

pub(crate) use facts::{Facts, Settled};

/// The result of a check. The error says how a promise was broken.
pub(crate) type Checked = Result<(), String>;

type Check = fn(&Facts<'_>) -> Checked;

macro_rules! checks {
    ($($module:ident::$check:ident,)*) => {
        &[$((stringify!($check), $module::$check)),*]
    };
}

/// In this order, because an early failure is often the cause of the later ones.
const CHECKS: &[(&str, Check)] = checks![
    stops::handlers_are_given_what_was_received,
    stops::every_worker_ends,
    stops::workers_end_with_their_queue,
    stops::nothing_is_left_running,
    leases::no_two_workers_are_inside_one_lease,
    leases::handlers_end_with_their_lease,
    leases::a_refused_extension_stops_the_handlers_at_once,
    leases::nothing_is_asked_for_beyond_twelve_hours,
    leases::what_is_held_is_extended_in_time,
    leases::no_more_is_held_than_there_are_places,
    leases::no_more_handlers_run_than_allowed,
    ends::only_what_succeeded_is_deleted,
    ends::what_was_lost_is_not_deleted,
    ends::deletions_are_tried_again_alone,
    ends::every_receipt_ends_once,
    ends::what_succeeded_is_deleted,
    ends::failures_return_as_they_asked,
    ends::reports_count_every_message_once,
    order::keys_run_one_at_a_time,
    order::keys_keep_their_order,
    order::failed_keys_hold_back,
    order::groups_run_one_at_a_time,
    order::groups_keep_their_order,
    order::failed_groups_are_handed_back_untouched,
    stops::nothing_is_received_after_the_stop,
    stops::nothing_begins_after_the_stop,
    stops::nothing_is_received_again_after_the_stop,
    stops::nothing_becomes_visible_to_the_receives_of_a_worker_that_stops,
    stops::what_has_not_begun_is_handed_back,
    stops::what_is_cut_is_handed_back,
    stops::workers_stop_in_time,
    stops::handlers_are_cut_off_for_a_reason,
    stops::nothing_is_missing_in_the_end,
];

/// Returns the first promise that was broken.
pub(crate) fn check_all(facts: &Facts<'_>) -> Checked {
    for (name, check) in CHECKS {
        check(facts).map_err(|broken| format!("{name}: {broken}"))?;
    }

    Ok(())
}
