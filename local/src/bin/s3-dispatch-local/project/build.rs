//! Builds the programs of a project, and shows what Cargo says.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStderr;

use super::choice::Binary;
use super::failure::Failure;
use super::metadata::{cannot_run, cargo};

/// How much of Cargo's output is kept for the page: its end, in bytes.
const MAX_OUTPUT: usize = 16 * 1024;

/// How the programs are built.
#[derive(Debug, Clone, Default)]
pub(super) struct BuildOptions {
    pub(super) release: bool,
    pub(super) features: Vec<String>,
}

impl BuildOptions {
    /// The arguments of `cargo build`, as one would write them.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let features = self.features.iter();
        let mut arguments: Vec<_> = features
            .flat_map(|features| ["--features", features.as_str()])
            .collect();
        if self.release {
            arguments.push("--release");
        }

        arguments
    }
}

/// Builds these programs, and returns the file of each. What Cargo says goes to standard error, as
/// soon as it says it.
pub(super) async fn build(
    manifest: &Path,
    binaries: &[Binary],
    options: &BuildOptions,
) -> Result<Vec<PathBuf>, Failure> {
    let mut command = cargo(manifest);
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(["--color", color()])
        .arg("--manifest-path")
        .arg(manifest);

    for Binary { package, name } in binaries {
        command.args(["--package", package, "--bin", name]);
    }

    let mut child = command
        .args(options.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot_run(&error))?;

    let mut messages = Vec::new();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read_messages = async {
        match stdout {
            Some(mut stdout) => stdout.read_to_end(&mut messages).await.map(drop),
            None => Ok(()),
        }
    };
    let (read, output) = tokio::join!(read_messages, show(stderr));
    let status = child.wait().await.map_err(|error| cannot_run(&error))?;

    if read.is_err() || !status.success() {
        let names: Vec<_> = binaries.iter().map(|binary| &*binary.name).collect();
        let summary = format!("`cargo build` failed for {}", names.join(" and "));
        return Err(Failure::new(summary).with_output(output));
    }

    let programs = binaries.iter().map(|binary| {
        executable(&messages, binary)
            .ok_or_else(|| Failure::new(format!("Cargo has built no program `{}`", binary.name)))
    });
    programs.collect()
}

/// Whether Cargo uses colours: it writes into a pipe, and what comes out may go to a terminal.
fn color() -> &'static str {
    match AutoStream::choice(&std::io::stderr()) {
        ColorChoice::Never => "never",
        _ => "always",
    }
}

/// Writes what Cargo says to standard error, and returns the end of it.
async fn show(stderr: Option<ChildStderr>) -> String {
    let Some(stderr) = stderr else {
        return String::new();
    };

    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut kept = String::new();

    // An error means that nothing more comes, which the status of Cargo explains.
    while matches!(stderr.read_until(b'\n', &mut line).await, Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        anstream::eprint!("{text}");
        kept.push_str(&anstream::adapter::strip_str(&text).to_string());
        line.clear();

        if kept.len() > 2 * MAX_OUTPUT {
            kept = end_of(&kept).to_owned();
        }
    }

    end_of(&kept).to_owned()
}

fn end_of(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(MAX_OUTPUT))..]
}

/// The file that Cargo has built a program into.
fn executable(messages: &[u8], binary: &Binary) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let mut messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());

    messages.find_map(|message| {
        let is_wanted = message["reason"] == "compiler-artifact"
            && message["package_id"] == *binary.package
            && message["target"]["name"] == *binary.name;
        let executable = message["executable"].as_str().filter(|_| is_wanted)?;

        Some(PathBuf::from(executable))
    })
}
