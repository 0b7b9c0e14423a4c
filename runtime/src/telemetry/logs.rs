//! Sets up the log output, unless the program has already done so.

use std::io;

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry::escaped::EscapedJson;
use crate::telemetry::log_fields::{JsonFields, TextFields};
use crate::telemetry::panic_hook;

/// Writes logs to standard output, in the format that Lambda's settings ask for, and panics to the
/// logs.
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
        registry.with(json_layer(io::stdout)).try_init()
    } else {
        registry.with(text_layer(io::stdout, false)).try_init()
    };

    drop(is_set);
    panic_hook::install();
}

/// Writes logs to standard error, in colour if that is a terminal, and panics to the logs.
///
/// A subscriber that the program has set stays in place.
#[cfg(feature = "cli")]
pub(crate) fn init_for_terminal() {
    use std::io::IsTerminal;

    let layer = text_layer(io::stderr, io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter());

    drop(registry.with(layer).try_init());
    panic_hook::install();
}

/// Writes events as text, each on one line.
fn text_layer<S, W>(writer: W, has_colours: bool) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fmt::layer()
        .fmt_fields(TextFields)
        .with_writer(writer)
        .without_time()
        .with_ansi(has_colours)
        .with_target(false)
}

/// Writes events as JSON, each on one line.
fn json_layer<S, W>(writer: impl Fn() -> W + 'static) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: io::Write + 'static,
{
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .fmt_fields(JsonFields)
        .with_writer(move || EscapedJson(writer()))
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
