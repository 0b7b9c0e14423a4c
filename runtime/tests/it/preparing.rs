//! State that is made once, when the program begins to process records.

use std::error::Error as StdError;
use std::fmt;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use s3_dispatch::delivery::{QueueArn, ReceiptHandle};
use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
use s3_dispatch::failure::{DeadLetter, DeadLetterError, FailedMessage};
use s3_dispatch::queue::{Queue, QueueError};
use s3_dispatch::{
    Backoff, DeadLetters, Deduplicated, Dispatcher, ErrorKind, Exclusive, LatestOnly, MemoryStore,
    MessageContext, Outcome, Route, Router, Routes, S3EventRecord, State, async_trait,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
use serde_json::Value;
use tokio::sync::Notify;

use crate::logs::with_log;
use crate::script::{after, outcomes, put};

/// How often the state was made, and what happens when it is.
#[derive(Clone, Default)]
struct Maker {
    begun: Arc<AtomicUsize>,
    made: Arc<AtomicUsize>,
}

/// The state. Its number says which attempt made it.
#[derive(Clone)]
struct Made(usize);

/// A failure with a cause.
#[derive(Debug)]
struct NoTable(std::num::ParseIntError);

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the setting `TABLES` is not a number")
    }
}

impl StdError for NoTable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

fn no_table() -> NoTable {
    NoTable("many".parse::<u8>().unwrap_err())
}

impl Maker {
    /// Makes the state if `attempt` succeeds for the number of this attempt, which begins with 1.
    fn routes<Fut>(&self, attempt: impl Fn(usize) -> Fut + Send + Sync + 'static) -> Routes<Made>
    where
        Fut: Future<Output = Result<(), NoTable>> + Send + 'static,
    {
        let Self { begun, made } = self.clone();
        let routes = Routes::prepared_by(move || {
            let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
            let attempt = attempt(number);
            let made = Arc::clone(&made);

            async move {
                attempt.await?;
                made.fetch_add(1, Ordering::SeqCst);
                Ok::<_, NoTable>(Made(number))
            }
        });

        routes.on_fn("ObjectCreated:*", async |State(_): State<Made>| {
            Ok::<_, std::io::Error>(())
        })
    }

    /// How many attempts have begun, and how many have succeeded.
    fn counts(&self) -> (usize, usize) {
        (
            self.begun.load(Ordering::SeqCst),
            self.made.load(Ordering::SeqCst),
        )
    }
}

async fn yield_twice() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

fn batch(records: usize) -> SqsBatchBuilder {
    (0..records).fold(SqsBatchBuilder::new(), |batch, number| {
        batch.with_record(format!("{number}"), put(&format!("{number}")))
    })
}

async fn route(router: &impl Router) -> Outcome {
    router
        .route(&put("a").build(), &MessageContext::new())
        .await
}

#[tokio::test]
async fn it_is_made_by_prepare_and_never_again() {
    let maker = Maker::default();
    let routes = maker.routes(async |_| Ok(()));
    assert_eq!(maker.counts(), (0, 0), "nothing is made by building routes");

    for _ in 0..3 {
        routes.prepare().await.unwrap();
        assert!(matches!(route(&routes).await, Outcome::Handled));
        assert_eq!(maker.counts(), (1, 1));
    }
}

#[tokio::test]
async fn state_that_is_given_needs_no_preparation() {
    let routes = Routes::new(Made(0)).on_fn("*", async |State(made): State<Made>| {
        if made.0 == 0 {
            Ok(())
        } else {
            Err("another state")
        }
    });
    routes.prepare().await.unwrap();
    assert!(matches!(route(&routes).await, Outcome::Handled));
}

#[tokio::test]
async fn the_first_record_prepares_and_the_others_wait() {
    let maker = Maker::default();
    let routes = maker.routes(async |_| {
        yield_twice().await;
        Ok(())
    });
    let dispatcher = Dispatcher::new(routes).with_concurrency(10);

    let report = dispatcher.dispatch(batch(30).to_bytes(), None).await;
    assert_eq!(report.unwrap().handled(), 30);
    assert_eq!(maker.counts(), (1, 1));
}

#[tokio::test]
async fn a_record_without_a_route_prepares_nothing() {
    let maker = Maker::default();
    let routes = maker.routes(async |_| Ok(()));
    let removed = RecordBuilder::new("ObjectRemoved:Delete").build();

    let outcome = routes.route(&removed, &MessageContext::new()).await;
    assert!(matches!(outcome, Outcome::Skipped(_)), "{outcome:?}");
    assert_eq!(maker.counts(), (0, 0));
}

#[test]
fn threads_that_share_the_routes_make_it_once() {
    for _ in 0..50 {
        let maker = Maker::default();
        let routes = Arc::new(maker.routes(async |_| {
            yield_twice().await;
            Ok(())
        }));

        std::thread::scope(|scope| {
            for number in 0..4 {
                let routes = Arc::clone(&routes);
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.build().unwrap();
                    runtime.block_on(async {
                        if number % 2 == 0 {
                            routes.prepare().await.unwrap();
                        }
                        assert!(matches!(route(&routes).await, Outcome::Handled));
                    });
                });
            }
        });

