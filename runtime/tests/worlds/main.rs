//! The rules of delivery, checked in thousands of generated worlds.
//!
//! A world is a batch, what its handlers do, the dispatcher's settings, and how long its caller
//! waits. It runs on a paused clock, and its journal is checked against the rules. A world that
//! breaks a rule is shrunk and printed. `S3_DISPATCH_WORLDS` sets how many worlds there are, and
//! `S3_DISPATCH_WORLDS_SEED`, a number, sets which.

#![allow(missing_docs, clippy::unwrap_used)]

mod world;
mod generate;
mod router;
mod trial;
mod oracle;
mod separation;
mod report_checks;
mod run_checks;
mod queue_checks;
mod circumstances;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::circumstances::Tally;
use crate::trial::Trial;
use crate::world::World;

/// The result of a check. The error says how a rule was broken.
type Checked = Result<(), String>;

macro_rules! checks {
    ($($module:ident::$check:ident,)*) => {
        &[$((stringify!($check), $module::$check)),*]
    };
}

type Check = fn(&World, &Trial) -> Checked;

/// In this order, because an early failure is often the cause of the later ones.
const CHECKS: &[(&str, Check)] = checks![
    report_checks::dispatch_ends_in_an_allowed_way,
    run_checks::nothing_is_left_running,
    run_checks::each_record_is_given_once_with_its_message,
    run_checks::concurrency_stays_within_its_limit,
    run_checks::nothing_starts_at_or_after_the_cut,
    run_checks::no_letter_is_put_at_or_after_the_cut,
    run_checks::handlers_are_cut_off_for_a_reason,
    run_checks::keys_keep_their_order,
    run_checks::groups_keep_their_order_and_stop,
    run_checks::letters_wait_for_their_message,
    report_checks::each_id_succeeds_or_fails_once,
    report_checks::response_is_what_sqs_reads,
    report_checks::messages_follow_from_their_records,
    report_checks::failures_have_the_right_reasons,
    report_checks::counts_match_the_journal,
    report_checks::uncut_worlds_end_as_predicted,
    run_checks::keys_never_run_side_by_side,
    run_checks::no_worker_is_idle,
    queue_checks::only_what_has_succeeded_is_deleted,
    queue_checks::returned_messages_run_one_by_one,
    queue_checks::parts_are_whole_units,
];

/// With this many worlds, every circumstance must have been met.
const ENOUGH: u32 = 1_000;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` is not a number: `{text}`"))
    })
}

/// Checks half of the worlds, with one kind of queue.
#[track_caller]
fn check(is_fifo: bool) {
    let cases = u32::try_from(number("S3_DISPATCH_WORLDS", 2_000).div_ceil(2)).unwrap();
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };

    // A seed of zeros alone would make this algorithm return nothing but zeros.
    let mut seed = *b"worlds of seed N";
    seed[..8].copy_from_slice(&number("S3_DISPATCH_WORLDS_SEED", 0).to_le_bytes());
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &seed));
    let tally = RefCell::new(Tally::new(is_fifo));

    let result = runner.run(&generate::worlds(is_fifo), |world| {
        let trial = trial::run(&world);
        match CHECKS
            .iter()
            .find_map(|(name, check)| check(&world, &trial).err().map(|broken| (name, broken)))
        {
            Some((name, broken)) => Err(TestCaseError::fail(format!("{name}: {broken}"))),
            None => {
                tally.borrow_mut().add(&world, &trial);
                Ok(())
            }
        }
    });

    match result {
        Ok(()) if cases < ENOUGH => {}
        Ok(()) => tally.into_inner().assert_all_met(),
        Err(TestError::Fail(reason, world)) => {
            panic!("{reason}\n{world:?}\n{:#?}", trial::run(&world))
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn the_rules_hold_on_standard_queues() {
    check(false);
}

#[test]
fn the_rules_hold_on_fifo_queues() {
    check(true);
}
