//! The options of `replay`.

use std::time::Duration;

use clap::{ArgGroup, Args};
use s3_dispatch_core::Router;

use super::filter::{Condition, Filter};
use crate::Dispatcher;
use crate::cli::environment::arguments::{duration, is_same_queue, number, queue_url};

/// What is replayed, and how.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["files", "dead_letters"])))]
pub(in crate::cli) struct Options {
    /// Files of payloads, or - for standard input: one payload, or one after another, such as one
    /// per line
    #[arg(value_name = "FILE")]
    files: Vec<String>,

    /// The URL of a dead-letter queue whose messages are replayed; what succeeds is deleted, and
    /// the rest stays as it was
    #[arg(long, value_name = "URL", value_parser = queue_url)]
    dead_letters: Option<String>,

    /// Send the messages to the queue with this URL instead of handling them here
    #[arg(long, value_name = "URL", value_parser = queue_url)]
    to: Option<String>,

    /// Replay only what fits: event=ObjectCreated:*, bucket=NAME, key=tenants/{tenant}/{file*},
    /// error=TEXT, age=>2h or age=<1d. Repeat it to ask for several at once
    #[arg(long, value_name = "FIELD=PATTERN", value_parser = Condition::parse)]
    only: Vec<Condition>,

    /// Replay at most this many messages
    #[arg(long, value_name = "MESSAGES", value_parser = number(1, u64::MAX))]
    limit: Option<usize>,

    /// Print what would be replayed, and do nothing
    ///
    /// The messages of a queue are received for it and given back in the end. That counts as a
    /// receive, which matters if the queue has a dead-letter queue itself.
    #[arg(long)]
    dry_run: bool,

    /// How many handlers may run at once [default: what the program sets, or else 10]
    #[arg(
        long,
        value_name = "HANDLERS",
        env = "S3_DISPATCH_CONCURRENCY",
        value_parser = number(1, 100_000)
    )]
    concurrency: Option<usize>,

    /// How long handlers may go on after SIGTERM or Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        env = "S3_DISPATCH_DRAIN",
        default_value = "25",
        value_parser = number(0, 43_200)
    )]
    drain: usize,
}

impl Options {
    /// Says what is wrong with the options as a whole.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match (&self.dead_letters, &self.to) {
            (Some(from), Some(to)) if is_same_queue(from, to) => {
                Err("`--to` is the dead-letter queue itself, so the messages would never end")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn files(&self) -> &[String] {
        &self.files
    }

    pub(super) fn dead_letters(&self) -> Option<&str> {
        self.dead_letters.as_deref()
    }

    pub(super) fn to(&self) -> Option<&str> {
        self.to.as_deref()
    }

    pub(super) fn filter(&self) -> Filter {
        Filter::new(self.only.clone())
    }

    pub(super) fn limit(&self) -> Option<u64> {
        self.limit.map(|limit| limit as u64)
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub(super) fn drain(&self) -> Duration {
        duration(self.drain)
    }

    /// Sets what the options say about the handlers.
    pub(super) fn set<R: Router>(&self, dispatcher: Dispatcher<R>) -> Dispatcher<R> {
        match self.concurrency {
            Some(handlers) => dispatcher.with_concurrency(handlers),
            None => dispatcher,
        }
    }
}
