//! Jobs of S3 Batch Operations: each task gets its own result, and only a damaged invocation fails.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lambda_runtime::{Context, LambdaEvent, Service};
use s3_dispatch::delivery::Delivery;
use s3_dispatch::dispatch::ResultCode::{PermanentFailure, Succeeded, TemporaryFailure};
use s3_dispatch::dispatch::{BatchJobResponse, ResultCode};
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{
    AllFailed, BatchReport, DeadLetters, Dispatcher, Error, ErrorKind, EventName, HandlerError,
    Payload, Routes, State,
};
use s3_dispatch_testing::BatchJobBuilder;
use serde_json::{Value, json};

use crate::script::{after, dispatcher};

/// A job with a task for each key. The id of a task says where it stands.
fn job(keys: &[&str]) -> BatchJobBuilder {
    let tasks = keys.iter().enumerate();
    tasks.fold(BatchJobBuilder::new(), |job, (index, key)| {
        job.with_task(format!("task-{index}"), "holiday", key)
    })
}

#[track_caller]
fn response(report: Result<BatchReport, Error>) -> BatchJobResponse {
    let answer = report.unwrap().answer();
    assert!(answer.batch_item_failures.is_empty());
    answer.job().expect("the answer to a job").clone()
}

/// Checks the results, which must be those of all tasks in their order.
#[track_caller]
fn check(response: &BatchJobResponse, expected: &[(ResultCode, &str)]) {
    let ids: Vec<_> = response
        .results
        .iter()
        .map(|result| result.task_id.as_str())
        .collect();
    let sent: Vec<_> = (0..expected.len())
        .map(|index| format!("task-{index}"))
        .collect();
    assert_eq!(ids, sent);

    let results: Vec<_> = response
        .results
        .iter()
        .map(|result| (result.result_code, result.result_string.as_str()))
        .collect();
    assert_eq!(results, expected);
}

const NOT_REACHED: &str =
    "not reached: the time ran out, or an earlier task of the same key failed";

#[tokio::test(start_paused = true)]
async fn each_outcome_has_its_result_code_and_says_why() {
    let keys = [
        "run-300/0",
        "fail/1",
        "skip/2",
        "permanent/3",
        "unrouted/4",
        "panic/5",
        "ok/6",
        "hang/7",
    ];
    let (dispatcher, script) = dispatcher();
    let report = dispatcher
        .dispatch(job(&keys).to_bytes(), after(2_000))
        .await;

    check(
        &response(report),
        &[
            (Succeeded, "handled"),
            (TemporaryFailure, "it failed"),
            (Succeeded, "skipped: the record was handled before"),
            (PermanentFailure, "it failed for good"),
            (Succeeded, "skipped: no route matches the record"),
            (TemporaryFailure, "panicked: it panicked"),
            (Succeeded, "handled"),
            (TemporaryFailure, NOT_REACHED),
        ],
    );
    assert_eq!(script.started().len(), keys.len());
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_cuts_comes_again() {
    let (dispatcher, script) = dispatcher();
    let keys = ["ok/0", "hang/1", "run-5000/2", "ok/3"];
    let report = dispatcher
        .with_concurrency(2)
        .dispatch(job(&keys).to_bytes(), after(1_000))
        .await;

    check(
        &response(report),
        &[
            (Succeeded, "handled"),
            (TemporaryFailure, NOT_REACHED),
            (TemporaryFailure, NOT_REACHED),
            (TemporaryFailure, NOT_REACHED),
        ],
    );
    assert_eq!(script.started().len(), 3);
}

#[tokio::test]
async fn the_answer_repeats_the_invocation_and_an_omission_never_counts_as_done() {
    let (mut dispatcher, script) = dispatcher();
    let job = job(&["ok/0"])
        .with_invocation_id("invocation-7")
        .with_schema_1();
    let payload: Payload = serde_json::from_str(&job.to_json()).unwrap();
    let answer = dispatcher
        .call(LambdaEvent::new(payload, Context::default()))
        .await
        .unwrap();

    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        json!({
            "invocationSchemaVersion": "1.0",
            "treatMissingKeysAs": "TemporaryFailure",
            "invocationId": "invocation-7",
            "results": [
                {"taskId": "task-0", "resultCode": "Succeeded", "resultString": "handled"},
            ],
        })
    );
    script.journal(|journal| {
        assert_eq!(journal.contexts[0].message_id().unwrap(), "task-0");
        assert_eq!(journal.contexts[0].receive_count(), None);
    });
}

