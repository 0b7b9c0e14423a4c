//! Runs many objects through both processors with every fault: nothing is lost, and nothing is
//! done twice without a reason.
//!
//! `SOAK_OBJECTS` sets the number of objects (the default is 2,000), `SOAK_CHAOS` the rate of each
//! fault, and `SOAK_SEED` which messages the faults hit.

#![allow(missing_docs, clippy::unwrap_used)]

mod conservation;
mod ledger;
#[cfg(target_os = "linux")]
mod memory;
mod processor;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant};

use s3_dispatch_local::{
    BucketSpec, Destination, Faults, FunctionSpec, LocalPipeline, MappingSpec, Message,
    NotificationSpec, QueueSpec, SubscriptionSpec, Topology,
};
use s3_dispatch_testing::SnsFilterPolicy;

use ledger::Ledger;
use processor::{OneAtATime, processor};

const BUCKET: &str = "amzn-s3-demo-bucket";
const PROCESSORS: [(&str, &str); 2] = [
    (
        "put-processor",
        concat!(
            r#"["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "#,
            r#"{"prefix": "ObjectRemoved:"}]"#,
        ),
    ),
    ("copy-processor", r#"["ObjectCreated:Copy"]"#),
];
/// Low enough that faults hit every receive of some messages.
const MAX_RECEIVE_COUNT: u32 = 12;

fn topology(concurrency: usize) -> Topology {
    let events = ["ObjectCreated:*", "ObjectRemoved:*"].map(|name| name.parse().unwrap());
    let notification = NotificationSpec::new(events, Destination::Topic("object-events".into()));
    let mut topology = Topology::new()
        .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
        .with_topic("object-events");

    for (name, events) in PROCESSORS {
        let policy =
            SnsFilterPolicy::parse(&format!(r#"{{"Records": {{"eventName": {events}}}}}"#))
                .unwrap();
        let dead = format!("{name}-dead-letters");
        let fourteen_days = Duration::from_secs(14 * 24 * 60 * 60);
        let queue = QueueSpec::new(name)
            .with_visibility_timeout(Duration::from_secs(60))
            .with_retention(fourteen_days);

        topology = topology
            .with_subscription(
                SubscriptionSpec::new("object-events", name).with_filter_policy(policy),
            )
            .with_queue(queue.with_redrive(&dead, MAX_RECEIVE_COUNT))
            .with_queue(QueueSpec::new(dead).with_retention(fourteen_days))
            .with_function(FunctionSpec::new(name).with_timeout(Duration::from_secs(10)))
            .with_mapping(MappingSpec::new(name, name).with_maximum_concurrency(concurrency));
    }

    topology
}

/// How many invocations of a processor run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Functions {
    OneAtATime,
    FiveAtATime,
}

impl Functions {
    /// How many invocations the mapping starts at once. AWS allows no fewer than two.
    fn at_once(self) -> usize {
        match self {
            Self::OneAtATime => 2,
            Self::FiveAtATime => 5,
        }
    }
}

fn setting(name: &str, default: f64) -> f64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Runs the workload through one pipeline, then sends its dead letters again, as an operator
/// would.
async fn soak(functions: Functions) {
    let (objects, chaos) = (
        setting("SOAK_OBJECTS", 2_000.0) as usize,
        setting("SOAK_CHAOS", 0.2),
    );
    let faults = Faults::chaos(chaos).with_seed(setting("SOAK_SEED", 1.0) as u64);
    let ledger = Arc::new(Ledger::default());
    let observed = Arc::clone(&ledger);
    let mut builder = LocalPipeline::builder()
        .with_topology(topology(functions.at_once()))
        .with_faults(faults)
        .with_observer(move |step| observed.observe(step));

    for (name, _) in PROCESSORS {
        let router = processor(Arc::clone(&ledger));
        builder = match functions {
            Functions::OneAtATime => builder.with_function(name, OneAtATime::new(router)),
            Functions::FiveAtATime => builder.with_router(name, router),
        };
    }

    let pipeline = builder.start().await.unwrap();
    let started = Instant::now();
    let events = workload::run(&pipeline, objects).await;
    pipeline.settle().await;
    let seconds = started.elapsed().as_secs_f64();

    let virtual_hours = pipeline
        .journal()
        .history()
        .last()
        .unwrap()
        .elapsed
        .as_secs_f64()
        / 3600.0;

    let resent = send_dead_letters_again(&pipeline, &ledger).await;
    conservation::check(&ledger, functions == Functions::OneAtATime);

    println!(
        "{objects} objects, {events} events, chaos {chaos}, {functions:?}: \
         {:.0} events/s, {} messages, {} receives, {} effects, {} repeated after a kill, \
         {} dead letters sent again, {virtual_hours:.1} h of the pipeline, peak memory {}",
        events as f64 / seconds,
        ledger.messages(),
        ledger.receives(),
        ledger.effects(),
        ledger.repeated(),
        resent,
        peak_memory(),
    );
}

async fn send_dead_letters_again(pipeline: &LocalPipeline, ledger: &Ledger) -> usize {
    pipeline.set_faults(Faults::none());
    let mut resent = 0;

    for (name, _) in PROCESSORS {
        let dead = pipeline.queue(&format!("{name}-dead-letters")).unwrap();
        for letter in dead.messages {
            let event = letter.event.unwrap();
            if !ledger.is_poison(event) {
                let id = format!("{}-again", letter.message_id);
                pipeline
                    .send(name, Message::new(id, letter.body).with_event(event))
                    .await
                    .unwrap();
                resent += 1;
            }
        }
    }

    pipeline.settle().await;
    resent
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| String::from("unknown"), |size| size.trim().to_owned())
}

/// With one invocation of each processor at a time, `LatestOnly` also guarantees the order.
#[tokio::test(start_paused = true)]
async fn one_at_a_time() {
    soak(Functions::OneAtATime).await;
}

#[tokio::test(start_paused = true)]
async fn five_at_a_time() {
    soak(Functions::FiveAtATime).await;
}
