//! The programs of the examples, built when they are run for the first time.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use s3_dispatch_local::FunctionSpec;
use serde_json::Value;
use tokio::process::Command;

use crate::console::say;

/// What takes longer than this is worth a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// Gives each function without a program the example of its name: what Cargo makes of this
/// repository, or what lies beside this program.
pub(crate) async fn find(functions: &mut [FunctionSpec]) -> Result<(), Box<dyn Error>> {
    let missing: Vec<_> = functions
        .iter_mut()
        .filter(|function| function.program.is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }

    let names: Vec<_> = missing
        .iter()
        .map(|function| function.name.clone())
        .collect();
    // Both are set by `cargo run`.
    let programs = match (env::var_os("CARGO"), env::var_os("CARGO_MANIFEST_DIR")) {
        (Some(cargo), Some(package)) => build(cargo.as_ref(), package.as_ref(), &names).await?,
        _ => Vec::new(),
    };

    for function in missing {
        let built = programs.iter().find(|program| {
            program
                .file_stem()
                .is_some_and(|stem| *stem == *function.name)
        });
        let program = built.cloned().map_or_else(|| beside(&function.name), Ok)?;
        function.program = Some(program);
    }

    Ok(())
}

async fn build(
    cargo: &Path,
    package: &Path,
    names: &[String],
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut command = Command::new(cargo);
    command
        .current_dir(package)
        .args(["build", "--message-format=json-render-diagnostics"]);

    for name in names {
        command.args(["--package", name]);
    }

    if !cfg!(debug_assertions) {
        command.arg("--release");
    }

    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;

    let mut built = std::pin::pin!(child.wait_with_output());

    let output = match tokio::time::timeout(PATIENCE, built.as_mut()).await {
        Ok(output) => output?,
        Err(_) => {
            say(&format!(
                "building {} with `cargo build`",
                names.join(" and ")
            ));
            built.await?
        }
    };

    if !output.status.success() {
        say(String::from_utf8_lossy(&output.stderr).trim_end());
        return Err(format!("{} cannot be built", names.join(" and ")).into());
    }

    let messages = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok());

    Ok(messages
        .filter_map(|message: Value| message["executable"].as_str().map(PathBuf::from))
        .collect())
}

fn beside(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }

    Err(
        format!("the function `{name}` has no program: give one with `--function {name}=PATH`")
            .into(),
    )
}
