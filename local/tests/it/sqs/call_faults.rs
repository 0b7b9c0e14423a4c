//! Calls that are throttled or lost, and clients that retry them.

use std::collections::BTreeMap;

use s3_dispatch_local::{Fault, Faults, Hop, StepKind, Visibility};
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

/// Whether `uploads` still has its one message in flight, and no other.
fn is_unchanged(queues: &Queues) -> bool {
    let queue = queues.pipeline.queue("uploads").unwrap();
    (queue.messages.len(), queue.count(Visibility::InFlight)) == (1, 1)
}

/// The calls that faults can hit at each hop, about a message in `uploads` with this handle.
fn calls(handle: &Value) -> [(Hop, &'static str, Value); 7] {
    let sent = json!({"Id": "1", "MessageBody": "b"});
    let deleted = json!({"Id": "1", "ReceiptHandle": handle});
    let shown = json!({"ReceiptHandle": handle, "VisibilityTimeout": 0});
    let shown_entry = json!({"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 0});

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
        (Hop::ChangeVisibility, "ChangeMessageVisibility", shown),
        (
            Hop::ChangeVisibility,
            "ChangeMessageVisibilityBatch",
            json!({"Entries": [shown_entry]}),
        ),
    ]
}

/// The input of one of these calls.
fn input_of(operation: &str, handle: &Value) -> Value {
    let mut calls = calls(handle).into_iter();
    calls.find(|call| call.1 == operation).unwrap().2
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
        assert!(is_unchanged(&queues), "{operation}");
    }

    assert_eq!(injected(&queues).len(), 7);
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
        assert!(is_unchanged(&queues), "{operation}");
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

#[tokio::test(start_paused = true)]
async fn a_visibility_timeout_changes_although_the_answer_is_lost() {
    for operation in ["ChangeMessageVisibility", "ChangeMessageVisibilityBatch"] {
        let (queues, handle) = with_received().await;
        let faults = Faults::none().with_rate(Hop::ChangeVisibility, Fault::DropResponse, 1.0);
        queues.pipeline.set_faults(faults);
        let input = input_of(operation, &handle);
        let input = queues.input("uploads", input);
        assert!(queues.client.try_call(operation, &input).await.is_none());
        assert!(!is_unchanged(&queues), "{operation}");

        // The message is visible, so a retry learns that it is not in flight.
        queues.pipeline.set_faults(Faults::none());
        let retry = queues.client.call(operation, input).await;
        assert!(
            retry.body.to_string().contains("MessageNotInflight"),
            "{retry:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_has_no_effect_and_can_be_repeated() {
    for (hop, operation, _) in calls(&json!("")) {
        if !Faults::places().any(|place| place == (hop, Fault::Refuse)) {
            continue;
        }
        let (queues, handle) = with_received().await;
        let faults = Faults::none().with_rate(hop, Fault::Refuse, 1.0);
        queues.pipeline.set_faults(faults);
        let input = queues.input("uploads", input_of(operation, &handle));

        let answer = queues.client.call(operation, input.clone()).await;
        if operation.ends_with("Batch") {
            assert_eq!(answer.body["Successful"], json!([]), "{operation}");
            assert_eq!(answer.body["Failed"][0]["Code"], "ServiceUnavailable");
            assert_eq!(answer.body["Failed"][0]["SenderFault"], false);
        } else {
            assert_eq!(answer.status, 503, "{operation}");
        }
        assert!(is_unchanged(&queues), "{operation}");
        assert_eq!(injected(&queues), [(hop, Fault::Refuse)]);

        queues.pipeline.set_faults(Faults::none());
        queues.client.ok(operation, input).await;
        assert!(!is_unchanged(&queues), "{operation}");
    }
}

/// Repeats the entries of a batch that fail until all have succeeded. Returns how many attempts
/// failed in part.
async fn repeat_failed(queues: &Queues, operation: &str, mut entries: Vec<Value>) -> usize {
    let mut partial = 0;

    while !entries.is_empty() {
        let input = json!({"Entries": entries});
        let output = queues.ok(operation, "uploads", input).await;
        let is_failed = |entry: &Value| {
            let failed = output["Failed"].as_array().unwrap();
            failed.iter().any(|failed| failed["Id"] == entry["Id"])
        };
        let before = entries.len();
        entries.retain(is_failed);
        partial += usize::from(!entries.is_empty() && entries.len() < before);
    }

    partial
}

#[tokio::test(start_paused = true)]
async fn a_batch_can_fail_in_part() {
    let queues = Queues::start().await;
    let faults = Faults::none().with_fault(Fault::Refuse, 0.5);
    queues.pipeline.set_faults(faults);

    let sent = |number: u32| json!({"Id": number.to_string(), "MessageBody": format!("m{number}")});
    let entries = (0..10).map(sent).collect();
    assert!(repeat_failed(&queues, "SendMessageBatch", entries).await > 0);
    assert_eq!(count(&queues, "uploads"), 10);

    let received = queues.receive("uploads", json!({})).await;
    let shown = |(number, message): (usize, &Value)| {
        let handle = &message["ReceiptHandle"];
        json!({"Id": number.to_string(), "ReceiptHandle": handle, "VisibilityTimeout": 0})
    };
    let entries = received.iter().enumerate().map(shown).collect();
    assert!(repeat_failed(&queues, "ChangeMessageVisibilityBatch", entries).await > 0);
    let queue = queues.pipeline.queue("uploads").unwrap();
    assert_eq!(queue.count(Visibility::Visible), 10);
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
