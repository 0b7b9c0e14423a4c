//! Event source mappings: batches, windows, concurrency, and the rules of
//! `ReportBatchItemFailures`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch::async_trait;
use s3_dispatch_local::{
    Fate, Fault, Faults, Function, FunctionError, FunctionErrorKind, FunctionSpec, Invocation,
    LocalPipeline, MappingSpec, Message, MessageAttribute, QueueSpec, StepKind, Topology,
};
use serde_json::Value;
use tokio::time::Instant;

/// Answers as the test says, and remembers its invocations.
struct Scripted {
    answer: Box<Answer>,
    takes: Duration,
    seen: Arc<Seen>,
}

type Answer = dyn Fn(&[String]) -> Result<Bytes, FunctionError> + Send + Sync;

#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<Call>>,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

#[derive(Debug, Clone)]
struct Call {
    ids: Vec<String>,
    groups: Vec<String>,
    started: Instant,
    ended: Instant,
    length: usize,
    event: Value,
}

#[async_trait]
impl Function for Scripted {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let started = Instant::now();
        let running = self.seen.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.seen.most_running.fetch_max(running, Ordering::SeqCst);
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();

        let field = |path: &str| -> Vec<String> {
            let records = event["Records"].as_array().unwrap().iter();
            records
                .filter_map(|record| record.pointer(path)?.as_str())
                .map(String::from)
                .collect()
        };

        let (ids, groups) = (field("/messageId"), field("/attributes/MessageGroupId"));
        tokio::time::sleep(self.takes).await;
        self.seen.running.fetch_sub(1, Ordering::SeqCst);
        let length = invocation.payload.len();

        let call = Call {
            ids: ids.clone(),
            groups,
            started,
            ended: Instant::now(),
            length,
            event,
        };

        self.seen.calls.lock().unwrap().push(call);

        (self.answer)(&ids)
    }
}

struct Setup {
    queue: QueueSpec,
    mapping: MappingSpec,
    function: FunctionSpec,
    takes: Duration,
}

fn setup(queue: &str) -> Setup {
    let queue_spec = QueueSpec::new(queue)
        .with_redrive(dead_letters(queue), 2)
        .with_content_based_deduplication(true);
    Setup {
        queue: queue_spec,
        mapping: MappingSpec::new(queue, "function"),
        function: FunctionSpec::new("function"),
        takes: Duration::ZERO,
    }
}

fn dead_letters(queue: &str) -> &'static str {
    if queue.ends_with(".fifo") {
        "dead.fifo"
    } else {
        "dead"
    }
}

async fn start(
    setup: Setup,
    answer: impl Fn(&[String]) -> Result<Bytes, FunctionError> + Send + Sync + 'static,
) -> (LocalPipeline, Arc<Seen>) {
    start_with(Faults::none(), setup, answer).await
}

async fn start_with(
    faults: Faults,
    setup: Setup,
    answer: impl Fn(&[String]) -> Result<Bytes, FunctionError> + Send + Sync + 'static,
) -> (LocalPipeline, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let function = Scripted {
        answer: Box::new(answer),
        takes: setup.takes,
        seen: Arc::clone(&seen),
    };

    let dead = dead_letters(&setup.queue.name);

    let topology = Topology::new()
        .with_queue(setup.queue)
        .with_queue(QueueSpec::new(dead))
        .with_function(setup.function)
        .with_mapping(setup.mapping);

    let builder = LocalPipeline::builder()
        .with_topology(topology)
        .with_faults(faults)
        .with_function("function", function);

    (builder.start().await.unwrap(), seen)
}

fn calls(seen: &Seen) -> Vec<Call> {
    seen.calls.lock().unwrap().clone()
}

