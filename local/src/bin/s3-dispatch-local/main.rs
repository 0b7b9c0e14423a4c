//! Runs a pipeline in a terminal: S3, SNS, SQS and Lambda on one machine, for development and
//! tests.

mod cli;
mod examples;
mod step_line;
mod console;
mod demo;
mod s3_client;
mod ui;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::Arguments::parse().run().await {
        Ok(status) => status,
        Err(error) => {
            anstream::eprintln!(
                "{}: {}",
                console::paint(console::FAILED, "error"),
                chain(&*error)
            );
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();

    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }

    text
}
