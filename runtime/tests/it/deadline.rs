//! Rule 7: timeouts, the deadline, and cancellation.

use std::time::Duration;

use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder};
use tokio::time::Instant;

use crate::script::{after, dispatcher, failures, outcomes, put};

const SUCCEEDED: MessageOutcome = MessageOutcome::Succeeded;
const FAILED: MessageOutcome = MessageOutcome::Failed(MessageFailure::RecordFailed);
const NOT_REACHED: MessageOutcome = MessageOutcome::Failed(MessageFailure::NotReached);

#[tokio::test(start_paused = true)]
async fn a_record_timeout_fails_its_message_and_lets_the_next_start() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("hang/1"))
        .with_record("2", put("run-99/2"))
        .with_record("3", put("run-101/3"));
    let (dispatcher, _) = dispatcher();
    let dispatcher = dispatcher
        .with_concurrency(1)
        .with_record_timeout(Duration::from_millis(100));
    let start = Instant::now();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(outcomes(&report), [FAILED, SUCCEEDED, FAILED]);
    assert_eq!(start.elapsed().as_millis(), 299);
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_running_handlers_are_cancelled_and_none_start() {
    let both = NotificationBuilder::new()
        .with_record(put("run-10/3"))
        .with_record(put("hang/3"));
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("run-400/1"))
        .with_record("2", put("run-300/2"))
        .with_notification("3", both)
        .with_record("4", put("ok/4"))
        .with_notification("5", NotificationBuilder::test_event("bucket"));

    for concurrency in [1, 2] {
        let (dispatcher, script) = dispatcher();
        let dispatcher = dispatcher
            .with_concurrency(concurrency)
            .with_deadline_margin(Duration::from_millis(500));
        let start = Instant::now();
        let report = dispatcher.dispatch(batch.to_bytes(), after(1_000)).await;
        assert_eq!(start.elapsed().as_millis(), 500);

        let (second, fourth) = if concurrency == 1 {
            (NOT_REACHED, NOT_REACHED)
        } else {
            (SUCCEEDED, SUCCEEDED)
        };

        assert_eq!(
            outcomes(&report),
            [SUCCEEDED, second, NOT_REACHED, fourth, SUCCEEDED]
        );
        assert_eq!(script.journal(|journal| journal.running), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_passed_deadline_fails_everything_before_a_handler_runs() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("ok/2"));
    for (left, margin) in [
        (0, 500),
        (499, 500),
        (500, 500),
        (60_000, 60_000),
        (60_000, u64::MAX),
    ] {
        let (dispatcher, script) = dispatcher();
        let dispatcher = dispatcher.with_deadline_margin(Duration::from_millis(margin));
        let report = dispatcher.dispatch(batch.to_bytes(), after(left)).await;

        assert_eq!(
            (failures(&report), script.started().len()),
            (vec!["1".to_owned(), "2".to_owned()], 0),
            "{left}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_handler_starts_after_one_that_overran_the_deadline() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", put("b"));
    let began = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&began);

    let routes = s3_dispatch::Routes::new(()).on_fn("*", move || {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async {
            tokio::time::advance(Duration::from_secs(2)).await;
            Ok::<_, std::io::Error>(())
        }
    });

    let report = s3_dispatch::Dispatcher::new(routes)
        .dispatch(batch.to_bytes(), after(1_000))
        .await;
    assert_eq!(outcomes(&report)[1], NOT_REACHED);
    assert_eq!(began.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_dispatch_leaves_nothing_running() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("hang/1"))
        .with_record("2", put("hang/2"));
    let (dispatcher, script) = dispatcher();
    let dispatcher = dispatcher.with_concurrency(2);
    let dispatch = dispatcher.dispatch(batch.to_bytes(), None);
    let cut = tokio::time::timeout(Duration::from_secs(1), dispatch).await;
    assert!(cut.is_err());

    assert_eq!(
        script.journal(|journal| (
            journal.started.len(),
            journal.running,
            journal.finished.len()
        )),
        (2, 0, 0)
    );
}

/// Panics when it is dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the handler panicked while it was dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_cancelled_fails_only_its_message() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("bomb/1"))
        .with_record("2", put("fine"))
        .with_record("3", put("bomb/3"));
    let routes = || {
        s3_dispatch::Routes::new(()).on_fn("*", |key: s3_dispatch::ObjectKey| async move {
            if key.as_str().starts_with("bomb") {
                let _bomb = Bomb;
                std::future::pending::<()>().await;
            }

            Ok::<_, std::io::Error>(())
        })
    };

    let timed =
        s3_dispatch::Dispatcher::new(routes()).with_record_timeout(Duration::from_millis(10));
    assert_eq!(
        outcomes(&timed.dispatch(batch.to_bytes(), None).await),
        [FAILED, SUCCEEDED, FAILED]
    );
    let cut = s3_dispatch::Dispatcher::new(routes()).with_concurrency(3);
    assert_eq!(
        outcomes(&cut.dispatch(batch.to_bytes(), after(1_000)).await),
        [NOT_REACHED, SUCCEEDED, NOT_REACHED]
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_slow_records_fits_by_default() {
    let records = (0..10).map(|number| put(&format!("run-800/{number}")));
    let batch = records
        .enumerate()
        .fold(SqsBatchBuilder::new(), |batch, (id, record)| {
            batch.with_record(id.to_string(), record)
        });
    let (dispatcher, script) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), after(3_000)).await;

    assert!(failures(&report).is_empty());
    assert_eq!(script.journal(|journal| journal.most_running), 5);
}
