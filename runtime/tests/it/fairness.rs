//! A handler that always has work does not keep the others from theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use s3_dispatch::{Dispatcher, ObjectKey, Routes, State};
use s3_dispatch_testing::SqsBatchBuilder;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task;

use crate::script::{after, failures, put};

/// How often a good handler works.
const WORK: usize = 20;

/// How often a busy handler works in one turn: Tokio's budget of 128, and again if the first poll
/// found only a part of it.
const MAX_PER_TURN: usize = 2 * 128;

#[derive(Clone, Default)]
struct Progress {
    good_running: Arc<AtomicUsize>,
    lock: Arc<Mutex<()>>,
    /// How often a busy handler works before it gives up: as often as if all good records were
    /// handled one after the other, and each turn of theirs did a single piece of work.
    patience: usize,
}

/// Works once, and yields only if Tokio asks for it.
async fn work(kind: &str, progress: &Progress, channel: &mut Channel) {
    match kind {
        "budget" => task::consume_budget().await,
        "lock" => drop(progress.lock.lock().await),
        "channel" => {
            channel.0.send(()).unwrap();
            channel.1.recv().await.unwrap();
        }
        "semaphore" => drop(channel.2.acquire().await.unwrap()),
        // Does without Tokio's budget.
        "wake" => {
            let mut is_second = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut is_second, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
        }
        _ => task::yield_now().await,
    }
}

struct Channel(
    mpsc::UnboundedSender<()>,
    mpsc::UnboundedReceiver<()>,
    Semaphore,
);

/// Handles keys such as `busy-lock/1`, which work until every good record is handled, and
/// `good-channel/2`, which work for a while.
async fn handle(key: ObjectKey, State(progress): State<Progress>) -> Result<(), &'static str> {
    let (behaviour, _) = key.as_str().split_once('/').unwrap();
    let (behaviour, kind) = behaviour.split_once('-').unwrap();
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut channel = Channel(sender, receiver, Semaphore::new(1));

    if behaviour == "good" {
        for _ in 0..WORK {
            work(kind, &progress, &mut channel).await;
        }
        progress.good_running.fetch_sub(1, Ordering::SeqCst);
        return Ok(());
    }

    for _ in 0..progress.patience {
        work(kind, &progress, &mut channel).await;
        if progress.good_running.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
    }

    Err("the good records have not been handled")
}

async fn check(concurrency: usize, busy: &[&str], good: &[&str]) {
    let keys = busy.iter().map(|kind| format!("busy-{kind}"));
    let keys = keys.chain(good.iter().map(|kind| format!("good-{kind}")));
    let batch = keys
        .enumerate()
        .fold(SqsBatchBuilder::new(), |batch, (id, key)| {
            batch.with_record(id.to_string(), put(&format!("{key}/{id}")))
        });

    let progress = Progress {
        patience: (good.len() + 1) * (WORK + 1) * MAX_PER_TURN,
        ..Progress::default()
    };
    progress.good_running.store(good.len(), Ordering::SeqCst);
    let dispatcher =
        Dispatcher::new(Routes::new(progress).on_fn("*", handle)).with_concurrency(concurrency);
    let report = dispatcher.dispatch(batch.to_bytes(), after(60_000)).await;

    assert_eq!(
        failures(&report),
        Vec::<String>::new(),
        "concurrency {concurrency}, busy {busy:?}, good {good:?}"
    );
}

const KINDS: [&str; 6] = ["budget", "lock", "channel", "semaphore", "wake", "yield"];

#[tokio::test]
async fn one_busy_handler_lets_the_others_progress_at_every_concurrency() {
    for concurrency in 2..=64 {
        for busy in KINDS {
            let good: Vec<_> = (0..64).map(|index| KINDS[index % KINDS.len()]).collect();
            check(concurrency, &[busy], &good).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn busy_handlers_let_the_others_progress(
        concurrency in 2..=64_usize,
        busy in prop::collection::vec(prop::sample::select(&KINDS[..]), 1..64),
        good in prop::collection::vec(prop::sample::select(&KINDS[..]), 1..64),
    ) {
        let busy = &busy[..busy.len().min(concurrency - 1)];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(check(concurrency, busy, &good));
    }
}
