//! Prints metrics in CloudWatch's embedded metric format, after each invocation.
//!
//! CloudWatch makes metrics of such lines of the log, so nothing is called and nothing is set up
//! ("Specification: Embedded metric format", Amazon CloudWatch User Guide, 2026). `run` installs
//! the recorder here, unless the program has one.

mod document;
mod recorder;
mod series;

use std::io::{self, Write};
use std::time::SystemTime;

use crate::telemetry::logs;
use document::Frame;
use recorder::Recorder;

/// Writes what was measured since the last time.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    recorder: Recorder,
    frame: Frame,
}

impl Printer {
    /// Installs a recorder for the process. Returns `None` if the program has one.
    pub(crate) fn install() -> Option<Self> {
        let recorder = Recorder::default();
        metrics::set_global_recorder(recorder.clone()).ok()?;

        Some(Self {
            recorder,
            frame: Frame {
                function: std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok(),
                level: logs::lambda_wants_json().then(level),
            },
        })
    }

    /// Prints each document on one line of standard output.
    pub(crate) fn print(&self) -> io::Result<()> {
        let measured = self.recorder.take();
        let lines = self.frame.lines(measured, SystemTime::now());
        let mut output = io::stdout().lock();

        lines
            .iter()
            .try_for_each(|line| output.write_all(line.as_bytes()))
    }
}

/// Returns the level of the lines. Lambda drops JSON below the level of the function, and takes a
/// line without a level for `INFO` ("Log-level filtering", AWS Lambda Developer Guide, 2026). So
/// the lines have the level of the function.
fn level() -> String {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok();
    let level = level.filter(|level| !level.trim().is_empty());

    level.map_or_else(|| "INFO".to_owned(), |level| level.trim().to_uppercase())
}
