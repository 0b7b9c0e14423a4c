//! Events that the function itself caused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lambda_runtime::{Config, Context, LambdaEvent};
use s3_dispatch::dispatch::OwnWrite;
use s3_dispatch::{
    BatchReport, Deduplicated, Dispatcher, EventPattern, HandlerError, LatestOnly, MemoryStore,
    Payload, Route, Router, Routes, SkipReason,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

const OWN: &str = "AWS:AROA3XFRBF535EXAMPLE:optimizer";

/// A chain whose first link takes its own writes as well.
fn routes() -> Routes<()> {
    let created = || Route::new(EventPattern::from_static("ObjectCreated:*"));
    let optimize = created().with_name("optimize").with_prefix("photos/");
    let optimize = optimize.writes("photos/").skip_own_writes();
    let index = created().with_name("index").with_prefix("index/");

    Routes::new(())
        .on_fn(optimize, async || Ok::<_, std::io::Error>(()))
        .on_fn(index, async || Ok::<_, std::io::Error>(()))
}

fn payload() -> Payload {
    let put = |key: &str, principal: &str| {
        let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
        record.with_principal_id(principal)
    };

    let batch = SqsBatchBuilder::new()
        .with_record("1", put("photos/1.jpg", OWN))
        .with_record(
            "2",
            put("photos/2.jpg", "AWS:AROA3XFRBF535EXAMPLE:uploader"),
        )
        .with_record("3", put("index/1.jpg", OWN));
    batch.to_bytes().into()
}

async fn report<R: Router>(dispatcher: &Dispatcher<R>, function: &str) -> BatchReport {
    send(dispatcher, payload(), function).await
}

async fn send<R: Router>(
    dispatcher: &Dispatcher<R>,
    payload: Payload,
    function: &str,
) -> BatchReport {
    let mut context = Context::default();
    let config = Config {
        function_name: function.to_owned(),
        ..Config::default()
    };
    context.env_config = Arc::new(config);

    let event = LambdaEvent::new(payload, context);
    dispatcher.dispatch_event(event).await.unwrap()
}

#[tokio::test]
async fn only_a_route_that_says_so_skips_own_writes() {
    let report = report(&Dispatcher::new(routes()), "optimizer").await;
    assert_eq!((report.handled(), report.skipped()), (2, 1));
    assert!(report.is_success());
}

#[tokio::test]
async fn what_another_function_wrote_is_handled() {
    let report = report(&Dispatcher::new(routes()), "another").await;
    assert_eq!((report.handled(), report.skipped()), (3, 0));
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let dispatcher = Dispatcher::new(routes()).on_own_write(OwnWrite::Handle);
    let report = report(&dispatcher, "optimizer").await;
    assert_eq!((report.handled(), report.skipped()), (3, 0));
}

#[tokio::test]
async fn outside_lambda_nothing_is_skipped() {
    let dispatcher = Dispatcher::new(routes());
    let report = dispatcher.dispatch(payload(), None).await.unwrap();
    assert_eq!((report.handled(), report.skipped()), (3, 0));
    assert_eq!(self::report(&dispatcher, "").await.handled(), 3);
}

#[tokio::test]
async fn a_skipped_own_write_completes_no_claim() {
    let store = Arc::new(MemoryStore::new());
    let own = Dispatcher::new(Deduplicated::new(routes(), Arc::clone(&store)));
    assert_eq!(report(&own, "optimizer").await.handled(), 2);

    // The same events reach a program that handles them.
    let other = Dispatcher::new(Deduplicated::new(routes(), store));
    let other = other.on_own_write(OwnWrite::Handle);
    let report = report(&other, "optimizer").await;
    assert_eq!((report.handled(), report.skipped()), (1, 2));
}

/// Sends an event whose handler fails after its write, the event of the write, and the first event
/// again. Returns what becomes of that.
async fn retried<R: Router>(routes: R) -> BatchReport {
    let dispatcher = Dispatcher::new(routes);
    let put = |sequencer: &str, principal: &str| {
        RecordBuilder::new("ObjectCreated:Put")
            .with_key("photos/1.jpg")
            .with_sequencer(sequencer)
            .with_principal_id(principal)
    };
    let event = |record: RecordBuilder| {
        SqsBatchBuilder::new()
            .with_record("1", record)
            .to_bytes()
            .into()
    };

    let users = || event(put("0055AED6DCD90281EE", "AWS:AIDAEXAMPLE"));
    let first = send(&dispatcher, users(), "optimizer").await;
    assert!(!first.is_success());

    let own = event(put("0055AED6DCD90300EE", OWN));
    let own = send(&dispatcher, own, "optimizer").await;
    assert_eq!((own.handled(), own.skipped()), (0, 1));

    send(&dispatcher, users(), "optimizer").await
}

/// A route that takes its own writes, and whose handler fails the first time.
fn failing_once(
    error: fn() -> HandlerError,
    again: fn() -> Result<(), HandlerError>,
) -> Routes<()> {
    let attempts = Arc::new(AtomicUsize::new(0));
    let optimize = Route::new(EventPattern::from_static("ObjectCreated:*")).with_prefix("photos/");

    Routes::new(()).on_fn(optimize.writes("photos/").skip_own_writes(), move || {
        let is_first = attempts.fetch_add(1, Ordering::Relaxed) == 0;
        async move { if is_first { Err(error()) } else { again() } }
    })
}

#[tokio::test]
async fn an_own_write_makes_no_older_event_stale() {
    let routes = failing_once(|| HandlerError::retry("the index is down"), || Ok(()));
    let report = retried(LatestOnly::new(routes, MemoryStore::new())).await;
    assert_eq!((report.handled(), report.skipped()), (1, 0));
}

#[tokio::test]
async fn what_an_own_write_may_have_overwritten_is_not_skipped() {
    let routes = failing_once(
        || HandlerError::retry("the index is down"),
        || Err(HandlerError::skip(SkipReason::Superseded)),
    );
    let report = retried(routes).await;
    assert_eq!((report.handled(), report.skipped()), (0, 0));
    assert!(!report.is_success(), "a later event does not tell of it");
}
