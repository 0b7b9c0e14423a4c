//! Permanent failures and dead letters; backoff.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::failure::{DeadLetter, DeadLetterError, ExponentialBackoff, FailedMessage};
use s3_dispatch::{
    Backoff, BatchReport, DeadLetters, Deduplicated, Dispatcher, HandlerError, MemoryStore, Routes,
};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};
use tokio::time::Instant;

use crate::deadline::Bomb;
use crate::script::{Script, after, dispatcher, failures, put};

/// Keeps letters, or does not.
#[derive(Clone, Default)]
struct Letters {
    kept: Arc<Mutex<Vec<String>>>,
    fault: &'static str,
}

#[async_trait]
impl DeadLetters for Letters {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        match self.fault {
            "" => {}
            "panic" => panic!("the sink panicked"),
            "hang" => std::future::pending().await,
            fault => return Err(DeadLetterError::new(fault)),
        }

        let count = letter.message.receive_count().unwrap();
        let DeadLetter { record, body, .. } = letter;

        let line = format!(
            "{} {count} {} {} {body}",
            record.event_name,
            record.object.key,
            letter.error_chain()
        );

        self.kept.lock().unwrap().push(line);

        Ok(())
    }
}

impl Letters {
    fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }
}

async fn dispatch(batch: SqsBatchBuilder, letters: &Letters) -> BatchReport {
    let (dispatcher, _) = dispatcher();
    dispatcher
        .with_dead_letters(letters.clone())
        .dispatch(batch.to_bytes(), after(1_000))
        .await
        .unwrap()
}

