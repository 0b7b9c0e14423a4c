//! How long records wait for a store, and how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, Dispatcher, Exclusive, LatestOnly, LeaseStore, MemoryStore,
    MessageContext, Outcome, Route, Router, Routes, S3EventRecord, Sequencer, SequencerStore,
    SkipReason,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::deduplicated::route;
use crate::script::{Script, after, failures, put};

const ROUND_TRIP: Duration = Duration::from_millis(5);

/// A store that answers after a round trip, and counts them.
#[derive(Clone, Default)]
struct Distant {
    store: Arc<MemoryStore>,
    calls: Arc<AtomicUsize>,
}

impl Distant {
    async fn travel(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(ROUND_TRIP).await;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ClaimStore for Distant {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        self.travel().await;
        self.store.claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.travel().await;
        self.store.complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.travel().await;
        self.store.release(identity, lease).await
    }

    fn remembers_states(&self) -> bool {
        true
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        self.travel().await;
        self.store
            .complete_state(identity, lease, keep, state)
            .await
    }
}

#[async_trait]
impl LeaseStore for Distant {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        self.travel().await;
        self.store.renew(identity, lease, duration).await
    }
}

#[async_trait]
impl SequencerStore for Distant {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        self.travel().await;
        self.store.latest(object).await
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.travel().await;
        self.store.advance(object, sequencer, keep).await
    }
}

/// A wrapper of the user: whatever is inside does not come first, so nothing is lent.
struct Outermost<R>(R);

#[async_trait]
impl<R: Router> Router for Outermost<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        self.0.route(record, message).await
    }

    fn routes(&self) -> &[Route] {
        self.0.routes()
    }
}

fn batch(key: &str, records: usize) -> SqsBatchBuilder {
    (0..records).fold(SqsBatchBuilder::new(), |batch, number| {
        batch.with_record(number.to_string(), put(&format!("{key}/{number}")))
    })
}

