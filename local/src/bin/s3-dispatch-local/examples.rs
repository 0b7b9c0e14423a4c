//! Finds the programs of the example functions, and builds them under `cargo run`.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use s3_dispatch_local::FunctionSpec;
use serde_json::Value;
use tokio::process::Command;

use crate::console::say;

/// Sets the program of each function that has none and does not run elsewhere: the example of the
/// same name.
///
/// Under `cargo run`, Cargo builds it from this repository. Otherwise it must be in the same folder
/// as this program.
pub(crate) async fn set_programs(functions: &mut [FunctionSpec]) -> Result<(), Box<dyn Error>> {
    let missing: Vec<_> = functions
        .iter_mut()
        .filter(|function| function.program.is_none() && function.invoke_url.is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }

    let names: Vec<_> = missing
        .iter()
        .map(|function| function.name.clone())
        .collect();

    // `cargo run` sets both variables.
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

        let program = built
            .cloned()
            .map_or_else(|| in_same_folder(&function.name), Ok)?;
        function.program = Some(program);
    }

    Ok(())
}

/// Builds these packages and returns their programs. Cargo says what it does, on standard error.
///
/// This package is selected too. Cargo chooses the features of dependencies for all selected
/// packages together, so the programs share what `cargo run` has built, and take seconds.
async fn build(
    cargo: &Path,
    package: &Path,
    names: &[String],
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut command = Command::new(cargo);
    command
        .current_dir(package)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(["--package", env!("CARGO_PKG_NAME")]);

    for name in names {
        command.args(["--package", name, "--bin", name]);
    }

    if !cfg!(debug_assertions) {
        command.arg("--release");
    }

    let names = names.join(" and ");
    say(&format!("Building {names} with `cargo build`"));

    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.wait_with_output().await?;

    if !output.status.success() {
        return Err(format!("`cargo build` failed for {names}; its output is above").into());
    }

    let messages = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok());
    Ok(messages
        .filter_map(|message: Value| message["executable"].as_str().map(PathBuf::from))
        .collect())
}

fn in_same_folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }

    Err(format!(
        "the function `{name}` has no program: `{}` does not exist; \
         name one with `--function {name}=PATH`",
        program.display()
    )
    .into())
}
