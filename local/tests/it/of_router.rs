//! The pipeline of a program, made from its router.

use std::io;

use s3_dispatch::{Dispatcher, EventPattern, HandlerError, ObjectKey, Route, Routes};
use s3_dispatch_local::{ErrorKind, Fault, Faults, Hop, LocalPipeline, Topology};

const BUCKET: &str = "amzn-s3-demo-bucket";

fn pattern(text: &str) -> Route {
    Route::new(EventPattern::parse(text).unwrap())
}

fn routes(all: impl IntoIterator<Item = Route>) -> Routes<()> {
    let routes = Routes::new(());
    all.into_iter().fold(routes, |routes, route| {
        routes.on_fn(route, async |_: ObjectKey| Ok::<_, io::Error>(()))
    })
}

/// Puts an object with each key, and returns how often each was handled, and how many messages
/// reached the queue.
async fn handled(routes: Routes<()>, bucket: &str, keys: &[&str]) -> (Vec<usize>, usize) {
    let pipeline = LocalPipeline::of(routes).unwrap().start().await.unwrap();
    let mut ids = Vec::new();
    for key in keys {
        ids.push(pipeline.put(bucket, key, "a body").await.unwrap());
    }
    pipeline.settle().await;

    let report = pipeline.report();
    let handled = ids.iter().map(|id| report.events[id].handled);
    let messages = ids.iter().map(|id| report.events[id].messages);

    (handled.collect(), messages.sum())
}

#[tokio::test(start_paused = true)]
async fn the_router_gets_what_its_routes_take_and_the_queue_nothing_else() {
    let photos = || pattern("ObjectCreated:*").with_prefix("my photos/");
    let keys = ["my photos/ü+1.jpg", "others/1.jpg"];
    assert_eq!(
        handled(routes([photos()]), BUCKET, &keys).await,
        (vec![1, 0], 1)
    );

    let either = pattern("ObjectCreated:Put").with_suffixes([".jpg", ".jpeg"]);
    let keys = ["1.jpg", "1.jpeg", "1.png"];
    assert_eq!(
        handled(routes([either]), BUCKET, &keys).await,
        (vec![1, 1, 0], 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_filter_may_be_wider_than_a_pattern_of_keys_but_never_narrower() {
    let route = pattern("ObjectCreated:*").with_key("tenants/{tenant}/{photo}.jpg");
    let keys = ["tenants/7/a b.jpg", "tenants/7/8/a.jpg", "tenants/7/a.png"];
    let (handled, messages) = handled(routes([route]), BUCKET, &keys).await;
    assert_eq!(handled[0], 1);
    assert!(
        messages < keys.len(),
        "a suffix that no route takes reaches the queue"
    );
}

#[tokio::test(start_paused = true)]
async fn routes_for_everything_need_no_filter_policy() {
    let all = || routes([pattern("*")]);
    let topology = Topology::of(&all()).unwrap();
    assert!(topology.subscriptions[0].filter_policy.is_none());
    assert_eq!(handled(all(), BUCKET, &["1.jpg"]).await.0, [1]);
}

#[tokio::test(start_paused = true)]
async fn each_bucket_that_a_route_names_is_there() {
    let two = || {
        let route = |bucket: &'static str| pattern("ObjectCreated:*").with_bucket(bucket);
        routes([route("photos"), route("videos"), pattern("ObjectRemoved:*")])
    };
    let topology = Topology::of(&two()).unwrap();
    let buckets: Vec<_> = topology
        .buckets
        .iter()
        .map(|bucket| &*bucket.name)
        .collect();
    assert_eq!(buckets, ["photos", "videos"]);
    assert_eq!(handled(two(), "photos", &["1"]).await, (vec![1], 1));
    assert_eq!(handled(two(), "videos", &["1"]).await, (vec![1], 1));
}

#[tokio::test(start_paused = true)]
async fn what_fails_five_times_is_a_dead_letter() {
    let routes = Routes::new(()).on_fn("*", async |_: ObjectKey| {
        Err::<(), _>(HandlerError::retry(io::Error::other("it never works")))
    });
    let pipeline = LocalPipeline::of(routes).unwrap().start().await.unwrap();
    let id = pipeline.put(BUCKET, "1.jpg", "a body").await.unwrap();
    pipeline.settle().await;

    assert_eq!(pipeline.report().events[&id].failed, 5);
    let dead = pipeline.queue("processor-dead-letters").unwrap();
    assert_eq!(dead.messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_builder_and_the_topology_can_be_changed_further() {
    let put = || routes([pattern("ObjectCreated:Put")]);
    let twice = Faults::none().with_rate(Hop::Deliver, Fault::Duplicate, 1.0);
    let builder = LocalPipeline::of(Dispatcher::new(put()).with_concurrency(1)).unwrap();
    let pipeline = builder.with_faults(twice).start().await.unwrap();
    let id = pipeline.put(BUCKET, "1.jpg", "a body").await.unwrap();
    pipeline.settle().await;
    assert_eq!(pipeline.report().events[&id].handled, 2);

    let mut topology = Topology::of(&put()).unwrap();
    topology.queues[0].redrive = None;
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder
        .with_router("processor", put())
        .start()
        .await
        .unwrap();
    assert_eq!(pipeline.topology().queues[0].redrive, None);
}

#[test]
fn routes_without_a_topology_are_refused_with_the_reason() {
    let error = Topology::of(&Routes::new(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "the topology cannot be made from the routes"
    );
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("no routes"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_no_version_knows_is_refused_when_the_pipeline_starts() {
    let started = LocalPipeline::of(routes([pattern("ObjectCreate:Put")]));
    let error = started.unwrap().start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let text = "unknown event `s3:ObjectCreate:Put`; did you mean `s3:ObjectCreated:Put`?";
    assert_eq!(error.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn buckets_that_handlers_write_to_are_there_and_publish_nothing() {
    let route = pattern("ObjectCreated:*")
        .with_bucket("photos")
        .writes("s3://results/a/")
        .writes("s3://results/b/")
        .deletes("s3://photos/old/");
    let topology = Topology::of(&routes([route])).unwrap();

    let buckets = topology.buckets.iter();
    let published: Vec<_> = buckets
        .map(|bucket| (bucket.name.as_str(), bucket.notifications.len()))
        .collect();
    assert_eq!(published, [("photos", 1), ("results", 0)]);
}
