//! The promises of a worker, checked in thousands of generated worlds and in scenarios.
//!
//! A world is a queue with its faults, the messages in it, what their handlers do, and workers that
//! start, stop and crash. It runs on a paused clock, and its journal is checked against what
//! `Worker` promises. A world that breaks a promise is shrunk and printed. `S3_DISPATCH_WORLDS` sets
//! how many worlds there are, and `S3_DISPATCH_WORLDS_SEED`, a number, sets which.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../worlds/world.rs"]
#[allow(dead_code, reason = "shared with the worlds of batches")]
mod world;
#[path = "../worlds/generate.rs"]
mod generate;
mod fleet;
mod journal;
mod stage;
mod queue;
mod handlers;
mod trial;
mod checks;
mod circumstances;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::checks::{Facts, check_all};
use crate::circumstances::Tally;

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
    let broken_trial = RefCell::new(String::new());
    let tally = RefCell::new(Tally::new(is_fifo));

    let result = runner.run(&fleet::fleets(is_fifo), |fleet| {
        let trial = trial::run(&fleet);
        let facts = Facts::new(&fleet, &trial);
        if let Err(broken) = check_all(&facts) {
            // The order of what happens at one moment is Tokio's, and may differ the next time.
            *broken_trial.borrow_mut() = trial.to_string();
            return Err(TestCaseError::fail(broken));
        }
        tally.borrow_mut().add(&facts);

        Ok(())
    });

    match result {
        Ok(()) if cases < ENOUGH => {}
        Ok(()) => tally.into_inner().assert_all_met(),
        Err(TestError::Fail(reason, fleet)) => {
            panic!("{reason}\n{fleet:?}\n{}", broken_trial.take())
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn the_promises_hold_on_standard_queues() {
    check(false);
}

#[test]
fn the_promises_hold_on_fifo_queues() {
    check(true);
}
