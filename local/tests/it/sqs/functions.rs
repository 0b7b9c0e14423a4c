//! Functions that acknowledge their messages one by one while they run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch::async_trait;
use s3_dispatch_local::{
    Function, FunctionError, FunctionErrorKind, FunctionSpec, Invocation, LocalPipeline,
    LocalPipelineBuilder, MappingSpec, Message, QueueSpec, StepKind, Topology,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::client::{Client, start};

/// Does something with each message over the endpoint, and then fails.
struct Acknowledging {
    client: Arc<OnceLock<Client>>,
    act: Act,
    seen: Arc<Mutex<Batches>>,
}

/// The ids of each batch, and when it came.
type Batches = Vec<(Vec<String>, Instant)>;

/// What the function does with a message: the operation and its further input. `None` for nothing.
type Act = fn(&str, u32) -> Option<(&'static str, Value)>;

#[async_trait]
impl Function for Acknowledging {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        let records = event["Records"].as_array().unwrap();
        let id_of = |record: &Value| record["messageId"].as_str().unwrap().to_owned();

        let ids = records.iter().map(id_of).collect();
        self.seen.lock().unwrap().push((ids, Instant::now()));
        let client = *self.client.get().unwrap();

        for record in records {
            let id = &id_of(record);
            let count = record["attributes"]["ApproximateReceiveCount"].as_str();

            if let Some((operation, mut input)) = (self.act)(id, count.unwrap().parse().unwrap()) {
                input["QueueUrl"] = queue_url(client).into();
                input["ReceiptHandle"] = record["receiptHandle"].clone();
                client.ok(operation, input).await;
            }
        }

        Err(FunctionError::new(
            FunctionErrorKind::Unhandled,
            "the function fails",
        ))
    }
}

fn queue_url(client: Client) -> String {
    format!("http://{}/123456789012/uploads", client.0)
}

fn topology() -> Topology {
    let queue = QueueSpec::new("uploads")
        .with_visibility_timeout(Duration::from_secs(60))
        .with_redrive("dead", 3);

    Topology::new()
        .with_queue(queue)
        .with_queue(QueueSpec::new("dead"))
        .with_function(FunctionSpec::new("function").with_timeout(Duration::from_secs(30)))
        .with_mapping(MappingSpec::new("uploads", "function"))
}

/// Sends the messages `a`, `b` and `c`, and returns the batches that the function got, each with
/// the seconds since the start, and the ids of the dead letters.
async fn run(act: Act) -> (Vec<(Vec<String>, u64)>, Vec<String>) {
    let seen = Arc::new(Mutex::default());
    let known = Arc::new(OnceLock::new());
    let function = Acknowledging {
        client: Arc::clone(&known),
        act,
        seen: Arc::clone(&seen),
    };

    let builder = LocalPipeline::builder()
        .with_topology(topology())
        .with_function("function", function);
    let (pipeline, client) = start(builder).await;
    known.set(client).unwrap();
    let started = Instant::now();

    for id in ["a", "b", "c"] {
        pipeline
            .send("uploads", Message::new(id, id))
            .await
            .unwrap();
    }

    pipeline.settle().await;

    let batches = seen.lock().unwrap().clone().into_iter();
    let batches = batches.map(|(ids, at): (_, Instant)| (ids, (at - started).as_secs()));
    let dead = pipeline.queue("dead").unwrap().messages.into_iter();
    let mut dead: Vec<_> = dead.map(|letter| letter.message_id.to_string()).collect();
    dead.sort();

    (batches.collect(), dead)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_function_deletes_is_gone_even_if_the_function_fails() {
    let (batches, dead) = run(|id, _| (id == "b").then(|| ("DeleteMessage", json!({})))).await;

    let expected = [
        (ids(&["a", "b", "c"]), 0),
        (ids(&["a", "c"]), 60),
        (ids(&["a", "c"]), 120),
    ];
    assert_eq!(batches, expected);
    assert_eq!(dead, ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_decides_when_a_message_comes_again() {
    let (batches, dead) = run(|id, count| {
        let seconds = match (id, count) {
            ("a", 1) => 0,
            ("b", 1) => 100,
            (_, 1) => return None,
            _ => return Some(("DeleteMessage", json!({}))),
        };

        Some((
            "ChangeMessageVisibility",
            json!({"VisibilityTimeout": seconds}),
        ))
    })
    .await;

    let expected = [
        (ids(&["a", "b", "c"]), 0),
        (ids(&["a"]), 0),
        (ids(&["c"]), 60),
        (ids(&["b"]), 100),
    ];
    assert_eq!(batches, expected);
    assert_eq!(dead, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_function_deleted_stays_deleted_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let seen = Arc::new(Mutex::default());
    let known = Arc::new(OnceLock::new());
    let function = Acknowledging {
        client: Arc::clone(&known),
        act: |id, _| (id == "a").then(|| ("DeleteMessage", json!({}))),
        seen: Arc::clone(&seen),
    };

    let builder = LocalPipeline::builder()
        .with_topology(topology())
        .with_data(folder.path())
        .with_function("function", function);
    let (pipeline, client) = start(builder).await;
    known.set(client).unwrap();
    let mut steps = pipeline.journal().watch();
    pipeline
        .send("uploads", Message::new("a", "a"))
        .await
        .unwrap();
    pipeline
        .send("uploads", Message::new("b", "b"))
        .await
        .unwrap();

    while !matches!(steps.next().await.unwrap().kind, StepKind::Deleted { .. }) {}

    // As after `kill -9`: nothing is stopped in order.
    let copy = TempDir::new().unwrap();
    let log = std::fs::read(folder.path().join("log.jsonl")).unwrap();
    std::fs::write(copy.path().join("log.jsonl"), log).unwrap();

    let mut topology = topology();
    topology.mappings.clear();
    topology.functions.clear();
    let again = LocalPipeline::builder()
        .with_topology(topology)
        .with_data(copy.path())
        .start()
        .await
        .unwrap();
    let left = again.queue("uploads").unwrap().messages;
    let left: Vec<_> = left.iter().map(|message| &*message.message_id).collect();
    assert_eq!(left, ["b"]);
}

/// Starts a function that prints its environment, and returns the lines.
async fn environment(function: FunctionSpec) -> (Vec<String>, LocalPipeline) {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("print-environment");
    std::fs::write(&program, "#!/bin/sh\nenv\necho end\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();

    let topology = Topology::new()
        .with_queue(QueueSpec::new("queue").with_visibility_timeout(function.timeout))
        .with_mapping(MappingSpec::new("queue", &function.name))
        .with_function(function);
    let builder: LocalPipelineBuilder = LocalPipeline::builder()
        .with_topology(topology)
        .with_binary("function", program);
    let (pipeline, _) = start(builder).await;
    let (history, mut steps) = pipeline.journal().history_and_watch();
    let mut lines = Vec::new();
    let mut history = history.into_iter();

    loop {
        let step = match history.next() {
            Some(step) => step,
            None => steps.next().await.unwrap(),
        };

        match &step.kind {
            StepKind::FunctionLog { line, .. } if line == "end" => return (lines, pipeline),
            StepKind::FunctionLog { line, .. } => lines.push(line.clone()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_program_finds_the_endpoint_in_its_environment() {
    let (lines, pipeline) = environment(FunctionSpec::new("function")).await;
    let url = format!(
        "AWS_ENDPOINT_URL_SQS=http://{}",
        pipeline.sqs_address().unwrap()
    );

    for line in [
        url.as_str(),
        "AWS_REGION=us-east-1",
        "AWS_ACCESS_KEY_ID=test",
        "AWS_SECRET_ACCESS_KEY=test",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:?}");
    }

    let own = FunctionSpec::new("function")
        .with_variable("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
        .with_variable("AWS_ACCESS_KEY_ID", "mine");
    let (lines, _pipeline) = environment(own).await;
    for line in [
        "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID=mine",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:?}");
    }
}

/// Sends each of its messages to its own queue again.
struct SendingAgain {
    client: Arc<OnceLock<Client>>,
    invocations: Arc<AtomicUsize>,
}

#[async_trait]
impl Function for SendingAgain {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        self.invocations.fetch_add(1, Ordering::Relaxed);
        let client = *self.client.get().unwrap();
        let host = format!("Host: {}", client.0);
        let trace_header = format!("X-Amzn-Trace-Id: {}", invocation.trace_header);
        let headers = [
            &*host,
            "X-Amz-Target: AmazonSQS.SendMessage",
            &*trace_header,
        ];
        let input = json!({"QueueUrl": queue_url(client), "MessageBody": "again"});
        let answer = client.send("POST", &headers, input.to_string()).await;
        assert_eq!(answer.status, 200);

        Ok(Bytes::from_static(b"{}"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_sends_to_its_own_queue_is_stopped() {
    let (known, invocations) = (Arc::default(), Arc::default());
    let function = SendingAgain {
        client: Arc::clone(&known),
        invocations: Arc::clone(&invocations),
    };
    let builder = LocalPipeline::builder()
        .with_topology(topology())
        .with_function("function", function);
    let (pipeline, client) = start(builder).await;
    known.set(client).unwrap();
    pipeline
        .send("uploads", Message::new("1", "once"))
        .await
        .unwrap();
    pipeline.settle().await;

    assert_eq!(invocations.load(Ordering::Relaxed), 16);
    assert_eq!(pipeline.queue("dead").unwrap().messages.len(), 1);
}
