//! From an object to its handler, on a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::{BatchReport, Dispatcher, HandlerError, ObjectKey, Routes, S3EventRecord, State};
use s3_dispatch_local::{
    BucketSpec, Destination, ErrorKind, Fate, LocalPipeline, LocalPipelineBuilder, Message,
    ObjectEvent, QueueSpec, StepKind, SubscriptionSpec, Topology, Visibility,
};
use s3_dispatch_testing::SnsFilterPolicy;

const BUCKET: &str = "amzn-s3-demo-bucket";

type Seen = Arc<Mutex<Vec<String>>>;

/// Remembers what it handles. Keys that start with `poison` fail, and keys that start with `twice`
/// fail once.
fn routes(seen: &Seen) -> Routes<Seen> {
    Routes::new(Arc::clone(seen)).on_fn(
        "*",
        async |record: S3EventRecord, State(seen): State<Seen>| {
            let key = record.object.key.as_str();
            if key.starts_with("poison") {
                return Err(HandlerError::permanent(std::io::Error::other("poison")));
            }

            let entry = format!("{} {key}", record.event_name);
            let mut seen = seen.lock().unwrap();
            let is_first = !seen.contains(&entry);
            seen.push(entry);

            if key.starts_with("twice") && is_first {
                return Err(HandlerError::retry(std::io::Error::other("the first time")));
            }

            Ok(())
        },
    )
}

fn example(puts: &Seen, copies: &Seen) -> LocalPipelineBuilder {
    let builder = LocalPipeline::builder().with_router("put-processor", routes(puts));
    builder.with_router("copy-processor", routes(copies))
}

fn seen(seen: &Seen) -> Vec<String> {
    seen.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn each_event_reaches_the_function_whose_filter_policy_matches() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    let put = pipeline
        .put(BUCKET, "holiday/my photo.jpg", "body")
        .await
        .unwrap();
    let copy = pipeline
        .copy((BUCKET, "holiday/my photo.jpg"), (BUCKET, "ÜñΩ+%/x y"))
        .await
        .unwrap();
    let delete = pipeline.delete(BUCKET, "ÜñΩ+%/x y").await.unwrap().unwrap();
    pipeline.settle().await;
    assert_eq!(seen(&puts), ["ObjectCreated:Put holiday/my photo.jpg"]);
    assert_eq!(seen(&copies), ["ObjectCreated:Copy ÜñΩ+%/x y"]);
    let report = pipeline.report();
    assert_eq!(
        (report.events[&put].handled, report.events[&copy].handled),
        (1, 1)
    );
    // The bucket publishes only `ObjectCreated` events.
    assert_eq!(
        (report.events[&delete].messages, report.handled.len()),
        (0, 2)
    );

    assert_eq!(
        report
            .of_key(BUCKET, "holiday/my photo.jpg")
            .map(|(id, _)| id)
            .collect::<Vec<_>>(),
        [put]
    );

    assert_eq!(pipeline.delete(BUCKET, "absent").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_is_retried_and_a_poison_message_ends_in_the_dead_letter_queue() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    let poison = pipeline.put(BUCKET, "poison", "body").await.unwrap();
    let twice = pipeline.put(BUCKET, "twice", "body").await.unwrap();
    let good = pipeline.put(BUCKET, "good", "body").await.unwrap();
    pipeline.settle().await;
    let report = pipeline.report();
    let of = |id| (report.events[&id].handled, report.events[&id].failed);
    assert_eq!((of(poison), of(twice), of(good)), ((0, 5), (1, 1), (1, 0)));
    assert_eq!(
        report.events[&poison].dead_letter_queues,
        ["put-processor-dead-letters".into()]
    );
    let dead = pipeline.queue("put-processor-dead-letters").unwrap();
    assert_eq!(dead.messages.len(), 1);
    assert_eq!(
        (dead.messages[0].event, dead.messages[0].receive_count),
        (Some(poison), 5)
    );
    assert_eq!(dead.count(Visibility::Visible), 1);
    assert!(pipeline.queue("put-processor").unwrap().messages.is_empty());
    // Five receives, each after a visibility timeout of six times 30 seconds.
    assert!(pipeline.journal().history().last().unwrap().elapsed >= Duration::from_secs(5 * 180));
}

/// S3 sends one when notifications are configured. Policies on `Records` do not match it.
#[tokio::test(start_paused = true)]
async fn a_test_notification_passes_only_subscriptions_without_a_filter_policy() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let topology = Topology::example()
        .with_queue(QueueSpec::new("everything"))
        .with_subscription(
            SubscriptionSpec::new("object-events", "everything").with_raw_delivery(false),
        );

    let pipeline = example(&puts, &copies)
        .with_topology(topology)
        .start()
        .await
        .unwrap();

    pipeline.settle().await;
    let history = pipeline.journal().history();
    let verdicts = history.iter().filter_map(|step| match &step.kind {
        StepKind::FilterVerdict { queue, passed, .. } => Some((&**queue, *passed)),
        _ => None,
    });

    let expected = [
        ("put-processor", false),
        ("copy-processor", false),
        ("everything", true),
    ];

    assert_eq!(verdicts.collect::<Vec<_>>(), expected);
    let queue = pipeline.queue("everything").unwrap();

    assert!(
        queue.messages[0]
            .body
            .starts_with("{\n  \"Type\" : \"Notification\"")
    );

    assert!(queue.messages[0].body.contains("s3:TestEvent"));
}

