//! What an audit replays: it heals what was lost, and never undoes what is newer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use s3_dispatch::delivery::BackfilledEvent;
use s3_dispatch::once::Identity;
use s3_dispatch::{
    Deduplicated, EventName, Exclusive, HistoryEntry, LatestOnly, MemoryStore, MessageContext,
    Outcome, Route, Router, S3EventRecord, Sequencer, SkipReason, async_trait,
};
use s3_dispatch_testing::RecordBuilder;
use tokio::time::sleep;

use crate::deduplicated::route;

const SEEDS: std::ops::Range<u64> = 0..400;

/// An effect: which state of the object the handler saw, and whether an audit sent it.
type Effect = (u64, bool);

/// Takes a while, and writes down what it saw.
#[derive(Clone, Default)]
struct Mirror {
    effects: Arc<Mutex<Vec<Effect>>>,
    takes: Duration,
}

#[async_trait]
impl Router for Mirror {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        sleep(self.takes).await;
        let state = record.object.e_tag.as_ref().unwrap().as_str().parse();
        let effect = (state.unwrap(), record.is_backfilled());
        self.effects.lock().unwrap().push(effect);
        sleep(self.takes).await;

        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// A key in a bucket, whose states are numbered from 1, and a pipeline of several instances.
struct World {
    mirror: Mirror,
    store: Arc<MemoryStore>,
    /// The state of the object. 0 if there is none yet.
    current: AtomicU64,
}

impl World {
    fn new(rng: &mut Rng) -> Self {
        let mirror = Mirror {
            takes: Duration::from_millis(rng.u64(0..300)),
            ..Mirror::default()
        };
        Self {
            mirror,
            store: Arc::default(),
            current: AtomicU64::new(0),
        }
    }

    fn instance(&self) -> impl Router {
        let latest = LatestOnly::new(self.mirror.clone(), Arc::clone(&self.store));
        let exclusive = Exclusive::new(latest, Arc::clone(&self.store));
        Deduplicated::new(exclusive, Arc::clone(&self.store))
    }

    /// Delivers a record until it succeeds, as a queue does.
    async fn deliver(&self, record: S3EventRecord, after: Duration) -> Outcome {
        sleep(after).await;
        loop {
            let outcome = route(&self.instance(), &record).await;
            if outcome.is_success() {
                return outcome;
            }
            sleep(Duration::from_millis(700)).await;
        }
    }