fn failed(report: BatchReport) -> Vec<String> {
    failures(&Ok(report))
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_given_up_and_its_message_succeeds() {
    let letters = Letters::default();
    let notification = NotificationBuilder::new()
        .with_record(put("permanent/1"))
        .with_record(put("ok/1"));
    let message = SqsMessageBuilder::new("1")
        .with_receive_count(3)
        .with_notification(notification.clone());
    let report = dispatch(SqsBatchBuilder::new().with_message(message), &letters).await;
    assert_eq!(
        (report.handled(), report.dead_letters(), report.failed()),
        (1, 1, 0)
    );
    assert!(failed(report).is_empty());
    let expected = format!(
        "ObjectCreated:Put 3 permanent/1 it failed for good {}",
        notification.to_json()
    );
    assert_eq!(letters.kept(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn not_before_no_other_record_of_the_message_needs_a_retry() {
    for others in [["fail/1", "ok/1"], ["panic/1", "ok/1"], ["ok/1", "hang/1"]] {
        let letters = Letters::default();
        let notification = others.iter().fold(
            NotificationBuilder::new().with_record(put("permanent/1")),
            |builder, key| builder.with_record(put(key)),
        );

        let report = dispatch(
            SqsBatchBuilder::new().with_notification("1", notification),
            &letters,
        )
        .await;

        assert_eq!(failed(report), ["1"], "{others:?}");
        assert!(letters.kept().is_empty(), "{others:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_fails_the_message() {
    for fault in ["it is full", "panic", "hang"] {
        let letters = Letters {
            fault,
            ..Letters::default()
        };
        let batch = SqsBatchBuilder::new()
            .with_record("1", put("permanent/1"))
            .with_record("2", put("ok/2"));
        let report = dispatch(batch, &letters).await;

        let expected = if fault == "hang" {
            vec!["1", "2"]
        } else {
            vec!["1"]
        };

        assert_eq!(failed(report), expected, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_sink_it_fails_like_any_other() {
    let (dispatcher, _) = dispatcher();
    let batch = SqsBatchBuilder::new().with_record("1", put("permanent/1"));
    assert_eq!(
        failures(&dispatcher.dispatch(batch.to_bytes(), None).await),
        ["1"]
    );
}

#[tokio::test(start_paused = true)]
async fn on_a_fifo_queue_its_group_goes_on_once_the_sink_has_it() {
    for (fault, expected) in [("", vec![]), ("it is full", vec!["1", "2"])] {
        let letters = Letters {
            fault,
            ..Letters::default()
        };
        let message = |id: &str, key: &str| {
            SqsMessageBuilder::new(id)
                .with_group_id("a")
                .with_record(put(key))
        };

        let batch = SqsBatchBuilder::new()
            .on_fifo_queue()
            .with_message(message("1", "permanent/1"))
            .with_message(message("2", "ok/2"));
        assert_eq!(failed(dispatch(batch, &letters).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn outside_sqs_what_was_given_up_fails_no_invocation() {
    let letters = Letters::default();
    let (dispatcher, _) = dispatcher();
    let payload = NotificationBuilder::new()
        .with_record(put("permanent/1"))
        .to_json();

    let error = dispatcher
        .clone()
        .dispatch(payload.clone(), None)
        .await
        .unwrap_err();

    assert_eq!(error.kind(), s3_dispatch::ErrorKind::InvocationFailed);
    let counting = CountingLetters::default();
    let report = dispatcher
        .with_dead_letters(counting.clone())
        .dispatch(payload, None)
        .await;
    assert!(report.unwrap().is_success());
    assert_eq!((*counting.0.lock().unwrap(), letters.kept().len()), (1, 0));
}

#[derive(Clone, Default)]
struct CountingLetters(Arc<Mutex<usize>>);

#[async_trait]
impl DeadLetters for CountingLetters {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        *self.0.lock().unwrap() += 1;
        Ok(())
    }
}

/// Notes what is postponed, then does as told.
#[derive(Clone, Default)]
struct Postponing {
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    fault: &'static str,
}

#[async_trait]
impl Backoff for Postponing {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let describe = |message: &FailedMessage<'_>| {
            let id = message.context.message_id().unwrap();
            message
                .retry_after
                .map_or_else(|| id.to_string(), |delay| format!("{id} after {delay:?}"))
        };

        let ids = failed.iter().map(describe).collect();
        self.asked.lock().unwrap().push(ids);

        match self.fault {
            "" => Ok(()),
            "panic" => panic!("the backoff panicked"),
            "hang" => std::future::pending().await,
            "bomb" => {
                let _bomb = Bomb;
                std::future::pending().await
            }
            fault => Err(fault.into()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failed_messages_are_postponed_once_and_its_failure_changes_nothing() {
    for fault in ["", "it is down", "panic", "hang", "bomb"] {
        let backoff = Postponing {
            fault,
            ..Postponing::default()
        };
        let (dispatcher, _) = dispatcher();

        let batch = SqsBatchBuilder::new()
            .with_record("1", put("fail/1"))
            .with_record("2", put("ok/2"))
            .with_body("3", "no JSON")
            .with_record("4", put("hang/4"));

        let start = Instant::now();
        let report = dispatcher
            .with_backoff(backoff.clone())
            .dispatch(batch.to_bytes(), after(2_000))
            .await;
        assert_eq!(failures(&report), ["1", "3", "4"]);
        assert_eq!(*backoff.asked.lock().unwrap(), [["1", "3", "4"]]);
        assert!(
            start.elapsed() < Duration::from_millis(2_000),
            "the answer must come before the deadline"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_postponed_where_nothing_failed() {
    let backoff = Postponing::default();
    let (dispatcher, _) = dispatcher();
    let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));

    drop(
        dispatcher
            .with_backoff(backoff.clone())
            .dispatch(batch.to_bytes(), None)
            .await,
    );

    assert!(backoff.asked.lock().unwrap().is_empty());
}

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_delays_spread_below_it() {
    let backoff = ExponentialBackoff::new(Duration::from_secs(2), Duration::from_secs(100));
    let ceilings: Vec<_> = (0..9)
        .map(|count| backoff.ceiling(count).as_secs())
        .collect();
    assert_eq!(ceilings, [2, 2, 4, 8, 16, 32, 64, 100, 100]);
    assert_eq!(backoff.ceiling(u32::MAX).as_secs(), 100);
    let delays: Vec<_> = (0..1_000).map(|_| backoff.delay(6)).collect();
    assert!(delays.iter().all(|delay| delay.as_secs() < 64));
    let late = delays.iter().filter(|delay| delay.as_secs() >= 32).count();
    assert!(
        (300..700).contains(&late),
        "{late} of 1,000 delays are above half of the ceiling"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_stays_away_as_long_as_its_records_ask_for() {
    let backoff = Postponing::default();
    let routes = Routes::new(()).on_fn("*", |key: s3_dispatch::ObjectKey| async move {
        let seconds = key.as_str().parse().map_err(HandlerError::permanent)?;
        Err::<(), _>(
            HandlerError::retry("throttled").with_retry_after(Duration::from_secs(seconds)),
        )
    });

    let both = NotificationBuilder::new()
        .with_record(put("7"))
        .with_record(put("70"));
    let batch = SqsBatchBuilder::new()
        .with_notification("1", both)
        .with_record("2", put("none"));
    let report = Dispatcher::new(routes)
        .with_backoff(backoff.clone())
        .dispatch(batch.to_bytes(), None)
        .await;
    assert_eq!(failures(&report), ["1", "2"]);
    assert_eq!(*backoff.asked.lock().unwrap(), [["1 after 70s", "2"]]);
}

/// Else each return within the lease would cost a receive, until the dead-letter queue has a record
/// that was tried once.
#[tokio::test(start_paused = true)]
async fn a_record_in_progress_elsewhere_stays_away_until_that_lease_is_over() {
    let backoff = Postponing::default();
    let router = Deduplicated::new(Script::default(), MemoryStore::new())
        .with_lease(Duration::from_secs(60));
    let dispatcher = Dispatcher::new(router).with_backoff(backoff.clone());
    let batch = SqsBatchBuilder::new().with_record("1", put("panic/1"));

    for _ in 0..2 {
        drop(dispatcher.dispatch(batch.to_bytes(), None).await);
        tokio::time::advance(Duration::from_secs(20)).await;
    }

    assert_eq!(*backoff.asked.lock().unwrap(), [["1"], ["1 after 40s"]]);
}
