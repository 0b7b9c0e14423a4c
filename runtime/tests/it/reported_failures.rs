//! What a report says about failures, so that a test can assert why something failed.

use std::fmt;

use s3_dispatch::dispatch::ReportedFailure;
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{
    BatchReport, DeadLetters, Dispatcher, HandlerError, Malformed, ObjectKey, Routes, async_trait,
};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};

/// An error whose cause says more.
#[derive(Debug)]
struct NotAnImage;

impl fmt::Display for NotAnImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an image")
    }
}

impl std::error::Error for NotAnImage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&fmt::Error)
    }
}

/// Takes every letter.
struct Sink;

#[async_trait]
impl DeadLetters for Sink {
    async fn put(&self, _letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }
}

async fn handle(key: ObjectKey) -> Result<(), HandlerError> {
    match key.as_str() {
        "broken" => Err(HandlerError::permanent(NotAnImage)),
        "busy" => Err(HandlerError::retry("the table is busy")),
        "long" => Err(HandlerError::retry("x".repeat(100_000))),
        "panic" => panic!("the handler panicked"),
        _ => Ok(()),
    }
}

fn dispatcher() -> Dispatcher<Routes<()>> {
    Dispatcher::new(Routes::new(()).on_fn("ObjectCreated:*", handle))
}

fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new("ObjectCreated:Put").with_key(key)
}

fn failures(report: &BatchReport, message: usize) -> Vec<(&str, bool, bool)> {
    let failures = report.messages()[message].failures().iter();
    failures
        .map(|failure| {
            let ReportedFailure {
                error,
                is_permanent,
                is_dead_letter,
                ..
            } = failure;
            (error.as_str(), *is_permanent, *is_dead_letter)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_says_why_each_of_its_records_failed() {
    let several = [put("busy"), put("good"), put("broken"), put("panic")];
    let several = several
        .into_iter()
        .fold(NotificationBuilder::new(), NotificationBuilder::with_record);
    let batch = SqsBatchBuilder::new()
        .with_record("good", put("good"))
        .with_notification("several", several);
    let report = dispatcher().dispatch(batch.to_bytes(), None).await.unwrap();

    assert!(failures(&report, 0).is_empty());
    let of_several = failures(&report, 1);
    let cause = format!("not an image: {}", fmt::Error);
    assert_eq!(of_several[0], ("the table is busy", false, false));
    assert_eq!(of_several[1], (cause.as_str(), true, false));
    assert!(
        of_several[2].0.contains("the handler panicked"),
        "{of_several:?}"
    );
    assert_eq!(of_several.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_says_why_although_its_message_succeeds() {
    let batch = SqsBatchBuilder::new().with_record("1", put("broken"));
    let dispatcher = dispatcher().with_dead_letters(Sink);
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

    assert!(report.is_success());
    let cause = format!("not an image: {}", fmt::Error);
    assert_eq!(failures(&report, 0), [(cause.as_str(), true, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_says_why_whether_it_fails_or_is_dropped() {
    for choice in [Malformed::Fail, Malformed::Drop] {
        let batch = SqsBatchBuilder::new().with_body("1", "not JSON");
        let dispatcher = dispatcher().on_malformed(choice);
        let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

        let failures = failures(&report, 0);
        let [(error, is_permanent, is_dead_letter)] = failures[..] else {
            panic!("one reason is expected: {failures:?}");
        };
        assert!(error.contains("the text is not JSON"), "{error}");
        assert!(is_permanent && !is_dead_letter);
    }
}

#[tokio::test(start_paused = true)]
async fn very_many_long_errors_do_not_fill_the_memory() {
    let long = || (0..500).map(|_| put("long"));
    let long = long().fold(NotificationBuilder::new(), NotificationBuilder::with_record);
    let batch = SqsBatchBuilder::new()
        .with_notification("1", long)
        .with_body("2", "not JSON");
    let report = dispatcher().dispatch(batch.to_bytes(), None).await.unwrap();

    let bytes = |message| -> usize {
        let failures = failures(&report, message);
        failures.iter().map(|(error, ..)| error.len()).sum()
    };
    assert_eq!(report.failed(), 500);
    assert!((1024 * 1024..1024 * 1024 + 10_000).contains(&bytes(0)));
    assert_eq!(bytes(1), 0);
}
