//! The lease of `Exclusive`: it is renewed in time, or the handler is cancelled in time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::once::{Claim, Identity, Lease, Outage, StoreError};
use s3_dispatch::{
    ClaimStore, Exclusive, LeaseStore, MemoryStore, MessageContext, Outcome, Route, Router,
    S3EventRecord, async_trait,
};
use tokio::time::{Instant, sleep};

use crate::deduplicated::route;
use crate::exclusive::is_handled;
use crate::script::{Script, put};

/// What a call to the store meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// The answer comes this much later than the effect.
    Slow(Duration),
    Fails,
    Hangs,
    /// The lease is given to someone else.
    TakenOver,
}

/// A store whose claims and renewals meet a weather.
struct Weathered {
    store: MemoryStore,
    claims: Weather,
    /// The weather of each renewal. The last one stays.
    renewals: Vec<Weather>,
    renewed: AtomicUsize,
    released: AtomicUsize,
}

impl Weathered {
    fn new(claims: Weather, renewals: &[Weather]) -> Arc<Self> {
        Arc::new(Self {
            store: MemoryStore::new(),
            claims,
            renewals: renewals.to_vec(),
            renewed: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
        })
    }
}

async fn meet<T>(weather: Weather, answer: T) -> Result<T, StoreError> {
    match weather {
        Weather::Fair | Weather::TakenOver => {}
        Weather::Slow(delay) => sleep(delay).await,
        Weather::Fails => return Err(StoreError::new("it is down")),
        Weather::Hangs => std::future::pending().await,
    }

    Ok(answer)
}

#[async_trait]
impl ClaimStore for Weathered {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let claim = self.store.claim(identity, lease).await;
        meet(self.claims, claim).await?
    }

    async fn complete(&self, _: &Identity, _: &Lease, _: Duration) -> Result<bool, StoreError> {
        panic!("a lease is never completed")
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.released.fetch_add(1, Ordering::SeqCst);
        self.store.release(identity, lease).await
    }
}

#[async_trait]
impl LeaseStore for Weathered {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let count = self.renewed.fetch_add(1, Ordering::SeqCst);
        let weather = self.renewals.get(count).or(self.renewals.last());
        let weather = *weather.unwrap_or(&Weather::Fair);

        if weather == Weather::TakenOver {
            self.store.release(identity, lease).await?;
            self.store.claim(identity, duration).await?;
        }

        if matches!(weather, Weather::Fails | Weather::Hangs) {
            return meet(weather, false).await;
        }

        let renewed = self.store.renew(identity, lease, duration).await;
        meet(weather, renewed).await?
    }
}

/// Routes a record, and returns the outcome, how long that took, and how many handlers run still.
async fn run(key: &str, store: &Arc<Weathered>) -> (Outcome, Duration, usize) {
    let script = Script::default();
    let router = Exclusive::new(script.clone(), Arc::clone(store));
    let started = Instant::now();
    let outcome = route(&router, &put(key).build()).await;

    (
        outcome,
        started.elapsed(),
        script.journal(|journal| journal.running),
    )
}

fn error(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed(error) if !error.is_permanent() => format!("{error:#}"),
        other => panic!("{other:?}"),
    }
}

const NOT_RENEWED: &str =
    "the handler was cancelled, because the lease of its key could not be renewed in time";

