//! The buckets as the store of handlers in the same process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use s3_dispatch::objects::{
    Current, Object, ObjectError, ObjectErrorKind, ObjectStore, Objects, PutBody, PutRequest,
    ReadRequest, WrittenObject, derived_key,
};
use s3_dispatch::{
    BucketName, ETag, FromRef, ObjectKey, Routes, S3EventRecord, State, VersionId, s3_handler,
};
use s3_dispatch_local::{
    BucketSpec, LocalObjects, LocalPipeline, LocalPipelineBuilder, StepKind, Topology,
};
use s3_dispatch_testing::conformance::{ObjectChanges, check_object_store};
use tokio::time::{Instant, timeout};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// A pipeline of buckets alone.
fn buckets(objects: &LocalObjects, names: &[&str]) -> LocalPipelineBuilder {
    let specs = names.iter().map(|name| BucketSpec::new(*name));
    let topology = specs.fold(Topology::new(), Topology::with_bucket);

    LocalPipeline::builder()
        .with_topology(topology)
        .with_objects(objects)
}

/// What clients do to the buckets of a pipeline.
struct Clients {
    pipeline: LocalPipeline,
    free: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl ObjectChanges for Clients {
    async fn new_bucket(&self, is_versioned: bool) -> BucketName {
        let name = self.free.lock().unwrap().pop().unwrap();
        if is_versioned {
            self.pipeline.enable_versioning(name).await.unwrap();
        }

        name.into()
    }

    async fn overwrite(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        content: Bytes,
    ) -> WrittenObject {
        let (bucket, key) = (bucket.as_str(), key.as_str());
        self.pipeline.put(bucket, key, content).await.unwrap();

        let newest = self.pipeline.versions(bucket, key).unwrap().remove(0);
        let e_tag = Some(ETag::from(newest.e_tag.as_str()));
        WrittenObject::new(e_tag, newest.version_id.as_deref().map(VersionId::from))
    }

    async fn delete(&self, bucket: &BucketName, key: &ObjectKey) -> Option<VersionId> {
        let (bucket, key) = (bucket.as_str(), key.as_str());
        self.pipeline.delete(bucket, key).await.unwrap();

        let versions = self.pipeline.versions(bucket, key).unwrap();
        let marker = versions.first().filter(|newest| newest.is_delete_marker)?;
        marker.version_id.as_deref().map(VersionId::from)
    }

    async fn delete_version(&self, bucket: &BucketName, key: &ObjectKey, version: &VersionId) {
        let deleted = self
            .pipeline
            .delete_version(bucket.as_str(), key.as_str(), version.as_str());
        deleted.await.unwrap();
    }
}

async fn check_suite(change: impl FnOnce(LocalPipelineBuilder) -> LocalPipelineBuilder) {
    let objects = LocalObjects::new();
    let free = vec!["one", "two", "three"];
    let started = change(buckets(&objects, &["one", "two", "three"])).start();
    let clients = Clients {
        pipeline: started.await.unwrap(),
        free: Mutex::new(free),
    };

    check_object_store(&objects, &clients).await;
}

#[tokio::test(start_paused = true)]
async fn the_buckets_keep_every_promise_of_a_store() {
    check_suite(|builder| builder).await;
}

#[tokio::test(start_paused = true)]
async fn buckets_whose_objects_are_in_files_keep_them_too() {
    let folder = tempfile::tempdir().unwrap();
    check_suite(|builder| builder.with_data(folder.path()).with_sync(false)).await;
}

/// The state of handlers that read and write.
#[derive(Clone)]
struct App {
    objects: Objects,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FromRef<App> for Objects {
    fn from_ref(app: &App) -> Self {
        app.objects.clone()
    }
}

impl App {
    fn new(objects: &LocalObjects) -> Self {
        Self {
            objects: Objects::new(objects.clone()),
            seen: Arc::default(),
        }
    }