#[tokio::test(start_paused = true)]
async fn a_notification_has_the_form_that_s3_sends() {
    let notification = s3_dispatch_local::NotificationSpec::new(
        ["ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*"].map(|name| name.parse().unwrap()),
        Destination::Queue("raw".into()),
    );
    let notification = notification
        .with_id("all")
        .with_prefix("in/")
        .with_suffix(".jpg");
    let topology = Topology::new()
        .with_bucket(BucketSpec::new("holiday").with_notification(notification))
        .with_queue(QueueSpec::new("raw"));

    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .start()
        .await
        .unwrap();

    for (event, key) in [
        ("ObjectCreated:Put", "in/a b+c.jpg"),
        ("ObjectRemoved:Delete", "in/ä.jpg"),
    ] {
        let size = (event == "ObjectCreated:Put").then_some(7);
        let mut event = ObjectEvent::new(event, "holiday", key);
        event.size = size;
        event.e_tag = size.map(|_| String::from("d41d8cd98f00b204e9800998ecf8427e"));
        pipeline.publish(event).await.unwrap();
    }

    pipeline
        .publish(ObjectEvent::new("ObjectTagging:Put", "holiday", "in/x.jpg").with_e_tag("e"))
        .await
        .unwrap();
    for unmatched in ["out/x.jpg", "in/x.png"] {
        pipeline
            .publish(ObjectEvent::new("ObjectCreated:Put", "holiday", unmatched))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let queue = pipeline.queue("raw").unwrap();

    let records: Vec<serde_json::Value> = queue.messages[1..]
        .iter()
        .map(|message| {
            serde_json::from_str::<serde_json::Value>(&message.body).unwrap()["Records"][0].take()
        })
        .collect();

    assert_eq!(records.len(), 3);
    let object = |index: usize, field: &str| records[index]["s3"]["object"].get(field).cloned();
    assert_eq!(object(0, "key").unwrap(), "in/a+b%2Bc.jpg");
    assert_eq!(object(1, "key").unwrap(), "in/%C3%A4.jpg");

    assert_eq!(
        (
            object(0, "size").unwrap(),
            object(1, "size"),
            object(2, "size")
        ),
        (7.into(), None, None)
    );

    assert_eq!(records[0]["s3"]["configurationId"], "all");
    let sequencer =
        |index| object(index, "sequencer").map(|text| text.as_str().unwrap().to_owned());
    let (first, second) = (sequencer(0).unwrap(), sequencer(1).unwrap());
    assert!(first < second && first.len() == 18, "{first} {second}");

    assert!(
        first
            .chars()
            .all(|digit| digit.is_ascii_digit() || digit.is_ascii_uppercase())
    );

    assert_eq!(sequencer(2), None);
    assert_ne!(
        records[0]["responseElements"]["x-amz-request-id"],
        records[1]["responseElements"]["x-amz-request-id"]
    );
    assert_eq!(
        records[0]["eventTime"].as_str().unwrap().len(),
        "1970-01-01T00:00:00.000Z".len()
    );
}

#[tokio::test(start_paused = true)]
async fn the_journal_records_the_steps_of_an_event_in_order() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    // The test notification was sent earlier.
    pipeline.settle().await;
    let mut steps = pipeline.journal().watch();
    let id = pipeline.put(BUCKET, "key", "body").await.unwrap();
    pipeline.settle().await;
    let mut way = Vec::new();

    while way.last() != Some(&"deleted") {
        let step = steps.next().await.unwrap();
        if step.event.is_some_and(|event| event != id) {
            continue;
        }

        way.push(match &step.kind {
            StepKind::ObjectEvent(_) => "object",
            StepKind::NotificationSent { .. } => "notification",
            StepKind::FilterVerdict { passed: true, .. } => "passed",
            StepKind::FilterVerdict { passed: false, .. } => "held back",
            StepKind::Enqueued { .. } => "enqueued",
            StepKind::Invoked { .. } => "invoked",
            StepKind::Answered { error: None, .. } => "answered",
            StepKind::Outcome {
                fate: Fate::Succeeded,
                ..
            } => "succeeded",
            StepKind::Deleted { .. } => "deleted",
            _ => continue,
        });
    }

    let expected = [
        "object",
        "notification",
        "passed",
        "held back",
        "enqueued",
        "invoked",
        "answered",
        "succeeded",
    ];

    assert_eq!(way[..way.len() - 1], expected);
}

