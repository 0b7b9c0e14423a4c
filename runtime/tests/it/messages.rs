//! Rules 1 to 5: the outcome of each message.

use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
use s3_dispatch::{Dispatcher, ErrorKind, Malformed, Routes, Unrouted};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};

use crate::script::{dispatcher, failures, outcomes, put};

const SUCCEEDED: MessageOutcome = MessageOutcome::Succeeded;

async fn check(batch: SqsBatchBuilder, failed: &[&str]) {
    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(failures(&report), failed);
}

/// Reads one message, and returns what a handler sees of it.
async fn context(payload: impl Into<s3_dispatch::Payload>) -> String {
    let (dispatcher, script) = dispatcher();
    assert!(
        dispatcher
            .dispatch(payload, None)
            .await
            .unwrap()
            .is_success()
    );

    script.journal(|journal| format!("{:?}", journal.contexts))
}

proptest::proptest! {
    /// Bytes and an `SqsEvent` that was read before give the same context.
    #[test]
    fn a_typed_event_reads_like_its_bytes(
        count in "|[-+ ]?[0-9]{1,25}|429496729[0-9]|[0-9]\\.5|one",
        group in "|[a-z]{1,3}",
        header in "|Root=1-[0-9]{1,3}",
    ) {
        let body = NotificationBuilder::new().with_record(put("ok/1")).to_json();
        let attributes = serde_json::json!({
            "ApproximateReceiveCount": count, "MessageGroupId": group, "AWSTraceHeader": header,
        });
        let message = serde_json::json!({"messageId": "1", "receiptHandle": "handle", "body": body,
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:1:queue",
            "attributes": attributes});
        let json = serde_json::json!({"Records": [message]}).to_string();
        let typed: ::aws_lambda_events::event::sqs::SqsEvent =
            serde_json::from_str(&json).unwrap();

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let [from_bytes, from_typed] =
            runtime.block_on(async { [context(json).await, context(typed).await] });
        proptest::prop_assert_eq!(from_bytes, from_typed);
    }
}

#[tokio::test]
async fn a_receive_count_above_the_maximum_reads_as_the_maximum() {
    for count in ["4294967295", "4294967296", "18446744073709551616"] {
        let body = NotificationBuilder::new()
            .with_record(put("ok/1"))
            .to_json();
        let message = serde_json::json!({"messageId": "1", "body": body, "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": count}});
        let json = serde_json::json!({"Records": [message]}).to_string();
        let (dispatcher, script) = dispatcher();
        assert!(dispatcher.dispatch(json, None).await.unwrap().is_success());

        let read = script.journal(|journal| journal.contexts[0].receive_count());
        assert_eq!(read, Some(u32::MAX), "{count}");
    }
}

#[tokio::test]
async fn an_empty_batch_succeeds() {
    check(SqsBatchBuilder::new(), &[]).await;
}

#[tokio::test]
async fn a_failed_record_fails_its_message_and_no_other() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("fail/2"))
        .with_record("3", put("ok/3"))
        .with_record("4", put("permanent/4"))
        .with_record("5", put("skip/5"));
    check(batch, &["2", "4"]).await;
}

#[tokio::test]
async fn one_failed_record_of_many_fails_the_message() {
    let mixed = NotificationBuilder::new()
        .with_record(put("ok/1"))
        .with_record(put("fail/1"))
        .with_record(put("ok/2"));
    let good = NotificationBuilder::new()
        .with_record(put("ok/3"))
        .with_record(put("skip/3"));
    let batch = SqsBatchBuilder::new()
        .with_notification("mixed", mixed)
        .with_notification("good", good)
        .with_notification("none", NotificationBuilder::new());
    let (dispatcher, script) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(failures(&report), ["mixed"]);
    assert_eq!(
        script.started(),
        ["ok/1", "fail/1", "ok/2", "ok/3", "skip/3"]
    );
}

#[tokio::test]
async fn a_panic_fails_its_message_during_or_before_the_future() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("panic/1"))
        .with_record("2", put("panic-early/2"))
        .with_record("3", put("ok/3"));
    check(batch, &["1", "2"]).await;
}

#[tokio::test]
async fn a_test_notification_succeeds() {
    check(
        SqsBatchBuilder::new().with_notification("1", NotificationBuilder::test_event("bucket")),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_malformed_body_fails_only_its_message() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_body("2", "no JSON")
        .with_body("3", "{}")
        .with_body("4", "")
        .with_body(
            "5",
            r#"{"Records": [{"eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "b"}, "object": {}}}]}"#,
        )
        .with_record("6", put("ok/6"));

    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    let malformed = MessageOutcome::Failed(MessageFailure::Malformed);

    assert_eq!(
        outcomes(&report),
        [
            SUCCEEDED, malformed, malformed, malformed, malformed, SUCCEEDED
        ]
    );
}

#[tokio::test]
async fn a_malformed_body_can_be_dropped() {
    let batch = SqsBatchBuilder::new()
        .with_body("1", "no JSON")
        .with_record("2", put("fail/2"));
    let (dispatcher, _) = dispatcher();
    let report = dispatcher
        .on_malformed(Malformed::Drop)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert_eq!(failures(&report), ["2"]);
}

#[tokio::test]
async fn an_unrouted_record_is_skipped_or_fails() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("unrouted/1"))
        .with_record("2", put("skip/2"))
        .with_record("3", put("gone/3"))
        .with_record("4", put("nothing/4"));
    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!((failures(&report).len(), report.unwrap().skipped()), (0, 4));
    let report = dispatcher
        .on_unrouted(Unrouted::Fail)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert_eq!(failures(&report), ["1"]);
}

