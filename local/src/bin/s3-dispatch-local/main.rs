//! Runs S3, SNS, SQS and Lambda on one machine, for development and tests.
//!
//! [`cli`] reads the command line and [`run`] does what it asks for: it builds the program of a
//! Cargo project ([`project`]), starts the pipeline, prints its steps ([`console`]), plays the demo
//! ([`demo`]), and serves the page ([`ui`]). [`batch`] runs a job instead.

mod cli;
mod run;
mod batch;
mod interrupt;
mod examples;
mod functions;
mod project;
mod s3_client;
mod demo;
mod console;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use s3_dispatch::__private::with_causes;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let status = match &arguments.command {
        Some(cli::Command::Batch(arguments)) => batch::run(arguments).await,
        None => run::run(&arguments).await,
    };

    match status {
        Ok(status) => status,
        Err(error) => {
            anstream::eprintln!(
                "{}: {}",
                console::paint(console::FAILED, "error"),
                with_causes(&*error)
            );
            ExitCode::FAILURE
        }
    }
}
