//! Drops that panic: each costs its own message, and no other.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::failure::{DeadLetter, DeadLetterError, FailedMessage};
use s3_dispatch::{
    Backoff, BatchReport, Context, DeadLetters, Dispatcher, FromRecord, HandlerError, ObjectKey,
    Routes,
};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder};

use crate::deadline::Bomb;
use crate::script::{after, failures, put};

/// An error that panics when it is dropped.
#[derive(Debug)]
struct BombError(#[allow(dead_code)] Armed);

#[derive(Debug)]
struct Armed;

impl Drop for Armed {
    fn drop(&mut self) {
        panic!("the error panicked while it was dropped");
    }
}

impl fmt::Display for BombError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error with a bomb")
    }
}

impl Error for BombError {}

/// Panics with a value that panics when it is dropped, `depth` times over.
struct Nested(u32);

impl Drop for Nested {
    fn drop(&mut self) {
        if self.0 > 0 {
            std::panic::panic_any(Nested(self.0 - 1));
        }
    }
}

/// An argument that panics when it is dropped, if the key says so.
struct Argument(Option<Armed>);

impl<S> FromRecord<'_, S> for Argument {
    fn from_record(context: Context<'_, S>) -> Result<Self, HandlerError> {
        let is_armed = context.record().object.key == "argument";
        Ok(Self(is_armed.then(|| Armed)))
    }
}

async fn handle(key: ObjectKey, argument: Argument) -> Result<(), HandlerError> {
    match key.as_str() {
        "retry" => Err(HandlerError::retry(BombError(Armed))),
        "permanent" => Err(HandlerError::permanent(BombError(Armed))),
        "panic" => std::panic::panic_any(Nested(1)),
        "panic-deeply" => std::panic::panic_any(Nested(100)),
        "unprintable" => Err(HandlerError::retry(Unprintable)),
        "hang" => {
            let _bomb = Bomb;
            std::future::pending().await
        }
        _ => {
            drop(argument.0);
            Ok(())
        }
    }
}

/// An error that panics when it is printed, with a value that panics when it is dropped.
#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::panic::panic_any(Nested(100))
    }
}

impl Error for Unprintable {}

fn dispatcher() -> Dispatcher<Routes<()>> {
    Dispatcher::new(Routes::new(()).on_fn("*", handle))
}

/// Two of each, and a good record after each: `0` to `11` fail, the rest do not.
fn batch() -> SqsBatchBuilder {
    let bad = [
        "retry",
        "permanent",
        "panic",
        "panic-deeply",
        "unprintable",
        "argument",
    ];
    let mut batch = SqsBatchBuilder::new();

    for round in 0..2 {
        for (index, key) in bad.iter().enumerate() {
            let id = (round * bad.len() + index).to_string();
            batch = batch
                .with_record(id.clone(), put(key))
                .with_record(format!("good-{id}"), put(&format!("good-{id}")));
        }
    }

    batch
}

fn bad_ids() -> Vec<String> {
    (0..12).map(|id| id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_panics_when_dropped_costs_its_own_message_only() {
    for concurrency in [1, 2, 30] {
        let report = dispatcher()
            .with_concurrency(concurrency)
            .dispatch(batch().to_bytes(), after(10_000))
            .await;
        assert_eq!(failures(&report), bad_ids());
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_dispatch_survives_errors_and_futures_that_panic() {
    let batch = batch().with_record("hang", put("hang"));

    for concurrency in [1, 30] {
        let dispatcher = dispatcher().with_concurrency(concurrency);
        let dispatch = dispatcher.dispatch(batch.to_bytes(), None);
        assert!(
            tokio::time::timeout(Duration::from_secs(1), dispatch)
                .await
                .is_err()
        );
    }
}

/// Fails in the way that `fault` says.
struct Faulty(&'static str);

#[async_trait]
impl DeadLetters for Faulty {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        match self.0 {
            "error" => Err(DeadLetterError::new(BombError(Armed))),
            "panic" => std::panic::panic_any(Nested(100)),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Backoff for Faulty {
    async fn postpone(&self, _: &[FailedMessage<'_>]) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self.0 {
            "error" => Err(Box::new(BombError(Armed))),
            "panic" => std::panic::panic_any(Nested(100)),
            "hang" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

async fn dispatch_to(fault: &'static str) -> BatchReport {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("permanent"))
        .with_record("2", put("good"))
        .with_record("3", put("permanent").with_bucket("another"));

    dispatcher()
        .with_concurrency(3)
        .with_dead_letters(Faulty(fault))
        .with_backoff(Faulty(fault))
        .dispatch(batch.to_bytes(), after(10_000))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn errors_of_sinks_and_backoffs_may_panic_when_dropped() {
    for fault in ["error", "panic", "hang"] {
        let report = dispatch_to(fault).await;
        assert_eq!(failures(&Ok(report)), ["1", "3"], "{fault}");
    }

    assert_eq!(dispatch_to("").await.dead_letters(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_failed_invocation_keeps_the_handlers_error_and_drops_quietly() {
    let notification = NotificationBuilder::new()
        .with_record(put("retry"))
        .with_record(put("permanent"));
    let failed = dispatcher()
        .dispatch(notification.to_json().as_str(), None)
        .await;

    let error = failed.unwrap_err();
    assert!(error.source().unwrap().is::<BombError>());
    drop(error);
}