#[tokio::test(start_paused = true)]
async fn a_topic_retries_when_a_queue_is_full() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let mut topology = Topology::example();
    topology.queues[0].capacity = 1;

    let pipeline = example(&puts, &copies)
        .with_topology(topology)
        .start()
        .await
        .unwrap();

    for key in ["1", "2", "3", "4"] {
        pipeline.put(BUCKET, key, "body").await.unwrap();
    }

    pipeline.settle().await;
    let mut handled = seen(&puts);
    handled.sort();
    assert_eq!(
        handled,
        ["1", "2", "3", "4"].map(|key| format!("ObjectCreated:Put {key}"))
    );
    let refused = |kind: &StepKind| matches!(kind, StepKind::Refused { .. });

    assert!(
        pipeline
            .journal()
            .history()
            .iter()
            .any(|step| refused(&step.kind))
    );
}

#[tokio::test(start_paused = true)]
async fn a_contradictory_pipeline_is_rejected_at_start() {
    let routes = || Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));
    let both = || {
        LocalPipeline::builder()
            .with_router("put-processor", routes())
            .with_router("copy-processor", routes())
    };

    let kind = |error: Option<s3_dispatch_local::Error>| {
        error.map(|error| (error.kind(), error.to_string()))
    };

    let missing = LocalPipeline::builder()
        .with_router("put-processor", routes())
        .start()
        .await
        .err();

    let text =
        "the function `copy-processor` has no program: give it a `command`, a `url` or a router";
    assert_eq!(kind(missing), Some((ErrorKind::UnknownName, text.into())));

    let misspelt = both()
        .with_router("putprocessor", routes())
        .start()
        .await
        .err();

    assert_eq!(
        kind(misspelt),
        Some((
            ErrorKind::UnknownName,
            "there is no function `putprocessor`".into()
        ))
    );

    let mut topology = Topology::example();
    topology.mappings[0].batch_size = 11;
    let window = both().with_topology(topology).start().await.err();
    let text = "`put-processor`: a batch size of 11, which is above 10, needs a batch window: set \
                `batch_window = 1`, or a `batch_size` of at most 10";
    assert_eq!(kind(window), Some((ErrorKind::Configuration, text.into())));

    let mut topology = Topology::example();
    topology.mappings[0].maximum_concurrency = 1;
    let single = both().with_topology(topology).start().await.err();
    let text = "`put-processor`: the maximum concurrency must be 2 to 1000; a function with a \
                reserved concurrency of 1 runs one invocation at a time";
    assert_eq!(kind(single), Some((ErrorKind::Configuration, text.into())));
}

#[tokio::test(start_paused = true)]
async fn unknown_names_are_errors() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    assert_eq!(
        pipeline.queue("absent").err().map(|error| error.kind()),
        Some(ErrorKind::UnknownName)
    );
    let sent = pipeline.send("absent", Message::new("1", "body")).await;
    assert_eq!(
        sent.err().map(|error| error.kind()),
        Some(ErrorKind::UnknownName)
    );
    let put = pipeline.put("absent", "key", "body").await;
    assert_eq!(put.err().map(|error| error.kind()), Some(ErrorKind::S3));
}

