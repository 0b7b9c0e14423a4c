//! EventBridge: which event reaches which queue, and in which form.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use s3_dispatch::{ObjectKey, Routes, State};
use s3_dispatch_local::{
    BucketSpec, Fault, Faults, FunctionSpec, Hop, LocalPipeline, MappingSpec, ObjectEvent,
    QueueSpec, RuleSpec, StepKind, Topology,
};
use s3_dispatch_testing::EventBridgeRule;
use serde_json::Value;

const BUCKET: &str = "amzn-s3-demo-bucket";

fn rule(name: &str, pattern: &str, queue: &str) -> RuleSpec {
    RuleSpec::new(name, EventBridgeRule::parse(pattern).unwrap(), queue)
}

/// A bucket that sends its events to EventBridge, and these rules with their queues.
fn topology(rules: impl IntoIterator<Item = RuleSpec>) -> Topology {
    let mut topology = Topology::new().with_bucket(BucketSpec::new(BUCKET).with_eventbridge());

    for rule in rules {
        let mut queues = topology.queues.iter();
        if queues.all(|queue| queue.name != rule.queue) {
            topology = topology.with_queue(QueueSpec::new(&rule.queue));
        }
        topology = topology.with_rule(rule);
    }

    topology
}

async fn start(topology: Topology) -> LocalPipeline {
    let pipeline = LocalPipeline::builder().with_topology(topology);
    pipeline.start().await.unwrap()
}

/// The events in a queue.
fn events(pipeline: &LocalPipeline, queue: &str) -> Vec<Value> {
    let messages = pipeline.queue(queue).unwrap().messages.into_iter();
    messages
        .map(|message| serde_json::from_str(&message.body).unwrap())
        .collect()
}