    fn see(&self, what: impl Into<String>) {
        self.seen.lock().unwrap().push(what.into());
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[s3_handler("ObjectCreated:*", prefix = "in/", reads, writes = "out/", state = App)]
async fn shout(
    record: &S3EventRecord,
    object: Object,
    State(app): State<App>,
) -> Result<(), ObjectError> {
    let loud = object.text().await?.to_uppercase();
    let key = derived_key("out/", &record.object.key);
    let written = app.objects.put_once(BUCKET, key, loud);
    written.with_content_type("text/plain").await?;
    Ok(())
}

#[s3_handler("ObjectCreated:*", "ObjectRemoved:*", prefix = "out/", reads, state = App)]
async fn look(key: ObjectKey, current: Current, State(app): State<App>) -> Result<(), ObjectError> {
    let text = match current {
        Current::Present { size, .. } => format!("{key} has {size} bytes"),
        Current::Absent => format!("{key} is gone"),
    };
    app.see(text);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn handlers_read_what_was_put_and_what_they_write_is_an_event() {
    let objects = LocalObjects::new();
    let app = App::new(&objects);
    let routes = Routes::new(app.clone()).on::<shout>().on::<look>();
    let pipeline = LocalPipeline::of(routes).unwrap().with_objects(&objects);
    let pipeline = pipeline.start().await.unwrap();

    for (key, text) in [("in/ä b.txt", "hello"), ("in/c", "bye")] {
        let id = pipeline.put(BUCKET, key, text).await.unwrap();
        pipeline.settle().await;
        assert_eq!(pipeline.report().events[&id].handled, 1);
    }
    pipeline.delete(BUCKET, "out/in/c").await.unwrap();
    pipeline.settle().await;

    assert_eq!(
        app.seen(),
        [
            "out/in/ä b.txt has 5 bytes",
            "out/in/c has 3 bytes",
            "out/in/c is gone"
        ]
    );
    let read = pipeline.get_object(BUCKET, "out/in/ä b.txt").await.unwrap();
    assert_eq!(read, Some("HELLO".into()));
    let kept = pipeline.objects(BUCKET).unwrap().remove(2);
    assert_eq!(kept.content_type.as_deref(), Some("text/plain"));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_overwritten_or_deleted_is_skipped() {
    let objects = LocalObjects::new();
    let app = App::new(&objects);
    let routes = Routes::new(app).on::<shout>();
    let pipeline = LocalPipeline::of(routes).unwrap().with_objects(&objects);
    let pipeline = pipeline.start().await.unwrap();

    pipeline.put(BUCKET, "in/a", "old").await.unwrap();
    pipeline.put(BUCKET, "in/a", "new").await.unwrap();
    pipeline.put(BUCKET, "in/b", "gone").await.unwrap();
    pipeline.delete(BUCKET, "in/b").await.unwrap();
    pipeline.settle().await;

    let written = pipeline.objects(BUCKET).unwrap();
    let keys: Vec<_> = written.iter().map(|object| &*object.key).collect();
    assert_eq!(keys, ["in/a", "out/in/a"]);
    let read = pipeline.get_object(BUCKET, "out/in/a").await.unwrap();
    assert_eq!(read, Some("NEW".into()));
    let report = pipeline.report();
    let failed = report.events.values().filter(|event| event.failed > 0);
    assert_eq!(failed.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_deletes_is_an_event() {
    let objects = LocalObjects::new();
    let app = App::new(&objects);
    let store = objects.clone();
    let routes = Routes::new(app.clone()).on::<look>().on_fn(
        "ObjectRemoved:*",
        move |record: S3EventRecord| {
            let store = store.clone();
            async move {
                let derived = derived_key("out/", &record.object.key);
                store.delete(BUCKET, &derived).await
            }
        },
    );
    let pipeline = LocalPipeline::of(routes).unwrap().with_objects(&objects);
    let pipeline = pipeline.start().await.unwrap();
    pipeline.enable_versioning(BUCKET).await.unwrap();

    for key in ["in/a", "out/in/a"] {
        pipeline.put(BUCKET, key, "text").await.unwrap();
    }
    pipeline.delete(BUCKET, "in/a").await.unwrap();
    pipeline.settle().await;

    assert!(pipeline.objects(BUCKET).unwrap().is_empty());
    assert_eq!(app.seen().last().unwrap(), "out/in/a is gone");
}

#[tokio::test(start_paused = true)]
async fn handlers_that_call_each_other_without_end_are_stopped() {
    let objects = LocalObjects::new();
    let app = App::new(&objects);
    let routes = Routes::new(app.clone()).on_fn(
        "ObjectCreated:*",
        async |key: ObjectKey, State(app): State<App>| {
            app.see(key.as_str());
            let next = format!("{key}+");
            app.objects.put_once(BUCKET, next, "more").await.map(drop)
        },
    );
    let pipeline = LocalPipeline::of(routes).unwrap().with_objects(&objects);
    let pipeline = pipeline.start().await.unwrap();

    pipeline.put(BUCKET, "a", "text").await.unwrap();
    pipeline.settle().await;

    // Lambda stops a loop after 16 rounds.
    assert_eq!(app.seen().len(), 16);
    let steps = pipeline.journal().history();
    let is_stopped = |kind: &StepKind| matches!(kind, StepKind::RecursionStopped { .. });
    assert!(steps.iter().any(|step| is_stopped(&step.kind)));
}

#[tokio::test(start_paused = true)]
async fn a_store_serves_a_pipeline_from_its_start_to_its_end() {
    let objects = LocalObjects::new();
    let request = ReadRequest::new("photos".into(), ObjectKey::verbatim("a"));
    let kind = async || match objects.get(&request).await {
        Ok(_) => None,
        Err(error) => Some(error.kind()),
    };
    assert_eq!(kind().await, Some(ObjectErrorKind::Unavailable));

    let first = buckets(&objects, &["photos"]).start().await.unwrap();
    assert_eq!(kind().await, Some(ObjectErrorKind::Gone));
    first.put("photos", "a", "an image").await.unwrap();
    assert_eq!(kind().await, None);

    let second = buckets(&objects, &["videos"]).start().await.unwrap();
    assert_eq!(kind().await, Some(ObjectErrorKind::NoSuchBucket));

    let deleted = objects.delete("photos", "a").await.unwrap_err();
    assert_eq!(deleted.kind(), ObjectErrorKind::NoSuchBucket);
    objects.delete("videos", "a").await.unwrap();

    drop((first, second));
    let deleted = objects.delete("videos", "a").await.unwrap_err();
    assert_eq!(deleted.kind(), ObjectErrorKind::Unavailable);
    assert_eq!(kind().await, Some(ObjectErrorKind::Unavailable));
    let error = objects.head(&request).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("`with_objects`"), "{source}");
}

#[tokio::test(start_paused = true)]
async fn files_and_streams_are_written_whole_or_not_at_all() {
    let objects = LocalObjects::new();
    let pipeline = buckets(&objects, &["photos"]).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large");
    let large: Vec<u8> = (0..700_000_u32).flat_map(u32::to_be_bytes).collect();
    std::fs::write(&file, &large).unwrap();

    let put = async |key, body: PutBody| {
        let request = PutRequest::new("photos".into(), ObjectKey::verbatim(key), body);
        objects.put(&request).await.map_err(|error| error.kind())
    };

    put("file", PutBody::file(&file)).await.unwrap();
    let read = ReadRequest::new("photos".into(), ObjectKey::verbatim("file"));
    let opened = objects.get(&read).await.unwrap();
    let pieces: Vec<Bytes> = opened.body.try_collect().await.unwrap();
    assert!(pieces.concat() == large);

    let missing = put("missing", PutBody::file(folder.path().join("missing"))).await;
    assert_eq!(missing, Err(ObjectErrorKind::File));
    let short = PutBody::stream(7, || stream::iter([Ok(Bytes::from("short"))]));
    assert_eq!(put("short", short).await, Err(ObjectErrorKind::Unavailable));
    assert_eq!(pipeline.objects("photos").unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_takes_its_latency_around_its_effect() {
    let objects = LocalObjects::new().with_latency(Duration::from_secs(2));
    let pipeline = buckets(&objects, &["photos"]).start().await.unwrap();
    let request = |key| {
        let body = PutBody::from("an image");
        PutRequest::new("photos".into(), ObjectKey::verbatim(key), body)
    };

    for (key, milliseconds, is_written) in [("a", 900, false), ("b", 1_100, true)] {
        let request = request(key);
        let put = objects.put(&request);
        let cut = timeout(Duration::from_millis(milliseconds), put).await;
        assert!(cut.is_err(), "{key} was not cut off");
        let there = pipeline.versions("photos", key).unwrap();
        assert_eq!(!there.is_empty(), is_written, "{key}");
    }

    let start = Instant::now();
    let read = ReadRequest::new("photos".into(), ObjectKey::verbatim("b"));
    objects.put(&request("c")).await.unwrap();
    objects.get(&read).await.unwrap();
    objects.head(&read).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(6));
}
