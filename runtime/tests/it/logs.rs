//! Logs: a span per record, one line per failure, one summary per invocation.

use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::record::ConfigurationId;
use s3_dispatch::{DeadLetters, Dispatcher, EventPattern, Payload, Route, Router, Routes};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};
use serde_json::Value;
use tracing::instrument::WithSubscriber;

use crate::script::{Script, after, put};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Gives every thread a subscriber, which writes nothing.
///
/// `tracing` asks the subscriber of the thread that first comes to a span whether the span is of
/// interest, and remembers the answer for all threads. A thread of another test, without a
/// subscriber, would turn the span off for the tests here.
pub(crate) fn subscribe_all_threads() {
    static SUBSCRIBED: Once = Once::new();

    SUBSCRIBED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

async fn log(batch: SqsBatchBuilder) -> Vec<Value> {
    log_of(&Dispatcher::new(Script::default()), batch, None).await
}

async fn log_of<R: Router>(
    dispatcher: &Dispatcher<R>,
    batch: SqsBatchBuilder,
    deadline: Option<std::time::Instant>,
) -> Vec<Value> {
    let (report, lines) = with_log(dispatcher.dispatch(batch.to_bytes(), deadline)).await;
    assert!(report.is_ok());

    lines
}

/// Runs a future, and returns the lines that it logs.
pub(crate) async fn with_log<T>(future: impl Future<Output = T>) -> (T, Vec<Value>) {
    subscribe_all_threads();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    let output = future.with_subscriber(subscriber).await;
    let written = lines.0.lock().unwrap().clone();

    let lines = String::from_utf8(written)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    (output, lines)
}

/// The lines with this message.
pub(crate) fn messages<'l>(lines: &'l [Value], message: &str) -> Vec<&'l Value> {
    let lines = lines.iter();
    lines
        .filter(|line| line["fields"]["message"] == message)
        .collect()
}

#[tokio::test]
async fn a_failure_is_logged_once_within_the_span_of_its_record() {
    let batch = SqsBatchBuilder::new()
        .with_record("id", put("permanent/a\nb\u{1b}[31m").with_bucket("bucket"));
    let lines = log(batch).await;
    let failures: Vec<_> = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "record failed")
        .collect();
    let [failure] = failures[..] else {
        panic!("{lines:#?}")
    };

    assert_eq!(failure["fields"]["error"], "it failed for good");
    assert_eq!(failure["fields"]["permanent"], true);
    let span = &failure["span"];
    assert_eq!(span["event_name"], "ObjectCreated:Put");
    assert_eq!(span["bucket"], "bucket");
    assert_eq!(span["key"], "permanent/a\nb\u{1b}[31m");
    assert_eq!(span["message_id"], "id");
    assert_eq!(span["queue"], "object-events");
    assert_eq!(span["receive_count"], 1);
}

/// How many lines about a payload say that there is no dead-letter sink.
async fn missing_sinks(dispatcher: &Dispatcher<Script>, payload: impl Into<Payload>) -> usize {
    let (_, lines) = with_log(dispatcher.dispatch(payload, None)).await;
    let says = |line: &&Value| line.to_string().contains("no dead-letter sink");

    lines.iter().filter(says).count()
}

#[tokio::test]
async fn a_permanent_failure_says_once_that_there_is_no_sink() {
    let batch = |key: &str| {
        SqsBatchBuilder::new()
            .with_record("1", put(&format!("{key}/1")))
            .with_record("2", put(&format!("{key}/2")))
            .to_bytes()
    };
    let without_sink = Dispatcher::new(Script::default());
    assert_eq!(missing_sinks(&without_sink, batch("fail")).await, 0);
    // Without a queue, no message comes again.
    let alone = NotificationBuilder::new().with_record(put("permanent/0"));
    assert_eq!(missing_sinks(&without_sink, alone.to_json()).await, 0);
    assert_eq!(missing_sinks(&without_sink, batch("permanent")).await, 1);
    assert_eq!(missing_sinks(&without_sink, batch("permanent")).await, 0);

    let with_sink = Dispatcher::new(Script::default()).with_dead_letters(Discarded);
    assert_eq!(missing_sinks(&with_sink, batch("permanent")).await, 0);
}

/// A sink that keeps nothing.
struct Discarded;

#[s3_dispatch::async_trait]
impl DeadLetters for Discarded {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }
}

#[tokio::test]
async fn the_span_of_a_record_says_whether_it_was_backfilled() {
    let backfilled = put("fail/1").with_configuration_id(ConfigurationId::BACKFILL);
    for (record, expected) in [
        (put("fail/1"), Value::Null),
        (backfilled, Value::Bool(true)),
    ] {
        let lines = log(SqsBatchBuilder::new().with_record("id", record)).await;
        let failure = lines
            .iter()
            .find(|line| line["fields"]["message"] == "record failed");
        assert_eq!(failure.unwrap()["span"]["backfilled"], expected);
    }
}

#[tokio::test]
async fn an_invocation_ends_with_one_summary() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("fail/2"))
        .with_record("3", put("unrouted/3"))
        .with_body("4", "no JSON");

    let lines = log(batch).await;
    let summaries: Vec<_> = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "invocation done")
        .collect();
    let [summary] = summaries[..] else {
        panic!("{lines:#?}")
    };

    let counts = ["messages", "records", "handled", "skipped", "failed"]
        .map(|name| summary["fields"][name].as_u64());
    assert_eq!(summary["fields"]["failed_messages"], 2);
    assert_eq!(counts, [Some(4), Some(3), Some(1), Some(1), Some(1)]);
    assert!(summary["fields"]["duration_ms"].is_number());

    assert_eq!(
        lines
            .iter()
            .filter(|line| line["fields"]["message"] == "message cannot be read")
            .count(),
        1
    );

    assert_eq!(
        lines.iter().filter(|line| line["level"] == "WARN").count(),
        1
    );
}