#[tokio::test]
async fn a_repeated_id_is_listed_once_if_either_message_fails() {
    for (first, second) in [("ok/1", "fail/2"), ("fail/1", "ok/2"), ("fail/1", "fail/2")] {
        let batch = SqsBatchBuilder::new()
            .with_record("same", put(first))
            .with_record("same", put(second));
        check(batch, &["same"]).await;
    }

    check(
        SqsBatchBuilder::new()
            .with_record("same", put("ok/1"))
            .with_record("same", put("ok/2")),
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_message_without_an_id_fails_the_invocation_before_any_handler_runs() {
    for nameless in [SqsMessageBuilder::without_id(), SqsMessageBuilder::new("")] {
        let batch = SqsBatchBuilder::new()
            .with_record("1", put("ok/1"))
            .with_message(nameless.with_record(put("ok/2")));
        let (dispatcher, script) = dispatcher();
        let error = dispatcher
            .dispatch(batch.to_bytes(), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingMessageId);
        assert_eq!(error.path(), Some("$.Records[1].messageId"));
        assert!(script.started().is_empty());
    }
}

#[tokio::test]
async fn an_unreadable_payload_fails_the_invocation() {
    let (dispatcher, _) = dispatcher();
    for (payload, kind) in [
        (&b"\xff{}"[..], ErrorKind::InvalidUtf8),
        (b"", ErrorKind::InvalidJson),
        (b"{", ErrorKind::InvalidJson),
        (b"{}", ErrorKind::NotAnS3Event),
        (b"[]", ErrorKind::NotAnS3Event),
        (b"null", ErrorKind::NotAnS3Event),
        (
            br#"{"Records": [{"eventSource": "aws:kinesis", "kinesis": {}}]}"#,
            ErrorKind::NotAnS3Event,
        ),
    ] {
        let error = dispatcher.dispatch(payload, None).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(payload));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn handlers_see_their_message_and_invocation() {
    let message = SqsMessageBuilder::new("id")
        .with_receive_count(3)
        .with_trace_header("Root=1")
        .with_record(put("ok/1"));
    let (dispatcher, script) = dispatcher();
    let deadline = crate::script::after(60_000);

    let report = dispatcher
        .dispatch(
            SqsBatchBuilder::new().with_message(message).to_bytes(),
            deadline,
        )
        .await;

    assert!(report.unwrap().is_success());

    script.journal(|journal| {
        let context = &journal.contexts[0];
        assert_eq!(context.message_id().unwrap(), "id");
        assert_eq!(context.receive_count(), Some(3));
        assert_eq!(context.trace_header().unwrap(), "Root=1");
        assert_eq!(context.deadline(), deadline);
    });
}

/// A handler's error is user code, like the handler itself.
#[tokio::test]
async fn an_error_that_panics_when_printed_fails_only_its_message() {
    #[derive(Debug)]
    struct Unprintable;

    impl std::fmt::Display for Unprintable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no text")
        }
    }

    impl std::error::Error for Unprintable {}

    let routes = Routes::new(()).on_fn("*", |key: s3_dispatch::ObjectKey| async move {
        if key == "bad" {
            Err(Unprintable)
        } else {
            Ok(())
        }
    });

    let batch = SqsBatchBuilder::new()
        .with_record("1", put("bad"))
        .with_record("2", put("good"));

    assert_eq!(
        failures(
            &Dispatcher::new(routes)
                .dispatch(batch.to_bytes(), None)
                .await
        ),
        ["1"]
    );
}

const CONFIRMATION: &str = r#"{"Type": "SubscriptionConfirmation", "Token": "2336412f37",
    "TopicArn": "arn:aws:sns:eu-central-1:123456789012:uploads"}"#;

const CLOUD_TRAIL: &str = r#"{"version": "0", "id": "1", "source": "aws.s3",
    "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "PutObject"}}"#;

#[tokio::test]
async fn a_confirmation_and_an_event_of_cloud_trail_succeed() {
    let batch = SqsBatchBuilder::new()
        .with_body("1", CONFIRMATION)
        .with_body("2", CLOUD_TRAIL)
        .with_record("3", put("fail/3"));
    check(batch, &["3"]).await;
}

#[tokio::test]
async fn an_event_of_cloud_trail_fails_where_unrouted_events_fail() {
    let batch = SqsBatchBuilder::new()
        .with_body("1", CONFIRMATION)
        .with_body("2", CLOUD_TRAIL);
    let dispatcher = Dispatcher::new(Routes::new(())).on_unrouted(Unrouted::Fail);
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    let failed: Vec<_> = report
        .messages()
        .iter()
        .filter(|message| message.outcome() != SUCCEEDED)
        .map(|message| message.id().unwrap().as_str())
        .collect();
    assert_eq!(failed, ["2"]);
}
