//! Injected faults: each does what it says, and the same in every run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use s3_dispatch::{Deduplicated, MemoryStore, ObjectKey, Router, Routes, State};
use s3_dispatch_local::{
    Fault, Faults, FunctionErrorKind, Hop, LocalPipeline, LocalPipelineBuilder, Step, StepKind,
    Topology, Visibility,
};

const BUCKET: &str = "amzn-s3-demo-bucket";

type Seen = Arc<Mutex<Vec<String>>>;

/// Takes 20 milliseconds for each object before it remembers the object.
fn routes(seen: &Seen) -> Routes<Seen> {
    Routes::new(Arc::clone(seen)).on_fn("*", async |key: ObjectKey, State(seen): State<Seen>| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        seen.lock().unwrap().push(key.as_str().to_owned());
        Ok::<_, std::io::Error>(())
    })
}

fn builder<R: Router>(faults: Faults, router: impl Fn() -> R) -> LocalPipelineBuilder {
    let builder = LocalPipeline::builder().with_faults(faults);
    builder
        .with_router("put-processor", router())
        .with_router("copy-processor", router())
}

/// Puts this many objects, and returns how often each was handled and what happened.
async fn run(
    faults: Faults,
    objects: usize,
) -> (BTreeMap<String, usize>, Vec<Arc<Step>>, LocalPipeline) {
    let seen = Seen::default();
    let pipeline = builder(faults, || routes(&seen)).start().await.unwrap();

    for index in 0..objects {
        pipeline
            .put(BUCKET, &format!("{index:03}"), "body")
            .await
            .unwrap();
    }

    pipeline.settle().await;
    let mut counts = BTreeMap::new();

    for key in seen.lock().unwrap().iter() {
        *counts.entry(key.clone()).or_default() += 1;
    }

    let history = pipeline.journal().history();
    (counts, history, pipeline)
}

fn always(hop: Hop, fault: Fault) -> Faults {
    Faults::none().with_rate(hop, fault, 1.0)
}

fn injected(history: &[Arc<Step>], hop: Hop, fault: Fault) -> usize {
    let is_meant = |step: &&Arc<Step>| match &step.kind {
        StepKind::FaultInjected {
            hop: own_hop,
            fault: own_fault,
            ..
        } => (*own_hop, *own_fault) == (hop, fault),
        _ => false,
    };

    history.iter().filter(is_meant).count()
}

