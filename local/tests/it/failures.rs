//! What a report says about failures: why an event failed the last time.

use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{DeadLetters, Dispatcher, HandlerError, ObjectKey, Routes, State};
use s3_dispatch_local::{
    EventFailure, EventId, Fate, Fault, Faults, Function, FunctionError, FunctionErrorKind, Hop,
    Invocation, LocalPipeline, LocalPipelineBuilder, StepKind, Topology,
};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The keys that have been handled.
type Seen = Arc<Mutex<Vec<String>>>;

async fn handle(key: ObjectKey, State(seen): State<Seen>) -> Result<(), HandlerError> {
    let key = key.as_str();
    let is_first = {
        let mut seen = seen.lock().unwrap();
        seen.push(key.to_owned());
        seen.iter().filter(|other| *other == key).count() == 1
    };

    match key {
        "broken" => Err(HandlerError::permanent("not an image")),
        "once" if is_first => Err(HandlerError::retry("the table is busy")),
        "changing" if is_first => Err(HandlerError::permanent("the first reason")),
        "changing" => Err(HandlerError::retry(io::Error::other("the last reason"))),
        "endless" => std::future::pending().await,
        "panic" => panic!("the handler panicked"),
        _ => Ok(()),
    }
}

fn routes() -> Routes<Seen> {
    Routes::new(Seen::default()).on_fn("ObjectCreated:*", handle)
}

/// Puts an object, and returns why its event failed the last time.
async fn failure_of(pipeline: LocalPipelineBuilder, key: &str) -> Option<EventFailure> {
    let pipeline = pipeline.start().await.unwrap();
    let id = pipeline.put(BUCKET, key, "body").await.unwrap();
    pipeline.settle().await;

    let report = pipeline.report();
    let last = report.events[&id].last_failure.clone();
    assert_eq!(last, last_step(&pipeline, id));
    last
}

/// The last failure that the journal has of an event.
fn last_step(pipeline: &LocalPipeline, id: EventId) -> Option<EventFailure> {
    let history = pipeline.journal().history();
    let mut steps = history.iter().rev().filter(|step| step.event == Some(id));

    steps.find_map(|step| match &step.kind {
        StepKind::Outcome { failure, .. } => failure.clone(),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn an_event_says_why_it_failed_the_last_time() {
    for (key, expected) in [
        ("good", None),
        ("broken", Some(("not an image", true))),
        ("once", Some(("the table is busy", false))),
        ("changing", Some(("the last reason", false))),
        ("panic", Some(("the handler panicked", false))),
        ("endless", Some(("not reached: the time ran out", false))),
    ] {
        let failure = failure_of(LocalPipeline::of(routes()).unwrap(), key).await;
        assert_eq!(failure.is_some(), expected.is_some(), "{key}: {failure:?}");

        if let (Some(failure), Some((error, is_permanent))) = (failure, expected) {
            let told = failure.error.as_deref().unwrap();
            assert!(told.contains(error), "{key}: {told}");
            assert_eq!(failure.is_permanent, is_permanent, "{key}");
            assert!(!failure.is_dead_letter, "{key}");
            assert_eq!(&*failure.function, "processor");
        }
    }
}

/// Takes every letter.
struct Sink;

#[async_trait]
impl DeadLetters for Sink {
    async fn put(&self, _letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_says_why_although_its_message_is_done() {
    let dispatcher = Dispatcher::new(routes()).with_dead_letters(Sink);
    let pipeline = LocalPipeline::of(dispatcher).unwrap();
    let failure = failure_of(pipeline, "broken").await.unwrap();

    assert!(failure.is_permanent && failure.is_dead_letter);
    let expected = "processor: not an image (stored as a dead letter)";
    assert_eq!(failure.to_string(), expected);
}

/// Without `ReportBatchItemFailures` the message is deleted, so the reason would be lost.
#[tokio::test(start_paused = true)]
async fn a_failure_that_the_mapping_ignores_is_told() {
    let mut topology = Topology::of(&routes()).unwrap();
    topology.mappings[0].report_batch_item_failures = false;
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", routes());
    let failure = failure_of(pipeline, "broken").await.unwrap();

    assert_eq!(failure.to_string(), "processor: not an image (permanent)");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_as_a_whole_gives_its_reason_to_each_event() {
    let lost = Faults::none().with_rate(Hop::Invoke, Fault::DropResponse, 1.0);
    let pipeline = LocalPipeline::of(routes()).unwrap().with_faults(lost);
    let failure = failure_of(pipeline, "broken").await.unwrap();

    assert_eq!(failure.to_string(), "processor: the answer was lost");
}

/// A function that fails every message, and does not say why.
struct Silent;

#[async_trait]
impl Function for Silent {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let event: serde_json::Value = serde_json::from_slice(&invocation.payload)
            .map_err(|error| FunctionError::new(FunctionErrorKind::Unhandled, error.to_string()))?;
        let id = &event["Records"][0]["messageId"];
        let answer = serde_json::json!({"batchItemFailures": [{"itemIdentifier": id}]});

        Ok(answer.to_string().into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_does_not_say_why_leaves_the_error_open() {
    let topology = Topology::of(&routes()).unwrap();
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_function("processor", Silent);
    let failure = failure_of(pipeline, "any").await.unwrap();

    assert_eq!(failure.error, None);
    let expected = "processor: failed, and its log says why";
    assert_eq!(failure.to_string(), expected);
}

/// A message is received five times. The last of these does not bring it back.
#[tokio::test(start_paused = true)]
async fn each_failure_says_whether_its_message_comes_back() {
    let pipeline = LocalPipeline::of(routes()).unwrap().start().await.unwrap();
    pipeline.put(BUCKET, "broken", "body").await.unwrap();
    pipeline.put(BUCKET, "once", "body").await.unwrap();
    pipeline.settle().await;

    let history = pipeline.journal().history();
    let outcomes = history.iter().filter_map(|step| match &step.kind {
        StepKind::Outcome {
            receive_count,
            fate,
            invisible_for,
            dead_letter_queue,
            ..
        } => {
            assert_eq!(invisible_for.is_none(), *fate == Fate::Succeeded);
            Some((*receive_count, dead_letter_queue.as_deref()))
        }
        _ => None,
    });

    for (receive_count, dead_letter_queue) in outcomes {
        let expected = (receive_count == 5).then_some("processor-dead-letters");
        assert_eq!(dead_letter_queue, expected, "receive {receive_count}");
    }
    let dead = pipeline.queue("processor-dead-letters").unwrap();
    assert_eq!(dead.messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_dead_letter_queue_a_message_comes_back() {
    let mut topology = Topology::of(&routes()).unwrap();
    topology.queues[0].redrive = None;
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", routes())
        .start()
        .await
        .unwrap();
    let id = pipeline.put(BUCKET, "broken", "body").await.unwrap();

    let mut steps = pipeline.journal().watch();
    loop {
        let step = steps.next().await.unwrap();
        if let StepKind::Outcome {
            receive_count,
            dead_letter_queue,
            invisible_for,
            ..
        } = &step.kind
        {
            assert_eq!(step.event, Some(id));
            assert!(invisible_for.is_some() && dead_letter_queue.is_none());
            if *receive_count == 7 {
                break;
            }
        }
    }
}
