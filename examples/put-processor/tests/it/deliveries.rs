//! The answers to each kind of delivery.

use bytes::Bytes;
use s3_dispatch::EventName;
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SqsBatchBuilder, SqsMessageBuilder,
};
use serde_json::Value;

use crate::function::Function;
use crate::runtime_api::{Answer, Invocation, RuntimeApi};

const SUCCESS: &str = r#"{"batchItemFailures":[]}"#;
const JSON_LOGS: (&str, &str) = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
const NOTHING_FITS: (&str, &str) = ("MAX_OBJECT_BYTES", "0");

enum Expected<'e> {
    Response(&'e str),
    /// This `errorType`, and an `errorMessage` that contains this text.
    Error(&'e str, &'e str),
}

use Expected::{Error, Response};

/// Lets one process answer the payload and then an ordinary batch, which succeeds in any case.
async fn check(
    settings: &[(&str, &str)],
    payload: impl Into<Bytes>,
    expected: Expected<'_>,
    uploads: &[&str],
) {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &[settings, &[JSON_LOGS]].concat());

    let answer = api.invoke(Invocation::new("first", payload)).await;

    match expected {
        Response(body) => {
            assert_eq!(
                answer,
                Answer {
                    path: "invocation/first/response".into(),
                    body: body.into()
                }
            );
        }
        Error(error_type, message) => {
            assert_eq!(answer.path, "invocation/first/error", "{answer:?}");
            let error: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(error["errorType"], error_type, "{error}");
            assert!(
                error["errorMessage"].as_str().unwrap().contains(message),
                "{error}"
            );
        }
    }

    let ordinary = SqsBatchBuilder::new()
        .with_record("1", put("ordinary").with_size(0))
        .to_bytes();
    let answer = api.invoke(Invocation::new("second", ordinary)).await;

    assert_eq!(
        answer,
        Answer {
            path: "invocation/second/response".into(),
            body: SUCCESS.into()
        }
    );

    let ended = function.terminate().await;
    assert_eq!(ended.uploads_of("first"), uploads);
    assert_eq!(ended.uploads_of("second"), ["ordinary"]);
    assert_eq!(ended.stderr, "");
    assert!(api.is_silent());
}

fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key)
}

async fn check_batch_of(messages: usize) {
    let mut keys: Vec<_> = (0..messages)
        .map(|message| format!("holiday/{message} + ü.jpg"))
        .collect();
    let batch = keys.iter().fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_record(key, put(key))
    });
    keys.sort();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    check(&[], batch.to_bytes(), Response(SUCCESS), &keys).await;
}

#[tokio::test]
async fn an_empty_batch_succeeds() {
    check_batch_of(0).await;
}

#[tokio::test]
async fn a_batch_of_one_message_succeeds() {
    check_batch_of(1).await;
}

#[tokio::test]
async fn a_batch_of_ten_messages_succeeds() {
    check_batch_of(10).await;
}

#[tokio::test]
async fn a_batch_of_a_thousand_messages_succeeds() {
    check_batch_of(1_000).await;
}

#[tokio::test]
async fn a_test_notification_and_a_record_for_another_function_succeed() {
    let batch = SqsBatchBuilder::new()
        .with_notification("1", NotificationBuilder::test_event("amzn-s3-demo-bucket"))
        .with_record("2", RecordBuilder::new(EventName::OBJECT_CREATED_COPY))
        .with_record(
            "3",
            RecordBuilder::new(EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD)
                .with_key("film.mp4"),
        );

    check(&[], batch.to_bytes(), Response(SUCCESS), &["film.mp4"]).await;
}

#[tokio::test]
async fn only_failed_messages_are_retried() {
    let several = NotificationBuilder::new()
        .with_record(put("d").with_size(50))
        .with_record(put("e").with_size(51));
    let batch = SqsBatchBuilder::new()
        .with_record("fits", put("a").with_size(50))
        .with_body("malformed", "not JSON")
        .with_record("too large", put("b").with_size(51))
        .with_record("fits too", put("c").with_size(0))
        .with_notification("in part", several);

    let response = concat!(
        r#"{"batchItemFailures":[{"itemIdentifier":"malformed"},"#,
        r#"{"itemIdentifier":"too large"},{"itemIdentifier":"in part"}]}"#,
    );

    check(
        &[("MAX_OBJECT_BYTES", "50")],
        batch.to_bytes(),
        Response(response),
        &["a", "c", "d"],
    )
    .await;
}

