//! The command line: its options, and how their values are parsed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use s3_dispatch_local::{Error, Fault, Faults, Hop, InvokeUrl, Origin, Topology};

/// Runs S3, SNS, EventBridge, SQS and Lambda on this machine, and can inject the faults that AWS
/// shows.
///
/// For development and tests, never for production. Without options, it runs the pipeline of the
/// examples: one bucket, one topic, two queues with dead-letter queues, and the functions
/// `put-processor` and `copy-processor`.
#[derive(Debug, Parser)]
#[command(name = "s3-dispatch-local", version)]
pub(crate) struct Arguments {
    /// Run the pipeline that this TOML file describes.
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    pub(crate) config: Option<PathBuf>,

    /// Run this program as the function NAME, or invoke the function at a URL: that of `cargo
    /// lambda watch` (`http://localhost:9000`), for example. Can be given once for each function.
    #[arg(long, value_name = "NAME=PATH|URL", value_parser = parse_implementation)]
    pub(crate) function: Vec<(String, Implementation)>,

    /// Run this program as a worker instead of the function NAME: as `PATH work --queue-url URL`,
    /// it receives from the function's queue itself. Can be given once for each function.
    #[arg(long, value_name = "NAME=PATH", value_parser = parse_worker)]
    pub(crate) worker: Vec<(String, PathBuf)>,

    /// Set an environment variable of every function, or of one (`put-processor:LOG=debug`). Can be
    /// given several times.
    #[arg(long, value_name = "[FUNCTION:]NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<Variable>,

    /// Pass the environment of this program on to every function. Variables that begin with `AWS_`
    /// are left out, except `AWS_ENDPOINT_URL` and the like.
    #[arg(long)]
    pub(crate) inherit_env: bool,

    /// Arguments for each program that `--function` or `--worker` names.
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,

    /// Keep objects and messages in this folder, so that they survive a restart.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,

    /// Do not wait until objects and messages are on disk. Faster, and a crash of the machine may
    /// lose the newest of them. The end of the program, however sudden, loses none.
    #[arg(long, requires = "data")]
    pub(crate) no_sync: bool,

    /// Upload, copy and delete a few objects, print what happened to each, and exit.
    #[arg(long)]
    pub(crate) demo: bool,

    /// Inject every fault at this rate, from 0 to 1.
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    chaos: Option<f64>,

    /// Inject one fault at this rate, at every hop where it can happen (`kill=0.1`) or at one hop
    /// (`deliver:duplicate=0.5`). Can be given several times.
    ///
    /// Hops: publish, deliver, send, receive, invoke, delete, change-visibility. Faults: duplicate,
    /// delay, reorder, drop-request, drop-response, kill, time-out, throttle, expire-visibility,
    /// refuse-delete, refuse.
    #[arg(long, value_name = "[HOP:]FAULT=RATE", value_parser = parse_fault)]
    fault: Vec<FaultRate>,

    /// Choose the faults by this number: the same number injects the same faults.
    #[arg(long, value_name = "NUMBER", value_parser = parse_seed, default_value_t = 0)]
    seed: u64,

    /// Serve S3 on this port. 0 picks a free port. The default is 9090, or a free port with
    /// `--demo`.
    #[arg(long, value_parser = parse_port)]
    port: Option<u16>,

    /// Serve SQS on this port of the loopback interface. 0 picks a free port. The default is 9092,
    /// or a free port with `--demo` or `--port 0`.
    #[arg(long, value_name = "PORT", value_parser = parse_port)]
    sqs_port: Option<u16>,

    /// Serve a page that shows the pipeline, on this port of the loopback interface. 0 picks a
    /// free port. The default is 9091.
    #[arg(
        long,
        value_name = "PORT",
        value_parser = parse_port,
        num_args = 0..=1,
        default_missing_value = "9091"
    )]
    pub(crate) ui: Option<u16>,

    /// Serve S3 on this address. Anyone who can reach it can write to the buckets.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) bind: IpAddr,

    /// Let the web pages of this origin use S3 and SQS, with CORS: `http://localhost:5173`. Can be
    /// given several times. Requests of all other pages are refused, also if they are signed.
    #[arg(long, value_name = "ORIGIN", value_parser = Origin::parse)]
    pub(crate) allow_origin: Vec<Origin>,
}

/// What answers the invocations of a function.
#[derive(Debug, Clone)]
pub(crate) enum Implementation {
    /// A program that the pipeline runs.
    Program(PathBuf),
    /// Something that runs elsewhere.
    Url(InvokeUrl),
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
struct FaultRate {
    places: Vec<(Hop, Fault)>,
    rate: f64,
}

impl Arguments {
    /// The pipeline of the configuration file, or else that of the examples.
    pub(crate) fn topology(&self) -> Result<Topology, Error> {
        match &self.config {
            Some(file) => Topology::from_toml_file(file),
            None => Ok(Topology::example()),
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        let mut faults = self
            .chaos
            .map_or_else(Faults::none, Faults::chaos)
            .with_seed(self.seed);

        for FaultRate { places, rate } in &self.fault {
            for (hop, fault) in places {
                faults = faults.with_rate(*hop, *fault, *rate);
            }
        }

        faults
    }

    /// Where S3 is served.
    pub(crate) fn s3_address(&self) -> SocketAddr {
        let port = self.port.unwrap_or(if self.demo { 0 } else { 9090 });

        SocketAddr::new(self.bind, port)
    }

    /// Where SQS is served.
    pub(crate) fn sqs_address(&self) -> SocketAddr {
        let picks_free = self.demo || self.port == Some(0);
        let port = self.sqs_port.unwrap_or(if picks_free { 0 } else { 9092 });

        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}

fn parse_implementation(text: &str) -> Result<(String, Implementation), String> {
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

fn parse_worker(text: &str) -> Result<(String, PathBuf), String> {
    match parse_implementation(text) {
        Ok((name, Implementation::Program(program))) => Ok((name, program)),
        _ => Err("expected `NAME=PATH`".to_owned()),
    }
}

fn parse_variable(text: &str) -> Result<Variable, String> {
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

fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("expected a port number from 0 to {}", u16::MAX))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate));

    rate.ok_or_else(|| String::from("expected a rate from 0 to 1"))
}

fn parse_fault(text: &str) -> Result<FaultRate, String> {
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