#[tokio::test(start_paused = true)]
async fn a_handler_whose_lease_cannot_be_renewed_is_cancelled_before_it_expires() {
    for weather in [Weather::Fails, Weather::Hangs] {
        let store = Weathered::new(Weather::Fair, &[weather]);
        let (outcome, took, running) = run("hang/a", &store).await;
        assert_eq!((error(outcome).as_str(), running), (NOT_RENEWED, 0));
        assert_eq!(took.as_secs(), 24, "of a lease of 30 s");

        // A request of the handler may be under way, so the lease is left to expire.
        assert_eq!(store.released.load(Ordering::SeqCst), 0);
        assert_eq!(store.store.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_tried_again() {
    let weathers = [
        vec![Weather::Fails, Weather::Fair],
        vec![Weather::Hangs, Weather::Fair],
        vec![Weather::Hangs, Weather::Fails, Weather::Fair],
        vec![Weather::Slow(Duration::from_secs(4))],
    ];

    for renewals in weathers {
        let store = Weathered::new(Weather::Fair, &renewals);
        let (outcome, took, _) = run("run-120000/a", &store).await;
        assert!(is_handled(&outcome), "{renewals:?}: {outcome:?}");
        assert_eq!(took.as_secs(), 120);
        assert!(store.store.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_after_each_third_of_it() {
    for (lease, milliseconds, expected) in [(30, 95_000, 9), (3, 9_500, 9), (60, 19_000, 0)] {
        let (script, store) = (Script::default(), Weathered::new(Weather::Fair, &[]));
        let router = Exclusive::new(script, Arc::clone(&store));
        let router = router.with_lease(Duration::from_secs(lease));

        let outcome = route(&router, &put(&format!("run-{milliseconds}/a")).build()).await;
        assert!(is_handled(&outcome));
        assert_eq!(store.renewed.load(Ordering::SeqCst), expected, "{lease} s");
    }
}

/// The lease lasts from the moment when the claim was sent, not from its answer.
#[tokio::test(start_paused = true)]
async fn a_slow_answer_does_not_make_the_lease_seem_longer() {
    let slow = Weather::Slow(Duration::from_secs(4));
    let store = Weathered::new(slow, &[Weather::Fails]);
    let (outcome, took, _) = run("hang/a", &store).await;
    assert_eq!((error(outcome).as_str(), took.as_secs()), (NOT_RENEWED, 24));

    let store = Weathered::new(Weather::Fair, &[slow, Weather::Fails]);
    let (outcome, took, _) = run("hang/a", &store).await;
    assert_eq!((error(outcome).as_str(), took.as_secs()), (NOT_RENEWED, 34));

    // The answer comes when the lease is nearly over, and the handler does not start.
    let script = Script::default();
    let router = Exclusive::new(script.clone(), Weathered::new(slow, &[]));
    let router = router.with_lease(Duration::from_secs(4));
    let outcome = route(&router, &put("ok/a").build()).await;
    assert_eq!(error(outcome), NOT_RENEWED);
    assert!(script.started().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_lease_was_taken_over_is_cancelled() {
    let store = Weathered::new(Weather::Fair, &[Weather::Fair, Weather::TakenOver]);
    let (outcome, took, running) = run("hang/a", &store).await;
    let text = "the handler was cancelled, because another one holds its key";
    assert_eq!((error(outcome).as_str(), running), (text, 0));
    assert_eq!(took.as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn an_outage_fails_the_record_unless_it_may_be_routed_unguarded() {
    for (weather, seconds) in [(Weather::Fails, 0), (Weather::Hangs, 5)] {
        let (script, store) = (Script::default(), Weathered::new(weather, &[]));
        let router = Exclusive::new(script.clone(), store);
        let started = Instant::now();
        let outcome = route(&router, &put("ok/1").build()).await;
        assert!(error(outcome).starts_with("the store failed: it "));
        assert!(script.started().is_empty());
        assert_eq!(started.elapsed().as_secs(), seconds);

        let router = router.on_outage(Outage::RouteUnguarded);
        let router = router.with_store_timeout(Duration::from_secs(1));
        assert!(is_handled(&route(&router, &put("ok/1").build()).await));
        assert_eq!(script.started().len(), 1);
    }
}

/// Moves the clock within one poll, as a handler does that blocks its thread.
struct Blocking {
    block: Duration,
    /// What happens to the key meanwhile.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

#[async_trait]
impl Router for Blocking {
    async fn route(&self, _: &S3EventRecord, _: &MessageContext) -> Outcome {
        let mut blocking = std::pin::pin!(tokio::time::advance(self.block));
        assert!(futures_util::poll!(blocking.as_mut()).is_pending());
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }

        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_blocks_beyond_its_lease_fails_only_if_someone_may_have_held_the_key() {
    for (seconds, is_taken, expected) in [(29, false, true), (60, false, true), (60, true, false)] {
        let store = Arc::new(MemoryStore::new());
        let other = Exclusive::new(Script::default(), Arc::clone(&store));
        let meanwhile = move || {
            let record = put("ok/1").build();
            let routed = futures_util::FutureExt::now_or_never(route(&other, &record));
            assert!(is_handled(&routed.unwrap()));
        };
        let meanwhile = is_taken.then(|| Box::new(meanwhile) as Box<dyn FnOnce() + Send>);

        let blocking = Blocking {
            block: Duration::from_secs(seconds),
            meanwhile: Mutex::new(meanwhile),
        };
        let outcome = route(&Exclusive::new(blocking, store), &put("ok/1").build()).await;
        assert_eq!(is_handled(&outcome), expected, "{seconds} s: {outcome:?}");

        if !expected {
            assert_eq!(
                error(outcome),
                "the handler blocked its thread for longer than the lease of its key, and another \
                 one may have held the key meanwhile"
            );
        }
    }
}
