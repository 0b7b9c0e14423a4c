//! Runs the compiler on a case.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

/// The libraries with which this test was compiled: the arguments `--extern` and `-L`.
const LIBRARIES: &[&str] = &rustc_arguments::library_arguments!();

/// The compiler's name and version, such as `rustc 1.95.0 (…)`.
pub(super) fn version() -> String {
    let output = run(rustc().arg("--version"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The messages of the compiler about a case that must not compile.
pub(super) fn messages(case: &Path) -> Result<String, String> {
    let name = case.with_extension("").display().to_string();
    let output_file = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(name.replace(['/', '\\'], "-"))
        .with_extension("rmeta");

    // Cargo runs the compiler in the folder of the workspace, and the libraries have the paths of
    // their files relative to it.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.parent().expect("the package is in a workspace");
    let output = run(rustc()
        .current_dir(workspace)
        .arg(Path::new("macros").join(case))
        .args(["--crate-type=bin", "--edition=2024"])
        .args(["--color=never", "--diagnostic-width=140"])
        .arg(format!("--emit=metadata={}", output_file.display()))
        .args(LIBRARIES)
        // With this variable the compiler assumes that cargo runs it, and advises on `Cargo.toml`.
        .env("CARGO_CRATE_NAME", "case"));

    // The file only exists if the case compiled.
    let _ = fs::remove_file(output_file);

    if output.status.success() {
        Err("the case compiles, but it should not".to_owned())
    } else {
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn run(command: &mut Command) -> Output {
    let output = command.output();
    output.expect("the compiler that built this test can be run")
}
