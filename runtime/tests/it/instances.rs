//! Several instances of one function with one store: the last effect on each key is that of its
//! newest event, whatever is delivered when, how often, and to which instance, and whoever dies.
//! That of a backfill is never the last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use s3_dispatch::record::ConfigurationId;
use s3_dispatch::{
    Deduplicated, Dispatcher, EventName, Exclusive, LatestOnly, MemoryStore, MessageContext,
    Outcome, Route, Router, S3EventRecord, Sequencer, async_trait,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
use tokio::time::{Instant, sleep, timeout};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=50;
/// The function's timeout, and the visibility timeout that AWS advises with it.
const TIMEOUT: Duration = Duration::from_secs(30);
const VISIBILITY: Duration = Duration::from_secs(6 * 30);

/// What is written of an object that was backfilled.
const BACKFILLED: u64 = 0;

/// Takes a while, and writes the sequencer of its event shortly before the end.
#[derive(Clone)]
struct Mirror {
    takes: Duration,
    content: Arc<Mutex<HashMap<String, u64>>>,
}

#[async_trait]
impl Router for Mirror {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        sleep(self.takes * 9 / 10).await;

        let sequencer = record.object.sequencer.as_ref();
        let number = |text: &Sequencer| u64::from_str_radix(text.as_str(), 16).unwrap();
        let sequencer = sequencer.map_or(BACKFILLED, number);
        let key = record.object.key.as_str().to_owned();
        self.content.lock().unwrap().insert(key, sequencer);

        sleep(self.takes / 10).await;
        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// A message, which is invisible for a while after each receive.
struct Message {
    record: RecordBuilder,
    visible_at: Instant,
    receives: u32,
}

/// A queue. Deleted messages are `None`.
type Queue = Arc<Mutex<Vec<Option<Message>>>>;

#[derive(Debug, Clone, Copy)]
struct Setting {
    instances: usize,
    takes: Duration,
    seed: u64,
}

/// What became of all runs of a kind.
#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    /// The keys whose last effect is not that of the newest event.
    wrong: usize,
    messages: u32,
    receives: u32,
    /// The messages that were received more than five times.
    in_danger: u32,
    time: Duration,
}

/// The events of a few keys, each of which is delivered once to three times, and what a listing
/// found at each key.
fn deliveries(rng: &mut Rng) -> (Vec<Option<Message>>, HashMap<String, u64>) {
    let (mut messages, mut newest) = (Vec::new(), HashMap::new());
    let started = Instant::now();

    for sequencer in 1..=24 {
        let names = [
            EventName::OBJECT_CREATED_PUT,
            EventName::OBJECT_REMOVED_DELETE,
        ];
        let (name, key) = (
            names[rng.usize(..2)].clone(),
            format!("key-{}", rng.u8(..4)),
        );
        let record = RecordBuilder::new(name).with_key(&key);
        let record = record.with_sequencer(format!("{sequencer:018X}"));
        newest.insert(key, sequencer);

        for _ in 0..rng.usize(1..4) {
            messages.push(Some(Message {
                record: record.clone(),
                visible_at: started + Duration::from_millis(rng.u64(..20_000)),
                receives: 0,
            }));
        }
    }

    for key in 0..4 {
        let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT);
        let record = record.with_key(format!("key-{key}")).without_sequencer();
        messages.push(Some(Message {
            record: record.with_configuration_id(ConfigurationId::BACKFILL),
            visible_at: started + Duration::from_millis(rng.u64(..40_000)),
            receives: 0,
        }));
    }

    (messages, newest)
}

/// Returns the places of some visible messages, or `None` if all are deleted.
fn receive(queue: &Queue, most: usize, rng: &mut Rng) -> Option<Vec<usize>> {
    let (mut queue, now) = (queue.lock().unwrap(), Instant::now());
    if queue.iter().all(Option::is_none) {
        return None;
    }

    let is_visible = |message: &Message| message.visible_at <= now;
    let mut places: Vec<usize> = (0..queue.len())
        .filter(|place| queue[*place].as_ref().is_some_and(is_visible))
        .collect();
    rng.shuffle(&mut places);
    places.truncate(most);

    for place in &places {
        let message = queue[*place].as_mut().unwrap();
        message.receives += 1;
        message.visible_at = now + VISIBILITY;
    }

    Some(places)
}

