//! What runs after an invocation, and the time that it has.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_runtime::{Context, LambdaEvent, Service};
use s3_dispatch::{AllFailed, BatchReport, Dispatcher, Error, ErrorKind, Payload};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder};
use tokio::time::Instant;

use crate::logs::{messages, with_log};
use crate::script::{Script, after, dispatcher, failures, put};

const WARNING: &str = "what runs after the invocation did not finish";

type Invocation = Result<BatchReport, Error>;

/// What the functions have seen: the number of handled records, or the kind of the error.
type Seen = Arc<Mutex<Vec<Result<usize, ErrorKind>>>>;

/// Adds a function that notes the result.
fn noting(dispatcher: Dispatcher<Script>) -> (Dispatcher<Script>, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let dispatcher = dispatcher.after_invocation(move |result: &Invocation| {
        let result = match result {
            Ok(report) => Ok(report.handled()),
            Err(error) => Err(error.kind()),
        };
        noted.lock().unwrap().push(result);

        async { Ok::<_, std::io::Error>(()) }
    });

    (dispatcher, seen)
}

fn seen(seen: &Seen) -> Vec<Result<usize, ErrorKind>> {
    seen.lock().unwrap().clone()
}

fn batch(keys: &[&str]) -> SqsBatchBuilder {
    keys.iter().fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_record(*key, put(key))
    })
}

#[tokio::test]
async fn it_gets_the_report_after_every_batch() {
    let (dispatcher, script) = dispatcher();
    let (dispatcher, noted) = noting(dispatcher);

    let report = dispatcher
        .dispatch(batch(&["ok/1", "fail/2", "ok/3"]).to_bytes(), None)
        .await;
    assert_eq!(failures(&report), ["fail/2"]);
    let report = dispatcher.dispatch(batch(&["fail/4"]).to_bytes(), None);
    assert_eq!(failures(&report.await), ["fail/4"]);

    assert_eq!(seen(&noted), [Ok(2), Ok(0)]);
    assert_eq!(script.started().len(), 4);
}

#[tokio::test]
async fn it_gets_the_error_of_an_invocation_that_fails() {
    let (dispatcher, _) = dispatcher();
    let (dispatcher, noted) = noting(dispatcher.on_all_failed(AllFailed::FailInvocation));
    let notification = NotificationBuilder::new().with_record(put("fail/1"));

    for payload in [
        batch(&["fail/1"]).to_json(),
        notification.to_json(),
        String::from("not JSON"),
    ] {
        assert!(dispatcher.dispatch(payload, None).await.is_err());
    }

    assert_eq!(
        seen(&noted),
        [
            Err(ErrorKind::InvocationFailed),
            Err(ErrorKind::InvocationFailed),
            Err(ErrorKind::InvalidJson)
        ]
    );
}

#[tokio::test]
async fn it_runs_in_the_service_and_in_an_existing_function() {
    let (dispatcher, _) = dispatcher();
    let (mut dispatcher, noted) = noting(dispatcher);
    let event = || {
        let payload = Payload::from(batch(&["ok/1"]).to_bytes());
        LambdaEvent::new(payload, Context::default())
    };

    assert!(dispatcher.dispatch_event(event()).await.is_ok());
    assert!(dispatcher.call(event()).await.is_ok());
    assert_eq!(seen(&noted), [Ok(1), Ok(1)]);
}

#[tokio::test]
async fn a_record_that_panics_does_not_keep_it_from_running() {
    let (dispatcher, _) = dispatcher();
    let (dispatcher, noted) = noting(dispatcher);
    let batch = batch(&["panic/1", "panic-early/2"]);

    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(failures(&report), ["panic/1", "panic-early/2"]);
    assert_eq!(seen(&noted), [Ok(0)]);
}

