//! `Deduplicated`: each record is handled once, and none is lost.

use std::sync::Arc;
use std::time::Duration;

use s3_dispatch::{
    Deduplicated, Dispatcher, MemoryStore, MessageContext, Outcome, Router, Routes, S3EventRecord,
    SkipReason,
};
use s3_dispatch_testing::SqsBatchBuilder;

use crate::script::{Script, after, failures, put};

pub(crate) type Once = Deduplicated<Script, Arc<MemoryStore>>;

pub(crate) fn once() -> (Once, Script, Arc<MemoryStore>) {
    let (script, store) = (Script::default(), Arc::new(MemoryStore::new()));
    (
        Deduplicated::new(script.clone(), Arc::clone(&store)),
        script,
        store,
    )
}

pub(crate) async fn route(router: &impl Router, record: &S3EventRecord) -> Outcome {
    router.route(record, &MessageContext::new()).await
}

pub(crate) fn is_duplicate(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Skipped(SkipReason::Duplicate))
}

#[tokio::test]
async fn a_handled_record_is_skipped_in_later_deliveries() {
    let (first, script, store) = once();
    assert!(matches!(
        route(&first, &put("ok/1").build()).await,
        Outcome::Handled
    ));
    let second = Deduplicated::new(script.clone(), store);
    assert!(is_duplicate(&route(&second, &put("ok/1").build()).await));
    assert_eq!(script.started(), ["ok/1"]);
}

#[tokio::test]
async fn a_duplicate_within_a_batch_is_skipped() {
    let (router, script, _) = once();
    let record = || put("ok/1").with_sequencer("0A");
    let batch = SqsBatchBuilder::new()
        .with_record("1", record())
        .with_record("2", record());
    let report = Dispatcher::new(router)
        .with_concurrency(4)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(failures(&report).is_empty());
    assert_eq!((report.unwrap().skipped(), script.started().len()), (1, 1));
}

#[tokio::test]
async fn a_failed_or_skipped_record_can_be_retried_at_once() {
    for key in [
        "fail/1",
        "permanent/1",
        "unrouted/1",
        "skip/1",
        "gone/1",
        "nothing/1",
    ] {
        let (router, script, _) = once();
        for _ in 0..2 {
            drop(route(&router, &put(key).build()).await);
        }

        assert_eq!(script.started().len(), 2, "{key}");
    }
}

/// A holder that was cut off does not release its claim. Until its lease expires, the record fails,
/// and is never skipped.
#[tokio::test(start_paused = true)]
async fn a_holder_that_is_cut_off_keeps_its_lease() {
    let (router, script, _) = once();
    let batch = SqsBatchBuilder::new().with_record("1", put("hang/1"));
    let dispatcher = Dispatcher::new(router.with_lease(Duration::from_secs(60)));

    for seconds in [0, 30, 28] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        let report = dispatcher.dispatch(batch.to_bytes(), after(1_000)).await;
        assert_eq!(failures(&report), ["1"]);
    }

    assert_eq!(script.started().len(), 1);
    tokio::time::advance(Duration::from_secs(10)).await;
    drop(dispatcher.dispatch(batch.to_bytes(), after(1_000)).await);
    assert_eq!(script.started().len(), 2);
}

#[tokio::test]
async fn a_panic_gives_up_its_claim() {
    for key in ["panic/1", "panic-early/1"] {
        let (first, _, store) = once();
        let batch = SqsBatchBuilder::new().with_record("1", put(key));
        let report = Dispatcher::new(first)
            .dispatch(batch.to_bytes(), None)
            .await;
        assert_eq!(failures(&report), ["1"]);
        assert!(store.is_empty(), "{key}");

        // The next delivery is handled, by a handler that no longer panics.
        let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
        let second = Dispatcher::new(Deduplicated::new(routes, store));
        let report = second.dispatch(batch.to_bytes(), None).await;
        assert_eq!(report.unwrap().handled(), 1, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_a_completed_record_is_remembered_for_as_long_as_a_copy_can_come() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (router, script, _) = once();

    // SNS tries for 23 days, and then SQS keeps the message for 14 days.
    for (days, handled) in [(0, 1), (23, 1), (13, 1), (2, 2)] {
        tokio::time::advance(days * DAY).await;
        drop(route(&router, &put("ok/1").build()).await);
        assert_eq!(script.started().len(), handled, "after {days} more days");
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_the_lease_ends_at_the_deadline() {
    let (router, script, _) = once();
    let batch = SqsBatchBuilder::new().with_record("1", put("hang/1"));
    let dispatcher = Dispatcher::new(router);

    // The first dispatch is cut off at 9,500 ms, the second meets its lease, the third does not.
    for (milliseconds, started) in [(0, 1), (499, 1), (1, 2)] {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
        drop(dispatcher.dispatch(batch.to_bytes(), after(10_000)).await);
        assert_eq!(script.started().len(), started, "after {milliseconds} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_completed_record_is_forgotten_after_its_time() {
    let (router, script, _) = once();
    let router = router.with_keep(Duration::from_secs(60));

    for seconds in [0, 59, 2] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        drop(route(&router, &put("ok/1").build()).await);
    }

    assert_eq!(script.started().len(), 2);
}
