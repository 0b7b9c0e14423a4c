//! A worker for an SQS queue, as s3-dispatch makes it of a handler.
//!
//! `ours-worker --queue-url URL --in-flight N --receivers N`. Its bounds and its client are those
//! of `careful-worker`: N handlers run, and the messages of one receive for each receiver wait.
//! A `Worker` also counts the messages that are being deleted, so it gets places for these too.

use std::convert::Infallible;
use std::time::Duration;

use s3_dispatch::{Dispatcher, ObjectKey, Routes, SqsQueue, State, Worker, s3_handler};
use tokio::signal::unix::{SignalKind, signal};
use worker_tally::{Tally, argument, client};

/// The most messages of one request.
const BATCH: usize = 10;

/// The most deletions that a `Worker` makes at once.
const DELETIONS: usize = 8;

static TALLY: Tally = Tally::new();

#[s3_handler("ObjectCreated:*")]
async fn tally(key: ObjectKey, State(wait): State<Duration>) -> Result<(), Infallible> {
    TALLY.add(key.as_str());
    TALLY.wait(wait).await;

    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let in_flight: usize = argument("--in-flight").parse()?;
    let receivers: usize = argument("--receivers").parse()?;

    let routes = Routes::new(worker_tally::wait()).on::<tally>();
    let dispatcher = Dispatcher::new(routes).with_concurrency(in_flight);
    let queue = SqsQueue::new(client(), argument("--queue-url"));
    let mut terminated = signal(SignalKind::terminate())?;

    let report = Worker::new(dispatcher, queue)
        .with_in_flight(in_flight + (receivers + DELETIONS) * BATCH)
        .with_receivers(receivers)
        .with_visibility(Duration::from_secs(60))
        .run(async {
            terminated.recv().await;
        })
        .await?;
    TALLY.print();
    eprintln!("{report:?}");

    Ok(())
}