        assert_eq!(maker.counts(), (1, 1));
    }
}

#[tokio::test]
async fn a_failure_is_reported_with_its_causes_and_a_later_call_tries_again() {
    let maker = Maker::default();
    let routes = maker.routes(async |attempt| match attempt {
        1 | 2 => Err(no_table()),
        _ => Ok(()),
    });
    let dispatcher = Dispatcher::new(routes);

    for _ in 0..2 {
        let error = dispatcher.prepare().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotPrepared);
        assert!(error.is_retryable());
        assert_eq!(
            error.to_string(),
            "the state of the handlers could not be made"
        );
        let source = error.source().unwrap();
        assert!(source.is::<NoTable>());
        assert!(source.source().unwrap().is::<std::num::ParseIntError>());
    }

    dispatcher.prepare().await.unwrap();
    dispatcher.prepare().await.unwrap();
    assert_eq!(maker.counts(), (3, 1));
}

#[tokio::test]
async fn a_failure_fails_the_record_and_a_retry_can_help() {
    let maker = Maker::default();
    let routes = maker.routes(async |attempt| match attempt {
        1 => Err(no_table()),
        _ => Ok(()),
    });

    match route(&routes).await {
        Outcome::Failed(error) => {
            assert!(!error.is_permanent());
            assert_eq!(
                format!("{error:#}"),
                "the state of the handlers could not be made: the setting `TABLES` is not a \
                 number: invalid digit found in string"
            );
        }
        other => panic!("{other:?}"),
    }

    let dispatcher = Dispatcher::new(routes);
    let report = dispatcher.dispatch(batch(1).to_bytes(), None).await;
    assert_eq!(report.unwrap().handled(), 1);
    assert_eq!(maker.counts(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_cut_off_while_it_prepares_fails_and_the_next_one_starts_anew() {
    let maker = Maker::default();
    let routes = maker.routes(async |attempt| match attempt {
        1 => pending().await,
        _ => Ok(()),
    });
    let dispatcher = Dispatcher::new(routes)
        .with_concurrency(1)
        .with_record_timeout(Duration::from_secs(1));

    let report = dispatcher
        .dispatch(batch(2).to_bytes(), after(10_000))
        .await;
    assert_eq!(
        outcomes(&report),
        [
            MessageOutcome::Failed(MessageFailure::RecordFailed),
            MessageOutcome::Succeeded
        ]
    );
    assert_eq!(maker.counts(), (2, 1));
}

#[tokio::test]
async fn whoever_waits_takes_over_from_a_call_that_is_dropped() {
    let maker = Maker::default();
    let begun = Arc::new(Notify::new());
    let routes = Arc::new(maker.routes({
        let begun = Arc::clone(&begun);
        move |attempt| {
            let begun = Arc::clone(&begun);
            async move {
                begun.notify_one();
                match attempt {
                    1 => pending().await,
                    _ => Ok(()),
                }
            }
        }
    }));

    let spawn = || {
        let routes = Arc::clone(&routes);
        tokio::spawn(async move { routes.prepare().await.is_ok() })
    };
    let first = spawn();
    begun.notified().await;
    let waiting = [spawn(), spawn(), spawn()];
    yield_twice().await;

    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for call in waiting {
        assert!(call.await.unwrap());
    }
    assert_eq!(maker.counts(), (2, 1));
}

#[tokio::test]
async fn a_caller_that_gave_up_waiting_holds_nobody_back() {
    let maker = Maker::default();
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let routes = Arc::new(maker.routes({
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move |_| {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            async move {
                begun.notify_one();
                go_on.notified().await;
                Err(no_table())
            }
        }
    }));

    let spawn = || {
        let routes = Arc::clone(&routes);
        tokio::spawn(async move { routes.prepare().await.is_ok() })
    };
    let first = spawn();
    begun.notified().await;
    let (gone, last) = (spawn(), spawn());
    yield_twice().await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());

    go_on.notify_one();
    assert!(!first.await.unwrap());
    begun.notified().await;
    go_on.notify_one();
    assert!(!last.await.unwrap());
    assert_eq!(maker.counts(), (2, 0));
}

#[tokio::test]
async fn a_panic_is_an_error_wherever_it_happens() {
    let maker = Maker::default();
    let routes = maker.routes(|attempt| {
        assert_ne!(attempt, 1, "before the future");
        async move {
            assert_ne!(attempt, 2, "in the future");
            yield_twice().await;
            assert_ne!(attempt, 3, "later");
            Ok(())
        }
    });
    let dispatcher = Dispatcher::new(routes);

    for expected in ["before the future", "in the future", "later"] {
        let error = dispatcher.prepare().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotPrepared);
        let panic = error.source().unwrap().to_string();
        assert!(panic.starts_with("panicked: "), "{panic}");
        assert!(panic.contains(expected), "{panic}");
    }
    dispatcher.prepare().await.unwrap();
    assert_eq!(maker.counts(), (4, 1));
}

/// A future that panics when it is polled, and again when it is dropped.
struct PanicsTwice;

impl Future for PanicsTwice {
    type Output = Result<(), NoTable>;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        panic!("polled")
    }
}

