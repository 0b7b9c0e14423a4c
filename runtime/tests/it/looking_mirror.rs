//! What the guide "Keeping a mirror" promises: a mirror that looks at the object ends right under
//! `Exclusive` alone, whatever happens to the object, to its events and to the instances.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::{join, join_all};
use s3_dispatch::{
    Exclusive, MemoryStore, MessageContext, Outcome, Route, Router, S3EventRecord, async_trait,
};
use tokio::time::{sleep, timeout};

use crate::s3_model::{Habits, Model};

const SEEDS: u64 = 300;

/// Looks at the object, and writes what it has seen a while later.
#[derive(Clone)]
struct Mirror {
    object: Arc<Mutex<Model>>,
    content: Arc<Mutex<Option<u64>>>,
    rng: Arc<Mutex<Rng>>,
}

impl Mirror {
    async fn wait(&self) {
        let milliseconds = self.rng.lock().unwrap().u64(1..3_000);
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

#[async_trait]
impl Router for Mirror {
    async fn route(&self, _: &S3EventRecord, _: &MessageContext) -> Outcome {
        self.wait().await;
        let seen = self.object.lock().unwrap().content();

        self.wait().await;
        *self.content.lock().unwrap() = seen;

        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// The events that still have to be handled.
#[derive(Default)]
struct Queue {
    records: Vec<S3EventRecord>,
    in_flight: usize,
    is_closed: bool,
}

/// Changes the object, and sends each event once to three times.
async fn change(object: &Mutex<Model>, queue: &Mutex<Queue>, mut rng: Rng) {
    for _ in 0..rng.usize(1..8) {
        sleep(Duration::from_millis(rng.u64(..4_000))).await;
        let record = object.lock().unwrap().step().record("key");
        let copies = (0..rng.usize(1..4)).map(|_| record.clone());
        queue.lock().unwrap().records.extend(copies);
    }

    queue.lock().unwrap().is_closed = true;
}

/// Handles events in any order, and dies now and then. The next one goes on in its place.
async fn serve(router: &impl Router, queue: &Mutex<Queue>, mut rng: Rng) {
    loop {
        let record = {
            let mut queue = queue.lock().unwrap();
            match queue.records.len() {
                0 if queue.is_closed && queue.in_flight == 0 => return,
                0 => None,
                length => {
                    queue.in_flight += 1;
                    Some(queue.records.swap_remove(rng.usize(..length)))
                }
            }
        };
        let Some(record) = record else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };

        let dies_after = match rng.u8(..6) {
            0 => Duration::from_millis(rng.u64(..4_000)),
            _ => Duration::from_secs(3600),
        };
        let message = MessageContext::new();
        let outcome = timeout(dies_after, router.route(&record, &message)).await;

        let mut queue = queue.lock().unwrap();
        queue.in_flight -= 1;
        if !outcome.is_ok_and(|outcome| outcome.is_success()) {
            queue.records.push(record);
        }
    }
}

/// Whether the mirror has what is in S3, after a history of one key and three instances.
async fn ends_right<R: Router>(
    habits: Habits,
    seed: u64,
    router: impl Fn(Mirror, Arc<MemoryStore>) -> R,
) -> bool {
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let mirror = Mirror {
        object: Arc::new(Mutex::new(Model::new(habits, seed))),
        content: Arc::default(),
        rng: Arc::new(Mutex::new(rng.fork())),
    };
    let (queue, store) = (Mutex::default(), Arc::new(MemoryStore::new()));

    let routers: Vec<R> = (0..3)
        .map(|_| router(mirror.clone(), Arc::clone(&store)))
        .collect();
    let instances = routers
        .iter()
        .map(|router| serve(router, &queue, rng.fork()));
    let instances = join_all(instances.collect::<Vec<_>>());
    join(change(&mirror.object, &queue, rng.fork()), instances).await;

    let content = *mirror.content.lock().unwrap();
    content == mirror.object.lock().unwrap().content()
}

fn habits() -> [Habits; 3] {
    let plain = Habits {
        uploads_in_parts: true,
        expires: true,
        ..Habits::default()
    };
    let versioned = Habits {
        is_versioned: true,
        deletes_current_versions: true,
        ..plain
    };

    [Habits::default(), plain, versioned]
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_looks_ends_right_under_exclusive() {
    for habits in habits() {
        for seed in 0..SEEDS {
            let is_right = ends_right(habits, seed, Exclusive::new).await;
            assert!(is_right, "{habits:?}, seed {seed}");
        }
    }
}

/// The test above could fail.
#[tokio::test(start_paused = true)]
async fn a_mirror_that_looks_may_end_wrong_alone() {
    for habits in habits() {
        let mut wrong = 0;
        for seed in 0..SEEDS {
            let is_right = ends_right(habits, seed, |mirror, _| mirror).await;
            wrong += u32::from(!is_right);
        }

        assert!(wrong > 0, "{habits:?}");
    }
}
