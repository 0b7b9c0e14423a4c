//! `backfill` as a process, against a bucket and a queue on loopback.
//!
//! With the environment variable `PROGRAM` this process is the program, and without it the tests.

#![allow(missing_docs, clippy::unwrap_used)]

mod listings;
mod lists;
mod mistakes;
mod program;
mod resuming;
mod run;
mod server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::var_os("PROGRAM").is_some() {
        return program::main().await;
    }

    let tests = listings::TESTS.iter();
    let tests = tests
        .chain(lists::TESTS)
        .chain(mistakes::TESTS)
        .chain(resuming::TESTS);
    let mut failed = Vec::new();
    for (name, test) in tests {
        println!("test {name}");
        if std::panic::catch_unwind(test).is_err() {
            failed.push(*name);
        }
    }

    assert!(failed.is_empty(), "failed: {failed:?}");
    Ok(())
}
