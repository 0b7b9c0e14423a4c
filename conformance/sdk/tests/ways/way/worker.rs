//! A worker over the queue of the local pipeline.

use std::time::Duration;

use s3_dispatch::{Dispatcher, Worker};
use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
use tokio::time::sleep;

use super::Way;
use crate::case::{Case, Fate};
use crate::handlers::router;
use crate::place::Place;
use crate::process::{HOUR, queued};
use crate::sink::Sink;

pub(super) struct WorkerOnQueue;

impl Way for WorkerOnQueue {
    fn name(&self) -> &'static str {
        "worker"
    }

    fn generated(&self) -> u32 {
        300
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        super::on_a_paused_clock(async {
            let name = match case.is_fifo() {
                true => "uploads.fifo",
                false => "uploads",
            };
            let topology = Topology::new().with_queue(QueueSpec::new(name));
            let builder = LocalPipeline::builder().with_topology(topology);
            let pipeline = builder.start().await.unwrap();
            for (index, message) in case.messages.iter().enumerate() {
                pipeline.send(name, queued(index, message)).await.unwrap();
            }

            let sink = Sink::default();
            let dispatcher = Dispatcher::new(router(case, place.notes()).await)
                .with_concurrency(case.concurrency())
                .with_dead_letters(sink.clone());
            // What failed comes again only after this test.
            let worker = Worker::new(dispatcher, pipeline.open_queue(name).unwrap())
                .with_visibility(HOUR)
                .with_drain(Duration::ZERO);
            let stop = sleep(Duration::from_secs(60));
            let report = worker.run(stop).await.unwrap();
            assert_eq!(report.lost(), 0);

            let left = pipeline.queue(name).unwrap().messages;
            case.fates(|index, _| {
                let id = index.to_string();
                match left.iter().any(|message| *message.message_id == *id) {
                    true => Fate::ComesAgain,
                    false => sink.fate(index),
                }
            })
        })
    }
}
