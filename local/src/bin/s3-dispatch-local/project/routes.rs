//! What a program handles: it says so itself.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use super::failure::Failure;
use crate::console::{self, paint, say};

/// The arguments with which a program prints what it handles.
const QUESTION: [&str; 3] = ["policy", "--format", "local"];

/// The exit status of a program that does not know the question: of `clap`, and of `s3-dispatch`
/// without the feature `cli`.
const NOT_UNDERSTOOD: i32 = 2;

/// How long a program may take to answer.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How much of what a program says is repeated, in bytes.
const MAX_REASON: usize = 2000;

/// What a program handles, as it prints it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ProgramRoutes {
    /// The buckets that handlers name.
    pub(super) buckets: Vec<String>,
    /// Whether a handler names no bucket.
    pub(super) takes_any_bucket: bool,
    /// The other buckets that handlers write or delete in.
    #[serde(default)]
    pub(super) other_buckets: Vec<String>,
    /// As a bucket's configuration spells them.
    pub(super) events: Vec<String>,
    /// Null if every event is handled.
    pub(super) filter_policy: Value,
}

impl ProgramRoutes {
    /// Asks a program. It gets these variables, and nothing that leads to an account of AWS.
    pub(super) async fn of(
        program: &Path,
        name: &str,
        variables: &[(String, String)],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command
            .args(QUESTION)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs([
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);

        let output = tokio::time::timeout(TIME_LIMIT, command.output()).await;
        let output = output.map_err(|_| {
            let text = format!("has not answered within {} seconds", TIME_LIMIT.as_secs());
            unclear(name, &text)
        })?;
        let output = output.map_err(|error| failed(name, &format!("cannot be run: {error}")))?;

        Self::read(name, &output)
    }

    fn read(name: &str, output: &Output) -> Result<Self, Failure> {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();

        if !output.status.success() {
            let end = &said[said.floor_char_boundary(said.len().saturating_sub(MAX_REASON))..];
            let problem = format!("ended with {}: {end}", output.status);

            return Err(match output.status.code() {
                Some(NOT_UNDERSTOOD) => unclear(name, &problem),
                // It has said why itself: its routes contradict each other, for example.
                _ => failed(name, &problem),
            });
        }

        let routes = serde_json::from_slice(&output.stdout)
            .map_err(|_| unclear(name, "printed something else"))?;

        for warning in said.lines() {
            say(&paint(console::WARNING, &format!("{name}: {warning}")));
        }

        Ok(routes)
    }
}

/// The error of a program that does not answer.
fn failed(name: &str, problem: &str) -> Failure {
    let question = QUESTION.join(" ");
    Failure::new(format!(
        "`{name}` does not say what it handles: `{name} {question}` {problem}"
    ))
}

/// The error of a program that may not be one of `s3-dispatch`.
fn unclear(name: &str, problem: &str) -> Failure {
    let hint = "the `main` of such a program calls `s3_dispatch::start`, and its crate \
                `s3-dispatch` has the feature `cli`";
    failed(name, &format!("{problem}; {hint}"))
}