#[tokio::test]
async fn failures_do_not_fail_the_invocation_but_damage_does() {
    let (dispatcher, script) = dispatcher();
    let dispatcher = dispatcher.on_all_failed(AllFailed::FailInvocation);
    let report = dispatcher
        .dispatch(job(&["fail/0", "fail/1"]).to_bytes(), None)
        .await;
    assert_eq!(report.as_ref().unwrap().failed_messages(), 2);
    check(
        &response(report),
        &[
            (TemporaryFailure, "it failed"),
            (TemporaryFailure, "it failed"),
        ],
    );

    let mut damaged: Value = serde_json::from_str(&job(&["ok/0", "ok/1"]).to_json()).unwrap();
    damaged["tasks"][1]["s3Key"] = json!("");
    let error = dispatcher
        .dispatch(damaged.to_string(), None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::MissingField, Some("$.tasks[1].s3Key"))
    );
    assert_eq!(
        script.started().len(),
        2,
        "no task of a damaged invocation runs"
    );
}

/// A job whose only task fails permanently with a text gives this result string.
async fn result_string(text: String) -> String {
    let routes = Routes::new(text).on_fn("*", async |State(text): State<String>| {
        Err::<(), _>(HandlerError::permanent(text))
    });
    let report = Dispatcher::new(routes)
        .dispatch(job(&["a"]).to_bytes(), None)
        .await;
    let mut response = response(report);
    assert_eq!(response.results[0].result_code, PermanentFailure);
    response.results.remove(0).result_string
}

#[tokio::test]
async fn a_result_string_is_one_line_within_the_limit_of_the_report() {
    assert_eq!(result_string("a\r\nb\0c".to_owned()).await, "a  b c");
    assert_eq!(result_string("x".repeat(1_024)).await, "x".repeat(1_024));
    assert_eq!(
        result_string("x".repeat(1_025)).await,
        "x".repeat(1_021) + "..."
    );
    // 1,021 is in the middle of a character.
    assert_eq!(
        result_string("é".repeat(600)).await,
        "é".repeat(510) + "..."
    );
    assert_eq!(
        result_string("😀".repeat(300_000)).await,
        "😀".repeat(255) + "..."
    );
}

#[tokio::test]
async fn the_event_is_what_the_job_or_else_the_dispatcher_says() {
    async fn handled(job: BatchJobBuilder, event: Option<EventName>) -> usize {
        let routes = Routes::new(()).on_fn("ObjectTagging:*", async || Ok::<_, HandlerError>(()));
        let dispatcher = Dispatcher::new(routes);
        let dispatcher = match event {
            Some(event) => dispatcher.with_batch_event(event),
            None => dispatcher,
        };
        dispatcher
            .dispatch(job.to_bytes(), None)
            .await
            .unwrap()
            .handled()
    }

    let tagging = || Some(EventName::OBJECT_TAGGING_PUT);
    let says = |name: &str| job(&["a"]).with_user_argument("eventName", name);
    assert_eq!(handled(job(&["a"]), None).await, 0);
    assert_eq!(handled(job(&["a"]), tagging()).await, 1);
    assert_eq!(handled(says("ObjectTagging:Delete"), None).await, 1);
    assert_eq!(handled(says("ObjectCreated:Copy"), tagging()).await, 0);
}

/// Keeps the bodies of letters.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl DeadLetters for Sink {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        self.0.lock().unwrap().push(letter.body.to_string());
        Ok(())
    }
}