#[tokio::test]
async fn bytes_that_are_not_json_fail_the_invocation() {
    check(
        &[],
        "garbage",
        Error("s3_dispatch::InvalidJson", "`$`"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn an_empty_payload_fails_the_invocation() {
    check(&[], "", Error("s3_dispatch::InvalidJson", "`$`"), &[]).await;
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_fail_the_invocation() {
    check(
        &[],
        &b"{\"Records\":[\"\xff\xfe\"]}"[..],
        Error("s3_dispatch::InvalidUtf8", "not UTF-8"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_truncated_batch_fails_the_invocation() {
    let mut batch = SqsBatchBuilder::new().with_record("1", put("a")).to_json();
    batch.truncate(batch.len() - 1);
    check(
        &[],
        batch,
        Error("s3_dispatch::InvalidJson", "unexpected end"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn json_that_is_not_a_delivery_fails_the_invocation() {
    check(
        &[],
        r#"{"hello":"world"}"#,
        Error("s3_dispatch::NotAnS3Event", "`$`"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn json_that_nests_too_deeply_fails_the_invocation() {
    check(
        &[],
        "[".repeat(100_000),
        Error("s3_dispatch::TooDeep", "too deep"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_message_without_an_id_fails_the_invocation() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_message(SqsMessageBuilder::without_id().with_record(put("b")));
    check(
        &[],
        batch.to_bytes(),
        Error("s3_dispatch::MissingMessageId", "`$.Records[1].messageId`"),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_notification_straight_from_s3_succeeds() {
    let notification = NotificationBuilder::new()
        .with_record(put("a"))
        .with_record(put("b c"));
    check(
        &[],
        notification.to_json(),
        Response(SUCCESS),
        &["a", "b c"],
    )
    .await;
}

#[tokio::test]
async fn a_failure_of_a_notification_straight_from_s3_fails_the_invocation() {
    let notification = NotificationBuilder::new()
        .with_record(put("a").with_size(0))
        .with_record(put("b"));
    let failed = Error(
        "s3_dispatch::InvocationFailed",
        "1 of 2 records failed: the object \"b\" has 1024 bytes",
    );
    check(&[NOTHING_FITS], notification.to_json(), failed, &["a"]).await;
}

#[tokio::test]
async fn an_sns_batch_succeeds() {
    let batch = SnsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", put("b c"));
    check(&[], batch.to_bytes(), Response(SUCCESS), &["a", "b c"]).await;
}

#[tokio::test]
async fn a_failure_in_an_sns_batch_fails_the_invocation() {
    let batch = SnsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", put("b").with_size(0));
    let failed = Error(
        "s3_dispatch::InvocationFailed",
        "1 of 2 records failed: the object \"a\" has 1024 bytes",
    );
    check(&[NOTHING_FITS], batch.to_bytes(), failed, &["b"]).await;
}

#[tokio::test]
async fn a_malformed_body_in_an_sns_batch_fails_the_invocation() {
    let batch = SnsBatchBuilder::new()
        .with_body("1", "not JSON")
        .with_record("2", put("b"));
    let failed = Error(
        "s3_dispatch::InvocationFailed",
        "`$.Records[0].Sns.Message`",
    );
    check(&[], batch.to_bytes(), failed, &["b"]).await;
}

#[tokio::test]
async fn an_eventbridge_event_succeeds() {
    let event = put("a+b %41.jpg").to_eventbridge_json().unwrap();
    check(&[], event, Response(SUCCESS), &["a+b %41.jpg"]).await;
}

#[tokio::test]
async fn a_failure_of_an_eventbridge_event_fails_the_invocation() {
    let event = put("a").to_eventbridge_json().unwrap();
    let failed = Error(
        "s3_dispatch::InvocationFailed",
        "1 of 1 records failed: the object \"a\" has 1024 bytes",
    );
    check(&[NOTHING_FITS], event, failed, &[]).await;
}
