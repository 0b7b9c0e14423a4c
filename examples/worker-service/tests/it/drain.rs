//! A worker in this process that is told to stop, on a paused clock.

use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::objects::{
    ObjectError, ObjectHead, ObjectStore, OpenedObject, PutRequest, ReadRequest, WrittenObject,
};
use s3_dispatch::{Dispatcher, Objects, Routes, Worker};
use s3_dispatch_local::{LocalPipeline, Message, QueueSpec, Topology, Visibility};
use s3_dispatch_testing::{MemoryObjects, NotificationBuilder};
use worker_service::write_checksum;

use crate::BUCKET;

const UPLOADS: usize = 30;

/// A store in which each write takes ten seconds.
struct Slow(MemoryObjects);

#[async_trait]
impl ObjectStore for Slow {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        ObjectStore::get(&self.0, request).await
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        ObjectStore::head(&self.0, request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        tokio::time::sleep(Duration::from_secs(10)).await;
        ObjectStore::put(&self.0, request).await
    }
}

/// A pipeline whose queue has the events of all uploads.
async fn start(memory: &MemoryObjects) -> LocalPipeline {
    let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    let pipeline = LocalPipeline::builder().with_topology(topology).start();
    let pipeline = pipeline.await.unwrap();

    for number in 0..UPLOADS {
        let record = memory.put(BUCKET, &format!("uploads/{number}.txt"), "abc");
        let body = NotificationBuilder::new().with_record(record).to_json();
        let message = Message::new(number.to_string(), body);
        pipeline.send("uploads", message).await.unwrap();
    }
    pipeline
}

/// Stops a worker with four handlers after 15 seconds: four uploads are done, and four are half
/// done. Returns how many are done in the end, and how many messages are left.
async fn check(drain: Duration) -> (usize, usize) {
    let memory = MemoryObjects::new();
    let pipeline = start(&memory).await;
    let routes = Routes::new(Objects::new(Slow(memory.clone()))).on::<write_checksum>();
    let dispatcher = Dispatcher::new(routes).with_concurrency(4);
    let worker = Worker::new(dispatcher, pipeline.open_queue("uploads").unwrap()).with_drain(drain);

    let told_to_stop = tokio::time::sleep(Duration::from_secs(15));
    let report = worker.run(told_to_stop).await.unwrap();
    let queue = pipeline.queue("uploads").unwrap();
    let given_back = queue.count(Visibility::Visible);
    assert_eq!(queue.messages.len(), given_back);
    assert_eq!(report.deleted() as usize + given_back, UPLOADS);

    let keys = memory.keys(BUCKET);
    let done = keys.iter().filter(|key| key.starts_with("checksums/"));
    (done.count(), given_back)
}

#[tokio::test(start_paused = true)]
async fn what_runs_ends_and_what_waits_is_given_back() {
    assert_eq!(check(Duration::from_secs(25)).await, (8, UPLOADS - 8));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_within_the_drain_time_is_given_back_too() {
    assert_eq!(check(Duration::from_secs(1)).await, (4, UPLOADS - 4));
}
