//! Programs that the tests run as functions. Each is built on first use.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// The example that handles uploads.
pub(crate) fn put_processor() -> PathBuf {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| build(&["--package", "put-processor"]));

    PROGRAM.clone()
}

/// The function that does what its event says, such as crash or hang.
pub(crate) fn wayward() -> PathBuf {
    static PROGRAM: LazyLock<PathBuf> =
        LazyLock::new(|| build(&["--package", "s3-dispatch-local", "--example", "wayward"]));

    PROGRAM.clone()
}

/// Builds a program and returns its path, as Cargo prints it.
fn build(arguments: &[&str]) -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(arguments);
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();

    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let messages = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let mut programs = messages.filter_map(|line| {
        let message: Value = serde_json::from_slice(line).unwrap();
        message["executable"].as_str().map(PathBuf::from)
    });

    programs.next_back().unwrap()
}

/// Whether this process runs. A zombie does not.
pub(crate) fn is_running(process: &str) -> bool {
    let state = std::process::Command::new("ps")
        .args(["-o", "stat=", "-p", process])
        .output()
        .unwrap();
    let state = String::from_utf8(state.stdout).unwrap();

    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
