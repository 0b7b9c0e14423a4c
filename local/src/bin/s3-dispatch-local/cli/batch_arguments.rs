//! The options of the command `batch`.

use std::path::PathBuf;

use clap::Args;

use super::values::{
    Implementation, Variable, parse_implementation, parse_user_argument, parse_variable,
};

/// The options of the command.
#[derive(Debug, Args)]
pub(crate) struct BatchArguments {
    /// The function that the job invokes: a program, or the URL of one that runs elsewhere.
    #[arg(long, value_name = "NAME=PATH|URL", value_parser = parse_implementation)]
    pub(crate) function: (String, Implementation),

    /// The objects: a CSV file with a line `bucket,key` or `bucket,key,version` for each, whose
    /// keys are URL-encoded.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: PathBuf,

    /// Write the completion report to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// The most tasks of an invocation.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) tasks_per_invocation: usize,

    /// How many invocations run at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) concurrency: usize,

    /// How often a task is tried before it counts as failed.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(crate) attempts: u32,

    /// The timeout of the function, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout: u64,

    /// A user argument of the job, such as `eventName=ObjectCreated:Copy`. Can be given several
    /// times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_user_argument)]
    pub(crate) user_argument: Vec<(String, String)>,

    /// Invoke with schema 1.0 instead of 2.0, without user arguments.
    #[arg(long, conflicts_with = "user_argument")]
    pub(crate) schema_1: bool,

    /// Set an environment variable of the function. Can be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<Variable>,

    /// Pass the environment of this program on to the function. Variables that begin with `AWS_`
    /// are left out, except `AWS_ENDPOINT_URL` and the like.
    #[arg(long)]
    pub(crate) inherit_env: bool,
}
