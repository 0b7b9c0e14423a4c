//! Wrappers around each other, in every order: the steps of each stay in the right place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, LatestOnly, MemoryStore, MessageContext, Outcome, Route, Router,
    S3EventRecord, Sequencer, SequencerStore, async_trait,
};

use crate::deduplicated::{is_duplicate, route};
use crate::script::put;

/// Writes down the sequencers of what it handles.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<Vec<String>>>);

impl Effects {
    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Router for Effects {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        let sequencer = record.object.sequencer.as_ref().unwrap();
        self.0.lock().unwrap().push(sequencer.to_string());
        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// A store whose sequencers cannot be advanced while the switch is on.
#[derive(Default)]
struct Forgetful {
    store: MemoryStore,
    is_down: AtomicBool,
}

#[async_trait]
impl ClaimStore for Forgetful {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        self.store.claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.store.complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.store.release(identity, lease).await
    }
}

#[async_trait]
impl SequencerStore for Forgetful {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        self.store.latest(object).await
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::new("it is down"));
        }

        self.store.advance(object, sequencer, keep).await
    }
}

type Composed = (&'static str, Box<dyn Router>);

/// Every composition of the wrappers.
fn composed(effects: &Effects, store: &Arc<Forgetful>) -> Vec<Composed> {
    let (effects, store) = (|| effects.clone(), || Arc::clone(store));
    let deduplicated = Deduplicated::new(LatestOnly::new(effects(), store()), store());
    let latest_only = LatestOnly::new(Deduplicated::new(effects(), store()), store());

    vec![
        ("Deduplicated(LatestOnly)", Box::new(deduplicated)),
        ("LatestOnly(Deduplicated)", Box::new(latest_only)),
    ]
}

fn count() -> usize {
    composed(&Effects::default(), &Arc::default()).len()
}

/// The newer event is handled, but the store fails before it is remembered. Then the older one
/// comes, and at last the newer one again.
#[tokio::test]
async fn an_outage_after_the_handler_does_not_let_the_older_event_win() {
    for index in 0..count() {
        let (effects, store) = (Effects::default(), Arc::<Forgetful>::default());
        let (what, router) = composed(&effects, &store).swap_remove(index);
        let [older, newer] = ["0A", "0B"].map(|sequencer| put("1").with_sequencer(sequencer));

        store.is_down.store(true, Ordering::SeqCst);
        let outcome = route(&router, &newer.build()).await;
        assert!(matches!(outcome, Outcome::Failed(_)), "{what}: {outcome:?}");
        store.is_down.store(false, Ordering::SeqCst);

        for record in [&older, &newer, &older] {
            let outcome = route(&router, &record.build()).await;
            assert!(outcome.is_success(), "{what}: {outcome:?}");
        }

        assert_eq!(effects.seen(), ["0B", "0A", "0B"], "{what}");
    }
}

#[tokio::test]
async fn each_record_is_handled_once_and_nothing_after_a_newer_one() {
    for index in 0..count() {
        let (effects, store) = (Effects::default(), Arc::<Forgetful>::default());
        let (what, router) = composed(&effects, &store).swap_remove(index);

        for sequencer in ["0B", "0A", "0B", "0C", "0A", "0C"] {
            let outcome = route(&router, &put("1").with_sequencer(sequencer).build()).await;
            assert!(outcome.is_success(), "{what}: {outcome:?}");
        }

        assert_eq!(effects.seen(), ["0B", "0C"], "{what}");
    }
}

/// A wrapper of the user skips what the handler has done in a transaction of its own.
#[tokio::test]
async fn what_an_inner_router_skips_as_a_duplicate_is_remembered() {
    struct AlreadyDone;

    #[async_trait]
    impl Router for AlreadyDone {
        async fn route(&self, _: &S3EventRecord, _: &MessageContext) -> Outcome {
            Outcome::Skipped(s3_dispatch::SkipReason::Duplicate)
        }

        fn routes(&self) -> &[Route] {
            &[]
        }
    }

    let store = Arc::new(MemoryStore::new());
    let done = LatestOnly::new(AlreadyDone, Arc::clone(&store));
    assert!(is_duplicate(
        &route(&done, &put("1").with_sequencer("0B").build()).await
    ));

    let effects = Effects::default();
    let router = LatestOnly::new(effects.clone(), store);
    drop(route(&router, &put("1").with_sequencer("0A").build()).await);
    assert!(effects.seen().is_empty());
}
