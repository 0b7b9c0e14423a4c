//! Calls that are throttled or lost, and clients that retry them.

use std::collections::BTreeMap;

use s3_dispatch_local::{Fault, Faults, Hop, StepKind};
use serde_json::{Value, json};

use super::messages::Queues;

/// What is injected, in order.
fn injected(queues: &Queues) -> Vec<(Hop, Fault)> {
    let history = queues.pipeline.journal().history();
    let faults = history.iter().filter_map(|step| match &step.kind {
        StepKind::FaultInjected { hop, fault, .. } => Some((*hop, *fault)),
        _ => None,
    });

    faults.collect()
}

fn count(queues: &Queues, queue: &str) -> usize {
    queues.pipeline.queue(queue).unwrap().messages.len()
}

/// The calls that faults can hit at each hop, about a message in `uploads` with this handle.
fn calls(handle: &Value) -> [(Hop, &'static str, Value); 5] {
    let sent = json!({"Id": "1", "MessageBody": "b"});
    let deleted = json!({"Id": "1", "ReceiptHandle": handle});

    [
        (Hop::Send, "SendMessage", json!({"MessageBody": "b"})),
        (Hop::Send, "SendMessageBatch", json!({"Entries": [sent]})),
        (Hop::Receive, "ReceiveMessage", json!({})),
        (
            Hop::Delete,
            "DeleteMessage",
            json!({"ReceiptHandle": handle}),
        ),
        (
            Hop::Delete,
            "DeleteMessageBatch",
            json!({"Entries": [deleted]}),
        ),
    ]
}

/// A message of `uploads` in flight, and its handle.
async fn with_received() -> (Queues, Value) {
    let queues = Queues::start().await;
    queues.send("uploads", "a").await;
    let handle = queues.receive("uploads", json!({})).await.remove(0)["ReceiptHandle"].take();

    (queues, handle)
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_has_no_effect() {
    let (queues, handle) = with_received().await;

    for (hop, operation, input) in calls(&handle) {
        let faults = Faults::none().with_rate(hop, Fault::Throttle, 1.0);
        queues.pipeline.set_faults(faults);
        let refusal = queues
            .client
            .refused(operation, queues.input("uploads", input))
            .await;
        assert_eq!(
            (refusal.status, &*refusal.name, &*refusal.code),
            (400, "RequestThrottled", "requestthrottled;sender"),
            "{operation}"
        );
        assert_eq!(count(&queues, "uploads"), 1, "{operation}");
    }

    assert_eq!(injected(&queues).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_has_no_effect() {
    let (queues, handle) = with_received().await;

    for (hop, operation, input) in calls(&handle) {
        let faults = Faults::none().with_rate(hop, Fault::DropRequest, 1.0);
        queues.pipeline.set_faults(faults);
        let input = queues.input("uploads", input);
        let answer = queues.client.try_call(operation, &input).await;
        // A lost receive would look like a lost answer, which is a fault of its own.
        assert_eq!(answer.is_some(), hop == Hop::Receive, "{operation}");
        assert_eq!(count(&queues, "uploads"), 1, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_is_lost_has_its_effect() {
    let queues = Queues::start().await;
    let faults = Faults::none()
        .with_rate(Hop::Send, Fault::DropResponse, 1.0)
        .with_rate(Hop::Delete, Fault::DropResponse, 1.0);
    queues.pipeline.set_faults(faults);

    for (operation, sent) in [("SendMessage", 1), ("SendMessageBatch", 2)] {
        let input = match operation {
            "SendMessage" => json!({"MessageBody": "a"}),
            _ => json!({"Entries": [{"Id": "1", "MessageBody": "a"}]}),
        };
        let input = queues.input("uploads", input);
        assert!(queues.client.try_call(operation, &input).await.is_none());
        assert_eq!(count(&queues, "uploads"), sent);
    }

    let received = queues.receive("uploads", json!({})).await;
    let one = queues.input(
        "uploads",
        json!({"ReceiptHandle": received[0]["ReceiptHandle"]}),
    );
    let entry = json!({"Id": "1", "ReceiptHandle": received[1]["ReceiptHandle"]});
    let batch = queues.input("uploads", json!({"Entries": [entry]}));
    for (operation, input, left) in [("DeleteMessage", one, 1), ("DeleteMessageBatch", batch, 0)] {
        assert!(queues.client.try_call(operation, &input).await.is_none());
        assert_eq!(count(&queues, "uploads"), left);

        // The retry succeeds, and deletes nothing else.
        queues.pipeline.set_faults(Faults::none());
        queues.client.ok(operation, input).await;
        assert_eq!(count(&queues, "uploads"), left);
        let faults = Faults::none().with_rate(Hop::Delete, Fault::DropResponse, 1.0);
        queues.pipeline.set_faults(faults);
    }
}

/// Calls an operation until it succeeds.
async fn retry(queues: &Queues, operation: &str, queue: &str, input: Value) -> Value {
    let input = queues.input(queue, input);

    for _ in 0..1000 {
        match queues.client.try_call(operation, &input).await {
            Some(answer) if answer.status == 200 => return answer.body,
            _ => {}
        }
    }

    panic!("{operation} never succeeds");
}

/// Sends messages to a queue and drains it, as a client that retries. Returns how often each body
/// was received, and the injected faults.
async fn send_and_drain(queue: &str, seed: u64) -> (BTreeMap<String, usize>, Vec<(Hop, Fault)>) {
    let queues = Queues::start().await;
    let sites = [Hop::Send, Hop::Delete].map(|hop| {
        [Fault::Throttle, Fault::DropRequest, Fault::DropResponse].map(|fault| (hop, fault))
    });
    let sites = sites
        .into_iter()
        .flatten()
        .chain([(Hop::Receive, Fault::Throttle)]);
    let faults = sites.fold(Faults::none().with_seed(seed), |faults, (hop, fault)| {
        faults.with_rate(hop, fault, 0.2)
    });
    queues.pipeline.set_faults(faults);

    for number in 0..30 {
        let mut input = json!({"MessageBody": format!("m{number}")});
        if queue.ends_with(".fifo") {
            input["MessageGroupId"] = format!("g{}", number % 3).into();
        }
        retry(&queues, "SendMessage", queue, input).await;
    }

    let mut bodies = BTreeMap::new();
    while count(&queues, queue) > 0 {
        let input = json!({"MaxNumberOfMessages": 10, "VisibilityTimeout": 600});
        let output = retry(&queues, "ReceiveMessage", queue, input).await;

        for message in output["Messages"].as_array().unwrap() {
            let body = message["Body"].as_str().unwrap().to_owned();
            *bodies.entry(body).or_default() += 1;
            let handle = json!({"ReceiptHandle": message["ReceiptHandle"]});
            retry(&queues, "DeleteMessage", queue, handle).await;
        }
    }

    (bodies, injected(&queues))
}

#[tokio::test(start_paused = true)]
async fn a_retrying_client_loses_nothing_and_doubles_only_what_lost_answers_allow() {
    for seed in 0..4 {
        let (bodies, faults) = send_and_drain("uploads", seed).await;
        let is_lost_send = |site: &&(Hop, Fault)| **site == (Hop::Send, Fault::DropResponse);
        let lost_sends = faults.iter().filter(is_lost_send).count();
        assert_eq!(bodies.len(), 30, "seed {seed}");
        assert_eq!(
            bodies.values().sum::<usize>(),
            30 + lost_sends,
            "seed {seed}"
        );
        assert!(
            lost_sends > 0 && faults.len() > 20,
            "seed {seed}: {faults:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_takes_a_retried_message_once() {
    let (bodies, faults) = send_and_drain("orders.fifo", 7).await;
    assert!(
        faults.contains(&(Hop::Send, Fault::DropResponse)),
        "{faults:?}"
    );
    assert_eq!(bodies.len(), 30);
    assert!(bodies.values().all(|count| *count == 1), "{bodies:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_hits_the_same_calls() {
    let (_, first) = send_and_drain("uploads", 3).await;
    let (_, again) = send_and_drain("uploads", 3).await;
    let (_, other) = send_and_drain("uploads", 4).await;
    assert_eq!(first, again);
    assert_ne!(first, other);
}