fn nothing_failed(_: &[String]) -> Result<Bytes, FunctionError> {
    Ok(Bytes::from_static(br#"{"batchItemFailures":[]}"#))
}

/// Sends three messages, and returns how often each was received until all were deleted or dead
/// letters: once if it succeeded.
async fn receives(
    reports: bool,
    answer: impl Fn() -> Result<Bytes, FunctionError> + Send + Sync + 'static,
) -> [usize; 3] {
    let mut setup = setup("queue");
    setup.mapping = setup.mapping.with_report_batch_item_failures(reports);
    let (pipeline, seen) = start(setup, move |_| answer()).await;

    for id in ["1", "2", "3"] {
        pipeline
            .send("queue", Message::new(id, "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let dead = pipeline.queue("dead").unwrap().messages;

    ["1", "2", "3"].map(|id| {
        let received = calls(&seen)
            .iter()
            .flat_map(|call| &call.ids)
            .filter(|own| **own == id)
            .count();

        assert_eq!(
            dead.iter().any(|letter| &*letter.message_id == id),
            received > 1,
            "message {id}"
        );

        received
    })
}

const ALL_SUCCEEDED: [usize; 3] = [1, 1, 1];
const ALL_FAILED: [usize; 3] = [2, 2, 2];

/// "Handling errors for an SQS event source in Lambda", AWS Lambda Developer Guide, 2026.
#[tokio::test(start_paused = true)]
async fn answers_are_read_by_the_rules_of_lambda() {
    let table: &[(&str, [usize; 3])] = &[
        ("", ALL_SUCCEEDED),
        ("null", ALL_SUCCEEDED),
        ("{}", ALL_SUCCEEDED),
        ("[]", ALL_SUCCEEDED),
        (r#""""#, ALL_SUCCEEDED),
        (r#"{"batchItemFailures": null}"#, ALL_SUCCEEDED),
        (r#"{"batchItemFailures": []}"#, ALL_SUCCEEDED),
        (r#"{"statusCode": 200}"#, ALL_SUCCEEDED),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "2"}]}"#,
            [1, 2, 1],
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "2"}]}"#,
            [1, 2, 1],
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "3", "more": 1}], "more": 2}"#,
            [1, 1, 2],
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "2"}"#,
            ALL_FAILED,
        ),
        ("done", ALL_FAILED),
        (r#""done""#, ALL_FAILED),
        ("[1]", ALL_FAILED),
        ("7", ALL_FAILED),
        (r#"{"batchItemFailures": {}}"#, ALL_FAILED),
        (r#"{"batchItemFailures": "2"}"#, ALL_FAILED),
        (r#"{"batchItemFailures": ["2"]}"#, ALL_FAILED),
        (r#"{"batchItemFailures": [null]}"#, ALL_FAILED),
        (r#"{"batchItemFailures": [{}]}"#, ALL_FAILED),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            ALL_FAILED,
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            ALL_FAILED,
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": 2}]}"#,
            ALL_FAILED,
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifer": "2"}]}"#,
            ALL_FAILED,
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "4"}]}"#,
            ALL_FAILED,
        ),
        (
            r#"{"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "4"}]}"#,
            ALL_FAILED,
        ),
    ];

    for (answer, expected) in table {
        let received = receives(true, || Ok(Bytes::from_static(answer.as_bytes()))).await;
        assert_eq!(received, *expected, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_the_whole_batch_fails() {
    let kinds = [
        FunctionErrorKind::Unhandled,
        FunctionErrorKind::TimedOut,
        FunctionErrorKind::Crashed,
        FunctionErrorKind::InitFailed,
        FunctionErrorKind::Throttled,
    ];

    for kind in kinds {
        for reports in [true, false] {
            let received =
                receives(reports, move || Err(FunctionError::new(kind, "no answer"))).await;
            assert_eq!(received, ALL_FAILED, "{kind:?}");
        }
    }

    assert_eq!(
        receives(true, || panic!("as handlers do")).await,
        ALL_FAILED
    );
}

/// The README warns of this: the list is ignored, and failed messages are lost.
#[tokio::test(start_paused = true)]
async fn without_reported_failures_any_answer_deletes_the_batch() {
    for answer in [
        r#"{"batchItemFailures": [{"itemIdentifier": "2"}]}"#,
        "done",
        r#"{"batchItemFailures": [{}]}"#,
    ] {
        let received = receives(false, || Ok(Bytes::from_static(answer.as_bytes()))).await;
        assert_eq!(received, ALL_SUCCEEDED, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_up_to_ten_messages_by_default() {
    let (pipeline, seen) = start(setup("queue"), nothing_failed).await;
    for id in 0..25 {
        pipeline
            .send("queue", Message::new(id.to_string(), "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let sizes = calls(&seen)
        .iter()
        .map(|call| call.ids.len())
        .collect::<Vec<_>>();
    assert_eq!((sizes.iter().max(), sizes.iter().sum()), (Some(&10), 25));
}

#[tokio::test(start_paused = true)]
async fn a_batch_window_lasts_until_its_end_or_a_full_batch() {
    let mut setup = setup("queue");
    setup.mapping = setup
        .mapping
        .with_batch_size(100)
        .with_batch_window(Duration::from_secs(20));
    let (pipeline, seen) = start(setup, nothing_failed).await;
    let started = Instant::now();

    for id in 0..30 {
        pipeline
            .send("queue", Message::new(id.to_string(), "body"))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    pipeline.settle().await;
    let first = &calls(&seen)[0];
    assert_eq!((first.started - started).as_secs(), 20);
    assert!((20..=21).contains(&first.ids.len()), "{}", first.ids.len());
    assert_eq!(calls(&seen).len(), 2);
    let full = Instant::now();

    for id in 100..200 {
        pipeline
            .send("queue", Message::new(id.to_string(), "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    assert_eq!(
        (calls(&seen)[2].ids.len(), full.elapsed().as_secs()),
        (100, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_is_at_most_6_mb_long() {
    let (pipeline, seen) = start(setup("queue"), nothing_failed).await;

    for id in 0..10 {
        pipeline
            .send(
                "queue",
                Message::new(id.to_string(), "x".repeat(1024 * 1024)),
            )
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let lengths = calls(&seen)
        .iter()
        .map(|call| call.length)
        .collect::<Vec<_>>();
    assert!(
        lengths.iter().all(|length| *length <= 6 * 1024 * 1024),
        "{lengths:?}"
    );

    assert_eq!(
        calls(&seen)
            .iter()
            .map(|call| call.ids.len())
            .collect::<Vec<_>>(),
        [5, 5]
    );
}

#[tokio::test(start_paused = true)]
async fn the_attributes_of_a_message_are_in_the_event() {
    let (pipeline, seen) = start(setup("queue"), nothing_failed).await;
    let mut message = Message::new("1", "body")
        .with_attribute("Colour", MessageAttribute::text("String.hue", "red"))
        .with_attribute("Bytes", MessageAttribute::binary("Binary", vec![0, 255]));
    message.trace_header = Some("Root=1".into());
    pipeline.send("queue", message).await.unwrap();
    pipeline.settle().await;

    let event = &calls(&seen)[0].event["Records"][0];
    let expected = serde_json::json!({
        "Bytes": {
            "binaryValue": "AP8=", "dataType": "Binary",
            "stringListValues": [], "binaryListValues": [],
        },
        "Colour": {
            "stringValue": "red", "dataType": "String.hue",
            "stringListValues": [], "binaryListValues": [],
        },
    });
    assert_eq!(event["messageAttributes"], expected);
    assert_eq!(event["attributes"]["AWSTraceHeader"], "Root=1");
}

/// Its body of 1 MiB is six times as long when it is escaped.
#[tokio::test(start_paused = true)]
async fn a_message_too_long_for_an_event_ends_in_the_dead_letter_queue() {
    let (pipeline, seen) = start(setup("queue"), nothing_failed).await;
    pipeline
        .send("queue", Message::new("1", "\u{1}".repeat(1024 * 1024)))
        .await
        .unwrap();
    pipeline.settle().await;

    assert_eq!(
        (
            calls(&seen).len(),
            pipeline.queue("dead").unwrap().messages.len()
        ),
        (0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_invocations_run_at_once_than_the_mapping_allows() {
    let mut setup = setup("queue");
    setup.mapping = setup.mapping.with_batch_size(1).with_maximum_concurrency(3);
    setup.takes = Duration::from_secs(1);
    let (pipeline, seen) = start(setup, nothing_failed).await;
    let started = Instant::now();

    for id in 0..30 {
        pipeline
            .send("queue", Message::new(id.to_string(), "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    assert_eq!(
        (
            seen.most_running.load(Ordering::SeqCst),
            started.elapsed().as_secs()
        ),
        (3, 10)
    );
}

/// Lambda retries while the messages are invisible. Then they are received again.
#[tokio::test(start_paused = true)]
async fn a_throttled_invocation_is_retried_and_then_returns_its_messages() {
    let mut first = setup("queue");
    first.mapping = first.mapping.with_batch_size(1).with_maximum_concurrency(2);
    first.function = first
        .function
        .with_reserved_concurrency(1)
        .with_timeout(Duration::from_secs(10));
    first.takes = Duration::from_secs(5);
    let (pipeline, seen) = start(first, nothing_failed).await;

    for id in ["1", "2"] {
        pipeline
            .send("queue", Message::new(id, "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    assert_eq!(
        (seen.most_running.load(Ordering::SeqCst), calls(&seen).len()),
        (1, 2)
    );

    let is_throttled = |kind: &StepKind| {
        matches!(
            kind,
            StepKind::Answered {
                error: Some((FunctionErrorKind::Throttled, _)),
                ..
            }
        )
    };

    assert!(
        !pipeline
            .journal()
            .history()
            .iter()
            .any(|step| is_throttled(&step.kind))
    );

    let mut second = setup("queue");
    second.queue = second.queue.with_redrive("dead", 10);
    second.mapping = second
        .mapping
        .with_batch_size(1)
        .with_maximum_concurrency(2);
    second.function = second
        .function
        .with_reserved_concurrency(1)
        .with_timeout(Duration::from_secs(29));
    second.takes = Duration::from_secs(28);
    let (pipeline, seen) = start(second, nothing_failed).await;

    for id in ["1", "2"] {
        pipeline
            .send("queue", Message::new(id, "body"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    assert_eq!(
        (seen.most_running.load(Ordering::SeqCst), calls(&seen).len()),
        (1, 2)
    );

    assert!(
        pipeline
            .journal()
            .history()
            .iter()
            .any(|step| is_throttled(&step.kind))
    );
}

#[tokio::test(start_paused = true)]
async fn the_batches_of_a_group_run_one_at_a_time_and_in_order() {
    let mut setup = setup("queue.fifo");
    setup.mapping = setup.mapping.with_batch_size(4).with_maximum_concurrency(5);
    setup.takes = Duration::from_secs(2);
    let (pipeline, seen) = start(setup, nothing_failed).await;

    for index in 0..40 {
        let message = Message::new(format!("{index:02}"), index.to_string())
            .with_group_id((index % 3).to_string());
        pipeline.send("queue.fifo", message).await.unwrap();
    }

    pipeline.settle().await;
    let mut calls = calls(&seen);
    calls.sort_by_key(|call| call.started);
    assert!(seen.most_running.load(Ordering::SeqCst) > 1);

    for group in ["0", "1", "2"] {
        let own: Vec<_> = calls
            .iter()
            .filter(|call| call.groups.iter().any(|own| own == group))
            .collect();
        assert!(
            own.windows(2).all(|pair| pair[0].ended <= pair[1].started),
            "group {group}"
        );
        let ids = own
            .iter()
            .flat_map(|call| call.ids.iter().zip(&call.groups))
            .filter(|(_, own)| *own == group);
        let ids: Vec<_> = ids.map(|(id, _)| id.clone()).collect();
        assert!(ids.is_sorted() && ids.len() >= 13, "{ids:?}");
    }
}

/// The queue would give them to a second invocation because they are visible again.
#[tokio::test(start_paused = true)]
async fn the_batches_of_a_group_run_one_at_a_time_even_if_messages_become_visible_early() {
    let mut setup = setup("queue.fifo");
    setup.queue = setup.queue.with_redrive("dead.fifo", 5);
    setup.function = setup.function.with_timeout(Duration::from_secs(10));
    setup.takes = Duration::from_secs(8);
    let faults = Faults::none().with_fault(Fault::ExpireVisibility, 1.0);
    let (pipeline, seen) = start_with(faults, setup, nothing_failed).await;

    for id in ["1", "2", "3"] {
        pipeline
            .send("queue.fifo", Message::new(id, id).with_group_id("group"))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    assert!(calls(&seen).len() > 1);
    assert_eq!(seen.most_running.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_message_holds_up_its_group_and_no_other() {
    let first = AtomicUsize::new(0);
    let answer = move |ids: &[String]| {
        let has_poison = ids.iter().any(|id| id == "a1");
        if has_poison && first.fetch_add(1, Ordering::SeqCst) == 0 {
            return Ok(Bytes::from(
                r#"{"batchItemFailures":[{"itemIdentifier":"a1"},{"itemIdentifier":"a2"}]}"#,
            ));
        }

        nothing_failed(ids)
    };

    let mut setup = setup("queue.fifo");
    setup.mapping = setup.mapping.with_batch_size(2);
    let (pipeline, seen) = start(setup, answer).await;

    for (id, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        pipeline
            .send("queue.fifo", Message::new(id, id).with_group_id(group))
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let ids: Vec<_> = calls(&seen).into_iter().map(|call| call.ids).collect();
    assert_eq!(
        ids,
        [vec!["a1", "a2"], vec!["b1"], vec!["a1", "a2"], vec!["a3"]]
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_has_the_form_that_lambda_sends() {
    let (pipeline, seen) = start(setup("queue.fifo"), nothing_failed).await;
    let message = Message::new("1", "hello")
        .with_group_id("g")
        .with_deduplication_id("d");
    pipeline.send("queue.fifo", message).await.unwrap();
    pipeline.settle().await;
    let record = calls(&seen)[0].event["Records"][0].clone();

    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };

    let mut expected = vec![
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ];

    expected.sort_unstable();
    assert_eq!(names(&record), expected);
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:123456789012:queue.fifo"
    );
    let attributes = &record["attributes"];

    assert_eq!(
        (
            &attributes["MessageGroupId"],
            &attributes["MessageDeduplicationId"]
        ),
        (&"g".into(), &"d".into())
    );

    assert_eq!(attributes["ApproximateReceiveCount"], "1");
    assert_eq!(attributes["SequenceNumber"].as_str().unwrap().len(), 20);
    assert_eq!(
        attributes["SentTimestamp"],
        attributes["ApproximateFirstReceiveTimestamp"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_ignores_its_timeout_is_cut_off() {
    let mut setup = setup("queue");
    setup.takes = Duration::from_secs(600);
    let (pipeline, seen) = start(setup, nothing_failed).await;
    pipeline
        .send("queue", Message::new("1", "body"))
        .await
        .unwrap();
    pipeline.settle().await;
    assert!(calls(&seen).is_empty());
    let fates = pipeline.journal().history();

    let is_timeout = |kind: &StepKind| match kind {
        StepKind::Outcome {
            fate: Fate::BatchFailed(reason),
            ..
        } => reason.contains("took longer than"),
        _ => false,
    };

    assert_eq!(
        fates.iter().filter(|step| is_timeout(&step.kind)).count(),
        2
    );
}
