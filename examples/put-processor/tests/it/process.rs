//! The start and the end of the process, and concurrent invocations.

use std::collections::HashMap;

use s3_dispatch::EventName;
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::function::{Ended, Function};
use crate::runtime_api::{Invocation, RuntimeApi};

fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key)
}

/// Checks that the process ended by itself, with a readable error that contains this text.
#[track_caller]
fn check_refusal(ended: &Ended, message: &str) {
    let stderr = &ended.stderr;
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(ended.stdout, [""; 0]);
}

#[tokio::test]
async fn sigterm_ends_a_process_that_waits_for_its_first_invocation() {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &[]);
    api.is_asked_by(1).await;
    let ended = function.terminate().await;
    assert!(ended.status.success(), "{}", ended.status);
    assert!(api.is_silent());
}

#[tokio::test]
async fn sigterm_between_two_invocations_loses_no_answer() {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &[]);
    let batch = SqsBatchBuilder::new().with_record("1", put("a")).to_bytes();
    let answer = api.invoke(Invocation::new("first", batch)).await;
    assert_eq!(answer.path, "invocation/first/response");
    api.is_asked_by(1).await;
    let ended = function.terminate().await;
    assert!(ended.status.success(), "{}", ended.status);
    assert!(api.is_silent());
}

#[tokio::test]
async fn sigterm_ends_a_process_that_waits_for_several_invocations() {
    let mut api = RuntimeApi::start().await;
    let function = Function::start(&api, &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")]);
    api.is_asked_by(4).await;
    let ended = function.terminate().await;
    assert!(ended.status.success(), "{}", ended.status);
    assert!(api.is_silent());
}

#[tokio::test]
async fn concurrent_invocations_do_not_mix_their_payloads() {
    const INVOCATIONS: usize = 250;

    let mut api = RuntimeApi::start().await;
    let settings = [
        ("AWS_LAMBDA_MAX_CONCURRENCY", "4"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ];
    let function = Function::start(&api, &settings);
    api.is_asked_by(4).await;

    for number in 0..INVOCATIONS {
        // The batches have different lengths, so that they overtake each other.
        let good = (0..number % 7).map(|message| format!("{number}/{message}"));
        let batch = good.fold(SqsBatchBuilder::new(), |batch, key| {
            batch.with_record(&*key, put(&key))
        });
        let batch = batch.with_body(format!("{number}/bad"), "not JSON");
        api.enqueue(Invocation::new(number.to_string(), batch.to_bytes()));
    }

    let mut answers = HashMap::new();
    for _ in 0..INVOCATIONS {
        let answer = api.answer().await;
        assert_eq!(answers.insert(answer.path, answer.body), None);
    }

    for number in 0..INVOCATIONS {
        let expected = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{number}/bad"}}]}}"#);
        assert_eq!(
            answers.get(&format!("invocation/{number}/response")),
            Some(&expected)
        );
    }

    api.is_asked_by(4).await;
    let ended = function.terminate().await;
    let mut uploads = ended.uploads();

    for number in 0..INVOCATIONS {
        let expected: Vec<_> = (0..number % 7)
            .map(|message| format!("{number}/{message}"))
            .collect();
        assert_eq!(
            uploads.remove(&number.to_string()).unwrap_or_default(),
            expected
        );
    }

    assert!(api.is_silent());
}

#[tokio::test]
async fn the_error_names_a_missing_variable_of_lambda() {
    for name in [
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    ] {
        let api = RuntimeApi::start().await;
        let mut command = Function::command(&api);
        command.env_remove(name);
        check_refusal(&Function::spawn(command).end().await, name);
    }
}

#[tokio::test]
async fn a_setting_that_is_not_a_number_is_reported_to_lambda_and_ends_the_process() {
    let mut api = RuntimeApi::start().await;
    let ended = Function::start(&api, &[("MAX_OBJECT_BYTES", "many")])
        .end()
        .await;

    let report = api.answer().await;
    assert_eq!(report.path, "init/error");
    assert_eq!(
        report.body,
        concat!(
            r#"{"errorType":"s3_dispatch::NotPrepared","#,
            r#""errorMessage":"the state of the handlers could not be made: "#,
            r#"the environment variable `MAX_OBJECT_BYTES` is not a number of bytes: "#,
            r#"invalid digit found in string"}"#
        )
    );
    assert!(api.is_silent());
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout[0].contains("`MAX_OBJECT_BYTES`"));
}
