//! `doctor`: holds what is deployed, or will be, against the routes and AWS's rules.
//!
//! Three readers fill one model of the pipeline, and one table of checks asks it. What a file
//! leaves open is unknown, and never a finding.

mod known;
mod model;
mod readers;
mod witness;
mod finding;
mod checks;
mod head;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use s3_dispatch_core::{Manifest, Router};

use super::{FAILURE, NOT_RUN, SUCCESS, read};
use crate::Dispatcher;
use crate::telemetry::logs::escaped::escape;
use checks::{Case, Program};
use finding::Finding;
use model::Deployment;

/// The options of the command.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    /// The function that this program is, or the queue of a worker: its name or address
    #[arg(long, value_name = "NAME")]
    processor: Option<String>,
    /// How long a handler takes for one record, at worst
    #[arg(long, value_name = "N", value_parser = seconds)]
    handler_seconds: Option<f64>,
}

/// What to read. Exactly one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A plan or state of Terraform, as `terraform show -json` prints it, or - for standard input
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// A template of CloudFormation or SAM, in YAML or JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    template: Option<String>,
    /// A folder of JSON files that `aws ... get-*`, `describe-*` and `list-*` printed
    #[arg(long, value_name = "FOLDER")]
    describe: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && f64::is_finite(seconds) => Ok(seconds),
        _ => Err("it is not a number of seconds above 0".to_owned()),
    }
}

/// Prints the findings and returns the exit status.
pub(super) fn doctor<R: Router>(
    dispatcher: &Dispatcher<R>,
    name: Option<&str>,
    options: &Options,
) -> i32 {
    match examine(dispatcher, name, options) {
        Ok(findings) => match print(&findings) {
            Ok(()) if findings.is_empty() => SUCCESS,
            _ => FAILURE,
        },
        Err(error) => {
            eprintln!("error: {}", escape(&error));
            NOT_RUN
        }
    }
}

fn examine<R: Router>(
    dispatcher: &Dispatcher<R>,
    name: Option<&str>,
    options: &Options,
) -> Result<Vec<Finding>, String> {
    let deployment = deployment(&options.source)?;
    let head = head::find(&deployment, options.processor.as_deref(), name)?;
    let program = Program {
        manifest: Manifest::new(dispatcher.router()),
        concurrency: dispatcher.concurrency(),
        deadline_margin: dispatcher.deadline_margin(),
        changes_visibility: dispatcher.changes_visibility(),
        handler_seconds: options.handler_seconds,
    };
    let case = Case {
        program: &program,
        deployment: &deployment,
        path: model::Path::of(&deployment, head),
    };

    for line in head::description(&case.path) {
        eprintln!("checked: {}", escape(&line));
    }
    Ok(checks::run(&case))
}

fn deployment(source: &Source) -> Result<Deployment, String> {
    let text = |file: &str| {
        let bytes = read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
        String::from_utf8(bytes.into()).map_err(|_| format!("{file} is not UTF-8"))
    };
    let in_file = |file: &str, error: String| format!("{file} cannot be read: {error}");

    if let Some(file) = &source.plan {
        readers::plan(&text(file)?, file).map_err(|error| in_file(file, error))
    } else if let Some(file) = &source.template {
        readers::template(&text(file)?, file).map_err(|error| in_file(file, error))
    } else if let Some(folder) = &source.describe {
        let files = files(folder);
        let files = files.map_err(|error| in_file(&folder.to_string_lossy(), error.to_string()))?;
        readers::folder(&files).map_err(|error| in_file(&folder.to_string_lossy(), error))
    } else {
        Err("there is nothing to read".to_owned())
    }
}

/// The JSON files of a folder, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    paths.sort();

    let named = paths.into_iter().map(|path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok((name, fs::read_to_string(path)?))
    });
    named.collect()
}

fn print(findings: &[Finding]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for finding in findings {
        writeln!(stdout, "{finding}")?;
    }

    let (count, noun) = match findings.len() {
        0 => ("no".to_owned(), "findings"),
        1 => ("1".to_owned(), "finding"),
        count => (count.to_string(), "findings"),
    };
    writeln!(stdout, "{count} {noun}")
}