    /// Looks at the object as `audit` does, and replays it if it is missing. Returns `None` if
    /// there is nothing to replay.
    async fn audit(&self, pauses: [Duration; 3]) -> Option<Outcome> {
        let listed = self.current.load(Ordering::SeqCst);
        let (tag, name) = (listed.to_string(), EventName::OBJECT_CREATED_PUT);
        let event = BackfilledEvent::new(&name, "b", "k")
            .with_e_tag(&tag)
            .with_time("2026-04-07T14:30:00.000Z");
        let router = self.instance();
        let history = router.history().unwrap();

        sleep(pauses[0]).await;
        let entries = history.look_up(&[event.to_record()]).await.unwrap();
        if listed == 0 || entries != [HistoryEntry::Missing] {
            return None;
        }

        let position = history.newest_position(&event.to_record()).await.unwrap();
        sleep(pauses[1]).await;
        if self.current.load(Ordering::SeqCst) != listed {
            return None;
        }

        let event = match &position {
            Some(position) => event.with_position(position),
            None => event,
        };
        Some(self.deliver(event.to_record(), pauses[2]).await)
    }
}

fn live(state: u64) -> S3EventRecord {
    let put = RecordBuilder::new(EventName::OBJECT_CREATED_PUT);
    let put = put
        .with_bucket("b")
        .with_key("k")
        .with_e_tag(state.to_string());

    put.with_sequencer(format!("{state:018X}")).build()
}

/// Puts objects, loses some of their events, delivers the others once or more, and audits
/// meanwhile.
async fn live_through(world: &World, rng: &mut Rng) {
    let milliseconds = |rng: &mut Rng, most| Duration::from_millis(rng.u64(0..most));
    let mut deliveries = Vec::new();
    let mut audits = Vec::new();
    let mut puts = Vec::new();

    for state in 1..=rng.u64(1..6) {
        let at = Duration::from_millis(1_000 * state);
        puts.push(async move {
            sleep(at).await;
            world.current.store(state, Ordering::SeqCst);
        });

        let is_lost = rng.u8(0..3) == 0;
        for _ in 0..if is_lost { 0 } else { rng.usize(1..3) } {
            deliveries.push(world.deliver(live(state), at + milliseconds(rng, 4_000)));
        }
        if rng.bool() {
            let at = milliseconds(rng, 6_000);
            let pauses = [(); 3].map(|()| milliseconds(rng, 1_500));
            audits.push(async move {
                sleep(at).await;
                world.audit(pauses).await
            });
        }
    }

    tokio::join!(join_all(puts), join_all(deliveries), join_all(audits));
}

#[tokio::test(start_paused = true)]
async fn an_audit_heals_what_was_lost_and_undoes_nothing_newer() {
    let (mut healed, mut undecided, mut stale) = (0, 0, 0);

    for seed in SEEDS {
        let mut rng = Rng::with_seed(seed);
        let world = World::new(&mut rng);
        live_through(&world, &mut rng).await;

        let last = world.audit([Duration::ZERO; 3]).await;
        let again = world.audit([Duration::ZERO; 3]).await;
        let effects = world.mirror.effects.lock().unwrap().clone();
        let current = world.current.load(Ordering::SeqCst);
        healed += usize::from(matches!(last, Some(Outcome::Handled)));
        stale += usize::from(matches!(last, Some(Outcome::Skipped(SkipReason::Stale))));

        // When nothing else is under way, an audit heals everything at once.
        assert!(
            matches!(last, None | Some(Outcome::Handled)),
            "{seed}: {last:?}"
        );
        assert!(again.is_none(), "{seed}: {again:?}");

        let is_newest_before = |(index, (state, _)): (usize, &Effect)| {
            effects[..index].iter().all(|(before, _)| before <= state)
        };
        let audited = effects
            .iter()
            .enumerate()
            .filter(|(_, (_, is_audit))| *is_audit);
        assert!(audited.clone().all(is_newest_before), "{seed}: {effects:?}");

        // An older event that comes after an audit: nothing tells that it is older.
        let is_undone = |(index, (state, _)): (usize, &Effect)| {
            effects[index..].iter().any(|(after, _)| after < state)
        };
        if audited.clone().any(is_undone) {
            undecided += 1;
        } else {
            let last = effects.last().map(|(state, _)| *state);
            assert_eq!(last, Some(current), "{seed}: {effects:?}");
        }
    }

    assert!(
        healed > 50 && undecided > 0 && stale == 0,
        "{healed} {undecided} {stale}"
    );
}

/// A backfilled record without a position, such as one that was listed long ago.
#[tokio::test]
async fn only_the_position_lets_a_record_win_over_what_was_handled() {
    let store = Arc::new(MemoryStore::new());
    let latest = LatestOnly::new(Mirror::default(), Arc::clone(&store));
    let event = |position: Option<&str>| {
        let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k").with_e_tag("2");
        let position = position.map(Sequencer::from);
        match &position {
            Some(position) => event.with_position(position).to_record(),
            None => event.to_record(),
        }
    };

    drop(route(&latest, &live(1)).await);
    let history = latest.history().unwrap();
    let position = history
        .newest_position(&event(None))
        .await
        .unwrap()
        .unwrap();

    for (position, is_stale) in [
        (None, true),
        (Some("0"), true),
        (Some("not hexadecimal"), true),
        (Some(position.as_str()), false),
        (Some("FFFFFFFFFFFFFFFFFFFF"), false),
    ] {
        let outcome = route(&latest, &event(position)).await;
        let skipped = matches!(outcome, Outcome::Skipped(SkipReason::Stale));
        assert_eq!(skipped, is_stale, "{position:?}: {outcome:?}");
    }

    // It remembers nothing itself, and a newer event makes it stale.
    drop(route(&latest, &live(2)).await);
    let outcome = route(&latest, &event(Some(position.as_str()))).await;
    assert!(
        matches!(outcome, Outcome::Skipped(SkipReason::Stale)),
        "{outcome:?}"
    );
    assert_eq!(
        Identity::of_state(&event(Some("1"))),
        Identity::of_state(&event(None))
    );
}
