//! Wrappers around each other, in every order: the steps of each stay in the right place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join;
use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, Exclusive, LatestOnly, LeaseStore, MemoryStore, MessageContext,
    Outcome, Route, Router, S3EventRecord, Sequencer, SequencerStore, async_trait,
};

use crate::deduplicated::{is_duplicate, route};
use crate::script::put;

/// Writes down the sequencers of what it handles, at the end of the time that it takes.
#[derive(Clone, Default)]
struct Effects {
    seen: Arc<Mutex<Vec<String>>>,
    takes: Duration,
}

impl Effects {
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Router for Effects {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        let sequencer = record.object.sequencer.as_ref().unwrap();
        tokio::time::sleep(self.takes).await;
        self.seen.lock().unwrap().push(sequencer.to_string());
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
    /// How the identities begin that cannot.
    scope: &'static str,
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
impl LeaseStore for Forgetful {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        self.store.renew(identity, lease, duration).await
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
        let is_in_scope = object.as_str().starts_with(self.scope);
        if is_in_scope && self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::new("it is down"));
        }

        self.store.advance(object, sequencer, keep).await
    }
}

type Composed = (&'static str, Box<dyn Router>);

/// Every composition of `LatestOnly` with the others.
fn composed(effects: &Effects, store: &Arc<Forgetful>) -> Vec<Composed> {
    fn once<R: Router>(router: R, store: &Arc<Forgetful>) -> Deduplicated<R, Arc<Forgetful>> {
        Deduplicated::new(router, Arc::clone(store))
    }
    fn one<R: Router>(router: R, store: &Arc<Forgetful>) -> Exclusive<R, Arc<Forgetful>> {
        Exclusive::new(router, Arc::clone(store))
    }
    fn latest<R: Router>(router: R, store: &Arc<Forgetful>) -> LatestOnly<R, Arc<Forgetful>> {
        LatestOnly::new(router, Arc::clone(store))
    }

    macro_rules! compositions {
        ($($outer:ident $($middle:ident $($inner:ident)?)?;)*) => {
            vec![$(
                (
                    stringify!($outer $($middle $($inner)?)?),
                    Box::new(compositions!(@ $outer $($middle $($inner)?)?)),
                ),
            )*]
        };
        (@ $outer:ident $($inner:ident)*) => { $outer(compositions!(@ $($inner)*), store) };
        (@) => { effects.clone() };
    }

    compositions! {
        once latest;
        latest once;
        one latest;
        latest one;
        once one latest;
        once latest one;
        one once latest;
        one latest once;
        latest once one;
        latest one once;
    }
}

fn count() -> usize {
    composed(&Effects::default(), &Arc::default()).len()
}

/// Two instances get two events of a key at the same time, the newer one a moment earlier.
#[tokio::test(start_paused = true)]
async fn an_older_event_that_waits_for_its_turn_is_stale_afterwards() {
    for index in 0..count() {
        let store = Arc::<Forgetful>::default();
        let effects = Effects {
            takes: Duration::from_secs(2),
            ..Effects::default()
        };
        let instance = || composed(&effects, &store).swap_remove(index);
        let ((what, first), (_, second)) = (instance(), instance());
        let [older, newer] = ["0A", "0B"].map(|sequencer| put("1").with_sequencer(sequencer));
        let (older, newer) = (older.build(), newer.build());

        let outcomes = join(route(&first, &newer), route(&second, &older)).await;
        assert!(
            outcomes.0.is_success() && outcomes.1.is_success(),
            "{what}: {outcomes:?}"
        );

        // Without `Exclusive` both start before either is remembered.
        let expected: &[&str] = if what.contains("one") {
            &["0B"]
        } else {
            &["0B", "0A"]
        };
        assert_eq!(effects.seen(), expected, "{what}");
    }
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

/// The same with two orders around each other, one of which cannot be remembered.
#[tokio::test]
async fn each_of_two_orders_is_remembered_before_a_record_is_completed() {
    for scope in ["inner|", "outer|"] {
        let store = Arc::new(Forgetful {
            scope,
            ..Forgetful::default()
        });
        let effects = Effects::default();
        let once = Deduplicated::new(effects.clone(), Arc::clone(&store));
        let inner = LatestOnly::new(once, Arc::clone(&store)).with_scope("inner");
        let router = LatestOnly::new(inner, Arc::clone(&store)).with_scope("outer");
        let newer = put("1").with_sequencer("0B").build();

        store.is_down.store(true, Ordering::SeqCst);
        let outcome = route(&router, &newer).await;
        assert!(
            matches!(outcome, Outcome::Failed(_)),
            "{scope}: {outcome:?}"
        );
        store.is_down.store(false, Ordering::SeqCst);

        let outcome = route(&router, &newer).await;
        assert!(matches!(outcome, Outcome::Handled), "{scope}: {outcome:?}");
        assert_eq!(effects.seen(), ["0B", "0B"], "{scope}");
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

        // Only `Deduplicated` skips a repeated event that is still the newest.
        let is_once = what.contains("once");
        let expected: &[&str] = if is_once {
            &["0B", "0C"]
        } else {
            &["0B", "0B", "0C", "0C"]
        };
        assert_eq!(effects.seen(), expected, "{what}");
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
