//! `DeadLetters`: when permanent failures go to the sink, and what a failing sink does.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{BatchReport, DeadLetters};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};

use crate::script::{after, dispatcher, failures, put};

/// Keeps letters, or fails in the way that `fault` says.
#[derive(Clone, Default)]
struct FaultySink {
    kept: Arc<Mutex<Vec<String>>>,
    fault: &'static str,
}

#[async_trait]
impl DeadLetters for FaultySink {
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

impl FaultySink {
    fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }
}

async fn dispatch(batch: SqsBatchBuilder, letters: &FaultySink) -> BatchReport {
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
async fn a_permanent_failure_goes_to_the_sink_and_its_message_succeeds() {
    let letters = FaultySink::default();
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
async fn several_permanent_failures_of_a_message_become_one_letter_that_names_them() {
    let letters = FaultySink::default();
    let notification = NotificationBuilder::new()
        .with_record(put("permanent/1"))
        .with_record(put("ok/1"))
        .with_record(put("permanent/2"));
    let batch = SqsBatchBuilder::new()
        .with_notification("1", notification.clone())
        .with_record("2", put("permanent/3"));
    let report = dispatch(batch, &letters).await;
    assert_eq!(
        (report.handled(), report.dead_letters(), report.failed()),
        (1, 3, 0)
    );

    let kept = letters.kept();
    assert_eq!(kept.len(), 2);
    let expected = format!(
        "ObjectCreated:Put 1 permanent/1 permanent/1: it failed for good; \
         permanent/2: it failed for good {}",
        notification.to_json()
    );
    assert_eq!(kept[0], expected);
}

#[tokio::test(start_paused = true)]
async fn no_letter_is_put_while_another_record_of_the_message_needs_a_retry() {
    for others in [["fail/1", "ok/1"], ["panic/1", "ok/1"], ["ok/1", "hang/1"]] {
        let letters = FaultySink::default();
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
async fn a_failing_sink_fails_the_message() {
    for fault in ["it is full", "panic", "hang"] {
        let letters = FaultySink {
            fault,
            ..FaultySink::default()
        };
        let batch = SqsBatchBuilder::new()
            .with_record("1", put("permanent/1"))
            .with_record("2", put("ok/2"));
        let report = dispatch(batch, &letters).await;

        assert_eq!(failed(report), ["1"], "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_sink_a_permanent_failure_fails_its_message() {
    let (dispatcher, _) = dispatcher();
    let batch = SqsBatchBuilder::new().with_record("1", put("permanent/1"));
    assert_eq!(
        failures(&dispatcher.dispatch(batch.to_bytes(), None).await),
        ["1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_fifo_group_continues_once_the_sink_has_stored_the_letter() {
    for (fault, expected) in [("", vec![]), ("it is full", vec!["1", "2"])] {
        let letters = FaultySink {
            fault,
            ..FaultySink::default()
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
async fn outside_sqs_a_stored_letter_does_not_fail_the_invocation() {
    let letters = FaultySink::default();
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
    let counting = CountingSink::default();
    let report = dispatcher
        .with_dead_letters(counting.clone())
        .dispatch(payload, None)
        .await;
    assert!(report.unwrap().is_success());
    assert_eq!((*counting.0.lock().unwrap(), letters.kept().len()), (1, 0));
}

#[derive(Clone, Default)]
struct CountingSink(Arc<Mutex<usize>>);

#[async_trait]
impl DeadLetters for CountingSink {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        *self.0.lock().unwrap() += 1;
        Ok(())
    }
}
