//! `inspect`: the records of files, one per line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Run, run};

/// Inspects the files and compares the lines. The standard error is empty.
#[track_caller]
fn check(files: &[&str], stdin: &str, status: i32, lines: &[&str]) {
    let Run {
        status: ended,
        stdout,
        stderr,
    } = inspect(files, stdin.as_bytes());
    assert_eq!(stdout.lines().collect::<Vec<_>>(), lines);
    assert_eq!((ended, &*stderr), (Some(status), ""));
}

/// Inspects a text that cannot be read, and checks the error and its path.
#[track_caller]
fn check_unreadable(stdin: &[u8], error: &str, path: &str) {
    let run = inspect(&["-"], stdin);
    assert_eq!((run.status, &*run.stderr), (Some(1), ""));
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["delivery"], "none", "{line}");
    assert!(line["error"].as_str().unwrap().contains(error), "{line}");
    assert_eq!(line["path"], path, "{line}");

    for name in [
        "event_name",
        "bucket",
        "key",
        "key_as_sent",
        "size",
        "sequencer",
    ] {
        assert_eq!(line.get(name), Some(&Value::Null), "{line}");
    }
}

fn inspect(files: &[&str], stdin: &[u8]) -> Run {
    run(&[&["inspect"], files].concat(), &[], stdin)
}

/// Writes a file. Each test needs a different name.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_batch_shows_its_records_in_order() {
    let lines = [
        concat!(
            r#"{"file":"examples/events/put.json","delivery":"sqs>s3","#,
            r#""event_name":"ObjectCreated:Put","#,
            r#""bucket":"amzn-s3-demo-bucket","key":"holiday/2026/my photo (2).jpg","#,
            r#""key_as_sent":"holiday/2026/my+photo+%282%29.jpg","size":184021,"#,
            r#""sequencer":"0069D5164810A3F1C2"}"#,
        ),
        concat!(
            r#"{"file":"examples/events/put.json","delivery":"sqs>s3","#,
            r#""event_name":"ObjectCreated:CompleteMultipartUpload","#,
            r#""bucket":"amzn-s3-demo-bucket","key":"holiday/2026/film.mp4","#,
            r#""key_as_sent":"holiday/2026/film.mp4","#,
            r#""size":276134947,"sequencer":"0069D51602CA35D4A1"}"#,
        ),
        concat!(
            r#"{"file":"examples/events/put.json","delivery":"sqs>s3","#,
            r#""event_name":"s3:TestEvent","#,
            r#""bucket":"amzn-s3-demo-bucket","key":null,"key_as_sent":null,"size":null,"#,
            r#""sequencer":null}"#,
        ),
        concat!(
            r#"{"file":"examples/events/put.json","delivery":"sqs>s3","#,
            r#""event_name":"ObjectCreated:Copy","#,
            r#""bucket":"amzn-s3-demo-bucket","key":"archive/2026/my photo (2).jpg","#,
            r#""key_as_sent":"archive/2026/my+photo+%282%29.jpg","size":184021,"#,
            r#""sequencer":"0069D5164B7CE017B3"}"#,
        ),
    ];

    check(&["examples/events/put.json"], "", 0, &lines);
}

#[test]
fn a_dash_is_the_standard_input() {
    let event = include_str!("../../../events/eventbridge.json");
    let line = concat!(
        r#"{"file":"-","delivery":"eventbridge","event_name":"ObjectCreated:Put","#,
        r#""bucket":"amzn-s3-demo-bucket","#,
        r#""key":"holiday/2026/my photo (2).jpg","#,
        r#""key_as_sent":"holiday/2026/my photo (2).jpg","size":184021,"#,
        r#""sequencer":"69d5164810a3f1c2"}"#,
    );
    check(&["-"], event, 0, &[line]);
}

#[test]
fn an_absent_value_is_null() {
    let notification = concat!(
        r#"{"Records":[{"eventName":"s3:ObjectRemoved:Delete","#,
        r#""s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}"#,
    );
    let line = concat!(
        r#"{"file":"-","delivery":"s3","event_name":"ObjectRemoved:Delete","bucket":"b","#,
        r#""key":"a+b","#,
        r#""key_as_sent":"a+b","size":null,"sequencer":null}"#,
    );
    check(&["-"], notification, 0, &[line]);
}

