//! The options of `work`.

use std::net::SocketAddr;

use clap::Args;
use s3_dispatch_core::Router;

use crate::SqsQueue;
use crate::cli::environment::arguments::{duration, number, queue_url};
use crate::{Dispatcher, Worker};

/// What the program does not set itself. A flag wins over its environment variable.
#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// The URL of the queue
    #[arg(
        long,
        value_name = "URL",
        env = "S3_DISPATCH_QUEUE_URL",
        value_parser = queue_url
    )]
    queue_url: String,

    /// How many handlers may run at once [default: what the program sets, or else
    /// --in-flight, or else 10]
    #[arg(
        long,
        value_name = "HANDLERS",
        env = "S3_DISPATCH_CONCURRENCY",
        value_parser = number(1, 100_000)
    )]
    concurrency: Option<usize>,

    /// How many messages may be held at once, whether they wait or are handled
    #[arg(
        long,
        value_name = "MESSAGES",
        env = "S3_DISPATCH_IN_FLIGHT",
        value_parser = number(1, 100_000)
    )]
    in_flight: Option<usize>,

    /// How many receives may be made at once
    #[arg(
        long,
        value_name = "RECEIVES",
        env = "S3_DISPATCH_RECEIVERS",
        value_parser = number(1, 8)
    )]
    receivers: Option<usize>,

    /// How long a message stays hidden from others; it is extended while it is held
    #[arg(
        long,
        value_name = "SECONDS",
        env = "S3_DISPATCH_VISIBILITY",
        value_parser = number(2, 43_200)
    )]
    visibility: Option<usize>,

    /// How long handlers may go on after SIGTERM or Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        env = "S3_DISPATCH_DRAIN",
        value_parser = number(0, 43_200)
    )]
    drain: Option<usize>,

    /// An address for /livez, /readyz and /metrics over HTTP, such as 0.0.0.0:8080
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "S3_DISPATCH_HEALTH",
        value_parser = address
    )]
    health: Option<SocketAddr>,
}

impl Options {
    pub(super) fn queue_url(&self) -> &str {
        &self.queue_url
    }

    /// Makes a worker with these settings. What is not set here stays as it is.
    pub(super) fn worker<R: Router>(
        &self,
        mut dispatcher: Dispatcher<R>,
        queue: SqsQueue,
    ) -> Worker<R, SqsQueue> {
        if let Some(handlers) = self.concurrency {
            dispatcher = dispatcher.with_concurrency(handlers);
        }

        let mut worker = Worker::new(dispatcher, queue);
        if let Some(messages) = self.in_flight {
            worker = worker.with_in_flight(messages);
        }
        if let Some(receivers) = self.receivers {
            worker = worker.with_receivers(receivers);
        }
        if let Some(seconds) = self.visibility {
            worker = worker.with_visibility(duration(seconds));
        }
        if let Some(seconds) = self.drain {
            worker = worker.with_drain(duration(seconds));
        }
        if let Some(address) = self.health {
            worker = worker.with_health(address);
        }

        worker
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse();
    address.map_err(|_| "not an IP address with a port, such as 0.0.0.0:8080")
}
