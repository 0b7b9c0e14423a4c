//! The protocols over a store, with every order of their steps and every fault at each of them.
//!
//! The *real* `Deduplicated`, `Exclusive`, `LatestOnly` and `MemoryStore` run here, in two or three
//! processes that share a store. Each call to the store, and each of the two steps of a handler, is
//! a point at which the search (`search.rs`) decides what happens next:
//!
//! - Any process takes its next step, or begins.
//! - A call is lost: its process gets an error, and the request takes effect at any later time, or
//!   never. So answers get lost with and without the effect.
//! - A process dies, before or after the effect of its handler. Its requests may take effect.
//! - A handler fails.
//! - A lease expires too early, because a clock is wrong. One that expires too late is the same as
//!   time that has not passed.
//! - Time passes, although something could happen. A call whose answer is late then fails, and may
//!   take effect later, too.
//!
//! In the end everything that has failed is delivered again, in every order. Each plan bounds the
//! faults and the waits of one run. Within these bounds the search is complete: what follows from a
//! state is run once, and counted for each interleaving that leads there.
//!
//! # What was explored
//!
//! The tests print the figures of each plan. Together, none broken:
//!
//! | protocol | interleavings | states |
//! |---|---|---|
//! | `Deduplicated` | 2.9 million | 10,000 |
//! | `Exclusive` | 870,000 | 39,000 |
//! | `LatestOnly`, one at a time | 1.4 million | 10,000 |
//! | `Deduplicated(Exclusive(LatestOnly))` | 109 million | 22,000 |
//! | the other compositions | 17 million | 25,000 |
//!
//! With `PROTOCOLS_DEEP=1` time passes up to nine times while handlers of `Exclusive` run: 2.1
//! billion interleavings, 735,000 states, six minutes.

#![allow(missing_docs, clippy::unwrap_used)]

mod broken;
mod gate;
mod handler;
mod notes;
mod plan;
mod promises;
mod run;
mod search;
mod store;

use std::time::Duration;

use s3_dispatch::{Deduplicated, Exclusive, LatestOnly, Router};

use broken::{LatestOutside, ReleasesEarly};
use plan::{BACKFILLED, Plan};
use promises::{handled_once, in_order, live_wins, newest_last, nothing_lost, one_at_a_time};
use store::{Fault, Gated};

fn once<R: Router>(router: R, store: Gated) -> Deduplicated<R, Gated> {
    Deduplicated::new(router, store).with_lease(Duration::from_secs(15))
}

fn one<R: Router>(router: R, store: Gated) -> Exclusive<R, Gated> {
    Exclusive::new(router, store).with_wait(Duration::ZERO)
}

fn waits<R: Router>(router: R, store: Gated) -> Exclusive<R, Gated> {
    Exclusive::new(router, store).with_wait(Duration::from_secs(35))
}

fn latest<R: Router>(router: R, store: Gated) -> LatestOnly<R, Gated> {
    LatestOnly::new(router, store)
}

/// A function that puts wrappers around a handler.
macro_rules! wrap {
    ($($wrapper:ident)*) => {
        |handler, store| {
            let store: Gated = store;
            Box::new(wrap!(@ handler store $($wrapper)*))
        }
    };
    (@ $handler:ident $store:ident $outer:ident $($inner:ident)*) => {
        $outer(wrap!(@ $handler $store $($inner)*), $store.clone())
    };
    (@ $handler:ident $store:ident) => { $handler };
}

const SAME: &[&str] = &["0A", "0A"];
const SAME_OF_THREE: &[&str] = &["0A", "0A", "0A"];
const TWO: &[&str] = &["0A", "0B"];
const THREE: &[&str] = &["0A", "0B", "0C"];
const TWO_AND_A_COPY: &[&str] = &["0A", "0B", "0B"];

/// `PROTOCOLS_DEEP=1` lets time pass more often, which takes minutes.
fn deeper() -> usize {
    std::env::var_os("PROTOCOLS_DEEP").map_or(0, |_| 5)
}

