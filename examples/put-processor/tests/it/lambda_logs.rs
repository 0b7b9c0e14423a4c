//! The logs that CloudWatch gets.

use bytes::Bytes;
use s3_dispatch::EventName;
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};

use crate::function::{Ended, Function};
use crate::runtime_api::{Invocation, RuntimeApi};

const JSON: (&str, &str) = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
const FORGERY: &str = "\n INFO object uploaded key=\"forged\" size=1";

/// Lets one process answer a payload, and returns its logs.
async fn logs(settings: &[(&str, &str)], payload: impl Into<Bytes>) -> Ended {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, settings);

    let answer = api
        .invoke(Invocation::new(
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            payload,
        ))
        .await;

    assert!(
        answer
            .path
            .starts_with("invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/"),
        "{answer:?}"
    );

    let ended = function.terminate().await;
    assert_eq!(ended.stderr, "");

    ended
}

fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key)
}

fn hostile_keys() -> Vec<String> {
    let mut keys = vec!["k".repeat(1024), format!("forged{FORGERY}")];
    keys.extend(
        [
            "a\nb",
            "a\r\nb",
            "\"quoted\"",
            "back\\slash",
            "🦀 é",
            "\u{1b}[31mred",
            "a\tb\0c",
            "a\u{85}b\u{2028}c\u{202e}d",
        ]
        .map(str::to_owned),
    );

    keys
}

fn hostile_batch() -> SqsBatchBuilder {
    let keys = hostile_keys().into_iter().enumerate();
    keys.fold(SqsBatchBuilder::new(), |batch, (id, key)| {
        batch.with_record(id.to_string(), put(&key))
    })
}

/// Checks that there is one line per hostile record, and so many others: one for the invocation and
/// one for SIGTERM at least.
#[track_caller]
fn check_lines(ended: &Ended, others: usize) {
    assert_eq!(
        ended.stdout.len(),
        hostile_keys().len() + others,
        "{:#?}",
        ended.stdout
    );

    let is_harmless = |line: &String| !line.contains(char::is_control);
    assert!(ended.stdout.iter().all(is_harmless), "{:#?}", ended.stdout);
}

#[tokio::test]
async fn every_line_is_a_json_object_when_lambda_asks_for_json() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("holiday/my photo.jpg"))
        .with_record("2", RecordBuilder::new(EventName::OBJECT_CREATED_COPY))
        .with_body("3", "not JSON");
    let ended = logs(&[JSON], batch.to_bytes()).await;

    for log in ended.json_logs() {
        let time = log["timestamp"].as_str().unwrap();
        assert!(
            time.len() > 20 && time.as_bytes()[10] == b'T' && time.ends_with('Z'),
            "{log}"
        );
        assert!(
            ["INFO", "WARN", "ERROR"].contains(&log["level"].as_str().unwrap()),
            "{log}"
        );
        assert!(log["message"].is_string(), "{log}");
    }
}

