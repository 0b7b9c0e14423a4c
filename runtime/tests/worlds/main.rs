//! The rules of delivery, held by every world: batches, handlers, deadlines and callers of all
//! kinds, on a paused clock.
//!
//! `S3_DISPATCH_WORLDS` says how many, `S3_DISPATCH_WORLDS_SEED` (a number) which ones. A world
//! that breaks a rule is shrunk and shown.
#![allow(missing_docs, clippy::unwrap_used)]

mod world;
mod generate;
mod router;
mod trial;
mod oracle;
mod report_checks;
mod run_checks;
mod circumstances;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::circumstances::Tally;
use crate::trial::Trial;
use crate::world::World;

/// `Err` says how a rule was broken.
type Broken = Result<(), String>;

macro_rules! checks {
    ($($module:ident::$check:ident,)*) => {
        &[$((stringify!($check), $module::$check)),*]
    };
}

type Check = fn(&World, &Trial) -> Broken;

/// What is likelier to be the cause stands before what is likelier to follow from it.
const CHECKS: &[(&str, Check)] = checks![
    report_checks::dispatch_ends_as_it_may,
    run_checks::nothing_is_left_running,
    run_checks::each_record_is_given_once_and_rightly,
    run_checks::the_bound_on_concurrency_holds,
    run_checks::nothing_starts_at_or_after_the_cut,
    run_checks::no_letter_is_put_at_or_after_the_cut,
    run_checks::handlers_are_cut_off_for_a_reason,
    run_checks::keys_keep_their_order,
    run_checks::groups_keep_their_order_and_stop,
    run_checks::letters_wait_for_their_message,
    report_checks::each_id_succeeds_or_fails_once,
    report_checks::response_is_what_sqs_reads,
    report_checks::messages_end_as_their_records,
    report_checks::failures_have_true_reasons,
    report_checks::counts_are_true,
    report_checks::uncut_worlds_end_as_forecast,
    run_checks::no_worker_is_idle,
];

/// So many worlds that everything has happened.
const ENOUGH: u32 = 1_000;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` is no number: `{text}`"))
    })
}

/// Half of the worlds, of one kind of queue.
#[track_caller]
fn check(is_fifo: bool) {
    let cases = u32::try_from(number("S3_DISPATCH_WORLDS", 2_000).div_ceil(2)).unwrap();
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };

    // Not of zeros alone, from which this algorithm makes nothing but zeros.
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
fn worlds_of_standard_queues() {
    check(false);
}

#[test]
fn worlds_of_fifo_queues() {
    check(true);
}
