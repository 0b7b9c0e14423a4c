//! A running pipeline takes over what a topology says about its buckets and its filters.

use std::io;

use s3_dispatch::{EventPattern, ObjectKey, Route, Routes};
use s3_dispatch_local::{
    BucketSpec, ErrorKind, LocalPipeline, LocalPipelineBuilder, StepKind, SubscriptionSpec,
    Topology,
};

fn routes(all: &[(&str, &'static str)]) -> Routes<()> {
    let routes = Routes::new(());
    all.iter().fold(routes, |routes, (event, bucket)| {
        let route = Route::new(EventPattern::parse(event).unwrap()).with_bucket(*bucket);
        routes.on_fn(route, async |_: ObjectKey| Ok::<_, io::Error>(()))
    })
}

/// A pipeline with this topology, whose function handles everything.
fn builder(topology: Topology) -> LocalPipelineBuilder {
    let everything = Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, io::Error>(()));

    LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", everything)
}

async fn handled(pipeline: &LocalPipeline, bucket: &str, key: &str) -> usize {
    let id = pipeline.put(bucket, key, "a body").await.unwrap();
    pipeline.settle().await;

    pipeline.report().events[&id].handled
}

#[tokio::test(start_paused = true)]
async fn new_events_buckets_and_filters_count_from_now_on() {
    let before = Topology::of(&routes(&[("ObjectCreated:Copy", "photos")])).unwrap();
    let pipeline = builder(before).start().await.unwrap();
    assert_eq!(handled(&pipeline, "photos", "1").await, 0);
    assert!(pipeline.put("videos", "1", "a body").await.is_err());

    let after = [
        ("ObjectCreated:*", "photos"),
        ("ObjectCreated:Put", "videos"),
    ];
    let after = Topology::of(&routes(&after)).unwrap();
    pipeline.reconfigure(&after).unwrap();
    assert_eq!(handled(&pipeline, "photos", "2").await, 1);
    assert_eq!(handled(&pipeline, "videos", "1").await, 1);
    assert_eq!(pipeline.objects("photos").unwrap().len(), 2);

    let history = pipeline.journal().history();
    let configured = history.iter().filter_map(|step| match &step.kind {
        StepKind::NotificationsConfigured(spec) => Some(spec.name.as_str()),
        StepKind::FilterPolicyChanged(spec) => Some(spec.queue.as_str()),
        _ => None,
    });
    let mut configured: Vec<_> = configured.collect();
    configured.sort_unstable();
    assert_eq!(configured, ["photos", "processor", "videos"]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_left_out_keeps_its_objects_and_publishes_nothing() {
    let two = [("ObjectCreated:*", "photos"), ("ObjectCreated:*", "videos")];
    let pipeline = builder(Topology::of(&routes(&two)).unwrap());
    let pipeline = pipeline.start().await.unwrap();
    assert_eq!(handled(&pipeline, "videos", "1").await, 1);

    let one = Topology::of(&routes(&two[..1])).unwrap();
    pipeline.reconfigure(&one).unwrap();
    assert_eq!(handled(&pipeline, "videos", "2").await, 0);
    assert_eq!(pipeline.objects("videos").unwrap().len(), 2);
    assert_eq!(handled(&pipeline, "photos", "1").await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_topology_changes_nothing() {
    let topology = Topology::of(&routes(&[("ObjectCreated:*", "photos")])).unwrap();
    let pipeline = builder(topology.clone()).start().await.unwrap();
    pipeline.settle().await;
    let before = pipeline.journal().history().len();
    pipeline.reconfigure(&topology).unwrap();
    pipeline.settle().await;
    assert_eq!(pipeline.journal().history().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_topology_that_does_not_fit_changes_nothing() {
    let good = Topology::of(&routes(&[("ObjectCreated:Copy", "photos")])).unwrap();
    let pipeline = builder(good.clone()).start().await.unwrap();

    let invalid = good.clone().with_bucket(BucketSpec::new("My_Bucket"));
    let dead = SubscriptionSpec::new("object-events", "processor-dead-letters");
    let mut unknown = Topology::of(&routes(&[("ObjectCreated:*", "photos")])).unwrap();
    unknown = unknown.with_subscription(dead);
    for (topology, text) in [
        (invalid, "My_Bucket"),
        (
            unknown,
            "the queue `processor-dead-letters` does not subscribe to the topic `object-events`",
        ),
    ] {
        let error = pipeline.reconfigure(&topology).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(text), "{error}");
    }

    assert_eq!(handled(&pipeline, "photos", "1").await, 0);
}

#[tokio::test]
async fn with_a_folder_it_survives_a_restart_with_the_same_topology() {
    let folder = tempfile::tempdir().unwrap();
    let before = Topology::of(&routes(&[("ObjectCreated:Copy", "photos")])).unwrap();
    let after = [("ObjectCreated:*", "photos"), ("ObjectCreated:*", "videos")];
    let after = Topology::of(&routes(&after)).unwrap();

    let pipeline = builder(before).with_data(folder.path());
    let pipeline = pipeline.start().await.unwrap();
    pipeline.reconfigure(&after).unwrap();
    pipeline.put("videos", "1", "a body").await.unwrap();
    pipeline.settle().await;
    pipeline.stop().await;
    drop(pipeline);

    let pipeline = builder(after).with_data(folder.path());
    let pipeline = pipeline.start().await.unwrap();
    assert_eq!(pipeline.objects("videos").unwrap().len(), 1);
    assert_eq!(pipeline.notification_sources(), []);
    assert_eq!(handled(&pipeline, "videos", "2").await, 1);
}
