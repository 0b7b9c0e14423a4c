//! A worker for an SQS queue, as a careful developer writes it by hand on the AWS SDK.
//!
//! `careful-worker --queue-url URL --in-flight N --receivers N`. It has several receivers, bounds
//! the handlers that run, parses with `serde`, deletes in batches of ten, extends the visibility of
//! what it holds, and ends after SIGTERM when what it holds is done. It knows one envelope and no
//! order, tells no malformed message from a failed one, and has no backoff.

mod held;
mod notification;
mod receiver;
mod remover;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use worker_tally::{Tally, argument, client};

use crate::held::Held;

/// How long a message is hidden by a receive. Half of it later it is extended.
const VISIBILITY: Duration = Duration::from_secs(60);

/// The most messages of one request.
const BATCH: usize = 10;

/// Shared by all tasks of the worker.
struct Worker {
    client: Client,
    queue_url: String,
    /// Messages in memory: those that are handled, and one batch for each receiver.
    slots: Arc<Semaphore>,
    /// Handlers that run.
    handlers: Semaphore,
    held: Held,
    done: mpsc::Sender<u64>,
    wait: Duration,
    tally: Tally,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let queue_url = argument("--queue-url");
    let in_flight: usize = argument("--in-flight").parse()?;
    let receivers: usize = argument("--receivers").parse()?;

    let slots = in_flight + receivers * BATCH;
    let (done, to_remove) = mpsc::channel(slots);
    let worker = Arc::new(Worker {
        client: client(),
        queue_url,
        slots: Arc::new(Semaphore::new(slots)),
        handlers: Semaphore::new(in_flight),
        held: Held::default(),
        done,
        wait: worker_tally::wait(),
        tally: Tally::new(),
    });

    let (stop, stopped) = watch::channel(false);
    let (finish, finished) = oneshot::channel();
    let receivers: Vec<_> = (0..receivers)
        .map(|_| tokio::spawn(receiver::run(Arc::clone(&worker), stopped.clone())))
        .collect();
    let heartbeat = tokio::spawn(held::extend(Arc::clone(&worker)));
    let remover = tokio::spawn(remover::run(Arc::clone(&worker), to_remove, finished));

    signal(SignalKind::terminate())?.recv().await;
    stop.send_replace(true);
    for receiver in receivers {
        receiver.await?;
    }
    // Every handler gives its slot back.
    drop(worker.slots.acquire_many(u32::try_from(slots)?).await?);
    drop(finish);
    remover.await?;
    heartbeat.abort();
    worker.tally.print();

    Ok(())
}
