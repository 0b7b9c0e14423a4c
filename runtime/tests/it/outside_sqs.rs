//! Rule 9: outside SQS, any failure fails the invocation. In SQS, that of every message does, by
//! choice.

use s3_dispatch::{AllFailed, ErrorKind, Malformed};
use s3_dispatch_testing::{NotificationBuilder, SnsBatchBuilder, SqsBatchBuilder};

use crate::script::{after, dispatcher, failures, put};

/// Dispatches the same records from S3, from SNS and, if there is one, from EventBridge.
async fn check(keys: &[&str], expected: Option<&str>) {
    let records = keys
        .iter()
        .fold(NotificationBuilder::new(), |builder, key| {
            builder.with_record(put(key))
        });

    let sns = keys.iter().fold(SnsBatchBuilder::new(), |builder, key| {
        builder.with_record(*key, put(key))
    });
    let mut payloads = vec![records.to_json(), records.to_sns_json(), sns.to_json()];

    if let [key] = keys {
        payloads.push(put(key).to_eventbridge_json().unwrap());
    }

    for payload in payloads {
        let (dispatcher, script) = dispatcher();
        let report = dispatcher.dispatch(payload.as_str(), None).await;

        match expected {
            None => {
                let report = report.unwrap();
                assert!(report.is_success());
                assert!(report.response().batch_item_failures.is_empty());
            }
            Some(text) => {
                let error = report.unwrap_err();
                assert_eq!(
                    (error.kind(), error.to_string().as_str()),
                    (ErrorKind::InvocationFailed, text)
                );
                assert!(error.is_retryable());
                assert_eq!(
                    std::error::Error::source(&error).unwrap().to_string(),
                    "it failed"
                );
            }
        }

        assert_eq!(script.started(), keys);
    }
}

#[tokio::test]
async fn success_gives_an_empty_response() {
    check(&["ok/1"], None).await;
    check(&["ok/1", "skip/2", "ok/3"], None).await;
}

#[tokio::test]
async fn any_failure_fails_the_invocation_after_every_record_has_run() {
    check(&["fail/1"], Some("1 of 1 records failed")).await;
    check(&["ok/1", "fail/2", "ok/3"], Some("1 of 3 records failed")).await;
}

#[tokio::test]
async fn a_malformed_event_fails_the_invocation_or_is_dropped() {
    let malformed = r#"{"Records": [{"eventName": "ObjectCreated:Put",
        "s3": {"bucket": {}, "object": {"key": "k"}}}]}"#;
    let (dispatcher, _) = dispatcher();
    let error = dispatcher.dispatch(malformed, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvocationFailed);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "a required field is absent or empty at `$.Records[0].s3.bucket.name`"
    );
    let report = dispatcher
        .on_malformed(Malformed::Drop)
        .dispatch(malformed, None)
        .await;
    assert!(report.unwrap().is_success());
}

#[tokio::test]
async fn a_test_notification_succeeds() {
    let (dispatcher, _) = dispatcher();
    let report = dispatcher
        .dispatch(NotificationBuilder::test_event("bucket").to_json(), None)
        .await;
    assert!(report.unwrap().is_success());
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_every_message_failed_fails_the_invocation_by_choice() {
    let all = SqsBatchBuilder::new()
        .with_record("1", put("permanent/1"))
        .with_record("2", put("panic/2"))
        .with_body("3", "not JSON")
        .with_record("4", put("hang/4"));
    let text = "3 of 3 records failed";

    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(all.to_bytes(), after(1_000)).await;
    assert_eq!(failures(&report), ["1", "2", "3", "4"]);

    let dispatcher = dispatcher.on_all_failed(AllFailed::FailInvocation);
    let failed = dispatcher.dispatch(all.to_bytes(), after(1_000)).await;
    let error = failed.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::InvocationFailed, text)
    );
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "it failed for good"
    );

    // One success, and no message at all, are reported as usual.
    let some = SqsBatchBuilder::new()
        .with_record("1", put("fail/1"))
        .with_record("2", put("skip/2"));
    let report = dispatcher.dispatch(some.to_bytes(), None).await;
    assert_eq!(failures(&report), ["1"]);

    let none = SqsBatchBuilder::new();
    assert!(failures(&dispatcher.dispatch(none.to_bytes(), None).await).is_empty());
}
