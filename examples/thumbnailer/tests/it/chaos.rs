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
use s3_dispatch_local::{Faults, LocalObjects, LocalPipeline, Topology};
use thumbnailer::{App, Delete, make_thumbnail, remove_thumbnail, shrink};

use crate::{BUCKET, photo};

const KEYS: [&str; 3] = ["photos/a.jpg", "photos/my photo.JPEG", "photos/2026/c.jpg"];

/// A store in which each write takes up to eight seconds.
struct Slow(LocalObjects, Mutex<Rng>);

#[async_trait]
impl ObjectStore for Slow {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        self.0.get(request).await
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        self.0.head(request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        let milliseconds = self.1.lock().unwrap().u64(..8_000);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        self.0.put(request).await
    }
}

struct Client(LocalObjects);

#[async_trait]
impl Delete for Client {
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.delete(bucket, key).await?)
    }
}

async fn start(seed: u64) -> LocalPipeline {
    let objects = LocalObjects::new();
    let slow = Slow(objects.clone(), Mutex::new(Rng::with_seed(seed)));
    let app = App::new(Objects::new(slow), Client(objects.clone()));
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
        .with_objects(&objects)
        .with_faults(Faults::chaos(0.1).with_seed(seed))
        .start()
        .await
        .unwrap()
}

/// Puts or deletes a photo.
async fn change(pipeline: &LocalPipeline, rng: &mut Rng) {
    let key = KEYS[rng.usize(..KEYS.len())];
    if rng.u8(..3) > 0 {
        // Few different photos, so that one comes back after it was deleted.
        let photo = photo(100 * rng.u8(..3));
        pipeline.put(BUCKET, key, photo).await.unwrap();
        return;
    }

    pipeline.delete(BUCKET, key).await.unwrap();
}

/// What is in the bucket, by key.
async fn found(pipeline: &LocalPipeline) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for object in pipeline.objects(BUCKET).unwrap() {
        let bytes = pipeline.get_object(BUCKET, &object.key).await.unwrap();
        found.insert(object.key, bytes.unwrap().to_vec());
    }

    found
}

/// What must be in the bucket, by key: each of its photos, and its thumbnail.
fn expected(found: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let photos = KEYS
        .into_iter()
        .filter_map(|key| Some((key, found.get(key)?)));
    photos
        .flat_map(|(key, photo)| {
            let thumbnail = shrink(photo).unwrap();
            [
                (key.to_owned(), photo.clone()),
                (format!("thumbnails/{key}"), thumbnail),
            ]
        })
        .collect()
}

async fn check(is_versioned: bool, seed: u64) {
    let pipeline = start(seed).await;
    if is_versioned {
        pipeline.enable_versioning(BUCKET).await.unwrap();
    }

    let mut rng = Rng::with_seed(seed);
    for _ in 0..15 {
        change(&pipeline, &mut rng).await;
        // Some changes follow each other while the thumbnail of the first is still written.
        let longest = if rng.bool() { 3_000 } else { 20_000 };
        tokio::time::sleep(Duration::from_millis(rng.u64(..longest))).await;
    }
    pipeline.settle().await;

    let found = found(&pipeline).await;
    let expected = expected(&found);
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
        check(false, seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn so_it_does_in_a_bucket_with_versions() {
    for seed in 1..=20 {
        check(true, seed).await;
    }
}
