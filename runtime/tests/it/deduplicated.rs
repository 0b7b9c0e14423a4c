//! `Deduplicated`: each record is handled once, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::once::{Claim, Identity, Lease, Outage, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, Dispatcher, MemoryStore, MessageContext, Outcome, Router,
    S3EventRecord, SkipReason,
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
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("ok/1"));
    let report = Dispatcher::new(router)
        .with_concurrency(4)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(failures(&report).is_empty());
    assert_eq!((report.unwrap().skipped(), script.started().len()), (1, 1));
}

#[tokio::test]
async fn a_failed_or_skipped_record_can_be_retried_at_once() {
    for key in ["fail/1", "permanent/1", "unrouted/1", "skip/1"] {
        let (router, script, _) = once();
        for _ in 0..2 {
            drop(route(&router, &put(key).build()).await);
        }

        assert_eq!(script.started().len(), 2, "{key}");
    }
}

/// A holder that was cut off or panicked does not release its claim. Until its lease expires, the
/// record fails, and is never skipped.
#[tokio::test(start_paused = true)]
async fn a_holder_that_is_cut_off_keeps_its_lease() {
    for (key, timeout) in [("hang/1", Some(1_000)), ("panic/1", None)] {
        let (router, script, _) = once();
        let batch = SqsBatchBuilder::new().with_record("1", put(key));
        let dispatcher = Dispatcher::new(router.with_lease(Duration::from_secs(60)));

        for seconds in [0, 30, 28] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            let report = dispatcher
                .dispatch(batch.to_bytes(), timeout.and_then(after))
                .await;
            assert_eq!(failures(&report), ["1"]);
        }

        assert_eq!(script.started().len(), 1, "{key}");
        tokio::time::advance(Duration::from_secs(10)).await;

        drop(
            dispatcher
                .dispatch(batch.to_bytes(), timeout.and_then(after))
                .await,
        );

        assert_eq!(script.started().len(), 2, "{key}");
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

/// A store that fails claims, or completions and releases, while its switches are on.
#[derive(Default)]
struct Faulty {
    store: MemoryStore,
    claims: AtomicBool,
    ends: AtomicBool,
}

fn fault(is_on: &AtomicBool) -> Result<(), StoreError> {
    if is_on.load(Ordering::SeqCst) {
        Err(StoreError::new("it is down"))
    } else {
        Ok(())
    }
}

#[async_trait]
impl ClaimStore for Faulty {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        fault(&self.claims)?;
        self.store.claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        fault(&self.ends)?;
        self.store.complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        fault(&self.ends)?;
        self.store.release(identity, lease).await
    }
}

#[tokio::test]
async fn an_outage_fails_the_record_unless_it_may_be_routed_unguarded() {
    let store = Arc::new(Faulty {
        claims: true.into(),
        ..Faulty::default()
    });
    let script = Script::default();
    let guarded = Deduplicated::new(script.clone(), Arc::clone(&store));
    let Outcome::Failed(error) = route(&guarded, &put("ok/1").build()).await else {
        panic!("it was routed")
    };

    assert!(!error.is_permanent());
    assert_eq!(format!("{error:#}"), "the store failed: it is down");
    assert!(script.started().is_empty());
    let unguarded = guarded.on_outage(Outage::RouteUnguarded);
    assert!(matches!(
        route(&unguarded, &put("ok/1").build()).await,
        Outcome::Handled
    ));
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_at_completion_the_record_is_handled_again_when_the_lease_expires() {
    let store = Arc::new(Faulty {
        ends: true.into(),
        ..Faulty::default()
    });
    let script = Script::default();
    let router =
        Deduplicated::new(script.clone(), Arc::clone(&store)).with_lease(Duration::from_secs(60));
    assert!(matches!(
        route(&router, &put("ok/1").build()).await,
        Outcome::Handled
    ));
    assert!(matches!(
        route(&router, &put("ok/1").build()).await,
        Outcome::Failed(_)
    ));
    tokio::time::advance(Duration::from_secs(60)).await;
    store.ends.store(false, Ordering::SeqCst);
    assert!(matches!(
        route(&router, &put("ok/1").build()).await,
        Outcome::Handled
    ));
    assert!(is_duplicate(&route(&router, &put("ok/1").build()).await));
    assert_eq!(script.started().len(), 2);
}

#[tokio::test]
async fn functions_that_share_a_store_each_handle_a_record_once() {
    let store = Arc::new(MemoryStore::new());
    let function = |scope: &str| {
        let script = Script::default();
        (
            Deduplicated::new(script.clone(), Arc::clone(&store)).with_scope(scope),
            script,
        )
    };

    let ((indexer, indexed), (thumbnailer, thumbnailed)) =
        (function("indexer"), function("thumbnailer"));

    for _ in 0..2 {
        drop(route(&indexer, &put("ok/1").build()).await);
        drop(route(&thumbnailer, &put("ok/1").build()).await);
    }

    assert_eq!(
        (indexed.started().len(), thumbnailed.started().len()),
        (1, 1)
    );
}
