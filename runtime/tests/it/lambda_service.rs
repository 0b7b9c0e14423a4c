//! The dispatcher as a service for `lambda_runtime`, and as part of an existing function.

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Context, LambdaEvent, Service};
use s3_dispatch::Payload;
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};

use crate::script::{dispatcher, failures, put};

fn batch() -> SqsBatchBuilder {
    let message = SqsMessageBuilder::new("2")
        .with_receive_count(4)
        .with_trace_header("Root=2")
        .with_record(put("fail/2"));
    SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_message(message)
        .with_body("3", "no JSON")
}

#[tokio::test]
async fn it_answers_events_with_batch_responses() {
    let (mut dispatcher, script) = dispatcher();
    let payload: Payload = serde_json::from_str(&batch().to_json()).unwrap();
    let mut context = Context::default();
    context.request_id = "request".to_owned();
    context.xray_trace_id = Some("Root=1".to_owned());
    let response = dispatcher
        .call(LambdaEvent::new(payload, context))
        .await
        .unwrap();
    let response = serde_json::to_string(&response).unwrap();
    assert_eq!(
        response,
        r#"{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"3"}]}"#
    );

    script.journal(|journal| {
        let trace = |index: usize| journal.contexts[index].trace_header().unwrap().to_string();
        assert_eq!(
            (trace(0), trace(1)),
            ("Root=2".to_owned(), "Root=1".to_owned()),
            "the message that was received more often starts first"
        );
        assert_eq!(journal.contexts[0].request_id().unwrap(), "request");
    });
}

#[tokio::test]
async fn its_errors_say_what_failed() {
    let (mut dispatcher, _) = dispatcher();
    let payload = Payload::from(
        NotificationBuilder::new()
            .with_record(put("fail/1"))
            .to_json(),
    );

    let error = dispatcher
        .call(LambdaEvent::new(payload, Context::default()))
        .await
        .unwrap_err();
    assert_eq!(error.error_type, "s3_dispatch::InvocationFailed");
    assert_eq!(error.error_message, "1 of 1 records failed: it failed");
}

#[tokio::test]
async fn a_deserialized_event_gives_the_same_report() {
    let (dispatcher, script) = dispatcher();
    let event: SqsEvent = serde_json::from_str(&batch().to_json()).unwrap();
    let report = dispatcher.dispatch(event, None).await;
    assert_eq!(failures(&report), ["2", "3"]);

    script.journal(|journal| {
        let context = &journal.contexts[0];
        assert_eq!(
            (
                context.receive_count(),
                context.trace_header().unwrap().as_str()
            ),
            (Some(4), "Root=2")
        );
    });
}

#[tokio::test]
async fn missing_ids_and_bodies_are_not_invented() {
    let (dispatcher, _) = dispatcher();
    let event: SqsEvent = serde_json::from_str(r#"{"Records": [{"body": "{}"}]}"#).unwrap();
    let error = dispatcher.dispatch(event, None).await.unwrap_err();
    assert_eq!(error.kind(), s3_dispatch::ErrorKind::MissingMessageId);
    let event: SqsEvent = serde_json::from_str(r#"{"Records": [{"messageId": "1"}]}"#).unwrap();
    assert_eq!(failures(&dispatcher.dispatch(event, None).await), ["1"]);
}
