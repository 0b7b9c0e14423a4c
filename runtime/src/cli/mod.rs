//! The command line that a program is outside Lambda.

mod inspect;
mod invoke;
mod policy;

use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use s3_dispatch_core::Router;

use crate::Dispatcher;
use crate::telemetry::logs;

/// Everything went well.
const SUCCESS: i32 = 0;
/// A message failed, or a file held something else than S3 events.
const FAILURE: i32 = 1;
/// The command or its payload could not be read.
const UNREADABLE: i32 = 2;

/// Handles S3 events. In Lambda it serves invocations; here it works on recorded payloads.
///
/// A payload is what Lambda would be invoked with: a batch of SQS or SNS messages, an S3
/// notification, or an EventBridge event.
#[derive(Parser)]
#[command(version = concat!("(s3-dispatch ", env!("CARGO_PKG_VERSION"), ")"), arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Dispatch the payload of a file to the handlers
    ///
    /// Logs go to standard error (RUST_LOG chooses which), the response to standard output.
    #[command(
        after_help = "Exit status:\n  0  everything succeeded\n  1  a message failed\n  2  the payload could not be read"
    )]
    Invoke {
        /// A file of JSON, or - for standard input
        file: String,
    },
    /// Show the S3 events that files hold, one JSON line each
    ///
    /// A line has file, delivery (the envelopes, such as sqs>sns>s3), event_name, bucket, key,
    /// key_as_sent, size and sequencer; null where absent. What cannot be read is a line with
    /// error and path, its place in the JSON.
    #[command(after_help = "Exit status:\n  0  all of it could be read\n  1  some could not")]
    Inspect {
        /// Files of JSON, or - for standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Print what infrastructure must let through, as JSON derived from the handlers
    ///
    /// Never narrower than the handlers; what is wider, and what is probably not meant, is a
    /// warning on standard error.
    #[command(after_help = "Exit status:\n  0  it was printed\n  1  it cannot be expressed")]
    Policy {
        /// For which part
        #[arg(long, value_enum)]
        format: policy::Format,
        /// The queue that the iam policy is about
        #[arg(long, default_value = "arn:aws:sqs:REGION:ACCOUNT:QUEUE")]
        queue_arn: String,
    },
}

/// Runs the command of the program's arguments and gives its exit status.
pub(crate) async fn main<R: Router>(dispatcher: Dispatcher<R>) -> i32 {
    let program = program();
    let command = match command(program.as_deref()) {
        Ok(command) => command,
        Err(error) => {
            // A closed pipe must not hide the status.
            drop(error.print());
            return error.exit_code();
        }
    };

    match command.action {
        Action::Invoke { file } => {
            logs::init_for_terminal();
            invoke::invoke(&dispatcher, &file).await
        }
        Action::Inspect { files } => inspect::inspect(&files),
        Action::Policy { format, queue_arn } => policy::policy(
            dispatcher.router(),
            program.as_deref().unwrap_or("processor"),
            format,
            &queue_arn,
        ),
    }
}

/// The name that the program was called by.
fn program() -> Option<String> {
    let program = std::env::args_os().next()?;
    Path::new(&program).file_stem()?.to_str().map(str::to_owned)
}

fn command(program: Option<&str>) -> Result<Command, clap::Error> {
    let mut command = Command::command();
    if let Some(name) = program {
        command = command.name(name.to_owned()).bin_name(name.to_owned());
    }

    Command::from_arg_matches(&command.try_get_matches()?)
}

fn read(file: &str) -> io::Result<Bytes> {
    if file != "-" {
        return std::fs::read(file).map(Bytes::from);
    }

    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;

    Ok(bytes.into())
}
