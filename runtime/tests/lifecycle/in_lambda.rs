//! Through the Runtime API of Lambda.

use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};
use serde_json::Value;

use crate::runtime_api::RuntimeApi;

pub(crate) const TESTS: [(&str, fn()); 5] = [
    (
        "the_router_is_prepared_before_the_first_invocation_is_taken",
        the_router_is_prepared_before_the_first_invocation_is_taken,
    ),
    (
        "a_failure_to_prepare_is_reported_and_ends_the_process",
        a_failure_to_prepare_is_reported_and_ends_the_process,
    ),
    (
        "sigterm_ends_a_process_that_prepares",
        sigterm_ends_a_process_that_prepares,
    ),
    (
        "layers_and_what_runs_after_an_invocation_come_before_its_answer",
        layers_and_what_runs_after_an_invocation_come_before_its_answer,
    ),
    (
        "the_error_and_the_panic_of_a_layer_fail_the_invocation",
        the_error_and_the_panic_of_a_layer_fail_the_invocation,
    ),
];

fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new("ObjectCreated:Put").with_key(key)
}

fn copies(number: usize) -> String {
    let copies = (0..number).map(|number| number.to_string());
    let batch = copies.fold(SqsBatchBuilder::new(), |batch, id| {
        batch.with_record(
            &*id,
            RecordBuilder::new("ObjectCreated:Copy").with_key(&*id),
        )
    });

    batch.to_json()
}

fn the_router_is_prepared_before_the_first_invocation_is_taken() {
    let api = RuntimeApi::start();
    let function = api.run("works");
    api.expect(&["POST note prepares", "GET invocation/next"]);

    let ended = function.terminate();
    assert!(ended.status.success());
    api.expect_end();
}

fn a_failure_to_prepare_is_reported_and_ends_the_process() {
    for (program, cause) in [
        (
            "without a setting",
            "the setting `TABLE`\nis missing: environment variable not found",
        ),
        ("panics", "panicked: there is no table"),
    ] {
        let api = RuntimeApi::start();
        let ended = api.run(program).end();
        assert_eq!(ended.status.code(), Some(1));

        api.expect(&["POST note prepares"]);
        let report = api.request();
        assert_eq!(report.what, "POST init/error");
        assert_eq!(report.error_type.as_deref(), Some("Function.NotPrepared"));

        let error: Value = serde_json::from_str(&report.body).unwrap();
        let expected = format!("the state of the handlers could not be made: {cause}");
        assert_eq!(error["errorType"], "s3_dispatch::NotPrepared");
        assert_eq!(error["errorMessage"], expected);
        api.expect_end();

        let log = String::from_utf8(ended.stdout).unwrap();
        let line = log.lines().find(|line| line.contains("cannot start"));
        let line = line.unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains(&cause.replace('\n', "\\n")), "{line}");
    }
}

fn sigterm_ends_a_process_that_prepares() {
    let api = RuntimeApi::start();
    let function = api.run("hangs");
    api.expect(&["POST note prepares"]);

    let ended = function.terminate();
    assert!(ended.status.success(), "{ended:?}");
    api.expect_end();
}

fn layers_and_what_runs_after_an_invocation_come_before_its_answer() {
    let api = RuntimeApi::start();
    let function = api.run("works");
    api.expect(&["POST note prepares", "GET invocation/next"]);

    let batch = SqsBatchBuilder::new().with_record("a", put("good"));
    let batch = batch.with_record("b", put("bad"));
    api.enqueue("1", batch.to_json());
    api.expect(&[
        "POST note outer layer of 1",
        "POST note inner layer",
        "POST note handles good",
        "POST note handles bad",
        "POST note after 2 messages",
        r#"POST invocation/1/response {"batchItemFailures":[{"itemIdentifier":"b"}]}"#,
        "GET invocation/next",
    ]);

    let notification = NotificationBuilder::new().with_record(put("bad"));
    api.enqueue("2", notification.to_json());
    api.expect(&[
        "POST note outer layer of 2",
        "POST note inner layer",
        "POST note handles bad",
        "POST note after InvocationFailed",
    ]);
    check_error(
        &api,
        "2",
        "InvocationFailed",
        "1 of 1 records failed: it is bad",
    );

    api.enqueue("3", String::from("no JSON"));
    api.expect(&[
        "POST note outer layer of 3",
        "POST note inner layer",
        "POST note after InvalidJson",
    ]);
    assert_eq!(api.request().what, "POST invocation/3/error");
    api.expect(&["GET invocation/next"]);

    assert!(function.terminate().status.success());
    api.expect_end();
}

#[track_caller]
fn check_error(api: &RuntimeApi, id: &str, kind: &str, message: &str) {
    let answer = api.request();
    assert_eq!(answer.what, format!("POST invocation/{id}/error"));

    let error: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(error["errorType"], format!("s3_dispatch::{kind}"));
    assert_eq!(error["errorMessage"], message);
    api.expect(&["GET invocation/next"]);
}

fn the_error_and_the_panic_of_a_layer_fail_the_invocation() {
    let api = RuntimeApi::start();
    let function = api.run("works");
    api.expect(&["POST note prepares", "GET invocation/next"]);

    let refused = "a layer around the dispatcher failed the invocation: a layer wants no skipped \
                   records";
    let panicked = "the dispatcher panicked: panicked: a layer panics";

    for (id, number, message) in [("1", 1, refused), ("2", 2, panicked), ("3", 1, refused)] {
        api.enqueue(id, copies(number));
        api.expect(&[
            &format!("POST note outer layer of {id}"),
            "POST note inner layer",
            &format!("POST note after {number} messages"),
        ]);
        check_error(&api, id, "Runtime", message);
    }

    assert!(function.terminate().status.success());
    api.expect_end();
}