/// Returns the level, the text and the fields of the line about messages that were not reached.
async fn unreached(batch: SqsBatchBuilder) -> (String, String, Value) {
    let dispatcher = Dispatcher::new(Script::default()).with_concurrency(1);
    let lines = log_of(&dispatcher, batch, after(1_000)).await;
    let mut lines = lines.into_iter().filter(|line| {
        let text = line["fields"]["message"].as_str().unwrap();
        text.starts_with("some messages were not reached")
    });
    let line = lines.next().expect("no line about unreached messages");
    assert!(lines.next().is_none());

    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&line["level"]),
        text(&line["fields"]["message"]),
        line["fields"].clone(),
    )
}

#[tokio::test(start_paused = true)]
async fn messages_that_were_not_reached_are_named_with_the_remedy() {
    for (count, expected) in [(1, "WARN"), (3, "WARN"), (4, "ERROR"), (5, "ERROR")] {
        let late = SqsMessageBuilder::new("late")
            .with_receive_count(count)
            .with_record(put("ok/late"));
        let hangs = SqsMessageBuilder::new("hangs")
            .with_receive_count(count)
            .with_record(put("hang/1"));
        let batch = SqsBatchBuilder::new()
            .with_message(hangs)
            .with_message(late);
        let (level, text, fields) = unreached(batch).await;

        assert_eq!(level, expected, "{count}");
        assert_eq!(fields["first"], "hangs late");
        assert_eq!(
            (&fields["messages"], &fields["most_received"]),
            (&2.into(), &count.into())
        );
        for remedy in ["concurrency", "timeout", "batch size"] {
            assert!(text.contains(remedy), "{text}");
        }
        assert_eq!(
            text.contains("dead-letter queue"),
            expected == "ERROR",
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_stopped_is_not_a_matter_of_time() {
    let message = |id: &str, key: &str| {
        SqsMessageBuilder::new(id)
            .with_group_id("group")
            .with_record(put(key))
    };
    let batch = SqsBatchBuilder::new()
        .with_queue_arn("arn:aws:sqs:eu-central-1:1:queue.fifo")
        .with_message(message("1", "fail/1"))
        .with_message(message("2", "ok/2"));
    let (level, text, fields) = unreached(batch).await;

    assert_eq!((level.as_str(), &fields["first"]), ("WARN", &"2".into()));
    assert_eq!(
        text,
        "some messages were not reached: an earlier one of their group or key failed"
    );
}

#[tokio::test]
async fn a_misspelt_pattern_is_logged_when_the_dispatcher_starts() {
    let route = Route::new(EventPattern::parse("ObjectCreate:Put").unwrap()).with_name("index");
    let routes = Routes::new(())
        .on_fn(route, || async { Ok::<_, std::io::Error>(()) })
        .on_fn("ObjectAcl:*", || async { Ok::<_, std::io::Error>(()) });
    let dispatcher = Dispatcher::new(routes);

    let lines = log_of(&dispatcher, SqsBatchBuilder::new(), None).await;
    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["fields"]["message"].as_str().unwrap())
        .collect();
    let text = "unknown event `ObjectCreate:Put` in index [ObjectCreate:Put]; \
                did you mean `ObjectCreated:Put`?";
    assert_eq!(warnings, [text]);

    let again = log_of(&dispatcher.clone(), SqsBatchBuilder::new(), None).await;
    assert!(
        again.iter().all(|line| line["level"] != "WARN"),
        "{again:#?}"
    );
}

#[tokio::test]
async fn an_unconfirmed_subscription_is_a_warning_that_names_the_topic() {
    let confirmation = r#"{"Type": "SubscriptionConfirmation", "Token": "2336412f37",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:uploads"}"#;
    let lines = log(SqsBatchBuilder::new().with_body("1", confirmation)).await;
    let warning = lines.iter().find(|line| line["level"] == "WARN").unwrap();
    let text = warning["fields"]["message"].as_str().unwrap();
    assert!(
        text.contains("arn:aws:sns:eu-central-1:123456789012:uploads"),
        "{text}"
    );
    assert!(text.contains("no events come until it is"), "{text}");
}

#[tokio::test]
async fn a_long_panic_makes_a_line_of_bounded_length() {
    let lines = log(SqsBatchBuilder::new().with_record("1", put("panic-long/1"))).await;
    let failure = lines
        .iter()
        .find(|line| line["fields"]["message"] == "record failed")
        .unwrap();
    let error = failure["fields"]["error"].as_str().unwrap();

    assert!(error.starts_with("panicked: xxx"));
    assert!(error.len() < 8_300, "{}", error.len());
}

#[tokio::test]
async fn an_event_name_of_an_emulator_is_a_warning_that_names_the_emulator() {
    for (reason, emulator) in [
        ("s3:ObjectCreated:Put", Some("LocalStack")),
        ("ObjectCreated", Some("moto")),
        ("Teleport", None),
    ] {
        let event = put("unrouted/1").to_eventbridge_json().unwrap();
        let event = event.replace("PutObject", reason);
        let lines = log(SqsBatchBuilder::new().with_body("1", event)).await;
        let warning = lines.iter().find(|line| line["level"] == "WARN").unwrap();
        assert_eq!(warning["fields"]["emulator"].as_str(), emulator);
        let name = format!("ObjectCreated:{reason}");
        assert_eq!(warning["span"]["event_name"], name);
    }
}
