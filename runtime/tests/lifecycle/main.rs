//! The life of a program: its start, its invocations and its end, in Lambda and in a terminal.
//!
//! With the environment variable `PROGRAM` this process is the program, and without it the tests.

#![allow(missing_docs, clippy::unwrap_used)]

#[cfg(all(unix, feature = "replay"))]
mod as_replay;
#[cfg(all(unix, feature = "cli", feature = "worker"))]
mod as_worker;
#[cfg(feature = "sqs")]
mod aws_requests;
#[cfg(unix)]
mod in_lambda;
#[cfg(unix)]
mod on_managed_instance;
mod in_terminal;
#[cfg(unix)]
mod process;
mod program;
#[cfg(unix)]
mod runtime_api;
#[cfg(all(unix, feature = "cli", feature = "worker"))]
mod sqs;
#[cfg(all(unix, feature = "otel"))]
mod traces;
#[cfg(all(unix, feature = "cli", feature = "otel", feature = "worker"))]
mod worker_traces;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Ok(name) = std::env::var("PROGRAM") {
        return program::main(&name).await;
    }

    let tests = in_terminal::TESTS.iter();
    #[cfg(unix)]
    let tests = tests
        .chain(&in_lambda::TESTS)
        .chain(on_managed_instance::TESTS);
    #[cfg(all(unix, feature = "cli", feature = "worker"))]
    let tests = tests.chain(&as_worker::TESTS);
    #[cfg(all(unix, feature = "replay"))]
    let tests = tests.chain(&as_replay::TESTS);
    #[cfg(all(unix, feature = "otel"))]
    let tests = tests.chain(&traces::TESTS);
    #[cfg(all(unix, feature = "cli", feature = "otel", feature = "worker"))]
    let tests = tests.chain(&worker_traces::TESTS);

    for (name, test) in tests {
        println!("test {name}");
        test();
    }

    Ok(())
}