#[test]
fn deduplicated_loses_nothing_and_repeats_nothing_without_a_reason() {
    let plan = |sequencers| Plan::new("Deduplicated", wrap!(once), sequencers);

    plan(SAME).holds(handled_once);
    plan(SAME).with_faults(3).with_waits(1).holds(handled_once);
    plan(SAME).with_faults(1).with_waits(3).holds(handled_once);
    plan(SAME)
        .with_faults(2)
        .with_waits(1)
        .with_wrong_clocks()
        .holds(handled_once);
    plan(SAME_OF_THREE).holds(handled_once);
    plan(SAME_OF_THREE).with_faults(2).holds(handled_once);
    plan(SAME_OF_THREE)
        .with_faults(1)
        .with_waits(1)
        .holds(handled_once);
}

#[test]
fn exclusive_never_runs_two_handlers_at_once() {
    let plan = |sequencers| Plan::new("Exclusive", wrap!(one), sequencers);

    plan(TWO).with_faults(3).holds(one_at_a_time);
    plan(TWO).with_faults(1).with_waits(2).holds(one_at_a_time);
    plan(TWO).with_waits(3).holds(one_at_a_time);
    plan(TWO)
        .with_slow_handlers(4 + deeper())
        .holds(one_at_a_time);
    plan(TWO)
        .with_faults(1)
        .with_slow_handlers(2 + deeper())
        .holds(one_at_a_time);
    plan(THREE).holds(one_at_a_time);
    plan(THREE).with_faults(1).holds(one_at_a_time);
    plan(TWO)
        .with_faults(2)
        .with_wrong_clocks()
        .holds(nothing_lost);
    plan(TWO)
        .with_faults(1)
        .with_waits(1)
        .with_wrong_clocks()
        .holds(nothing_lost);
}

/// No renewal succeeds, and time passes until long after the end of the lease.
#[test]
fn exclusive_cancels_a_handler_before_its_lease_expires_for_others() {
    let plan = || Plan::new("Exclusive", wrap!(one), TWO).on(Fault::RenewalsFail);
    let ahead = |seconds| plan().with_clocks_ahead(Duration::from_secs(seconds));

    plan().with_slow_handlers(30).holds(one_at_a_time);
    ahead(6).with_slow_handlers(30).holds(one_at_a_time);
    // Clocks that differ by more than a fifth of the lease break it.
    ahead(8).with_slow_handlers(30).breaks(one_at_a_time);
}

#[test]
fn exclusive_waits_for_its_turn() {
    let plan = |sequencers| Plan::new("Exclusive that waits", wrap!(waits), sequencers);
    plan(TWO).with_faults(1).holds(one_at_a_time);
    plan(TWO).with_waits(1).holds(one_at_a_time);
}

#[test]
fn latest_only_keeps_the_order_of_what_is_handled_one_at_a_time() {
    let plan = |sequencers| Plan::new("LatestOnly", wrap!(latest), sequencers).one_at_a_time();

    plan(TWO_AND_A_COPY).with_faults(3).holds(newest_last);
    plan(THREE).with_faults(3).holds(newest_last);
    plan(THREE).with_faults(1).with_waits(2).holds(newest_last);

    // Two at once need `Exclusive`.
    Plan::new("LatestOnly", wrap!(latest), TWO).breaks(newest_last);
}

#[test]
fn the_last_effect_is_that_of_the_newest_event_under_exclusive() {
    let plan = |sequencers| Plan::new("Exclusive(LatestOnly)", wrap!(one latest), sequencers);

    plan(TWO).with_faults(2).holds(in_order);
    plan(TWO).with_faults(1).with_waits(1).holds(in_order);
    plan(THREE).holds(in_order);
}

#[test]
fn all_three_keep_their_promises_together() {
    let plan = |sequencers| {
        let name = "Deduplicated(Exclusive(LatestOnly))";
        Plan::new(name, wrap!(once one latest), sequencers)
    };

    plan(TWO).with_faults(2).holds(in_order);
    plan(TWO).with_faults(1).with_waits(1).holds(in_order);
    plan(SAME).with_faults(2).holds(in_order);
    plan(TWO_AND_A_COPY).holds(in_order);
    plan(TWO_AND_A_COPY).with_faults(1).holds(in_order);
}

