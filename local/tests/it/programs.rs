//! Programs that the tests run as functions. Each is built on first use.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

/// The example that handles uploads.
pub(crate) fn put_processor() -> PathBuf {
    program("put-processor")
}

/// The function that does what its event says, such as crash or hang.
pub(crate) fn wayward() -> PathBuf {
    program("wayward")
}

/// The function whose handler may end the process.
pub(crate) fn deadly() -> PathBuf {
    program("deadly")
}

/// Returns the path of a program, as Cargo prints it.
pub(crate) fn program(name: &str) -> PathBuf {
    static PROGRAMS: LazyLock<Vec<PathBuf>> = LazyLock::new(build);

    PROGRAMS
        .iter()
        .find(|program| program.file_stem().is_some_and(|stem| stem == name))
        .unwrap_or_else(|| panic!("Cargo did not build the program `{name}`"))
        .clone()
}

/// Builds every program of the default members. A smaller selection would need other features of
/// the dependencies than `cargo test` does, and compile them again.
fn build() -> Vec<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--bins", "--examples"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let output = command.output().unwrap();

    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let messages = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());

    messages
        .filter_map(|line| {
            let message: Value = serde_json::from_slice(line).unwrap();
            message["executable"].as_str().map(PathBuf::from)
        })
        .collect()
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

/// Waits until a process has ended.
pub(crate) async fn ends(process: &str) {
    let gone = async {
        while is_running(process) {
            tokio::task::yield_now().await;
        }
    };

    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .unwrap_or_else(|_| panic!("process {process} is still running"));
}