impl Drop for PanicsTwice {
    fn drop(&mut self) {
        panic!("dropped")
    }
}

#[tokio::test]
async fn a_panic_while_the_future_is_dropped_ends_there() {
    let error = Dispatcher::new(Routes::prepared_by(|| PanicsTwice))
        .prepare()
        .await
        .unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "panicked: polled");
}

#[tokio::test]
async fn every_wrapper_passes_it_on() {
    let maker = Maker::default();
    let routes = maker.routes(async |_| Ok(()));
    let router: Box<dyn Router> = Box::new(Arc::new(Deduplicated::new(
        Exclusive::new(
            LatestOnly::new(Arc::new(routes), MemoryStore::new()),
            MemoryStore::new(),
        ),
        MemoryStore::new(),
    )));

    Dispatcher::new(router).prepare().await.unwrap();
    assert_eq!(maker.counts(), (1, 1));
}

/// A router that has to prepare something itself.
struct Own(fn() -> Result<(), Box<dyn StdError + Send + Sync>>);

#[async_trait]
impl Router for Own {
    async fn route(&self, _: &S3EventRecord, _: &MessageContext) -> Outcome {
        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        (self.0)()
    }
}

#[tokio::test]
async fn the_error_of_any_router_says_that_it_is_not_prepared() {
    let error = |own| async move { Dispatcher::new(Own(own)).prepare().await.unwrap_err() };

    let failed = error(|| Err(Box::new(no_table()))).await;
    let panicked = error(|| panic!("no store")).await;

    for (error, cause) in [
        (failed, "the setting `TABLES` is not a number"),
        (panicked, "panicked: no store"),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotPrepared);
        assert_eq!(error.to_string(), "the router could not be prepared");
        assert_eq!(error.source().unwrap().to_string(), cause);
    }
}

#[tokio::test]
async fn a_router_without_preparation_is_always_prepared() {
    let (dispatcher, script) = crate::script::dispatcher();
    dispatcher.prepare().await.unwrap();
    assert_eq!(script.started(), [""; 0]);
}