#[test]
fn every_other_order_of_the_wrappers_keeps_the_promises_too() {
    let plans = [
        Plan::new("LatestOnly(Exclusive)", wrap!(latest one), TWO),
        Plan::new(
            "Deduplicated(LatestOnly(Exclusive))",
            wrap!(once latest one),
            TWO,
        ),
        Plan::new(
            "Exclusive(Deduplicated(LatestOnly))",
            wrap!(one once latest),
            TWO,
        ),
        Plan::new(
            "Exclusive(LatestOnly(Deduplicated))",
            wrap!(one latest once),
            TWO,
        ),
        Plan::new(
            "LatestOnly(Deduplicated(Exclusive))",
            wrap!(latest once one),
            TWO,
        ),
        Plan::new(
            "LatestOnly(Exclusive(Deduplicated))",
            wrap!(latest one once),
            TWO,
        ),
    ];

    for plan in plans {
        plan.with_faults(1).holds(in_order);
    }

    for plan in [
        Plan::new(
            "Deduplicated(LatestOnly)",
            wrap!(once latest),
            TWO_AND_A_COPY,
        ),
        Plan::new(
            "LatestOnly(Deduplicated)",
            wrap!(latest once),
            TWO_AND_A_COPY,
        ),
    ] {
        plan.one_at_a_time().with_faults(2).holds(newest_last);
    }
}

/// A backfill that runs while events arrive.
#[test]
fn a_backfilled_event_loses_to_live_ones() {
    const LIVE: &[&str] = &["0A", BACKFILLED];
    const TWO_LIVE: &[&str] = &["0A", "0B", BACKFILLED];

    let alone = |sequencers| Plan::new("LatestOnly", wrap!(latest), sequencers).one_at_a_time();
    alone(LIVE).with_faults(3).holds(live_wins);
    alone(TWO_LIVE).with_faults(2).holds(live_wins);
    Plan::new("LatestOnly", wrap!(latest), LIVE).breaks(live_wins);

    let exclusive = |sequencers| {
        let name = "Exclusive(LatestOnly)";
        Plan::new(name, wrap!(one latest), sequencers)
    };
    exclusive(LIVE).with_faults(2).holds(live_wins);
    exclusive(LIVE)
        .with_faults(1)
        .with_waits(1)
        .holds(live_wins);
    exclusive(TWO_LIVE).holds(live_wins);

    let all = |sequencers| {
        let name = "Deduplicated(Exclusive(LatestOnly))";
        Plan::new(name, wrap!(once one latest), sequencers)
    };
    all(LIVE).with_faults(2).holds(live_wins);
    all(TWO_LIVE).holds(live_wins);

    let name = "LatestOnly(Deduplicated(Exclusive))";
    Plan::new(name, wrap!(latest once one), LIVE)
        .with_faults(1)
        .holds(live_wins);
}

/// A search that finds nothing may look at nothing. So it looks at broken protocols as well.
#[test]
fn broken_protocols_are_found() {
    let once_on = |fault| Plan::new("Deduplicated", wrap!(once), SAME).on(fault);
    let one_on = |fault| Plan::new("Exclusive", wrap!(one), THREE).on(fault);

    once_on(Fault::ClaimsInTwoSteps).breaks(handled_once);
    once_on(Fault::CompletesForAnyone)
        .with_waits(3)
        .breaks(handled_once);
    one_on(Fault::ClaimsInTwoSteps).breaks(one_at_a_time);
    Plan::new("Exclusive that waits", wrap!(waits), THREE)
        .on(Fault::ReleasesForAnyone)
        .with_faults(1)
        .breaks(one_at_a_time);
    Plan::new("Exclusive", wrap!(one), TWO)
        .on(Fault::DoesNotRenew)
        .with_waits(3)
        .breaks(one_at_a_time);

    Plan::new("release before the end", wrap!(ReleasesEarly), TWO).breaks(one_at_a_time);
    Plan::new("look-up outside the lease", wrap!(LatestOutside one), TWO).breaks(newest_last);
    Plan::new(
        "completed before it is remembered",
        wrap!(LatestOutside once),
        TWO,
    )
    .one_at_a_time()
    .with_faults(1)
    .breaks(newest_last);
}
