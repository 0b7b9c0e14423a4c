//! Several invocations at once, and the end of a process in which some of them run.
//!
//! The end is the same where one invocation runs at a time.

use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::runtime_api::RuntimeApi;

#[cfg(not(feature = "sqs"))]
pub(crate) const TESTS: &[(&str, fn())] = DRAINS;

#[cfg(feature = "sqs")]
pub(crate) const TESTS: &[(&str, fn())] = &[
    DRAINS[0],
    DRAINS[1],
    DRAINS[2],
    DRAINS[3],
    (
        "each_invocation_sends_its_own_trace_header",
        each_invocation_sends_its_own_trace_header,
    ),
    (
        "one_invocation_at_a_time_has_its_trace_header_in_the_environment",
        one_invocation_at_a_time_has_its_trace_header_in_the_environment,
    ),
];

const DRAINS: &[(&str, fn())] = &[
    (
        "what_runs_at_sigterm_is_answered_and_nothing_more_is_asked_for",
        what_runs_at_sigterm_is_answered_and_nothing_more_is_asked_for,
    ),
    (
        "what_does_not_end_in_the_drain_fails_and_the_rest_of_the_batch_counts",
        what_does_not_end_in_the_drain_fails_and_the_rest_of_the_batch_counts,
    ),
    (
        "an_invocation_after_sigterm_is_answered_without_a_handler",
        an_invocation_after_sigterm_is_answered_without_a_handler,
    ),
    (
        "a_second_sigterm_ends_the_drain_at_once",
        a_second_sigterm_ends_the_drain_at_once,
    ),
];

const LONG: &str = "waits and drains for seconds: 3600";
const SHORT: &str = "waits and drains for seconds: 0.01";

/// A batch with one record a message. The key is the message's id.
fn batch(keys: &[&str]) -> String {
    let batch = keys.iter().fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_record(*key, RecordBuilder::new("ObjectCreated:Put").with_key(*key))
    });

    batch.to_json()
}

fn what_runs_at_sigterm_is_answered_and_nothing_more_is_asked_for() {
    for invocations in [None, Some(1), Some(3)] {
        let api = RuntimeApi::start();
        let mut function = api.run_concurrently(LONG, invocations);
        let number = invocations.unwrap_or(1);
        api.expect(&vec!["GET invocation/next"; number]);

        let ids: Vec<_> = (0..number).map(|id| id.to_string()).collect();
        for id in &ids {
            api.enqueue(id, batch(&[id]));
            api.expect(&[
                &format!("POST note handles {id}"),
                &format!("GET gate/{id}"),
            ]);
        }

        function.begin_to_terminate();

        for id in ids.iter().rev() {
            api.open_gate(id);
            let answer = format!(r#"POST invocation/{id}/response {{"batchItemFailures":[]}}"#);
            api.expect(&[&answer]);
        }
        assert!(function.end().status.success());
        api.expect_end();
    }
}

fn what_does_not_end_in_the_drain_fails_and_the_rest_of_the_batch_counts() {
    for invocations in [None, Some(2)] {
        let api = RuntimeApi::start();
        let mut function = api.run_concurrently(SHORT, invocations);
        api.expect(&vec!["GET invocation/next"; invocations.unwrap_or(1)]);

        // Two handlers may run at once.
        api.enqueue("1", batch(&["done", "hangs", "hangs-too", "waits"]));
        api.open_gate("done");
        api.expect_in_any_order(&[
            "POST note handles done",
            "GET gate/done",
            "POST note handles hangs",
            "GET gate/hangs",
            "POST note handles hangs-too",
            "GET gate/hangs-too",
        ]);

        function.begin_to_terminate();
        let failures = ["hangs", "hangs-too", "waits"]
            .map(|id| format!(r#"{{"itemIdentifier":"{id}"}}"#))
            .join(",");
        let answer = format!(r#"{{"batchItemFailures":[{failures}]}}"#);
        api.expect(&[&format!("POST invocation/1/response {answer}")]);
        assert!(function.end().status.success());
        api.expect_end();
    }
}

fn an_invocation_after_sigterm_is_answered_without_a_handler() {
    let api = RuntimeApi::start();
    let mut function = api.run_concurrently(LONG, Some(2));
    api.expect(&["GET invocation/next", "GET invocation/next"]);
    api.enqueue("1", batch(&["slow"]));
    api.expect(&["POST note handles slow", "GET gate/slow"]);

    function.begin_to_terminate();
    api.enqueue("2", batch(&["late"]));
    api.expect(&[
        r#"POST invocation/2/response {"batchItemFailures":[{"itemIdentifier":"late"}]}"#,
    ]);

    api.open_gate("slow");
    api.expect(&[r#"POST invocation/1/response {"batchItemFailures":[]}"#]);
    assert!(function.end().status.success());
    api.expect_end();
}

fn a_second_sigterm_ends_the_drain_at_once() {
    let api = RuntimeApi::start();
    let mut function = api.run_concurrently(LONG, Some(2));
    api.expect(&["GET invocation/next", "GET invocation/next"]);
    api.enqueue("1", batch(&["slow"]));
    api.expect(&["POST note handles slow", "GET gate/slow"]);

    function.begin_to_terminate();
    assert!(function.terminate().status.success());
    api.expect_end();
}

/// Starts two invocations, lets both go on, and returns the trace header of each request to AWS.
#[cfg(feature = "sqs")]
fn trace_headers(api: &RuntimeApi, keys: &[&str]) -> Vec<(String, Option<String>)> {
    for (id, key) in keys.iter().enumerate() {
        api.enqueue(&id.to_string(), batch(&[key]));
        api.expect(&[
            &format!("POST note handles {key}"),
            &format!("GET gate/{key}"),
        ]);
    }

    for key in keys {
        api.open_gate(key);
    }

    let mut requests = Vec::new();
    while requests.len() < 2 * keys.len() {
        let request = api.request();
        if request.what == "POST /" {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            let queue_url = body["QueueUrl"].as_str().unwrap().to_owned();
            requests.push((queue_url, request.trace_header));
        }
    }
    requests.sort_unstable();

    requests
}

#[cfg(feature = "sqs")]
fn each_invocation_sends_its_own_trace_header() {
    let api = RuntimeApi::start();
    let _function = api.run_concurrently(LONG, Some(2));
    api.expect(&["GET invocation/next", "GET invocation/next"]);

    let header = |id: &str| Some(format!("Root={id}"));
    assert_eq!(
        trace_headers(&api, &["asks-aws-a", "asks-aws-b"]),
        [
            ("asks-aws-a/plain".to_owned(), None),
            ("asks-aws-a/traced".to_owned(), header("0")),
            ("asks-aws-b/plain".to_owned(), None),
            ("asks-aws-b/traced".to_owned(), header("1")),
        ]
    );
}

#[cfg(feature = "sqs")]
fn one_invocation_at_a_time_has_its_trace_header_in_the_environment() {
    let api = RuntimeApi::start();
    let _function = api.run(LONG);
    api.expect(&["GET invocation/next"]);

    let header = Some("Root=0".to_owned());
    assert_eq!(
        trace_headers(&api, &["asks-aws"]),
        [
            ("asks-aws/plain".to_owned(), header.clone()),
            ("asks-aws/traced".to_owned(), header),
        ]
    );
}