/// Nothing but the waker of the task that is polled: futures of one task take turns here.
#[tokio::test]
async fn waiting_in_one_task_does_not_hang() {
    let maker = Maker::default();
    let routes = maker.routes(async |_| {
        yield_twice().await;
        Ok(())
    });

    let mut calls: Vec<_> = (0..3).map(|_| Some(routes.prepare())).collect();
    poll_fn(|context| {
        for call in &mut calls {
            if let Some(future) = call
                && future.as_mut().poll(context).is_ready()
            {
                *call = None;
            }
        }

        if calls.iter().all(Option::is_none) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    assert_eq!(maker.counts(), (1, 1));
}

/// A sink, a backoff and a queue in one. It counts how often it is prepared, and may fail or panic.
struct Part {
    prepared: Arc<AtomicUsize>,
    /// What it does when it is prepared.
    prepare: fn() -> Result<(), NoTable>,
    /// What it does when the dispatcher chooses it for a batch.
    at: fn() -> Option<Arc<dyn Queue>>,
}

impl Part {
    fn new(prepare: fn() -> Result<(), NoTable>) -> Self {
        Self {
            prepared: Arc::default(),
            prepare,
            at: || None,
        }
    }

    fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.prepared.fetch_add(1, Ordering::SeqCst);
        Ok((self.prepare)()?)
    }
}

#[async_trait]
impl DeadLetters for Part {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Part::prepare(self)
    }
}

#[async_trait]
impl Backoff for Part {
    async fn postpone(
        &self,
        _: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(())
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Part::prepare(self)
    }
}

#[async_trait]
impl Queue for Part {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Part::prepare(self)
    }

    fn at(&self, _: &QueueArn) -> Option<Arc<dyn Queue>> {
        (self.at)()
    }
}

#[tokio::test]
async fn the_sink_the_backoff_and_the_queue_are_prepared_too() {
    let (sink, backoff, queue) = (
        Part::new(|| Ok(())),
        Part::new(|| Ok(())),
        Part::new(|| Ok(())),
    );
    let counts = [&sink, &backoff, &queue].map(|part| Arc::clone(&part.prepared));
    // A shared one forwards it.
    let dispatcher = Dispatcher::new(Routes::new(()))
        .with_dead_letters(Arc::new(sink))
        .with_backoff(backoff)
        .with_queue(Arc::new(queue));

    dispatcher.prepare().await.unwrap();
    assert_eq!(counts.map(|count| count.load(Ordering::SeqCst)), [1, 1, 1]);
}

#[tokio::test]
async fn a_part_that_cannot_be_prepared_is_named() {
    let fails = || Err(no_table());
    let panics = || panic!("no table");
    let plain = || Dispatcher::new(Routes::new(()));

    for (prepare, reason) in [
        (fails as fn() -> _, "the setting `TABLES` is not a number"),
        (panics, "no table"),
    ] {
        for (dispatcher, part) in [
            (
                plain().with_dead_letters(Part::new(prepare)),
                "dead-letter sink",
            ),
            (plain().with_backoff(Part::new(prepare)), "backoff"),
            (plain().with_queue(Part::new(prepare)), "queue"),
        ] {
            let error = dispatcher.prepare().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotPrepared);
            assert_eq!(
                error.to_string(),
                format!("the {part} could not be prepared")
            );
            let source = error.source().unwrap().to_string();
            assert!(source.contains(reason), "{source}");
        }
    }
}

#[tokio::test]
async fn a_queue_that_panics_when_it_is_chosen_costs_nothing() {
    let queue = Part {
        at: || panic!("no such queue"),
        ..Part::new(|| Ok(()))
    };
    let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    let dispatcher = Dispatcher::new(routes).with_queue(queue);
    let batch = SqsBatchBuilder::new().with_record("1", put("a"));

    let dispatched = dispatcher.dispatch(batch.to_bytes(), None);
    let (report, lines) = with_log(dispatched).await;
    assert_eq!(report.unwrap().handled(), 1);
    let is_named = |line: &Value| line.to_string().contains("no such queue");
    assert!(lines.iter().any(is_named), "{lines:?}");
}
