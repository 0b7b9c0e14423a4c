//! The log output: one line for each event, in Lambda and on a terminal.
//!
//! `start` and `run` set it up here, unless the program has set a subscriber of its own. Most spans
//! log nothing, so everything here is made to cost little until a line is written.

pub(crate) mod levels;
mod subscriber;
mod spans;
mod values;
mod json;
mod text;
mod time;
pub(crate) mod escaped;

use std::io;

use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry::panic_hook;

pub use subscriber::LogSubscriber;

/// Writes logs to standard output, in the format that Lambda's settings ask for, and panics to the
/// logs.
///
/// `AWS_LAMBDA_LOG_FORMAT=JSON` gives JSON lines with `timestamp`, `level` and `message`. Any other
/// value gives text without a time, because CloudWatch adds one ("Configuring advanced logging
/// controls for Lambda functions", AWS Lambda Developer Guide, 2026). A subscriber that the program
/// has set stays in place.
pub(crate) fn init_for_lambda() {
    let subscriber = if lambda_wants_json() {
        LogSubscriber::json(io::stdout)
    } else {
        LogSubscriber::text(io::stdout)
    };

    // `lambda_runtime` would log the error that we return, but we have logged it already.
    drop(
        subscriber
            .without("lambda_runtime::layers::panic")
            .try_init(),
    );
    panic_hook::install();
}

/// Returns whether Lambda's settings ask for JSON.
pub(crate) fn lambda_wants_json() -> bool {
    std::env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json"))
}

/// Returns a time as it is in the lines of the log.
#[cfg(feature = "emf")]
pub(crate) fn timestamp(time: std::time::SystemTime) -> String {
    let mut text = String::new();
    time::push(&mut text, time);

    text
}

/// Writes logs with this writer, which is one to standard error, in colour if that is a terminal,
/// and panics to the logs.
///
/// A subscriber that the program has set stays in place.
#[cfg(feature = "backfill")]
pub(crate) fn init_beside<W: io::Write>(lines: impl Fn() -> W + Send + Sync + 'static) {
    use std::io::IsTerminal;

    let has_colours = io::stderr().is_terminal();
    let subscriber = LogSubscriber::text(lines).with_colours(has_colours);

    drop(subscriber.try_init());
    panic_hook::install();
}

/// Writes logs to standard error, in colour if that is a terminal, and panics to the logs.
///
/// A subscriber that the program has set stays in place.
#[cfg(feature = "cli")]
pub(crate) fn init_for_terminal() {
    use std::io::IsTerminal;

    let subscriber = LogSubscriber::text(io::stderr);
    let has_colours = io::stderr().is_terminal();

    drop(subscriber.with_colours(has_colours).try_init());
    panic_hook::install();
}
