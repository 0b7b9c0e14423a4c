//! `work`: serves a queue until it is told to end.

mod options;

use s3_dispatch_core::{Error, ErrorKind, Router};

use super::environment::{clients, signals};
use super::{FAILURE, NOT_RUN, SUCCESS};
use crate::telemetry::errors::with_causes;
use crate::telemetry::logs;
use crate::telemetry::logs::escaped::escape;
use crate::worker::served::Served;
use crate::{Dispatcher, SqsQueue};

pub(super) use options::Options;

/// Serves the queue, and returns the exit status.
pub(super) async fn work<R: Router>(dispatcher: Dispatcher<R>, options: Options) -> i32 {
    logs::init_for_lambda();

    let shutdown = match signals::listen("worker") {
        Ok(shutdown) => shutdown,
        Err(error) => {
            eprintln!("error: the program cannot wait for signals: {error}");
            return FAILURE;
        }
    };

    let (client, endpoint) = clients::sqs_and_endpoint(options.queue_url()).await;
    let queue = SqsQueue::new(client, options.queue_url());
    let worker = options.worker(dispatcher.with_log_levels_of_environment(), queue);
    let worker = worker.with_served(Served {
        queue: options.queue_url().to_owned(),
        endpoint_from: endpoint.as_ref().map(|endpoint| endpoint.from),
        endpoint: endpoint.map(|endpoint| endpoint.url),
    });

    match worker.run(shutdown).await {
        Ok(_) => SUCCESS,
        Err(error) => {
            // Not a log, which a setting could hide: nothing else says why the program ends.
            eprintln!("error: {}", escape(&with_causes(&error)));
            status(&error)
        }
    }
}

fn status(error: &Error) -> i32 {
    match error.kind() {
        ErrorKind::NotPrepared => NOT_RUN,
        _ => FAILURE,
    }
}
