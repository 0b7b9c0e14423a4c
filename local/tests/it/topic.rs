//! Topics: which subscription gets which message, and in which form.

use std::sync::{Arc, Mutex};

use s3_dispatch::{ObjectKey, Routes, State};
use s3_dispatch_local::{
    BucketSpec, Destination, FunctionSpec, LocalPipeline, MappingSpec, NotificationSpec, QueueSpec,
    SubscriptionSpec, Topology,
};
use s3_dispatch_testing::SnsFilterPolicy;
use serde_json::Value;

const BUCKET: &str = "amzn-s3-demo-bucket";

fn topology(subscriptions: impl IntoIterator<Item = SubscriptionSpec>) -> Topology {
    let events = ["ObjectCreated:*", "ObjectRemoved:*"].map(|name| name.parse().unwrap());
    let notification = NotificationSpec::new(events, Destination::Topic("topic".into()));
    let bucket = BucketSpec::new(BUCKET).with_notification(notification);
    let topology = Topology::new()
        .with_bucket(bucket)
        .with_topic("topic")
        .with_topic("other");

    subscriptions
        .into_iter()
        .fold(topology, |topology, subscription| {
            topology
                .with_queue(QueueSpec::new(&subscription.queue))
                .with_subscription(subscription)
        })
}

fn subscription(queue: &str, policy: &str) -> SubscriptionSpec {
    SubscriptionSpec::new("topic", queue)
        .with_filter_policy(SnsFilterPolicy::parse(policy).unwrap())
}

/// The keys in a queue, as they were sent.
fn keys(pipeline: &LocalPipeline, queue: &str) -> Vec<String> {
    let messages = pipeline.queue(queue).unwrap().messages.into_iter();
    let bodies = messages.map(|message| serde_json::from_str::<Value>(&message.body).unwrap());

    let keys = bodies.filter_map(|body| {
        Some(
            body.pointer("/Records/0/s3/object/key")?
                .as_str()?
                .to_owned(),
        )
    });

    keys.collect()
}

#[tokio::test(start_paused = true)]
async fn each_subscription_gets_the_messages_that_its_policy_matches() {
    let subscriptions = [
        SubscriptionSpec::new("topic", "all"),
        SubscriptionSpec::new("other", "none"),
        subscription(
            "created",
            r#"{"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}"#,
        ),
        subscription(
            "jpg",
            r#"{"Records": {"s3": {"object": {"key": [{"suffix": ".jpg"}]}}}}"#,
        ),
        subscription(
            "large",
            r#"{"Records": {"s3": {"object": {"size": [{"exists": false}, 1024]}}}}"#,
        ),
        subscription(
            "either",
            concat!(
                r#"{"$or": [{"Records": {"eventName": ["ObjectRemoved:Delete"]}}, "#,
                r#"{"Records": {"s3": {"object": {"size": [3]}}}}]}"#,
            ),
        ),
    ];

    let pipeline = LocalPipeline::builder()
        .with_topology(topology(subscriptions))
        .start()
        .await
        .unwrap();

    pipeline.put(BUCKET, "a.jpg", "abc").await.unwrap();
    pipeline
        .put(BUCKET, "b.png", "x".repeat(1024))
        .await
        .unwrap();
    pipeline.delete(BUCKET, "a.jpg").await.unwrap();
    pipeline.settle().await;

    let expected: [(&str, &[&str]); 6] = [
        ("all", &["a.jpg", "b.png", "a.jpg"]),
        ("none", &[]),
        ("created", &["a.jpg", "b.png"]),
        ("jpg", &["a.jpg", "a.jpg"]),
        ("large", &["b.png", "a.jpg"]),
        ("either", &["a.jpg", "a.jpg"]),
    ];

    for (queue, expected) in expected {
        assert_eq!(keys(&pipeline, queue), expected, "{queue}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_envelope_names_its_topic_and_message() {
    let enveloped = ["first", "second"]
        .map(|queue| SubscriptionSpec::new("topic", queue).with_raw_delivery(false));
    let raw = [SubscriptionSpec::new("topic", "raw")];
    let subscriptions = enveloped.into_iter().chain(raw);

    let pipeline = LocalPipeline::builder()
        .with_topology(topology(subscriptions))
        .start()
        .await
        .unwrap();

    pipeline.put(BUCKET, "a b", "body").await.unwrap();
    pipeline.settle().await;
    let body = |queue: &str| pipeline.queue(queue).unwrap().messages[1].body.to_string();
    let envelope: Value = serde_json::from_str(&body("first")).unwrap();
    assert_eq!(envelope["Message"], body("raw"));
    assert_eq!(
        envelope["TopicArn"],
        "arn:aws:sns:us-east-1:123456789012:topic"
    );
    assert_eq!(envelope["MessageId"].as_str().unwrap().len(), 36);
    assert_eq!(body("first"), body("second"));
    assert_ne!(envelope["Timestamp"], "1970-01-01T00:00:00.000Z");

    // Each queue gets its own message id.
    let id = |queue: &str| {
        pipeline.queue(queue).unwrap().messages[1]
            .message_id
            .clone()
    };

    assert!(
        id("first") != id("second") && *id("first") != *envelope["MessageId"].as_str().unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_reads_through_the_envelope() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let remember = async |key: ObjectKey, State(seen): State<Arc<Mutex<Vec<String>>>>| {
        seen.lock().unwrap().push(key.as_str().to_owned());
        Ok::<_, std::io::Error>(())
    };
    let topology = topology([SubscriptionSpec::new("topic", "queue").with_raw_delivery(false)])
        .with_function(FunctionSpec::new("function"))
        .with_mapping(MappingSpec::new("queue", "function"));
    let builder = LocalPipeline::builder().with_topology(topology);
    let builder = builder.with_router(
        "function",
        Routes::new(Arc::clone(&seen)).on_fn("*", remember),
    );
    let pipeline = builder.start().await.unwrap();
    pipeline
        .put(BUCKET, "über alles/a+b", "body")
        .await
        .unwrap();
    pipeline.settle().await;
    assert_eq!(*seen.lock().unwrap(), ["über alles/a+b"]);
}
