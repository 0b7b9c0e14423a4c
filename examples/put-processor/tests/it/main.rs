//! Tests of the built program, in Lambda and in a terminal.
#![allow(clippy::unwrap_used)]

mod invoke;
mod inspect;
mod policy;
mod help;
mod corpus;
#[cfg(unix)]
mod runtime_api;
#[cfg(unix)]
mod function;
#[cfg(unix)]
mod deliveries;
#[cfg(unix)]
mod deadlines;
#[cfg(unix)]
mod lambda_logs;
#[cfg(unix)]
mod process;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The result of a command.
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs the program outside Lambda, in the folder of the workspace, with this standard input.
fn run(arguments: &[&str], settings: &[(&str, &str)], stdin: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_put-processor"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env_clear()
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();

    let mut input = child.stdin.take().unwrap();

    let output = std::thread::scope(|scope| {
        // The write fails if the command does not read its input.
        scope.spawn(move || drop(input.write_all(stdin)));
        child.wait_with_output().unwrap()
    });

    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