#[test]
fn every_file_is_shown_even_if_another_cannot_be_read() {
    let garbage = file("inspect-garbage.json", "garbage");
    let files = [
        "examples/events/missing.json",
        "examples/events/failures.json",
        garbage.to_str().unwrap(),
        "examples/events/s3.json",
    ];

    let run = inspect(&files, b"");
    assert_eq!((run.status, &*run.stderr), (Some(1), ""));

    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect::<Vec<_>>();

    let file_of = |line: &Value| files.iter().position(|file| line["file"] == *file).unwrap();
    assert_eq!(
        lines.iter().map(file_of).collect::<Vec<_>>(),
        [0, 1, 1, 1, 2, 3]
    );
    let deliveries = lines
        .iter()
        .map(|line| line["delivery"].as_str().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(
        deliveries,
        ["none", "sqs>s3", "none", "sqs>s3", "none", "s3"]
    );

    assert!(
        lines[0]["error"].as_str().unwrap().contains("No such file"),
        "{}",
        lines[0]
    );

    assert_eq!(lines[2]["path"], "$.Records[1].body");
    assert_eq!(lines[4]["path"], "$");

    assert!(
        lines
            .iter()
            .all(|line| line.get("error").is_some() == (line["delivery"] == "none")),
        "{}",
        run.stdout
    );
}

#[test]
fn a_body_without_an_s3_event_is_an_error() {
    let batch =
        r#"{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"{\"hello\":\"world\"}"}]}"#;
    check_unreadable(
        batch.as_bytes(),
        "expected an S3 notification, a test notification, an SNS message or an EventBridge event",
        "$.Records[0].body",
    );
}

#[test]
fn a_record_without_a_key_is_an_error() {
    let notification = concat!(
        r#"{"Records":[{"eventName":"ObjectCreated:Put","#,
        r#""s3":{"bucket":{"name":"b"},"object":{}}}]}"#,
    );
    check_unreadable(
        notification.as_bytes(),
        "absent or empty",
        "$.Records[0].s3.object.key",
    );
}

#[test]
fn a_message_without_an_id_is_an_error() {
    let batch = br#"{"Records":[{"eventSource":"aws:sqs","body":"{\"Records\":[]}"}]}"#;
    check_unreadable(batch, "no id", "$.Records[0].messageId");
}

#[test]
fn a_text_that_is_not_a_payload_is_an_error() {
    check_unreadable(b"garbage", "the text is not JSON", "$");
    check_unreadable(b"\xff\xfe", "not UTF-8", "$");
    check_unreadable(b"{}", "expected an S3 notification", "$");
    check_unreadable(b"{}", "or a batch of SQS messages", "$");
    check_unreadable(br#"{"Records":[1,}"#, "invalid JSON", "$.Records[1]");
}

#[test]
fn an_empty_batch_has_no_lines() {
    check(&["-"], r#"{"Records":[]}"#, 0, &[]);
}

#[test]
fn a_key_with_control_characters_is_one_line() {
    let notification = concat!(
        r#"{"Records":[{"eventName":"ObjectCreated:Put","eventSource":"aws:s3","#,
        r#""s3":{"bucket":{"name":"b"},"#,
        r#""object":{"key":"a%0Ab%22%1B[31m+%F0%9F%A6%80","size":0,"sequencer":"01"}}}]}"#,
    );
    let line = concat!(
        r#"{"file":"-","delivery":"s3","event_name":"ObjectCreated:Put","bucket":"b","#,
        r#""key":"a\nb\"\u001b[31m 🦀","#,
        r#""key_as_sent":"a%0Ab%22%1B[31m+%F0%9F%A6%80","size":0,"sequencer":"01"}"#,
    );
    check(&["-"], notification, 0, &[line]);
}

/// An invocation of a job of S3 Batch Operations, with two tasks.
const JOB: &str = r#"{"invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j"},
    "tasks": [{"taskId": "1", "s3Key": "a+b.jpg", "s3VersionId": null, "s3Bucket": "holiday"},
        {"taskId": "2", "s3Key": "c.jpg", "s3VersionId": "v", "s3Bucket": "holiday"}]}"#;

#[test]
fn a_job_has_a_line_for_each_task_without_what_it_does_not_say() {
    let line = |key: &str, sent: &str| {
        format!(
            concat!(
                r#"{{"file":"-","delivery":"batchoperations","event_name":"ObjectCreated:Put","#,
                r#""bucket":"holiday","key":"{key}","key_as_sent":"{sent}","size":null,"#,
                r#""sequencer":null,"backfilled":true}}"#,
            ),
            key = key,
            sent = sent,
        )
    };

    check(
        &["-"],
        JOB,
        0,
        &[&line("a b.jpg", "a+b.jpg"), &line("c.jpg", "c.jpg")],
    );
    let damaged = JOB.replace("\"c.jpg\"", "null");
    check_unreadable(damaged.as_bytes(), "absent or empty", "$.tasks[1].s3Key");
}