fn keys(pipeline: &LocalPipeline, queue: &str) -> Vec<String> {
    let key = |event: Value| {
        event["detail"]["object"]["key"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    events(pipeline, queue).into_iter().map(key).collect()
}

const EVERYTHING: &str = r#"{"source": ["aws.s3"]}"#;

#[tokio::test(start_paused = true)]
async fn an_event_arrives_as_s3_sends_it_to_eventbridge() {
    let pipeline = start(topology([rule("all", EVERYTHING, "all")])).await;
    pipeline
        .put(BUCKET, "holiday/my photo.jpg", "hello")
        .await
        .unwrap();
    pipeline
        .delete(BUCKET, "holiday/my photo.jpg")
        .await
        .unwrap();
    pipeline.settle().await;

    let [created, deleted] = &events(&pipeline, "all")[..] else {
        panic!("{:?}", events(&pipeline, "all"));
    };

    assert_eq!(created["detail-type"], "Object Created");
    assert_eq!(created["source"], "aws.s3");
    assert_eq!(created["resources"][0], format!("arn:aws:s3:::{BUCKET}"));
    let detail = &created["detail"];
    assert_eq!(detail["reason"], "PutObject");
    assert_eq!(detail["bucket"]["name"], BUCKET);
    assert_eq!(detail["object"]["key"], "holiday/my photo.jpg");
    assert_eq!(detail["object"]["size"], 5);
    assert_eq!(detail["object"]["sequencer"].as_str().unwrap().len(), 16);

    assert_eq!(deleted["detail-type"], "Object Deleted");
    assert_eq!(deleted["detail"]["deletion-type"], "Permanently Deleted");
    assert_ne!(created["id"], deleted["id"]);
    assert_ne!(
        created["detail"]["request-id"],
        deleted["detail"]["request-id"]
    );
}

#[tokio::test(start_paused = true)]
async fn each_rule_gets_the_events_that_its_pattern_matches() {
    let created = r#"{"detail-type": ["Object Created"]}"#;
    let images = r#"{"detail": {"object": {"key": [{"suffix": ".jpg"}]}}}"#;
    let pipeline = start(topology([
        rule("created", created, "created"),
        rule("images", images, "images"),
        rule("both-created", created, "both"),
        rule("both-images", images, "both"),
    ]))
    .await;

    for key in ["1.jpg", "2.txt"] {
        pipeline.put(BUCKET, key, "").await.unwrap();
    }
    pipeline.delete(BUCKET, "1.jpg").await.unwrap();
    pipeline.settle().await;

    assert_eq!(keys(&pipeline, "created"), ["1.jpg", "2.txt"]);
    assert_eq!(keys(&pipeline, "images"), ["1.jpg", "1.jpg"]);
    // A queue of two rules gets a copy from each.
    let both = keys(&pipeline, "both");
    assert_eq!(both.iter().filter(|key| *key == "1.jpg").count(), 3);
    assert_eq!(both.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_buckets_that_are_switched_on_and_events_with_a_form_arrive() {
    let topology = topology([rule("all", EVERYTHING, "all")]).with_bucket(BucketSpec::new("off"));
    let pipeline = start(topology).await;

    pipeline.put("off", "1.jpg", "").await.unwrap();
    let lost = ObjectEvent::new("ReducedRedundancyLostObject", BUCKET, "2.jpg");
    pipeline.publish(lost).await.unwrap();
    pipeline.settle().await;

    // There is no test notification either.
    assert!(events(&pipeline, "all").is_empty());
    let history = pipeline.journal().history();
    let sent = |step: &StepKind| matches!(step, StepKind::EventSent { .. });
    assert!(!history.iter().any(|step| sent(&step.kind)));
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_the_event_and_the_verdict_of_each_rule() {
    let none = r#"{"detail-type": ["Object Deleted"]}"#;
    let rules = [rule("all", EVERYTHING, "all"), rule("none", none, "all")];
    let pipeline = start(topology(rules)).await;
    let id = pipeline.put(BUCKET, "1.jpg", "").await.unwrap();
    pipeline.settle().await;

    let steps: Vec<_> = pipeline
        .journal()
        .history()
        .iter()
        .filter(|step| step.event == Some(id))
        .map(|step| match &step.kind {
            StepKind::ObjectEvent(_) => String::from("object"),
            StepKind::EventSent { bus } => format!("to the {bus}"),
            StepKind::RuleVerdict {
                rule,
                queue,
                matched,
            } => format!("{rule} for {queue}: {matched}"),
            StepKind::Enqueued { queue, .. } => format!("in {queue}"),
            other => format!("{other:?}"),
        })
        .collect();

    assert_eq!(
        steps,
        [
            "object",
            "to the default event bus",
            "all for all: true",
            "none for all: false",
            "in all"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_gets_the_event_with_its_key() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let routes = Routes::new(Arc::clone(&seen)).on_fn(
        "ObjectCreated:*",
        async |key: ObjectKey, State(seen): State<Arc<Mutex<Vec<String>>>>| {
            seen.lock().unwrap().push(key.to_string());
            Ok::<_, std::io::Error>(())
        },
    );
    let topology = topology([rule("all", EVERYTHING, "uploads")])
        .with_function(FunctionSpec::new("index"))
        .with_mapping(MappingSpec::new("uploads", "index"));
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_router("index", routes)
        .start()
        .await
        .unwrap();

    let id = pipeline.put(BUCKET, "a+b 100%.jpg", "").await.unwrap();
    pipeline.settle().await;
    assert_eq!(*seen.lock().unwrap(), ["a+b 100%.jpg"]);
    assert_eq!(pipeline.report().events[&id].handled, 1);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_on_the_way_to_the_bus_and_to_the_queues() {
    let cases = [(Hop::Publish, 2, 1), (Hop::Deliver, 2, 1)];

    for (hop, copies, ids) in cases {
        let faults = Faults::none().with_rate(hop, Fault::Duplicate, 1.0);
        let pipeline = LocalPipeline::builder()
            .with_topology(topology([rule("all", EVERYTHING, "all")]))
            .with_faults(faults)
            .start()
            .await
            .unwrap();
        pipeline.put(BUCKET, "1.jpg", "").await.unwrap();
        pipeline.settle().await;

        let events = events(&pipeline, "all");
        let distinct: BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!((events.len(), distinct.len()), (copies, ids), "{hop}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_on_its_way_to_the_bus_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = |faults| builder(folder.path()).with_faults(faults).start();

    let late = Faults::none().with_rate(Hop::Publish, Fault::Delay, 1.0);
    let pipeline = start(late).await.unwrap();
    pipeline.put(BUCKET, "1.jpg", "").await.unwrap();
    pipeline.stop().await;
    assert!(events(&pipeline, "all").is_empty());
    drop(pipeline);

    let pipeline = start(Faults::none()).await.unwrap();
    pipeline.settle().await;
    assert_eq!(keys(&pipeline, "all"), ["1.jpg"]);
}

fn builder(folder: &Path) -> s3_dispatch_local::LocalPipelineBuilder {
    LocalPipeline::builder()
        .with_topology(topology([rule("all", EVERYTHING, "all")]))
        .with_data(folder)
}