#[tokio::test(start_paused = true)]
async fn without_faults_each_object_is_handled_once_and_in_order() {
    let (counts, history, _pipeline) = run(Faults::none(), 50).await;
    assert!(counts.len() == 50 && counts.values().all(|count| *count == 1));

    assert_eq!(
        Faults::places()
            .map(|(hop, fault)| injected(&history, hop, fault))
            .sum::<usize>(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_duplicated_message_is_handled_twice() {
    for hop in [Hop::Publish, Hop::Deliver] {
        for fault in [Fault::Duplicate, Fault::DropResponse] {
            let (counts, history, _pipeline) = run(always(hop, fault), 20).await;
            assert!(
                counts.len() == 20 && counts.values().all(|count| *count == 2),
                "{hop} {fault} {counts:?}"
            );
            assert!(injected(&history, hop, fault) >= 20, "{hop} {fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn delayed_and_reordered_messages_arrive_late_in_another_order_and_only_once() {
    for fault in [Fault::Delay, Fault::Reorder] {
        let seen = Seen::default();
        let faults = always(Hop::Publish, fault).with_seed(1);
        let pipeline = builder(faults, || routes(&seen)).start().await.unwrap();

        for index in 0..50 {
            pipeline
                .put(BUCKET, &format!("{index:03}"), "body")
                .await
                .unwrap();
        }

        pipeline.settle().await;
        let mut seen = seen.lock().unwrap().clone();
        assert!(!seen.is_sorted(), "{fault}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 50);
        let elapsed = pipeline.journal().history().last().unwrap().elapsed;

        assert_eq!(
            elapsed > Duration::from_secs(2),
            fault == Fault::Delay,
            "{fault} {elapsed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_whose_response_is_lost_counts_but_reaches_nobody() {
    let (counts, history, pipeline) = run(always(Hop::Receive, Fault::DropResponse), 3).await;
    assert!(counts.is_empty());
    assert_eq!(injected(&history, Hop::Receive, Fault::DropResponse), 3 * 5);

    assert_eq!(
        pipeline
            .queue("put-processor-dead-letters")
            .unwrap()
            .count(Visibility::Visible),
        3
    );
}

/// The function may or may not have had its effect, but an answer never arrives.
#[tokio::test(start_paused = true)]
async fn an_invocation_without_an_answer_is_repeated_until_its_messages_are_dead_letters() {
    let cases = [
        (Fault::Kill, FunctionErrorKind::Crashed, 0),
        (Fault::DropResponse, FunctionErrorKind::Unhandled, 5),
        (Fault::Throttle, FunctionErrorKind::Throttled, 0),
    ];

    for (fault, kind, handled) in cases {
        let (counts, history, pipeline) = run(always(Hop::Invoke, fault), 1).await;
        assert_eq!(counts.values().sum::<usize>(), handled, "{fault}");
        let is_meant = |step: &&Arc<Step>| match &step.kind {
            StepKind::Answered {
                error: Some((own, _)),
                ..
            } => *own == kind,
            _ => false,
        };

        assert_eq!(history.iter().filter(is_meant).count(), 5, "{fault}");

        assert_eq!(
            pipeline
                .queue("put-processor-dead-letters")
                .unwrap()
                .messages
                .len(),
            1,
            "{fault}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_times_out_before_or_after_its_work() {
    let (counts, history, _pipeline) = run(always(Hop::Invoke, Fault::TimeOut), 40).await;
    let is_timeout = |kind: &StepKind| {
        matches!(
            kind,
            StepKind::Answered {
                error: Some((FunctionErrorKind::TimedOut, _)),
                ..
            }
        )
    };

    let timeouts = history.iter().filter(|step| is_timeout(&step.kind)).count();
    assert_eq!(timeouts, injected(&history, Hop::Invoke, Fault::TimeOut));
    let handled = counts.values().sum::<usize>();
    assert!(handled > 0 && handled < 5 * 40, "{handled} of {}", 5 * 40);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_invocation_succeeds() {
    let (counts, history, _pipeline) = run(always(Hop::Invoke, Fault::Delay), 5).await;
    assert!(counts.len() == 5 && counts.values().all(|count| *count == 1));
    assert!(injected(&history, Hop::Invoke, Fault::Delay) > 0);
}

/// The message becomes visible again while a function handles it, and is handled twice at once.
#[tokio::test(start_paused = true)]
async fn a_message_that_becomes_visible_early_reaches_a_second_invocation() {
    let seen = Seen::default();
    let slow = || {
        Routes::new(Arc::clone(&seen)).on_fn(
            "*",
            async |key: ObjectKey, State(seen): State<Seen>| {
                tokio::time::sleep(Duration::from_secs(29)).await;
                seen.lock().unwrap().push(key.as_str().to_owned());
                Ok::<_, std::io::Error>(())
            },
        )
    };

    let faults = Faults::none()
        .with_seed(3)
        .with_fault(Fault::ExpireVisibility, 0.5);
    let pipeline = builder(faults, slow).start().await.unwrap();

    for index in 0..4 {
        pipeline
            .put(BUCKET, &index.to_string(), "body")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(300)).await;
    }

    pipeline.settle().await;
    assert!(seen.lock().unwrap().len() > 4);

    assert!(
        injected(
            &pipeline.journal().history(),
            Hop::Receive,
            Fault::ExpireVisibility
        ) > 0
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_deleted_is_handled_again() {
    let (counts, history, pipeline) = run(always(Hop::Delete, Fault::RefuseDelete), 2).await;
    assert!(counts.values().all(|count| *count == 5), "{counts:?}");
    assert_eq!(injected(&history, Hop::Delete, Fault::RefuseDelete), 10);

    assert_eq!(
        pipeline
            .queue("put-processor-dead-letters")
            .unwrap()
            .messages
            .len(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn faults_can_be_turned_off() {
    let seen = Seen::default();
    let pipeline = builder(always(Hop::Invoke, Fault::Kill), || routes(&seen))
        .start()
        .await
        .unwrap();
    pipeline.put(BUCKET, "key", "body").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(pipeline.faults().rate(Hop::Invoke, Fault::Kill), 1.0);
    pipeline.set_faults(Faults::none());
    pipeline.settle().await;
    assert_eq!(*seen.lock().unwrap(), ["key"]);
}

/// What happened, without the times of the real clock.
fn told(history: &[Arc<Step>]) -> Vec<String> {
    let told = history.iter().map(|step| match &step.kind {
        StepKind::ObjectEvent(event) => {
            format!(
                "{:?} {:?} {} {}",
                step.elapsed, step.event, event.event_name, event.key
            )
        }
        StepKind::Enqueued {
            queue,
            message_id,
            is_duplicate,
            ..
        } => {
            format!(
                "{:?} {:?} {queue} {message_id} {is_duplicate}",
                step.elapsed, step.event
            )
        }
        kind => format!("{:?} {:?} {kind:?}", step.elapsed, step.event),
    });

    told.collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    let chaos = |seed| Faults::chaos(0.2).with_seed(seed);
    let (_, first, _pipeline) = run(chaos(1), 30).await;
    let (_, second, _pipeline) = run(chaos(1), 30).await;
    let (_, other, _pipeline) = run(chaos(2), 30).await;
    assert_eq!(told(&first), told(&second));
    assert_ne!(told(&first), told(&other));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(40)
    })]

    /// With any faults, each message is deleted or in the dead-letter queue, and no event is lost.
    #[test]
    fn nothing_is_lost_under_any_faults(
        seed: u64,
        rates in prop::collection::vec(0.0..0.5, 28),
    ) {
        let with_rate = |faults: Faults, ((hop, fault), rate): ((Hop, Fault), &f64)| {
            faults.with_rate(hop, fault, *rate)
        };
        let faults = Faults::places().zip(&rates).fold(Faults::none(), with_rate);

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(check_that_nothing_is_lost(faults.with_seed(seed)));
    }
}

async fn check_that_nothing_is_lost(faults: Faults) {
    let seen = Seen::default();
    let store = Arc::new(MemoryStore::new());
    let once = || Deduplicated::new(routes(&seen), Arc::clone(&store));

    let pipeline = builder(faults, once)
        .with_topology(Topology::example())
        .start()
        .await
        .unwrap();
    for index in 0..20 {
        pipeline
            .put(BUCKET, &index.to_string(), "body")
            .await
            .unwrap();
    }
    pipeline.settle().await;

    let report = pipeline.report();
    let dead = pipeline
        .queue("put-processor-dead-letters")
        .unwrap()
        .messages;
    let seen = seen.lock().unwrap();

    for (id, event) in &report.events {
        let buried = dead
            .iter()
            .filter(|letter| letter.event == Some(*id))
            .count();
        assert_eq!(buried, event.dead_letter_queues.len());

        let key = &event.object.key;
        assert!(
            seen.contains(key) || buried == event.messages,
            "{id:?} {event:?}"
        );
        // The handler ends with its effect, so no kill can come after it.
        assert!(seen.iter().filter(|other| *other == key).count() <= 1);
    }

    for queue in ["put-processor", "copy-processor"] {
        assert!(pipeline.queue(queue).unwrap().messages.is_empty());
    }
}
