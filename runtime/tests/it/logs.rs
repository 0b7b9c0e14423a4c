//! Logs: a span per record, one line per failure, one summary per invocation.

use std::io::Write;
use std::sync::{Arc, Mutex};

use s3_dispatch::{Dispatcher, EventPattern, Route, Router, Routes};
use s3_dispatch_testing::SqsBatchBuilder;
use serde_json::Value;
use tracing::instrument::WithSubscriber;

use crate::script::{Script, put};

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

async fn log(batch: SqsBatchBuilder) -> Vec<Value> {
    log_of(&Dispatcher::new(Script::default()), batch).await
}

async fn log_of<R: Router>(dispatcher: &Dispatcher<R>, batch: SqsBatchBuilder) -> Vec<Value> {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    let report = dispatcher.dispatch(batch.to_bytes(), None);
    assert!(report.with_subscriber(subscriber).await.is_ok());
    let written = lines.0.lock().unwrap().clone();

    String::from_utf8(written)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
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

#[tokio::test]
async fn a_misspelt_pattern_is_logged_when_the_dispatcher_starts() {
    let route = Route::new(EventPattern::parse("ObjectCreate:Put").unwrap()).with_name("index");
    let routes = Routes::new(())
        .on_fn(route, || async { Ok::<_, std::io::Error>(()) })
        .on_fn("ObjectAcl:*", || async { Ok::<_, std::io::Error>(()) });
    let dispatcher = Dispatcher::new(routes);

    let lines = log_of(&dispatcher, SqsBatchBuilder::new()).await;
    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["fields"]["message"].as_str().unwrap())
        .collect();
    let text = "unknown event `ObjectCreate:Put` in index [ObjectCreate:Put]; \
                did you mean `ObjectCreated:Put`?";
    assert_eq!(warnings, [text]);

    let again = log_of(&dispatcher.clone(), SqsBatchBuilder::new()).await;
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
