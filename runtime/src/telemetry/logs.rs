//! Sets up the log output, unless the program has already done so.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry::log_fields::{JsonFields, TextFields};

/// Writes logs to standard output, in the format that Lambda's settings ask for.
///
/// `AWS_LAMBDA_LOG_FORMAT=JSON` gives JSON lines with `timestamp`, `level` and `message`. Any other
/// value gives text without a time, because CloudWatch adds one ("Configuring advanced logging
/// controls for Lambda functions", AWS Lambda Developer Guide, 2026). A subscriber that the program
/// has set stays in place.
pub(crate) fn init_for_lambda() {
    let wants_json = std::env::var("AWS_LAMBDA_LOG_FORMAT")
        .is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    // `lambda_runtime` would log the error that we return, but we have logged it already.
    let filter = filter().with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let registry = tracing_subscriber::registry().with(filter);

    let is_set = if wants_json {
        registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_span_list(false)
                    .fmt_fields(JsonFields),
            )
            .try_init()
    } else {
        registry
            .with(
                fmt::layer()
                    .fmt_fields(TextFields)
                    .without_time()
                    .with_ansi(false)
                    .with_target(false),
            )
            .try_init()
    };

    drop(is_set);
}

/// Writes logs to standard error, in colour if that is a terminal.
///
/// A subscriber that the program has set stays in place.
#[cfg(feature = "cli")]
pub(crate) fn init_for_terminal() {
    use std::io::IsTerminal;

    let is_terminal = std::io::stderr().is_terminal();

    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(is_terminal)
        .with_target(false);

    drop(
        tracing_subscriber::registry()
            .with(filter())
            .with(layer)
            .try_init(),
    );
}

/// Reads the log level from `AWS_LAMBDA_LOG_LEVEL` or else `RUST_LOG`; the default is `info`.
///
/// `AWS_LAMBDA_LOG_LEVEL` is one level. `RUST_LOG` is a level or directives such as
/// `info,my_crate=debug`.
fn filter() -> Targets {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };

    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));

    // Lambda knows a level above `error`, which `tracing` does not.
    let level = level.map(|level| {
        if level.eq_ignore_ascii_case("fatal") {
            "error".to_owned()
        } else {
            level
        }
    });

    let filter = level.and_then(|level| level.parse().ok());
    filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}