/// One instance: receives batches, and dies in some of its invocations.
async fn serve<R: Router>(
    dispatcher: Dispatcher<R>,
    queue: &Queue,
    mut rng: Rng,
    tally: &Mutex<Tally>,
) {
    let most = rng.usize(1..=10);

    while let Some(places) = receive(queue, most, &mut rng) {
        if places.is_empty() {
            sleep(Duration::from_millis(500)).await;
            continue;
        }

        let mut batch = SqsBatchBuilder::new();
        for place in &places {
            let record = queue.lock().unwrap()[*place]
                .as_ref()
                .unwrap()
                .record
                .clone();
            batch = batch.with_record(place.to_string(), record);
        }

        let deadline = (Instant::now() + TIMEOUT).into_std();
        let dispatch = dispatcher.dispatch(batch.to_bytes(), Some(deadline));
        let dies_after = match rng.u8(..6) {
            0 => Duration::from_millis(rng.u64(..20_000)),
            _ => TIMEOUT,
        };
        let Ok(report) = timeout(dies_after, dispatch).await else {
            continue;
        };

        let failures = report.unwrap().response().batch_item_failures;
        for place in places {
            if failures
                .iter()
                .any(|failure| failure.item_identifier == place.to_string())
            {
                continue;
            }

            let message = queue.lock().unwrap()[place].take();
            let mut tally = tally.lock().unwrap();
            // It may have been received again, and deleted, meanwhile.
            if let Some(message) = message {
                tally.messages += 1;
                tally.receives += message.receives;
                tally.in_danger += u32::from(message.receives > 5);
            }
        }
    }
}

async fn run<R: Router>(
    setting: Setting,
    tally: &Mutex<Tally>,
    router: impl Fn(Mirror, Arc<MemoryStore>) -> R,
) {
    fastrand::seed(setting.seed);
    let mut rng = Rng::with_seed(setting.seed);
    let (messages, newest) = deliveries(&mut rng);
    let (queue, started) = (Arc::new(Mutex::new(messages)), Instant::now());
    let store = Arc::new(MemoryStore::new());
    let mirror = Mirror {
        takes: setting.takes,
        content: Arc::default(),
    };

    let instances = (0..setting.instances).map(|_| {
        let dispatcher = Dispatcher::new(router(mirror.clone(), Arc::clone(&store)));
        serve(
            dispatcher.with_concurrency(rng.usize(1..=10)),
            &queue,
            rng.fork(),
            tally,
        )
    });
    join_all(instances.collect::<Vec<_>>()).await;

    let content = mirror.content.lock().unwrap();
    let wrong = newest
        .iter()
        .filter(|(key, newest)| content.get(*key) != Some(newest));
    let mut tally = tally.lock().unwrap();
    tally.runs += 1;
    tally.wrong += wrong.count();
    tally.time += started.elapsed();
}

/// Runs the seeds on some instances, with handlers of one and five seconds.
async fn tally<R: Router>(
    instances: std::ops::RangeInclusive<usize>,
    router: impl Fn(Mirror, Arc<MemoryStore>) -> R,
) -> Tally {
    let tally = Mutex::new(Tally::default());

    for instances in instances {
        for takes in [1, 5].map(Duration::from_secs) {
            for seed in SEEDS {
                let setting = Setting {
                    instances,
                    takes,
                    seed,
                };
                run(setting, &tally, &router).await;
            }
        }
    }

    tally.into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_key_ends_wrong_under_exclusive() {
    let tally = tally(2..=5, |mirror, store| {
        let latest = LatestOnly::new(mirror, Arc::clone(&store));
        Deduplicated::new(Exclusive::new(latest, Arc::clone(&store)), store)
    })
    .await;

    println!("Deduplicated(Exclusive(LatestOnly)): {tally:?}");
    assert_eq!((tally.runs, tally.wrong), (400, 0));
}

/// Without `Exclusive`, two instances can handle events of one key at the same time.
#[tokio::test(start_paused = true)]
async fn some_keys_end_wrong_without_exclusive() {
    let tally = tally(2..=2, |mirror, store| {
        Deduplicated::new(LatestOnly::new(mirror, Arc::clone(&store)), store)
    })
    .await;

    println!("Deduplicated(LatestOnly): {tally:?}");
    assert!(tally.wrong > 0, "{tally:?}");
}