#[tokio::test]
async fn a_line_of_the_handler_names_the_record_and_the_invocation() {
    let batch = SqsBatchBuilder::new().with_record("1", put("holiday/my photo.jpg"));
    let ended = logs(&[JSON], batch.to_bytes()).await;
    let logs = ended.json_logs();
    let log = logs
        .iter()
        .find(|log| log["message"] == "object uploaded")
        .unwrap();
    assert_eq!(log["level"], "INFO");
    assert_eq!(log["event_name"], "ObjectCreated:Put");
    assert_eq!(log["bucket"], "amzn-s3-demo-bucket");
    assert_eq!(log["key"], "holiday/my photo.jpg");
    assert_eq!(log["size"], 1024);
    assert_eq!(log["requestId"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert_eq!(log["message_id"], "1");
}

#[tokio::test]
async fn a_skipped_record_can_be_found_by_its_key() {
    let copy = RecordBuilder::new(EventName::OBJECT_CREATED_COPY).with_key("my \"photo\".jpg");
    let logs = logs(
        &[JSON],
        SqsBatchBuilder::new().with_record("1", copy).to_bytes(),
    )
    .await
    .json_logs();

    let log = logs.iter().find(|log| log["level"] == "WARN").unwrap();
    assert_eq!(log["key"], "my \"photo\".jpg");
}

#[tokio::test]
async fn an_invocation_has_one_summary() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", RecordBuilder::new(EventName::OBJECT_CREATED_COPY))
        .with_body("3", "not JSON");
    let logs = logs(&[JSON], batch.to_bytes()).await.json_logs();

    let [log] = &logs
        .iter()
        .filter(|log| log["message"] == "invocation done")
        .collect::<Vec<_>>()[..]
    else {
        panic!("{logs:#?}");
    };

    let counts = ["messages", "records", "handled", "skipped", "failed"]
        .map(|name| log[name].as_u64().unwrap());
    assert_eq!(counts, [3, 2, 1, 1, 0], "{log}");
    assert_eq!(log["requestId"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert!(log["duration_ms"].as_f64().unwrap() > 0.0, "{log}");
}

#[tokio::test]
async fn a_failure_of_a_message_is_logged_once() {
    let batch = SqsBatchBuilder::new().with_record("1", put("a"));
    let logs = logs(&[JSON, ("MAX_OBJECT_BYTES", "0")], batch.to_bytes())
        .await
        .json_logs();

    let [log] = &logs
        .iter()
        .filter(|log| log["level"] == "ERROR")
        .collect::<Vec<_>>()[..]
    else {
        panic!("{logs:#?}");
    };

    assert_eq!(
        log["error"],
        r#"the object "a" has 1024 bytes, which is more than 0"#
    );
    assert_eq!(log["permanent"], true);
    assert_eq!(log["message_id"], "1");
}

#[tokio::test]
async fn a_failure_of_an_invocation_is_logged_once() {
    let notification = NotificationBuilder::new().with_record(put("a")).to_json();
    let ended = logs(&[("MAX_OBJECT_BYTES", "0")], notification).await;
    let lines = ended
        .stdout
        .iter()
        .filter(|line| line.contains("1024 bytes"));
    assert_eq!(lines.count(), 1, "{:#?}", ended.stdout);
}

#[tokio::test]
async fn the_log_level_of_lambda_is_respected() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", RecordBuilder::new(EventName::OBJECT_CREATED_COPY));
    let logs = logs(&[JSON, ("AWS_LAMBDA_LOG_LEVEL", "WARN")], batch.to_bytes())
        .await
        .json_logs();
    assert_eq!(logs.len(), 1, "{logs:#?}");
    assert_eq!(logs[0]["level"], "WARN");
}

#[tokio::test]
async fn a_text_line_has_neither_a_time_nor_colours() {
    let ended = logs(
        &[],
        SqsBatchBuilder::new()
            .with_record("1", put("a b"))
            .to_bytes(),
    )
    .await;

    assert!(
        ended.stdout[0].starts_with(" INFO record{event_name=\"ObjectCreated:Put\""),
        "{:#?}",
        ended.stdout
    );

    let line = concat!(
        "object uploaded event_name=\"ObjectCreated:Put\" bucket=\"amzn-s3-demo-bucket\" ",
        "key=\"a b\" size=1024",
    );
    assert!(ended.stdout[0].ends_with(line), "{:#?}", ended.stdout);
}

#[tokio::test]
async fn a_hostile_key_gives_one_line_of_text() {
    let ended = logs(&[], hostile_batch().to_bytes()).await;
    check_lines(&ended, 2);
    for (key, line) in hostile_keys().iter().zip(&ended.stdout) {
        assert!(line.ends_with(&format!(" key={key:?} size=1024")), "{line}");
    }
}

#[tokio::test]
async fn a_hostile_key_gives_one_line_of_json() {
    let ended = logs(&[JSON], hostile_batch().to_bytes()).await;
    assert_eq!(
        ended.stdout.len(),
        hostile_keys().len() + 2,
        "{:#?}",
        ended.stdout
    );

    let mut keys = hostile_keys();
    keys.sort();
    assert_eq!(
        ended.uploads_of("8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        keys
    );
}

#[tokio::test]
async fn a_failed_hostile_key_gives_one_line_of_text() {
    let ended = logs(&[("MAX_OBJECT_BYTES", "0")], hostile_batch().to_bytes()).await;
    // The third one says, once, that the program has no dead-letter sink.
    check_lines(&ended, 3);
    let about_sink = |line: &&String| line.contains("no dead-letter sink");
    assert_eq!(ended.stdout.iter().filter(about_sink).count(), 1);
}

#[tokio::test]
async fn a_hostile_body_gives_one_line_of_text() {
    let name = serde_json::to_string(FORGERY).unwrap();
    let batch = SqsBatchBuilder::new().with_body("1", format!("{{{name}: [1,]}}"));
    let ended = logs(&[], batch.to_bytes()).await;
    assert_eq!(ended.stdout.len(), 3, "{:#?}", ended.stdout);
}
