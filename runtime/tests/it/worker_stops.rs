//! A worker that stops receives nothing again that it hands back.

use std::time::Duration;

use s3_dispatch::{Dispatcher, Worker, WorkerReport};
use tokio::time::{Instant, sleep};

use crate::script::Script;
use crate::worker::Memory;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn worker(queue: &Memory, handlers: usize) -> Worker<Script, Memory> {
    let dispatcher = Dispatcher::new(Script::default()).with_concurrency(handlers);
    Worker::new(dispatcher, queue.clone())
}

fn ids(behaviour: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |index| format!("{behaviour}/{index}"))
}

/// Checks that each message which is left was received once, and is visible at this time.
#[track_caller]
fn check_left(queue: &Memory, count: usize, visible_at: Instant) {
    let state = queue.state();
    assert_eq!(state.messages.len(), count);

    for (id, message) in &state.messages {
        assert_eq!(message.receives, 1, "{id}");
        let late = message
            .visible_at
            .unwrap()
            .checked_duration_since(visible_at);
        assert!(
            late.is_some_and(|late| late <= seconds(0.2)),
            "{id}: {late:?}"
        );
    }
}

fn counts(report: &WorkerReport) -> (u64, u64, u64) {
    (report.received(), report.deleted(), report.handed_back())
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_handed_back_when_the_last_receive_has_ended() {
    let queue = Memory::with_messages(ids("run-3000", 5));
    let started = Instant::now();
    // The second receive waits for 20 seconds.
    let report = worker(&queue, 1).run(sleep(seconds(1.0))).await.unwrap();

    assert_eq!(counts(&report), (5, 1, 4), "{report:?}");
    check_left(&queue, 4, started + seconds(20.0));
    assert!(started.elapsed() < seconds(20.2));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_handed_back_at_once_if_no_receive_runs() {
    let queue = Memory::with_messages(ids("run-3000", 5));
    let started = Instant::now();
    // There is no place for more.
    let worker = worker(&queue, 1).with_in_flight(5);
    let report = worker.run(sleep(seconds(1.0))).await.unwrap();

    assert_eq!(counts(&report), (5, 1, 4), "{report:?}");
    check_left(&queue, 4, started + seconds(1.0));
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_not_given_to_another_receive_of_the_worker() {
    let queue = Memory::with_messages(ids("run-3000", 10));
    let started = Instant::now();
    // A full receive adds another one, so two wait at the stop.
    let worker = worker(&queue, 10).with_in_flight(40);
    let stop = async {
        sleep(seconds(1.0)).await;
        assert_eq!(queue.state().running, 2);

        let late = queue.clone();
        tokio::spawn(async move {
            sleep(seconds(4.0)).await;
            late.insert("ok/late");
        });
    };
    let report = worker.run(stop).await.unwrap();

    assert_eq!(counts(&report), (11, 10, 1), "{report:?}");
    check_left(&queue, 1, started + seconds(20.0));
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_after_a_short_drain_is_hidden_from_a_receive_that_still_waits() {
    let queue = Memory::with_messages(ids("run-60000", 5));
    let started = Instant::now();
    let worker = worker(&queue, 1).with_drain(seconds(2.0));
    let report = worker.run(sleep(seconds(1.0))).await.unwrap();

    assert_eq!(counts(&report), (5, 0, 5), "{report:?}");
    assert!(started.elapsed() < seconds(7.0));
    // The receive began at the beginning, and its request may take 0.9 seconds to arrive.
    check_left(&queue, 5, started + seconds(20.9));
}
