//! The promises of a worker over the queue of `s3-dispatch-local`, in hundreds of generated worlds.
//!
//! The worlds of the package `s3-dispatch` have a queue that is made for them. Here it is the one
//! that the local pipeline has, with its faults, and what happened is what its journal and the
//! handlers say. A world that breaks a promise is shrunk and printed. `S3_DISPATCH_WORLDS` sets how
//! many worlds there are.

mod world;
mod ledger;
mod trial;
mod checks;

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use self::checks::{check_all, circumstances};
use self::world::worlds;

const WORLDS: u32 = 300;

/// Checks worlds with one kind of queue. Together they must have met these circumstances, or the
/// checks would have checked nothing.
fn check(is_fifo: bool, expected: &[&str]) {
    let text = std::env::var("S3_DISPATCH_WORLDS").ok();
    let cases = text.map_or(WORLDS, |text| text.parse::<u32>().unwrap().div_ceil(2));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, b"worlds of queues");
    let mut runner = TestRunner::new_with_rng(config, rng);
    let met = RefCell::new(BTreeSet::new());

    let result = runner.run(&worlds(is_fifo), |world| {
        let trial = trial::run(&world);
        check_all(&world, &trial)
            .map_err(|broken| TestCaseError::fail(format!("{broken}\n{trial:?}")))?;
        met.borrow_mut().extend(circumstances(&world, &trial));

        Ok(())
    });
    result.unwrap_or_else(|broken| panic!("{broken}"));

    if cases >= WORLDS {
        let met = met.into_inner();
        let missing: Vec<_> = expected.iter().filter(|one| !met.contains(*one)).collect();
        assert!(missing.is_empty(), "not met: {missing:?}");
    }
}

const OF_ALL_QUEUES: [&str; 7] = [
    "a lease ended early while a handler ran",
    "a message was lost and succeeded later",
    "a handler took longer than the visibility timeout",
    "a worker crashed while a handler ran",
    "a worker was stopped while a handler ran",
    "a message became a dead letter",
    "a message was handed back untouched",
];

#[test]
fn the_promises_hold_on_standard_queues() {
    check(false, &OF_ALL_QUEUES);
}

#[test]
fn the_promises_hold_on_fifo_queues() {
    check(true, &OF_ALL_QUEUES);
}