#[tokio::test]
async fn a_dead_letter_can_be_read_again_and_its_task_has_still_failed() {
    let (dispatcher, _) = dispatcher();
    let sink = Sink::default();
    let dispatcher = dispatcher.with_dead_letters(sink.clone());
    let report = dispatcher
        .dispatch(job(&["permanent/a b"]).to_bytes(), None)
        .await;

    let text = "stored as a dead letter: it failed for good";
    check(&response(report), &[(PermanentFailure, text)]);

    let letter = sink.0.lock().unwrap().remove(0);
    let delivery = Delivery::parse(letter).unwrap();
    assert_eq!(delivery.records()[0].object.key, "permanent/a b");
    assert!(delivery.records()[0].is_from_batch_job());
}

#[cfg(feature = "object-store")]
mod looked_up {
    use s3_dispatch::{Object, ObjectCreated, Objects, Router};
    use s3_dispatch_testing::MemoryObjects;

    use super::*;

    type Seen = Arc<Mutex<Vec<(String, u64)>>>;

    /// A handler that takes a view which promises a size.
    fn routes(seen: &Seen) -> Routes<Seen> {
        Routes::new(Arc::clone(seen)).on_fn(
            "ObjectCreated:*",
            async |object: ObjectCreated, State(seen): State<Seen>| {
                seen.lock()
                    .unwrap()
                    .push((object.key.to_string(), object.size));
                Ok::<_, HandlerError>(())
            },
        )
    }

    async fn run(dispatcher: Dispatcher<impl Router>, job: BatchJobBuilder) -> BatchJobResponse {
        response(dispatcher.dispatch(job.to_bytes(), None).await)
    }

    #[tokio::test]
    async fn a_promised_size_comes_from_s3_or_fails_for_good() {
        let (memory, seen) = (MemoryObjects::new(), Seen::default());
        memory.put("holiday", "a b", "text");
        let job = job(&["a b", "gone"]);

        let without = run(Dispatcher::new(routes(&seen)), job.clone()).await;
        let text = "the `ObjectCreated:Put` record has no `size`, because it is a task of a batch \
                    job; `Dispatcher::look_up_tasks` asks S3 for it";
        check(
            &without,
            &[(PermanentFailure, text), (PermanentFailure, text)],
        );
        assert!(seen.lock().unwrap().is_empty());

        let dispatcher = Dispatcher::new(routes(&seen)).look_up_tasks(Objects::new(memory));
        let with = run(dispatcher, job).await;
        check(
            &with,
            &[
                (Succeeded, "handled"),
                (Succeeded, "skipped: the object is gone"),
            ],
        );
        assert_eq!(*seen.lock().unwrap(), [("a b".to_owned(), 4)]);
    }

    #[tokio::test]
    async fn an_object_is_read_as_it_was_when_it_was_looked_up() {
        let memory = MemoryObjects::new();
        memory.put("holiday", "a", "text");
        let objects = Objects::new(memory.clone());
        let routes = Routes::new(objects.clone()).on_fn("*", async |object: Object| {
            assert_eq!(object.text().await?, "text");
            Ok::<_, HandlerError>(())
        });

        let dispatcher = Dispatcher::new(routes).look_up_tasks(objects);
        check(
            &run(dispatcher, job(&["a"])).await,
            &[(Succeeded, "handled")],
        );
    }

    #[tokio::test]
    async fn removals_and_what_no_route_takes_are_not_looked_up() {
        // There is no object at all, so a look would skip the task as gone.
        let objects = Objects::new(MemoryObjects::new());
        let routes = Routes::new(()).on_fn("ObjectRemoved:*", async || Ok::<_, HandlerError>(()));
        let dispatcher = Dispatcher::new(routes).look_up_tasks(objects);

        let removal = job(&["a"]).with_user_argument("eventName", "ObjectRemoved:Delete");
        check(
            &run(dispatcher.clone(), removal).await,
            &[(Succeeded, "handled")],
        );
        check(
            &run(dispatcher, job(&["a"])).await,
            &[(Succeeded, "skipped: no route matches the record")],
        );
    }
}
