//! The values of options, and how they are parsed.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use s3_dispatch_local::{Fault, Faults, Hop, InvokeUrl};

/// What answers the invocations of a function.
#[derive(Debug, Clone)]
pub(crate) enum Implementation {
    /// A program that the pipeline runs.
    Program(PathBuf),
    /// Something that runs elsewhere.
    Url(InvokeUrl),
}

/// Which functions are workers.
#[derive(Debug, Clone)]
pub(crate) enum WorkerChoice {
    /// All of them.
    All,
    /// The one of this name, with its own program or with this one.
    One(String, Option<PathBuf>),
}

impl WorkerChoice {
    /// The function. `None` if it is about all of them.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::One(name, _) => Some(name),
        }
    }

    /// Whether a program is given.
    pub(super) fn has_program(&self) -> bool {
        matches!(self, Self::One(_, Some(_)))
    }
}

/// What a demo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Demo {
    /// Objects that are put, copied and deleted, with the functions of the examples
    Events,
    /// Photos and their thumbnails, with a function and a worker; it builds more
    Thumbnails,
}

/// Which steps the console prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConsoleLines {
    Auto,
    Every,
    Summary,
}

impl ConsoleLines {
    /// Whether steps are summed up when there are too many.
    pub(crate) fn sums_up(self) -> bool {
        match self {
            Self::Auto => std::io::stdout().is_terminal(),
            Self::Every => false,
            Self::Summary => true,
        }
    }
}

/// An environment variable of one function, or of all.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    /// The function. `None` for all of them.
    pub(crate) function: Option<String>,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// How often one fault is injected, and at which hops.
#[derive(Debug, Clone)]
pub(super) struct FaultRate {
    pub(super) places: Vec<(Hop, Fault)>,
    pub(super) rate: f64,
}

pub(super) fn parse_implementation(text: &str) -> Result<(String, Implementation), String> {
    let (name, place) = text
        .split_once('=')
        .filter(|(name, place)| !name.is_empty() && !place.is_empty())
        .ok_or("expected `NAME=PATH` or `NAME=URL`")?;

    let implementation = match place.contains("://") {
        true => InvokeUrl::parse(place)
            .map(Implementation::Url)
            .map_err(|error| error.to_string())?,
        false => Implementation::Program(place.into()),
    };

    Ok((name.to_owned(), implementation))
}

pub(super) fn parse_worker(text: &str) -> Result<WorkerChoice, String> {
    if text.is_empty() {
        return Ok(WorkerChoice::All);
    }

    if !text.contains('=') {
        return Ok(WorkerChoice::One(text.to_owned(), None));
    }

    match parse_implementation(text) {
        Ok((name, Implementation::Program(program))) => Ok(WorkerChoice::One(name, Some(program))),
        _ => Err("expected `NAME` or `NAME=PATH`: a worker is a program".to_owned()),
    }
}

pub(super) fn parse_variable(text: &str) -> Result<Variable, String> {
    let expected = "expected `NAME=VALUE`, or `FUNCTION:NAME=VALUE` for one function";
    let (name, value) = text.split_once('=').ok_or(expected)?;
    let (function, name) = match name.split_once(':') {
        Some((function, name)) => (Some(function.to_owned()), name),
        None => (None, name),
    };

    if name.is_empty() || function.as_deref() == Some("") {
        return Err(expected.to_owned());
    }

    Ok(Variable {
        function,
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

pub(super) fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("expected a port number from 0 to {}", u16::MAX))
}

/// "Lambda quotas", AWS Lambda Developer Guide, 2026.
pub(super) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (1..=900).contains(seconds));

    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| String::from("expected a whole number of seconds from 1 to 900"))
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate));

    rate.ok_or_else(|| String::from("expected a rate from 0 to 1"))
}

pub(super) fn parse_fault(text: &str) -> Result<FaultRate, String> {
    let (name, rate) = text
        .split_once('=')
        .ok_or("expected `FAULT=RATE` or `HOP:FAULT=RATE`, such as `kill=0.1`")?;

    let is_named =
        |(hop, fault): &(Hop, Fault)| name == fault.to_string() || name == place_name(*hop, *fault);
    let places: Vec<_> = Faults::places().filter(is_named).collect();
    if places.is_empty() {
        let known: Vec<_> = Faults::places()
            .map(|(hop, fault)| place_name(hop, fault))
            .collect();

        return Err(format!(
            "there is no fault `{name}`; the faults are {}",
            known.join(", ")
        ));
    }

    Ok(FaultRate {
        places,
        rate: parse_rate(rate)?,
    })
}

fn place_name(hop: Hop, fault: Fault) -> String {
    format!("{hop}:{fault}")
}

pub(super) fn parse_user_argument(text: &str) -> Result<(String, String), String> {
    let argument = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = argument.ok_or("expected `NAME=VALUE`")?;

    Ok((name.to_owned(), value.to_owned()))
}