#[tokio::test(start_paused = true)]
async fn a_filter_policy_sees_the_encoded_key() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let policy = r#"{"Records": {"s3": {"object": {"key": [{"prefix": "a+b/"}]}}}}"#;
    let mut topology = Topology::example();
    topology.subscriptions[0].filter_policy = Some(SnsFilterPolicy::parse(policy).unwrap());

    let pipeline = example(&puts, &copies)
        .with_topology(topology)
        .start()
        .await
        .unwrap();

    pipeline.put(BUCKET, "a b/c", "body").await.unwrap();
    pipeline.put(BUCKET, "a+b/c", "body").await.unwrap();
    pipeline.settle().await;
    assert_eq!(seen(&puts), ["ObjectCreated:Put a b/c"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handled_after_a_stop() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    pipeline.settle().await;
    pipeline.stop().await;
    pipeline.put(BUCKET, "key", "body").await.unwrap();
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(seen(&puts).is_empty());
}

/// With several threads and the real clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_can_publish_at_once() {
    let (puts, copies) = (Seen::default(), Seen::default());
    let pipeline = example(&puts, &copies).start().await.unwrap();
    let mut publishers = tokio::task::JoinSet::new();

    for publisher in 0..8 {
        let pipeline = pipeline.clone();
        publishers.spawn(async move {
            for index in 0..50 {
                let key = format!("{publisher}/{index}");
                pipeline.put(BUCKET, &key, "body").await.unwrap();
                pipeline
                    .copy((BUCKET, &key), (BUCKET, &format!("copy/{key}")))
                    .await
                    .unwrap();
            }
        });
    }

    publishers.join_all().await;
    pipeline.settle().await;

    for seen in [seen(&puts), seen(&copies)] {
        let distinct: std::collections::HashSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (400, 400));
    }

    pipeline.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_router_is_made_when_the_pipeline_starts() {
    let made = Seen::default();
    let noted = Arc::clone(&made);
    let puts = Routes::prepared_by(move || {
        noted.lock().unwrap().push("made".to_owned());
        let state = Arc::clone(&noted);
        async { Ok::<_, std::io::Error>(state) }
    });
    let puts = puts.on_fn(
        "ObjectCreated:Put",
        async |key: ObjectKey, State(seen): State<Seen>| {
            seen.lock().unwrap().push(key.to_string());
            Ok::<_, std::io::Error>(())
        },
    );

    let pipeline = LocalPipeline::builder()
        .with_router("put-processor", puts)
        .with_router("copy-processor", routes(&Seen::default()))
        .start()
        .await
        .unwrap();
    assert_eq!(seen(&made), ["made"]);

    pipeline.put(BUCKET, "a.jpg", "body").await.unwrap();
    pipeline.settle().await;
    assert_eq!(seen(&made), ["made", "a.jpg"]);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_cannot_be_prepared_keeps_the_pipeline_from_starting() {
    let unable = Routes::<()>::prepared_by(async || "many".parse::<u8>().map(drop));
    let started = LocalPipeline::builder()
        .with_router("put-processor", unable)
        .with_router("copy-processor", routes(&Seen::default()))
        .start()
        .await;

    let error = started.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Program);
    assert_eq!(
        error.to_string(),
        "the function `put-processor` cannot be started: the state of the handlers could not be \
         made: invalid digit found in string"
    );
}

#[tokio::test(start_paused = true)]
async fn what_runs_after_an_invocation_runs_in_this_process_too() {
    let (puts, reports) = (Seen::default(), Seen::default());
    let noted = Arc::clone(&reports);
    let dispatcher = Dispatcher::new(routes(&puts)).after_invocation(
        move |result: &Result<BatchReport, s3_dispatch::Error>| {
            let text = result.as_ref().map_or_else(ToString::to_string, |report| {
                format!("{} of {}", report.handled(), report.messages().len())
            });
            noted.lock().unwrap().push(text);

            async { Ok::<_, std::io::Error>(()) }
        },
    );

    let pipeline = LocalPipeline::builder()
        .with_router("put-processor", dispatcher)
        .with_router("copy-processor", routes(&Seen::default()))
        .start()
        .await
        .unwrap();
    pipeline.put(BUCKET, "twice", "body").await.unwrap();
    pipeline.settle().await;

    assert_eq!(seen(&reports), ["0 of 1", "1 of 1"]);
}
