//! `audit` as a process, on a bucket of the local pipeline some of whose events were dropped.
//!
//! With the environment variable `PROGRAM` this process is the program, and without it the tests.
//! A file is the store of both: the pipeline writes it, and then the program reads and writes it.
//! With MiniStack (`conformance/ministack/with`) it is a table of DynamoDB as well.

#![allow(missing_docs, clippy::unwrap_used)]

mod bucket;
mod dynamodb;
mod file_store;
mod program;
mod proof;
mod mistakes;

fn main() {
    if std::env::var_os("PROGRAM").is_some() {
        return program::main();
    }

    // As for other tests: only those whose names have one of the arguments in them.
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let tests = proof::TESTS
        .iter()
        .chain(mistakes::TESTS)
        .chain(dynamodb::TESTS);

    let mut failed = Vec::new();
    for (name, test) in tests.filter(|(name, _)| is_wanted(name)) {
        println!("test {name}");
        if std::panic::catch_unwind(test).is_err() {
            failed.push(*name);
        }
    }

    assert!(failed.is_empty(), "failed: {failed:?}");
}
