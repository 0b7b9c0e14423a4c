//! Why a project has no program to run.

use std::fmt;

/// Why a project has no program to run, or no new one.
#[derive(Debug)]
pub(crate) struct Failure {
    summary: String,
    /// What Cargo has printed, which the terminal shows already.
    output: String,
}

impl Failure {
    pub(super) fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            output: String::new(),
        }
    }

    pub(super) fn with_output(mut self, output: String) -> Self {
        self.output = output;
        self
    }

    /// All that is known, for a reader who does not see the terminal.
    pub(super) fn whole(&self) -> String {
        match self.output.is_empty() {
            true => self.summary.clone(),
            false => format!("{}\n\n{}", self.summary, self.output),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl std::error::Error for Failure {}