/// Returns how long a batch of records with different keys takes. All must be handled.
async fn time(router: impl Router, key: &str, records: usize) -> Duration {
    let dispatcher = Dispatcher::new(router).with_concurrency(10);
    let started = Instant::now();
    let report = dispatcher
        .dispatch(batch(key, records).to_bytes(), None)
        .await;

    assert_eq!(report.unwrap().handled(), records);
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn records_wait_for_the_store_side_by_side() {
    let once = || Deduplicated::new(Script::default(), Distant::default());

    // A claim and a completion.
    assert!(time(once(), "ok", 10).await <= 3 * ROUND_TRIP);

    let before = time(Outermost(once()), "ok", 100).await;
    let now = time(once(), "ok", 100).await;
    println!("100 records at concurrency 10: {before:?} one after another, {now:?} side by side");
    assert!(before >= 20 * ROUND_TRIP, "{before:?}");
    assert!(now <= before / 2, "{now:?} of {before:?}");

    let latest = LatestOnly::new(once(), Distant::default());
    assert!(time(latest, "ok", 100).await < 40 * ROUND_TRIP);
}

/// The handlers are the bottleneck: what the store takes is hidden behind them.
#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_at_once_than_before() {
    let script = Script::default();
    let once = Deduplicated::new(script.clone(), Distant::default());
    let time = time(once, "run-50", 100).await;

    assert_eq!(script.journal(|journal| journal.most_running), 10);
    assert!(
        time <= Duration::from_millis(10 * 50) + 4 * ROUND_TRIP,
        "{time:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_costs_two_calls_and_one_that_no_route_takes_none() {
    let store = Distant::default();
    let once = Deduplicated::new(Script::default(), store.clone());
    drop(route(&once, &put("ok/1").build()).await);
    assert_eq!(store.calls(), 2);
    drop(route(&once, &put("ok/1").build()).await);
    assert_eq!(store.calls(), 3);

    let routes = || {
        let handler = async || Ok::<_, std::io::Error>(());
        Routes::new(()).on_fn("ObjectCreated:Copy", handler)
    };
    let store = Distant::default();
    let wrapped: [Box<dyn Router>; 3] = [
        Box::new(Deduplicated::new(routes(), store.clone())),
        Box::new(Exclusive::new(routes(), store.clone())),
        Box::new(LatestOnly::new(routes(), store.clone())),
    ];

    for router in &wrapped {
        let outcome = route(router, &put("ok/1").build()).await;
        assert!(
            matches!(outcome, Outcome::Skipped(SkipReason::Unrouted)),
            "{outcome:?}"
        );
        assert_eq!(store.calls(), 0);

        let taken = RecordBuilder::new("ObjectCreated:Copy").build();
        let outcome = route(router, &taken).await;
        assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
        assert!(store.calls.swap(0, Ordering::SeqCst) > 0);
    }
}

/// A wrapper that holds something of which there is one for each handler.
struct Pooled<R> {
    router: R,
    pool: Semaphore,
}

#[async_trait]
impl<R: Router> Router for Pooled<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let _connection = self.pool.acquire().await.unwrap();
        self.router.route(record, message).await
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrapper_that_holds_a_resource_does_not_wait_for_itself() {
    let pooled = |router| Pooled {
        router,
        pool: Semaphore::new(10),
    };
    let outside = pooled(Deduplicated::new(Script::default(), Distant::default()));
    time(outside, "ok", 100).await;

    let inside = Pooled {
        router: Deduplicated::new(Script::default(), Distant::default()).with_scope("inner"),
        pool: Semaphore::new(10),
    };
    time(Deduplicated::new(inside, Distant::default()), "ok", 100).await;

    let exclusive = Exclusive::new(
        Deduplicated::new(Script::default(), Distant::default()),
        Distant::default(),
    );
    time(exclusive, "run-20", 100).await;
}

/// A record that waits for its turn with a claim does not run yet.
#[tokio::test(start_paused = true)]
async fn the_wait_for_a_turn_does_not_count_towards_the_time_of_a_record() {
    let script = Script::default();
    let once = Deduplicated::new(script.clone(), Distant::default());
    let dispatcher = Dispatcher::new(once)
        .with_concurrency(2)
        .with_record_timeout(Duration::from_millis(70));
    let report = dispatcher
        .dispatch(batch("run-50", 20).to_bytes(), None)
        .await;
    assert_eq!(report.unwrap().handled(), 20);

    // Those that run too long are still cut off, each after its time.
    let started = Instant::now();
    let report = dispatcher
        .dispatch(batch("run-90", 4).to_bytes(), None)
        .await;
    assert_eq!(failures(&report).len(), 4);
    assert!(started.elapsed() <= Duration::from_millis(2 * 70 + 4 * 5));
}

/// A lease that was taken before a long wait is taken again, for its whole length.
#[tokio::test(start_paused = true)]
async fn a_handler_begins_with_a_lease_of_its_whole_length() {
    let store = Distant::default();
    let lease = Duration::from_secs(60);
    let once = Deduplicated::new(Script::default(), store.clone()).with_lease(lease);
    let dispatcher = Dispatcher::new(once).with_concurrency(1);

    // The second record is claimed while the first one runs.
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("run-50000/1"))
        .with_record("2", put("run-50000/2").with_sequencer("0A"));
    let handled = dispatcher.dispatch(batch.to_bytes(), None);
    let competitor = async {
        tokio::time::sleep(Duration::from_secs(90)).await;
        let other = Deduplicated::new(Script::default(), Arc::clone(&store.store));
        route(&other, &put("run-50000/2").with_sequencer("0A").build()).await
    };
    let (report, outcome) = tokio::join!(handled, competitor);

    assert_eq!(report.unwrap().handled(), 2);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

/// At the cut, some records wait with a claim. Each message is reported once, and none of these
/// handlers has begun.
#[tokio::test(start_paused = true)]
async fn a_cut_fails_what_waits_for_its_turn() {
    let (script, store) = (Script::default(), Distant::default());
    let once = Deduplicated::new(script.clone(), store.clone());
    let dispatcher = Dispatcher::new(once).with_concurrency(10);
    let report = dispatcher
        .dispatch(batch("hang", 100).to_bytes(), after(1_000))
        .await;

    let mut failed = failures(&report);
    failed.sort();
    failed.dedup();
    assert_eq!(failed.len(), 100);
    assert_eq!(script.started().len(), 10);
    assert_eq!(store.calls(), 40);

    // After the deadline, nobody is in the way of the next delivery.
    tokio::time::advance(Duration::from_secs(1)).await;
    let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    let next = Deduplicated::new(routes, store);
    let report = Dispatcher::new(next)
        .dispatch(batch("hang", 100).to_bytes(), None)
        .await;
    assert_eq!(report.unwrap().handled(), 100);
}

/// Failures, skips and panics among others: every message is reported, and what failed is free.
#[tokio::test(start_paused = true)]
async fn whatever_handlers_do_every_message_is_reported() {
    let kinds = [
        "ok",
        "fail",
        "run-3",
        "panic",
        "panic-early",
        "nothing",
        "permanent",
        "gone",
    ];
    let batch = (0..80).fold(SqsBatchBuilder::new(), |batch, number| {
        let kind = kinds[number % kinds.len()];
        batch.with_record(number.to_string(), put(&format!("{kind}/{number}")))
    });
    let store = Distant::default();
    let script = Script::default();
    let dispatcher =
        Dispatcher::new(Deduplicated::new(script.clone(), store.clone())).with_concurrency(5);

    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    let again = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    assert_eq!((report.handled(), report.failed()), (20, 40));
    assert_eq!((again.handled(), again.failed()), (0, 40));
    assert!(script.journal(|journal| journal.most_running) <= 5);
    assert_eq!(script.journal(|journal| journal.running), 0);
}

/// Duplicates within a batch wait for each other, as records of one key do.
#[tokio::test(start_paused = true)]
async fn a_duplicate_in_a_batch_is_skipped_after_the_completion() {
    let batch = (0..100).fold(SqsBatchBuilder::new(), |batch, number| {
        let record = put(&format!("ok/{}", number % 50)).with_sequencer("0A");
        batch.with_record(number.to_string(), record)
    });
    let once = Deduplicated::new(Script::default(), Distant::default());
    let report = Dispatcher::new(once)
        .with_concurrency(10)
        .dispatch(batch.to_bytes(), None)
        .await;

    let report = report.unwrap();
    assert_eq!((report.handled(), report.skipped()), (50, 50));
}

/// A store whose answers take between none and 20 ms, in an order that follows from a seed.
#[derive(Clone)]
struct Uneven {
    store: Arc<MemoryStore>,
    random: Arc<std::sync::Mutex<fastrand::Rng>>,
}

impl Uneven {
    async fn travel(&self) {
        let milliseconds = self.random.lock().unwrap().u64(0..20);
        if milliseconds > 4 {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }
}

#[async_trait]
impl ClaimStore for Uneven {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        self.travel().await;
        let claim = self.store.claim(identity, lease).await;
        self.travel().await;
        claim
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.travel().await;
        let completed = self.store.complete(identity, lease, keep).await;
        self.travel().await;
        completed
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.travel().await;
        self.store.release(identity, lease).await
    }
}

#[derive(Debug, Clone)]
struct Case {
    keys: Vec<(&'static str, u8)>,
    concurrency: usize,
    deadline: Option<u64>,
    record_timeout: Option<u64>,
    seed: u64,
    is_fifo: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    let kind = prop::sample::select(vec![
        "ok",
        "ok",
        "run-7",
        "run-30",
        "fail",
        "permanent",
        "panic",
        "panic-early",
        "nothing",
        "hang",
    ]);
    let keys = prop::collection::vec((kind, 0..12u8), 0..60);
    let deadline = prop::option::of(30..400u64);
    let record_timeout = prop::option::of(10..60u64);

    (
        keys,
        1..6usize,
        deadline,
        record_timeout,
        any::<u64>(),
        any::<bool>(),
    )
        .prop_map(
            |(mut keys, concurrency, mut deadline, record_timeout, seed, is_fifo)| {
                let hangs = keys.iter().any(|(kind, _)| *kind == "hang");
                if hangs && record_timeout.is_none() {
                    deadline = deadline.or(Some(300));
                }
                keys.truncate(if is_fifo { 30 } else { 60 });
                Case {
                    keys,
                    concurrency,
                    deadline,
                    record_timeout,
                    seed,
                    is_fifo,
                }
            },
        )
}

/// Dispatches the batch of a case twice, and checks what must hold whatever happens.
async fn check(case: &Case) -> Result<(), TestCaseError> {
    let store = Uneven {
        store: Arc::default(),
        random: Arc::new(std::sync::Mutex::new(fastrand::Rng::with_seed(case.seed))),
    };
    let script = Script::default();
    let once = Deduplicated::new(script.clone(), store.clone());
    let mut dispatcher = Dispatcher::new(once)
        .with_concurrency(case.concurrency)
        .with_deadline_margin(Duration::ZERO);
    if let Some(timeout) = case.record_timeout {
        dispatcher = dispatcher.with_record_timeout(Duration::from_millis(timeout));
    }

    let batch = case
        .keys
        .iter()
        .enumerate()
        .fold(SqsBatchBuilder::new(), |batch, (id, key)| {
            let record = put(&format!("{}/{}", key.0, key.1)).with_sequencer(format!("{id:04X}"));
            let message = SqsMessageBuilder::new(id.to_string()).with_record(record);
            batch.with_message(match case.is_fifo {
                true => message.with_group_id((key.1 % 4).to_string()),
                false => message,
            })
        });
    let batch = if case.is_fifo {
        batch.on_fifo_queue()
    } else {
        batch
    };

    for _ in 0..2 {
        let before = script.started().len();
        let begun = Instant::now();
        let report = dispatcher
            .dispatch(batch.to_bytes(), case.deadline.and_then(after))
            .await;
        let ended = begun.elapsed();
        let cut = case.deadline.map(Duration::from_millis);

        // The longest record takes its handler, two round trips, and nothing else.
        prop_assert!(
            cut.is_none_or(|cut| ended <= cut + Duration::from_millis(1)),
            "{ended:?}"
        );
        let failed = failures(&report);
        let distinct: std::collections::BTreeSet<_> = failed.iter().collect();
        prop_assert_eq!(distinct.len(), failed.len());

        let report = report.unwrap();
        prop_assert_eq!(report.messages().len(), case.keys.len());
        script.journal(|journal| {
            prop_assert!(journal.most_running <= case.concurrency);
            prop_assert_eq!(journal.running, 0);
            let starts = journal.started[before..].iter();
            let late = starts
                .filter(|(_, at)| cut.is_some_and(|cut| *at >= begun + cut))
                .count();
            prop_assert_eq!(late, 0);
            prop_assert!(report.handled() <= journal.finished.len());
            Ok(())
        })?;

        // What succeeded is never handled again, and what ended by itself is free.
        let succeeded = (0..case.keys.len()).filter(|id| !failed.contains(&id.to_string()));
        for id in succeeded {
            let (kind, _) = case.keys[id];
            prop_assert!(
                matches!(kind, "ok" | "run-7" | "run-30" | "nothing"),
                "{}",
                kind
            );
        }
    }

    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_of_delivery_hold_while_records_wait_for_the_store(case in cases()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(check(&case))?;
    }
}
