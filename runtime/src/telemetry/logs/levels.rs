//! The levels of the logs: those of the environment, and those that a dispatcher logs at.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// At which levels a dispatcher logs what happens to records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogLevels {
    pub(crate) handled: Level,
    pub(crate) unrouted: Level,
}

impl Default for LogLevels {
    fn default() -> Self {
        Self {
            handled: Level::DEBUG,
            unrouted: Level::WARN,
        }
    }
}

impl LogLevels {
    /// Returns whether a line about a handled record may be written.
    pub(crate) fn may_log_handled(self) -> bool {
        self.handled <= LevelFilter::current()
    }

    /// Replaces the levels that `S3_DISPATCH_LOG_HANDLED` and `S3_DISPATCH_LOG_UNROUTED` name.
    ///
    /// Whoever looks at the logs knows best, so the environment has the last word. A value that is
    /// not a level is a warning, because the logs are no reason to handle nothing.
    pub(crate) fn with_environment(self) -> Self {
        Self {
            handled: level_of("S3_DISPATCH_LOG_HANDLED").unwrap_or(self.handled),
            unrouted: level_of("S3_DISPATCH_LOG_UNROUTED").unwrap_or(self.unrouted),
        }
    }
}

/// Logs at a level that is known only when the program runs.
macro_rules! log_at {
    ($level:expr, $($rest:tt)+) => {
        match $level {
            ::tracing::Level::ERROR => ::tracing::error!($($rest)+),
            ::tracing::Level::WARN => ::tracing::warn!($($rest)+),
            ::tracing::Level::INFO => ::tracing::info!($($rest)+),
            ::tracing::Level::DEBUG => ::tracing::debug!($($rest)+),
            ::tracing::Level::TRACE => ::tracing::trace!($($rest)+),
        }
    };
}

pub(crate) use log_at;

/// How the targets of the AWS SDK begin. It warns of each of its attempts, in lines of half a
/// kilobyte, and returns the error of the last one as well.
const TARGETS_OF_THE_SDK: [&str; 6] = [
    "aws_config::",
    "aws_credential_types::",
    "aws_runtime::",
    "aws_sdk_",
    "aws_sigv4::",
    "aws_smithy_",
];

/// Reads the log level from `AWS_LAMBDA_LOG_LEVEL` or else `RUST_LOG`. The default is `info`, and
/// `error` for the AWS SDK.
///
/// `AWS_LAMBDA_LOG_LEVEL` is one level. `RUST_LOG` is a level or directives such as
/// `info,my_crate=debug`.
pub(super) fn of_environment() -> Targets {
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
    filter.unwrap_or_else(|| {
        Targets::new()
            .with_default(LevelFilter::INFO)
            .with_targets(TARGETS_OF_THE_SDK.map(|target| (target, LevelFilter::ERROR)))
    })
}

fn level_of(name: &str) -> Option<Level> {
    let value = variable(name)?;
    let level = value.trim().parse().ok();

    if level.is_none() {
        tracing::warn!(
            "`{name}` is not a level: `{value}`; write `error`, `warn`, `info`, `debug` or `trace`"
        );
    }

    level
}

/// Returns the value of an environment variable, unless it is blank.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    value.filter(|value| !value.trim().is_empty())
}
