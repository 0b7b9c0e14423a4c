//! One suite of scenarios for every way in which handlers run.
//!
//! `scenarios.rs` has the scenarios, with what they expect, and what a way cannot have, with the
//! reason. `way/` has the ways: how each delivers the messages of a scenario, and how it tells what
//! became of them. `property.rs` has generated messages, of which every way must make the same.
//!
//! With the environment variable `PROGRAM` this process is the program that a way runs, and without
//! it the tests.

#![allow(missing_docs, clippy::unwrap_used)]

mod case;
mod handlers;
mod place;
mod process;
mod property;
mod scenarios;
mod sink;
mod way;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// How many tests run at once. Most of them wait for a process, and that for a queue.
const AT_ONCE: usize = 8;

/// A scenario on a way, or the generated messages on it.
type Test = (String, Box<dyn Fn() + Send>);

fn main() {
    if std::env::var_os("PROGRAM").is_some() {
        return handlers::main();
    }

    // As for other tests: only those whose names have one of the arguments in them.
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let (tests, left_out) = tests();
    let tests: VecDeque<_> = tests
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .collect();
    for line in left_out.iter().filter(|line| is_wanted(line)) {
        println!("left out: {line}");
    }

    let (tests, failed) = (Mutex::new(tests), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| run(&tests, &failed));
        }
    });

    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Every scenario on every way that can have it, and the reasons why the others cannot.
fn tests() -> (Vec<Test>, Vec<String>) {
    let (mut tests, mut left_out): (Vec<Test>, Vec<String>) = Default::default();

    // The slowest first.
    for way in way::WAYS.iter().rev() {
        let name = format!("{}: generated messages", way.name());
        tests.push((name, Box::new(|| property::check(*way))));

        for scenario in scenarios::SCENARIOS {
            let name = format!("{}: {}", way.name(), scenario.name);
            match scenarios::reason_against(*way, scenario) {
                Some(reason) => left_out.push(format!("{name}: {reason}")),
                None => tests.push((name, Box::new(|| scenario.check(*way)))),
            }
        }
    }

    (tests, left_out)
}

/// Runs tests until none is left.
fn run(tests: &Mutex<VecDeque<Test>>, failed: &Mutex<Vec<String>>) {
    loop {
        let Some((name, test)) = tests.lock().unwrap().pop_front() else {
            return;
        };

        let ended = catch_unwind(AssertUnwindSafe(test));
        println!("{} {name}", if ended.is_ok() { "ok" } else { "FAILED" });
        if ended.is_err() {
            failed.lock().unwrap().push(name);
        }
    }
}
