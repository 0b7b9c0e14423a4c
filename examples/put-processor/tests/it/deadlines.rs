//! The effect of `Lambda-Runtime-Deadline-Ms` on a batch.

use std::time::Duration;

use s3_dispatch::EventName;
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::function::Function;
use crate::runtime_api::{Invocation, RuntimeApi, unix_time};

/// Invokes the function with a batch of two messages, then again with an ordinary deadline.
async fn check(deadline: &str, response: &str, uploads: &[&str]) {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &[("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    let put = |key: &str| RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key);
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", put("b"))
        .to_bytes();

    let answer = api
        .invoke(Invocation::new("first", batch.clone()).with_deadline(deadline))
        .await;
    assert_eq!(
        (&*answer.path, &*answer.body),
        ("invocation/first/response", response)
    );
    let answer = api.invoke(Invocation::new("second", batch)).await;
    assert_eq!(
        (&*answer.path, &*answer.body),
        ("invocation/second/response", r#"{"batchItemFailures":[]}"#)
    );

    let ended = function.terminate().await;
    assert_eq!(ended.uploads_of("first"), uploads);
    assert_eq!(ended.uploads_of("second"), ["a", "b"]);
}

#[tokio::test]
async fn a_duration_instead_of_a_time_is_not_a_deadline() {
    check("600000", r#"{"batchItemFailures":[]}"#, &["a", "b"]).await;
}

#[tokio::test]
async fn zero_is_not_a_deadline() {
    check("0", r#"{"batchItemFailures":[]}"#, &["a", "b"]).await;
}

#[tokio::test]
async fn after_the_deadline_nothing_starts_and_everything_fails() {
    let past = (unix_time() - Duration::from_secs(1))
        .as_millis()
        .to_string();
    check(
        &past,
        r#"{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"2"}]}"#,
        &[],
    )
    .await;
}

#[tokio::test]
async fn within_the_margin_nothing_starts_and_everything_fails() {
    let near = unix_time().as_millis().to_string();
    check(
        &near,
        r#"{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"2"}]}"#,
        &[],
    )
    .await;
}