#[tokio::test(start_paused = true)]
async fn it_is_cut_off_before_the_deadline_and_the_log_says_so() {
    // The time until the deadline, and how long a function that hangs may run.
    for (deadline, limit) in [(Some(2_000), 1_000), (Some(60_000), 5_000), (None, 5_000)] {
        let (dispatcher, _) = dispatcher();
        let dispatcher = dispatcher.after_invocation(async |_: &Invocation| {
            pending::<()>().await;
            Ok::<_, std::io::Error>(())
        });
        let (dispatcher, noted) = noting(dispatcher);

        let started = Instant::now();
        let dispatched = dispatcher.dispatch(batch(&["ok/1"]).to_bytes(), deadline.and_then(after));
        let (report, log) = with_log(dispatched).await;

        assert_eq!(failures(&report), [""; 0]);
        assert_eq!(started.elapsed().as_millis() / 10, limit / 10);
        assert_eq!(seen(&noted), [Ok(1)], "the next function runs");
        let [warning] = &*messages(&log, WARNING) else {
            panic!("{log:#?}")
        };
        let expected = format!(
            "it took longer than {:?}",
            Duration::from_millis(limit as u64)
        );
        assert_eq!(warning["level"], "WARN");
        assert_eq!(warning["fields"]["error"], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_cut_off_leaves_it_half_of_the_margin() {
    let (dispatcher, _) = dispatcher();
    let (dispatcher, noted) = noting(dispatcher.with_deadline_margin(Duration::from_secs(2)));
    let dispatcher = dispatcher.after_invocation(async |_: &Invocation| {
        tokio::time::sleep(Duration::from_millis(900)).await;
        Ok::<_, std::io::Error>(())
    });

    let started = Instant::now();
    let dispatched = dispatcher.dispatch(batch(&["hang/1"]).to_bytes(), after(10_000));
    let (report, log) = with_log(dispatched).await;

    assert_eq!(failures(&report), ["hang/1"]);
    assert_eq!(seen(&noted), [Ok(0)]);
    assert!(messages(&log, WARNING).is_empty(), "{log:#?}");
    assert_eq!(started.elapsed().as_millis() / 10, 890);
}

#[tokio::test]
async fn its_failures_are_logged_and_change_nothing() {
    let (dispatcher, _) = dispatcher();
    let dispatcher = dispatcher
        .after_invocation(async |_: &Invocation| {
            "many".parse::<u8>()?;
            Ok::<_, std::num::ParseIntError>(())
        })
        .after_invocation(async |_: &Invocation| -> Result<(), std::io::Error> {
            panic!("in the future")
        })
        .after_invocation(
            |_: &Invocation| -> std::future::Ready<Result<(), std::io::Error>> {
                panic!("before the future")
            },
        );
    let (dispatcher, noted) = noting(dispatcher);

    let (report, log) = with_log(dispatcher.dispatch(batch(&["ok/1"]).to_bytes(), None)).await;
    assert_eq!(failures(&report), [""; 0]);
    assert_eq!(seen(&noted), [Ok(1)]);
    let errors: Vec<_> = messages(&log, WARNING)
        .iter()
        .map(|line| line["fields"]["error"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        errors,
        [
            "invalid digit found in string",
            "panicked: in the future",
            "panicked: before the future"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dispatch_that_is_dropped_does_not_run_it() {
    let (dispatcher, _) = dispatcher();
    let (dispatcher, noted) = noting(dispatcher);
    let batch = batch(&["hang/1"]).to_bytes();

    let dispatched = dispatcher.dispatch(batch, None);
    let cut = tokio::time::timeout(Duration::from_secs(1), dispatched).await;
    assert!(cut.is_err());
    assert_eq!(seen(&noted), []);
}

/// A function that borrows the report across an `.await`, as an async function.
async fn read_slowly(result: &Invocation) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    tokio::task::yield_now().await;
    match result {
        Ok(report) if report.is_success() => Ok(()),
        _ => Err("it is logged")?,
    }
}

#[tokio::test]
async fn an_async_function_can_borrow_the_report() {
    let (dispatcher, _) = dispatcher();
    let dispatcher = dispatcher.after_invocation(read_slowly);

    for (key, warnings) in [("ok/1", 0), ("fail/1", 1)] {
        let (_, log) = with_log(dispatcher.dispatch(batch(&[key]).to_bytes(), None)).await;
        assert_eq!(messages(&log, WARNING).len(), warnings, "{log:#?}");
    }
}
