//! Stores that fail or hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::once::{Claim, Identity, Lease, Outage, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, Dispatcher, LatestOnly, MemoryStore, Outcome, Sequencer,
    SequencerStore,
};
use s3_dispatch_testing::SqsBatchBuilder;
use tokio::time::Instant;

use crate::deduplicated::{is_duplicate, route};
use crate::script::{Script, after, failures, put};

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

/// A store that never answers, or only claims.
struct Hanging {
    answers_claims: bool,
}

#[async_trait]
impl ClaimStore for Hanging {
    async fn claim(&self, _: &Identity, _: Duration) -> Result<Claim, StoreError> {
        if self.answers_claims {
            Ok(Claim::Acquired(Lease::new("1")))
        } else {
            std::future::pending().await
        }
    }

    async fn complete(&self, _: &Identity, _: &Lease, _: Duration) -> Result<bool, StoreError> {
        std::future::pending().await
    }

    async fn release(&self, _: &Identity, _: &Lease) -> Result<bool, StoreError> {
        std::future::pending().await
    }
}

#[async_trait]
impl SequencerStore for Hanging {
    async fn latest(&self, _: &Identity) -> Result<Option<Sequencer>, StoreError> {
        if self.answers_claims {
            Ok(None)
        } else {
            std::future::pending().await
        }
    }

    async fn advance(&self, _: &Identity, _: &Sequencer, _: Duration) -> Result<(), StoreError> {
        std::future::pending().await
    }
}

fn hanging(answers_claims: bool) -> (Deduplicated<Script, Hanging>, Script) {
    let script = Script::default();
    let router = Deduplicated::new(script.clone(), Hanging { answers_claims });

    (router, script)
}

#[tokio::test(start_paused = true)]
async fn a_claim_without_an_answer_is_an_outage() {
    let (router, script) = hanging(false);
    let started = Instant::now();
    let Outcome::Failed(error) = route(&router, &put("ok/1").build()).await else {
        panic!("it was routed")
    };

    assert!(!error.is_permanent());
    assert_eq!(
        format!("{error:#}"),
        "the store failed: it did not answer within 5s"
    );
    assert!(script.started().is_empty());

    let unguarded = router
        .on_outage(Outage::RouteUnguarded)
        .with_store_timeout(Duration::from_secs(1));
    let outcome = route(&unguarded, &put("ok/1").build()).await;
    assert!(matches!(outcome, Outcome::Handled));
    assert_eq!(started.elapsed().as_secs(), 5 + 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_store_leaves_time_for_the_handler() {
    let (router, script) = hanging(false);
    let dispatcher = Dispatcher::new(router.on_outage(Outage::RouteUnguarded));
    let batch = SqsBatchBuilder::new().with_record("1", put("run-1000/1"));

    let report = dispatcher.dispatch(batch.to_bytes(), after(3_000)).await;
    assert!(failures(&report).is_empty());
    assert_eq!(script.started(), ["run-1000/1"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_without_an_answer_keeps_the_outcome() {
    let (router, _) = hanging(true);
    assert!(matches!(
        route(&router, &put("ok/1").build()).await,
        Outcome::Handled
    ));
    let Outcome::Failed(error) = route(&router, &put("permanent/1").build()).await else {
        panic!("it did not fail")
    };

    assert!(error.is_permanent());
}

#[tokio::test(start_paused = true)]
async fn latest_only_fails_a_record_whose_sequencer_has_no_answer() {
    for answers_claims in [false, true] {
        let script = Script::default();
        let router = LatestOnly::new(script.clone(), Hanging { answers_claims })
            .with_store_timeout(Duration::from_secs(1));
        let started = Instant::now();
        let Outcome::Failed(error) = route(&router, &put("ok/1").build()).await else {
            panic!("it did not fail")
        };

        assert!(!error.is_permanent());
        assert_eq!(started.elapsed().as_secs(), 1);
        assert_eq!(script.started().len(), usize::from(answers_claims));
    }
}
