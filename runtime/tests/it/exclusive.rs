//! `Exclusive`: one handler of a key at a time, and a key that becomes free again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use s3_dispatch::{
    Deduplicated, Dispatcher, Exclusive, MemoryStore, MessageContext, Outcome, Router, Routes,
    S3EventRecord,
};
use s3_dispatch_testing::SqsBatchBuilder;
use tokio::time::Instant;

use crate::deduplicated::route;
use crate::script::{Script, after, failures, put};

type One = Exclusive<Script, Arc<MemoryStore>>;

/// Two instances of a function, which share a store and a journal.
pub(crate) fn two() -> (One, One, Script, Arc<MemoryStore>) {
    let (script, store) = (Script::default(), Arc::new(MemoryStore::new()));
    let instance = || Exclusive::new(script.clone(), Arc::clone(&store));

    (instance(), instance(), script, store)
}

pub(crate) fn is_handled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Handled)
}

async fn seconds(time: u64) {
    tokio::time::sleep(Duration::from_secs(time)).await;
}

fn until(deadline: Duration) -> MessageContext {
    MessageContext::new().with_deadline((Instant::now() + deadline).into_std())
}

#[tokio::test(start_paused = true)]
async fn records_of_one_key_run_one_at_a_time_and_others_side_by_side() {
    let same = vec!["run-2000/a"; 3];
    let others = vec!["run-2000/a", "run-2000/b", "run-2000/c"];

    for (keys, most_running, seconds) in [(same, 1, 6), (others, 3, 2)] {
        let (first, second, script, _) = two();
        let records: Vec<S3EventRecord> = keys.iter().map(|key| put(key).build()).collect();
        let started = Instant::now();
        let routed = records.iter().enumerate().map(|(index, record)| {
            let instance = if index % 2 == 0 { &first } else { &second };
            route(instance, record)
        });

        let outcomes = join_all(routed).await;
        assert!(outcomes.iter().all(is_handled), "{keys:?}: {outcomes:?}");
        assert_eq!(script.journal(|journal| journal.most_running), most_running);

        // Whoever waits asks at least once a second.
        let took = started.elapsed().as_secs();
        assert!((seconds..=seconds + 3).contains(&took), "{keys:?}: {took}");
    }
}

#[tokio::test(start_paused = true)]
async fn scopes_are_independent() {
    let (first, second, script, _) = two();
    let record = put("run-2000/a").build();
    let second = second.with_scope("another");

    let outcomes = join(route(&first, &record), route(&second, &record)).await;
    assert!(is_handled(&outcomes.0) && is_handled(&outcomes.1));
    assert_eq!(script.journal(|journal| journal.most_running), 2);
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_the_same_object_by_another_wrapper_is_another_thing() {
    let (first, _, script, store) = two();
    let router = Deduplicated::new(first, store)
        .with_identity(|record| Some(s3_dispatch::once::Identity::of_object(record)));

    assert!(is_handled(&route(&router, &put("ok/1").build()).await));
    assert_eq!(script.started().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_key_is_free_after_any_end_of_the_handler() {
    for key in [
        "ok/1",
        "fail/1",
        "permanent/1",
        "unrouted/1",
        "skip/1",
        "panic/1",
        "panic-early/1",
        "run-100/1",
    ] {
        let (first, second, _, store) = two();
        let [first, second] = [first, second].map(|router| router.with_wait(Duration::ZERO));
        let started = Instant::now();

        let outcome = route(&first, &put(key).build()).await;
        assert_eq!(
            outcome.is_success(),
            ["ok", "unrouted", "skip", "run-100"].contains(&key.split_once('/').unwrap().0),
            "{key}: {outcome:?}"
        );
        assert!(store.is_empty(), "{key}");

        let again = route(&second, &put(key).build()).await;
        assert_eq!(again.is_success(), outcome.is_success(), "{key}: {again:?}");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

/// The lease is renewed, so a long handler holds the key with a short lease.
#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_wait_fails_with_the_rest_of_the_lease_as_its_delay() {
    let (first, second, script, _) = two();
    let second = second.with_wait(Duration::ZERO);
    let (long, short) = (put("run-300000/a").build(), put("run-300000/a").build());

    let other = async {
        for _ in 0..29 {
            seconds(10).await;
            let Outcome::Failed(error) = route(&second, &short).await else {
                panic!("both were handled at once")
            };

            let text = "another event of the key is being handled elsewhere";
            assert_eq!(
                (format!("{error:#}"), error.is_permanent()),
                (text.into(), false)
            );
            let left = error.retry_after().unwrap().as_secs();
            assert!((19..=30).contains(&left), "{left}");
        }
    };

    let (outcome, ()) = join(route(&first, &long), other).await;
    assert!(is_handled(&outcome));
    assert_eq!(script.started().len(), 1);
}

/// A process that dies does not release its lease, which then expires.
#[tokio::test(start_paused = true)]
async fn a_key_whose_holder_died_is_free_when_the_lease_expires() {
    let (first, second, script, store) = two();
    let record = put("hang/a").build();
    let died = tokio::time::timeout(Duration::from_secs(95), route(&first, &record)).await;
    assert!(died.is_err());
    assert_eq!(store.len(), 1);

    // It was renewed after 90 s, and lasts until 120 s.
    let died = Instant::now();
    let second = second.with_wait(Duration::from_secs(60));
    let next = tokio::time::timeout(Duration::from_secs(30), route(&second, &record)).await;
    assert!(next.is_err());

    let started = script.journal(|journal| journal.started.clone());
    let [_, (_, next)] = &started[..] else {
        panic!("{started:?}")
    };
    let waited = next.duration_since(died).as_secs_f64();
    assert!((25.0..25.1).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn waiting_leaves_half_of_the_time_for_the_handler() {
    for (wait, deadline, expected) in [(10, 60, 10), (10, 8, 4), (0, 60, 0), (u64::MAX, 50, 25)] {
        let (first, second, _, _) = two();
        let second = second.with_wait(Duration::from_secs(wait));
        let record = put("hang/a").build();

        let other = async {
            let started = Instant::now();
            let message = until(Duration::from_secs(deadline));
            let outcome = second.route(&record, &message).await;
            assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
            started.elapsed().as_secs_f64()
        };

        let first = route(&first, &record);
        let took = tokio::select! {
            biased;
            _ = first => panic!("it hangs"),
            took = other => took,
        };
        assert!(
            (took - f64::from(expected)).abs() < 0.01,
            "{took} of {expected}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_for_another_instance_and_handles_everything() {
    let (first, second, script, _) = two();
    let [first, second] = [first, second].map(|router| Dispatcher::new(router).with_concurrency(2));
    let batch = |id: &str| {
        let batch = SqsBatchBuilder::new().with_record(id, put("run-3000/a"));
        batch
            .with_record(format!("{id}-2"), put("run-1000/b"))
            .to_bytes()
    };

    let (one, two) = join(
        first.dispatch(batch("1"), after(60_000)),
        second.dispatch(batch("2"), after(60_000)),
    )
    .await;
    assert!(failures(&one).is_empty() && failures(&two).is_empty());
    assert_eq!(script.started().len(), 4);
    // At most one for each key.
    assert_eq!(script.journal(|journal| journal.most_running), 2);
}

#[test]
fn it_forwards_the_routes() {
    let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    assert_eq!(Exclusive::new(routes, MemoryStore::new()).routes().len(), 1);
}
