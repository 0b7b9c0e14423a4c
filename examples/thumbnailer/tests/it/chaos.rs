//! Photos that come and go, on a pipeline that repeats, delays and loses what it can.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use s3_dispatch::objects::{
    ObjectError, ObjectHead, ObjectStore, OpenedObject, PutRequest, ReadRequest, WrittenObject,
};
use s3_dispatch::{Exclusive, MemoryStore, Objects, Routes};
use s3_dispatch_local::{Faults, LocalPipeline, ObjectEvent, Topology};
use s3_dispatch_testing::{MemoryObjects, RecordBuilder};
use thumbnailer::{App, Delete, make_thumbnail, remove_thumbnail, shrink};

use crate::{BUCKET, photo};

const KEYS: [&str; 3] = ["photos/a.jpg", "photos/my photo.JPEG", "photos/2026/c.jpg"];

/// A store in which each write takes up to eight seconds.
struct Slow(MemoryObjects, Mutex<Rng>);

#[async_trait]
impl ObjectStore for Slow {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        ObjectStore::get(&self.0, request).await
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        ObjectStore::head(&self.0, request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        let milliseconds = self.1.lock().unwrap().u64(..8_000);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        ObjectStore::put(&self.0, request).await
    }
}

struct Memory(MemoryObjects);

#[async_trait]
impl Delete for Memory {
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.delete(bucket, key);
        Ok(())
    }
}

async fn start(memory: &MemoryObjects, seed: u64) -> LocalPipeline {
    let slow = Slow(memory.clone(), Mutex::new(Rng::with_seed(seed)));
    let app = App::new(Objects::new(slow), Memory(memory.clone()));
    let routes = Routes::new(app)
        .on::<make_thumbnail>()
        .on::<remove_thumbnail>();
    let router = Exclusive::new(routes, MemoryStore::new());

    // Each event must be handled in the end, however often the faults strike.
    let mut topology = Topology::of(&router).unwrap();
    topology.queues[0].redrive = None;
    topology.mappings[0].batch_size = 3;

    LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", router)
        .with_faults(Faults::chaos(0.1).with_seed(seed))
        .start()
        .await
        .unwrap()
}

/// Puts or deletes a photo, and returns the event. `None` if there is nothing to delete.
fn change(memory: &MemoryObjects, rng: &mut Rng) -> Option<RecordBuilder> {
    let key = KEYS[rng.usize(..KEYS.len())];
    if rng.u8(..3) > 0 {
        // Few different photos, so that one comes back after it was deleted.
        return Some(memory.put(BUCKET, key, photo(100 * rng.u8(..3))));
    }

    memory.get(BUCKET, key).map(|_| memory.delete(BUCKET, key))
}

fn event(record: &RecordBuilder) -> ObjectEvent {
    let record = record.build();
    let mut event = ObjectEvent::new(record.event_name, BUCKET, record.object.key.as_str());
    event.size = record.object.size;
    event.e_tag = record.object.e_tag.map(|tag| tag.to_string());
    event.version_id = record.object.version_id.map(|id| id.to_string());
    event.sequencer = record
        .object
        .sequencer
        .map(|sequencer| sequencer.to_string());
    event
}

/// What must be in the bucket, by key: each photo, and its thumbnail.
fn expected(memory: &MemoryObjects) -> BTreeMap<String, Vec<u8>> {
    let photos = KEYS
        .into_iter()
        .filter_map(|key| Some((key, memory.get(BUCKET, key)?.to_vec())));
    photos
        .flat_map(|(key, photo)| {
            let thumbnail = shrink(&photo).unwrap();
            [
                (key.to_owned(), photo),
                (format!("thumbnails/{key}"), thumbnail),
            ]
        })
        .collect()
}

async fn check(memory: MemoryObjects, seed: u64) {
    let pipeline = start(&memory, seed).await;
    let mut rng = Rng::with_seed(seed);

    for _ in 0..15 {
        if let Some(record) = change(&memory, &mut rng) {
            pipeline.publish(event(&record)).await.unwrap();
        }
        // Some changes follow each other while the thumbnail of the first is still written.
        let longest = if rng.bool() { 3_000 } else { 20_000 };
        tokio::time::sleep(Duration::from_millis(rng.u64(..longest))).await;
    }
    pipeline.settle().await;

    let found = memory.keys(BUCKET).into_iter().map(|key| {
        let bytes = memory.get(BUCKET, &key).unwrap().to_vec();
        (key, bytes)
    });
    let found: BTreeMap<_, _> = found.collect();
    let expected = expected(&memory);
    assert_eq!(
        Vec::from_iter(found.keys()),
        Vec::from_iter(expected.keys()),
        "seed {seed}"
    );
    assert!(
        found == expected,
        "seed {seed}: a thumbnail is of another photo"
    );
}

#[tokio::test(start_paused = true)]
async fn each_photo_ends_with_its_thumbnail_and_no_other() {
    for seed in 1..=20 {
        check(MemoryObjects::new(), seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn so_it_does_in_a_bucket_with_versions() {
    for seed in 1..=20 {
        check(MemoryObjects::new().with_versioned_bucket(BUCKET), seed).await;
    }
}
