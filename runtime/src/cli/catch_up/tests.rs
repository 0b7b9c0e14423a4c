//! Handling the messages of sources that are slow, break off, or are stopped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::{ErrorKind, HandlerError, MessageContext, ObjectKey, Routes};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::time::{Instant, sleep};

use super::here::{Here, Stopped};
use super::source::{Item, Settled, Source, SourceError};
use super::tally::{Counts, Tally};
use crate::Dispatcher;

/// Gives out messages with these keys, a few at a time.
#[derive(Default)]
struct Keys {
    keys: Vec<String>,
    /// How long each read takes.
    takes: Duration,
    /// It fails after this many messages.
    breaks_off: Option<usize>,
    given: Mutex<usize>,
    settled: Mutex<BTreeMap<u64, Settled>>,
    is_stopped: Mutex<bool>,
    is_finished: Mutex<bool>,
}

impl Keys {
    fn new(keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            keys: keys.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    fn count(&self, wanted: Settled) -> usize {
        let settled = self.settled.lock().unwrap();
        settled.values().filter(|one| **one == wanted).count()
    }
}

#[async_trait]
impl Source for Keys {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        sleep(self.takes).await;
        let mut given = self.given.lock().unwrap();
        if *self.is_stopped.lock().unwrap() {
            return Ok(Vec::new());
        }
        if self.breaks_off.is_some_and(|after| *given >= after) {
            return Err("the listing broke off".into());
        }

        let first = *given;
        *given = (first + most.min(3)).min(self.keys.len());
        let items = (first..*given).map(|index| {
            let record = RecordBuilder::new("ObjectCreated:Put").with_key(&*self.keys[index]);
            let context = MessageContext::new().with_message_id(format!("list:{index}"));
            let body = NotificationBuilder::new().with_record(record).to_json();
            Item::new(index as u64, context, body)
        });

        Ok(items.collect())
    }

    fn settled(&self, number: u64, settled: Settled) {
        let before = self.settled.lock().unwrap().insert(number, settled);
        assert_eq!(before, None, "{number} is settled twice");
    }

    fn stop(&self) {
        *self.is_stopped.lock().unwrap() = true;
    }

    async fn finish(&self) {
        *self.is_finished.lock().unwrap() = true;
    }
}

fn routes() -> Routes<()> {
    Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
        match key.as_str().split_once('/').unwrap() {
            ("fails", _) => Err(HandlerError::retry("it failed")),
            ("skips", _) => Err(HandlerError::skip("nothing to do")),
            (seconds, _) => {
                sleep(Duration::from_secs(seconds.parse().unwrap())).await;
                Ok(())
            }
        }
    })
}

async fn run(source: &Arc<Keys>, stop: impl Future<Output = ()>) -> (Result<(), Stopped>, Counts) {
    let tally = Arc::new(Tally::default());
    let here = Here {
        drain: Duration::from_secs(5),
        prints_failures: false,
    };
    let dispatcher = Dispatcher::new(routes()).with_concurrency(4);
    let ended = here.run(dispatcher, Arc::clone(source), Arc::clone(&tally), stop);
    let ended = ended.await;

    assert!(*source.is_finished.lock().unwrap());
    let given = *source.given.lock().unwrap();
    assert_eq!(source.settled.lock().unwrap().len(), given);
    (ended, tally.so_far())
}

#[tokio::test(start_paused = true)]
async fn everything_is_counted_and_settled_once() {
    let keys = [
        "0/a", "5/b", "fails/c", "skips/d", "0/a", "0/a", "fails/e", "1/f",
    ];
    let source = Arc::new(Keys::new(keys));
    let (ended, counts) = run(&source, std::future::pending()).await;

    assert!(ended.is_ok());
    assert_eq!(
        counts.to_string(),
        "5 handled, 1 skipped (skipped 1), 2 failed"
    );
    assert_eq!(
        (source.count(Settled::Done), source.count(Settled::Failed)),
        (6, 2)
    );
}

/// A read may take longer than a receive of the worker.
#[tokio::test(start_paused = true)]
async fn a_slow_source_loses_nothing() {
    for takes in [1, 19, 20, 21, 30, 31, 300] {
        let source = Arc::new(Keys {
            takes: Duration::from_secs(takes),
            ..Keys::new((0..20).map(|index| format!("1/{index}")))
        });
        let (ended, counts) = run(&source, std::future::pending()).await;

        assert!(ended.is_ok());
        assert_eq!(counts.handled, 20, "{takes} s");
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_may_take_longer_than_any_visibility() {
    let source = Arc::new(Keys::new(["30000/a", "0/b"]));
    let started = Instant::now();
    let (ended, counts) = run(&source, std::future::pending()).await;

    assert!(ended.is_ok());
    assert_eq!((counts.handled, counts.left), (2, 0));
    assert_eq!(started.elapsed().as_secs(), 30_000);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_an_error_is_handled() {
    let source = Arc::new(Keys {
        breaks_off: Some(9),
        ..Keys::new((0..20).map(|index| format!("2/{index}")))
    });
    let (ended, counts) = run(&source, std::future::pending()).await;

    assert!(
        matches!(ended, Err(Stopped::Source(error)) if error.to_string().contains("broke off"))
    );
    assert_eq!((counts.handled, source.count(Settled::Done)), (9, 9));
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_what_has_not_begun_and_what_does_not_end_in_time() {
    let source = Arc::new(Keys::new((0..100).map(|index| match index {
        0 => "3600/never".to_owned(),
        index => format!("1/{index}"),
    })));
    let stop = sleep(Duration::from_millis(2_500));
    let (ended, counts) = run(&source, stop).await;

    assert!(ended.is_ok());
    let left = source.count(Settled::Left) as u64;
    assert_eq!(counts.handled, source.count(Settled::Done) as u64);
    assert!(
        left > 1 && counts.left == left && counts.handled >= 6,
        "{counts}"
    );
    assert!(!counts.is_success());
}

#[tokio::test(start_paused = true)]
async fn handlers_that_cannot_be_prepared_handle_nothing() {
    let routes: Routes<()> = Routes::prepared_by(async || Err::<(), _>("no table"));
    let source = Arc::new(Keys::new(["0/a"]));
    let here = Here {
        drain: Duration::ZERO,
        prints_failures: false,
    };
    let run = here.run(
        Dispatcher::new(routes),
        Arc::clone(&source),
        Arc::default(),
        std::future::pending(),
    );

    let ended = run.await;
    assert!(matches!(ended, Err(Stopped::Worker(error)) if error.kind() == ErrorKind::NotPrepared));
    assert_eq!(*source.given.lock().unwrap(), 0);
}
