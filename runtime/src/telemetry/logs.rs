//! Where logs go when the program has not said so.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use s3_dispatch_core::{Error, ErrorKind};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::telemetry::log_fields::{JsonFields, TextFields};

/// An error with its causes on one line, `a: b: c`, for logs and answers, where nobody can ask for
/// the source.
///
/// The error is someone else's: its text may panic, and its causes may never end.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    const MOST: usize = 32;

    let chain = || {
        let mut text = error.to_string();
        let mut cause = error.source();

        for _ in 0..MOST {
            let Some(error) = cause else { break };
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }

        text
    };

    catch_unwind(AssertUnwindSafe(chain))
        .unwrap_or_else(|_| "an error whose text panics".to_owned())
}

/// What is still to be logged of a failed invocation: what a record or message failed of has been,
/// with it.
pub(crate) fn not_yet_logged(error: &Error) -> String {
    if error.kind() == ErrorKind::InvocationFailed {
        error.to_string()
    } else {
        with_causes(error)
    }
}

/// As Lambda's log settings ask ("Configuring advanced logging controls for Lambda functions", AWS
/// Lambda Developer Guide, 2026): JSON lines with `timestamp`, `level`, `message`, or text without
/// a time, which CloudWatch adds.
pub(crate) fn init_for_lambda() {
    let wants_json = std::env::var("AWS_LAMBDA_LOG_FORMAT")
        .is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    // The runtime crate logs the error that we give it, which has been logged.
    let filter = filter().with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let registry = tracing_subscriber::registry().with(filter);

    // A subscriber that the program has set stays.
    let set = if wants_json {
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

    drop(set);
}

/// For people: on standard error, coloured if that is a terminal.
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

/// `AWS_LAMBDA_LOG_LEVEL` is one level; `RUST_LOG` is that or directives such as
/// `info,my_crate=debug`.
fn filter() -> Targets {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };

    let wanted = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));

    let wanted = wanted.map(|wanted| {
        if wanted.eq_ignore_ascii_case("fatal") {
            "error".to_owned()
        } else {
            wanted
        }
    });

    let filter = wanted.and_then(|wanted| wanted.parse().ok());

    filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO))
}
