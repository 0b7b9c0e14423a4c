//! The options of the program.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser, Subcommand};
use s3_dispatch_local::{Error, Faults, Origin, Topology};

use super::batch_arguments::BatchArguments;
use super::values::{
    ConsoleLines, Demo, FaultRate, Implementation, Variable, WorkerChoice, parse_fault,
    parse_implementation, parse_port, parse_rate, parse_seed, parse_timeout, parse_variable,
    parse_worker,
};

/// Runs S3, SNS, EventBridge, SQS and Lambda on this machine, and can inject the faults that AWS
/// shows.
///
/// For development and tests, never for production. In a Cargo project it builds the program and
/// runs it as a function, with the buckets, the topic and the queues that its handlers need. In a
/// checkout of s3-dispatch it runs the pipeline of the examples, with the functions
/// `put-processor` and `copy-processor`.
#[derive(Debug, Parser)]
#[command(
    name = "s3-dispatch-local",
    version,
    args_conflicts_with_subcommands = true,
    group = ArgGroup::new("programs").args(["function", "worker"]).multiple(true),
    group = ArgGroup::new("pipeline")
        .args(["config", "demo", "examples"])
        .multiple(true)
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Run the pipeline that this TOML file describes.
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    pub(crate) config: Option<PathBuf>,

    /// Run this program of the Cargo project. Can be given several times: each program gets a queue
    /// of its own.
    #[arg(long, value_name = "NAME", conflicts_with = "pipeline")]
    pub(crate) program: Vec<String>,

    /// Use the Cargo project of this `Cargo.toml`, instead of that of the current folder.
    #[arg(long, value_name = "PATH", conflicts_with = "pipeline")]
    pub(crate) manifest_path: Option<PathBuf>,

    /// Build the program of the Cargo project with these features.
    #[arg(long, value_name = "FEATURES", conflicts_with = "pipeline")]
    pub(crate) features: Vec<String>,

    /// Build the program of the Cargo project with optimizations.
    #[arg(long, conflicts_with = "pipeline")]
    pub(crate) release: bool,

    /// Build the program of the Cargo project again when its sources change. What runs may finish.
    /// If the build fails, the last good one keeps running.
    #[arg(long, conflicts_with = "pipeline")]
    pub(crate) watch: bool,

    /// Run the pipeline of the examples, whose programs are beside this one.
    #[arg(long, conflicts_with = "config")]
    pub(crate) examples: bool,

    /// Run this program as the function NAME, or invoke the function at a URL: that of `cargo
    /// lambda watch` (`http://localhost:9000`), for example. Can be given once for each function.
    #[arg(long, value_name = "NAME=PATH|URL", value_parser = parse_implementation)]
    pub(crate) function: Vec<(String, Implementation)>,

    /// Run the program of the function NAME as a worker, or the one at PATH instead of it: as
    /// `PROGRAM work --queue-url URL`, it receives from the function's queue itself. Without NAME,
    /// all programs are workers. A program of the Cargo project is built with the feature `worker`
    /// of its package, if there is one. Can be given once for each function.
    #[arg(
        long,
        value_name = "NAME[=PATH]",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = parse_worker
    )]
    pub(crate) worker: Vec<WorkerChoice>,

    /// Give each function this timeout, from 1 to 900, instead of 30. What fails comes back after
    /// six times as long: the visibility timeout of the queues follows, as AWS recommends. A file
    /// of `--config` has its own.
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = parse_timeout,
        conflicts_with_all = ["config", "demo"]
    )]
    pub(crate) timeout: Option<Duration>,

    /// Set an environment variable of every function, or of one (`put-processor:LOG=debug`). Can be
    /// given several times.
    #[arg(long, value_name = "[FUNCTION:]NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<Variable>,

    /// Pass the environment of this program on to every function. Variables that begin with `AWS_`
    /// are left out, except `AWS_ENDPOINT_URL` and the like.
    #[arg(long)]
    pub(crate) inherit_env: bool,

    /// Arguments for each program that `--function` or `--worker` names.
    #[arg(last = true, requires = "programs", value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,

    /// Keep objects and messages in this folder, so that they survive a restart.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,

    /// Do not wait until objects and messages are on disk. Faster, and a crash of the machine may
    /// lose the newest of them. The end of the program, however sudden, loses none.
    #[arg(long, requires = "data")]
    pub(crate) no_sync: bool,

    /// Upload, copy and delete a few objects, print what happened to each, and exit.
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        num_args = 0..=1,
        default_missing_value = "events"
    )]
    pub(crate) demo: Option<Demo>,

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

    /// What the terminal shows: `every` step, or a `summary` that counts the steps of a kind when
    /// there are more than anyone can read, and shows failures all the same. `auto` sums up in a
    /// terminal, and writes every step into a pipe or a file.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = ConsoleLines::Auto)]
    pub(crate) console: ConsoleLines,

    /// Serve S3 on this address. Anyone who can reach it can write to the buckets.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) bind: IpAddr,

    /// Let the web pages of this origin use S3 and SQS, with CORS: `http://localhost:5173`. Can be
    /// given several times. Requests of all other pages are refused, also if they are signed.
    #[arg(long, value_name = "ORIGIN", value_parser = Origin::parse)]
    pub(crate) allow_origin: Vec<Origin>,
}

/// What to do instead of running a pipeline.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a job of S3 Batch Operations: invoke a function with the objects of a manifest
    ///
    /// Tasks that fail in passing are tried again. The completion report goes to standard output,
    /// as CSV: bucket, key, version, status, status code, error code and message.
    #[command(after_help = "Exit status:\n  0  every task succeeded\n  \
                      1  a task failed, or the job could not run")]
    Batch(BatchArguments),
}

impl Arguments {
    /// Whether the pipeline is that of a Cargo project, if there is one.
    pub(crate) fn has_project(&self) -> bool {
        self.config.is_none() && self.demo.is_none() && !self.examples
    }

    /// Whether options are about the Cargo project, so that there must be one.
    pub(crate) fn needs_project(&self) -> bool {
        let workers = || self.worker.iter();
        let is_given = !self.function.is_empty() || workers().any(WorkerChoice::has_program);
        let is_built = self.watch || self.release || !self.features.is_empty();

        !is_given
            || is_built
            || !self.program.is_empty()
            || !workers().all(WorkerChoice::has_program)
    }

    /// The functions that options name, each of which is a program of the Cargo project.
    pub(crate) fn named_functions(&self) -> impl Iterator<Item = &str> {
        let functions = self.function.iter().map(|(name, _)| name.as_str());
        let workers = self.worker.iter().filter_map(WorkerChoice::name);

        functions.chain(workers)
    }

    /// Whether the function of this name is a worker.
    pub(crate) fn is_worker(&self, function: &str) -> bool {
        let is_function = self.function.iter().any(|(name, _)| name == function);
        let mut workers = self.worker.iter();

        workers.any(|choice| match choice.name() {
            Some(name) => name == function,
            None => !is_function,
        })
    }

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
        let port = self
            .port
            .unwrap_or(if self.demo.is_some() { 0 } else { 9090 });

        SocketAddr::new(self.bind, port)
    }

    /// Where SQS is served.
    pub(crate) fn sqs_address(&self) -> SocketAddr {
        let picks_free = self.demo.is_some() || self.port == Some(0);
        let port = self.sqs_port.unwrap_or(if picks_free { 0 } else { 9092 });

        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn options_of_all_commands_agree() {
        Arguments::command().debug_assert();
    }
}
