//! The command line of a program that runs outside Lambda.
//!
//! With the same program that is deployed, developers run handlers on recorded payloads, inspect
//! payloads, and derive filters from the routes. [`start`](crate::start) calls it.

mod inspect;
mod invoke;
mod policy;
#[cfg(feature = "doctor")]
mod doctor;
#[cfg(feature = "worker")]
mod environment;
#[cfg(feature = "replay")]
mod catch_up;
#[cfg(feature = "replay")]
mod replay;
#[cfg(feature = "backfill")]
mod backfill;
#[cfg(feature = "audit")]
mod audit;
#[cfg(feature = "worker")]
mod work;

use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use s3_dispatch_core::Router;

use crate::Dispatcher;
use crate::telemetry::logs;

/// The command succeeded.
const SUCCESS: i32 = 0;
/// A message failed, a file could not be read in full, a policy cannot be expressed, or there are
/// findings.
const FAILURE: i32 = 1;
/// The command line is invalid, the payload could not be read, or the router could not be prepared.
const NOT_RUN: i32 = 2;

/// Handles S3 events. In Lambda this program serves invocations; here it works on recorded
/// payloads.
///
/// A payload is the JSON that Lambda would be invoked with: a batch of SQS or SNS messages, an S3
/// notification, an EventBridge event, or the tasks of an S3 Batch Operations job.
#[derive(Parser)]
#[command(
    version = concat!("(s3-dispatch ", env!("CARGO_PKG_VERSION"), ")"),
    arg_required_else_help = true
)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Run the handlers on the payload in a file
    ///
    /// Prints the response to standard output. Logs go to standard error; RUST_LOG sets the level.
    #[command(
        after_help = "Exit status:\n  0  every message succeeded\n  1  a message failed\n  \
                      2  the payload could not be read, or the program cannot start"
    )]
    Invoke {
        /// A JSON file, or - for standard input
        file: String,
    },
    /// Print the S3 events in files, one JSON line each
    ///
    /// Each line has file, delivery (the envelopes, such as sqs>sns>s3), event_name, bucket, key,
    /// key_as_sent, size and sequencer. Absent values are null. A line of an event that S3 did not
    /// send has backfilled. For a message that cannot be read, the line has error and path, the
    /// place in the JSON.
    #[command(after_help = "Exit status:\n  0  everything could be read\n  \
                      1  something could not be read")]
    Inspect {
        /// JSON files, or - for standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Print the filter or policy that the handlers need, as JSON, or a whole template
    ///
    /// A filter never excludes an event that a handler takes. If it lets more events through, or if
    /// the routes look like a mistake, a warning on standard error says so.
    #[command(after_help = "Exit status:\n  0  it was printed\n  \
                      1  the service has no filter that fits the handlers\n  2  the command \
                      line is invalid")]
    Policy(Box<policy::Options>),
    /// Find what loses events in a Terraform plan, a template, or a running pipeline
    ///
    /// Compares it with the routes and with AWS's rules. Each finding says what is wrong, where,
    /// why it loses events, and what to change. What the file leaves open is not a finding.
    #[cfg(feature = "doctor")]
    #[command(
        after_help = "Exit status:\n  0  nothing was found\n  1  there are findings\n  \
                      2  the input could not be read, or does not have the program"
    )]
    Doctor(doctor::Options),
    /// Says which feature it needs.
    #[cfg(not(feature = "doctor"))]
    #[command(hide = true, disable_help_flag = true)]
    Doctor {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Handle events that exist already: from files, or from a dead-letter queue
    ///
    /// Runs the handlers on each message, or sends it to a queue with --to. Prints the events of
    /// files that failed to standard output, one notification a line, so that they can be replayed
    /// again, and a summary to standard error. The first Ctrl-C drains, the second ends the program
    /// at once.
    #[cfg(feature = "replay")]
    #[command(
        after_help = "Exit status:\n  0    everything succeeded\n  1    something failed, could \
                      not be read, or was left\n  2    the program cannot start\n  130  a second \
                      signal, Ctrl-C\n  143  a second signal, SIGTERM"
    )]
    Replay(replay::Options),
    /// Says which feature it needs.
    #[cfg(not(feature = "replay"))]
    #[command(hide = true, disable_help_flag = true)]
    Replay {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Make events of objects that are in a bucket already, and handle or send them
    ///
    /// The objects are those of a listing, of a report of S3 Inventory, or of a list of keys. Only
    /// what the routes take is handled (--here) or sent (--to). Prints the events that failed to
    /// standard output, one notification a line, so that they can be replayed, and a summary to
    /// standard error. The first Ctrl-C drains, the second ends the program at once; with --resume,
    /// a later run goes on.
    #[cfg(feature = "backfill")]
    #[command(
        after_help = "Exit status:\n  0    everything succeeded\n  1    something failed, could \
                      not be read, or was left\n  2    the program cannot start\n  130  a second \
                      signal, Ctrl-C\n  143  a second signal, SIGTERM"
    )]
    Backfill(backfill::Options),
    /// Says which feature it needs.
    #[cfg(not(feature = "backfill"))]
    #[command(hide = true, disable_help_flag = true)]
    Backfill {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Compare the objects of a bucket with what was handled, and print or replay what is missing
    ///
    /// Needs `Deduplicated` around the routes, with a store that remembers the states of objects.
    /// Only what the routes take is compared. Prints the missing events to standard output, one
    /// notification a line, so that they can be replayed, or handles (--replay) or sends (--to)
    /// them. A summary goes to standard error.
    #[cfg(feature = "audit")]
    #[command(
        after_help = "Exit status:\n  0    nothing is missing, or all of it was handled or sent\n  \
                      1    something is missing, or the audit ended early\n  2    the audit cannot \
                      run\n  130  a second signal, Ctrl-C\n  143  a second signal, SIGTERM"
    )]
    Audit(audit::Options),
    /// Says which feature it needs.
    #[cfg(not(feature = "audit"))]
    #[command(hide = true, disable_help_flag = true)]
    Audit {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Serve a queue of SQS until SIGTERM or Ctrl-C
    ///
    /// The first signal drains: no message is received any more, what runs may finish, and the rest
    /// is given back. The second signal ends the program at once. Logs are those of Lambda, on
    /// standard output: AWS_LAMBDA_LOG_FORMAT=JSON sets their format, RUST_LOG their level.
    #[cfg(feature = "worker")]
    #[command(
        after_help = "Exit status:\n  0    drained\n  1    the queue cannot be used, or the worker \
                      failed\n  2    the program cannot start\n  130  a second signal, Ctrl-C\n  \
                      143  a second signal, SIGTERM"
    )]
    Work(work::Options),
    /// Says which feature it needs.
    #[cfg(not(feature = "worker"))]
    #[command(hide = true, disable_help_flag = true)]
    Work {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

/// Runs the command in the program's arguments and returns its exit status.
pub(crate) async fn main<R: Router>(dispatcher: Dispatcher<R>) -> i32 {
    let program = program();
    let command = match command(program.as_deref()) {
        Ok(command) => command,
        Err(error) => {
            // If standard error is closed, the status still says what went wrong.
            drop(error.print());
            return error.exit_code();
        }
    };
    match command.action {
        Action::Invoke { file } => {
            logs::init_for_terminal();
            invoke::invoke(&dispatcher.with_log_levels_of_environment(), &file).await
        }
        Action::Inspect { files } => inspect::inspect(&files),
        Action::Policy(options) => {
            let program = program.as_deref().unwrap_or("processor");
            policy::policy(&dispatcher, program, &options)
        }
        #[cfg(feature = "doctor")]
        Action::Doctor(options) => doctor::doctor(&dispatcher, program.as_deref(), &options),
        #[cfg(not(feature = "doctor"))]
        Action::Doctor { .. } => without("doctor", "doctor"),
        #[cfg(feature = "replay")]
        Action::Replay(options) => replay::replay(dispatcher, options).await,
        #[cfg(not(feature = "replay"))]
        Action::Replay { .. } => without("replay", "replay"),
        #[cfg(feature = "backfill")]
        Action::Backfill(options) => backfill::backfill(dispatcher, options).await,
        #[cfg(not(feature = "backfill"))]
        Action::Backfill { .. } => without("backfill", "backfill"),
        #[cfg(feature = "audit")]
        Action::Audit(options) => audit::audit(dispatcher, options).await,
        #[cfg(not(feature = "audit"))]
        Action::Audit { .. } => without("audit", "audit"),
        #[cfg(feature = "worker")]
        Action::Work(options) => work::work(dispatcher, options).await,
        #[cfg(not(feature = "worker"))]
        Action::Work { .. } => without("work", "worker"),
    }
}

/// Says which feature a command needs.
#[cfg(not(all(feature = "doctor", feature = "audit")))]
fn without(command: &str, feature: &str) -> i32 {
    eprintln!(
        "error: the program is built without `{command}`: build it with the feature `{feature}` of \
         the crate `s3-dispatch`"
    );
    NOT_RUN
}

/// Returns the name that the program was called by, without its folder and extension.
fn program() -> Option<String> {
    let program = std::env::args_os().next()?;
    Path::new(&program).file_stem()?.to_str().map(str::to_owned)
}

fn command(program: Option<&str>) -> Result<Command, clap::Error> {
    let mut command = Command::command();
    if let Some(name) = program {
        command = command.name(name.to_owned()).bin_name(name.to_owned());
    }

    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    if let Some(("policy", options)) = matches.subcommand()
        && let Err(text) = policy::check(options)
    {
        return Err(command.error(clap::error::ErrorKind::ArgumentConflict, text));
    }

    Command::from_arg_matches(&matches)
}

/// Reads a file, or standard input for `-`.
fn read(file: &str) -> io::Result<Bytes> {
    if file != "-" {
        return std::fs::read(file).map(Bytes::from);
    }

    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;

    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::{Command, CommandFactory};

    #[test]
    fn options_of_all_commands_agree() {
        Command::command().debug_assert();
    }
}
