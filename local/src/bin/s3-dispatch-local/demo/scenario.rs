//! The objects of the demo, and what should happen to them.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch_local::{EventReport, Faults, LocalPipeline, Report, Topology};

use super::table::{Row, Table};
use crate::s3_client::S3Client;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The largest object that `put-processor` accepts. It fails on every larger one.
const MAX_OBJECT_BYTES: usize = 6 * 1024 * 1024;

/// The minimum size of a part of an upload, except for the last one.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// How long an attempt takes at most. A failed message is delivered again after this time.
const RETRY: Duration = Duration::from_secs(2);

/// How long the demo may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);

const UPLOADS: &str = "put-processor";
const COPIES: &str = "copy-processor";

/// The key, the event name, and what should happen.
const EVENTS: [(&str, &str, Expected); 6] = [
    (
        "holiday/my photo.jpg",
        "ObjectCreated:Put",
        Expected::Handled(UPLOADS),
    ),
    (
        "été/naïve café.jpg",
        "ObjectCreated:Put",
        Expected::Handled(UPLOADS),
    ),
    (
        "videos/long film.mp4",
        "ObjectCreated:CompleteMultipartUpload",
        Expected::Handled(UPLOADS),
    ),
    (
        "archive/my photo.jpg",
        "ObjectCreated:Copy",
        Expected::Handled(COPIES),
    ),
    (
        "holiday/my photo.jpg",
        "ObjectRemoved:Delete",
        Expected::NotNotified,
    ),
    (
        "poison/too large.bin",
        "ObjectCreated:Put",
        Expected::DeadLetter(UPLOADS),
    ),
];

/// What should happen to an event.
enum Expected {
    /// This function handles it.
    Handled(&'static str),
    /// It ends in the dead-letter queue of this function's queue.
    DeadLetter(&'static str),
    /// S3 sends no notification.
    NotNotified,
}

/// Shortens the timeouts, so that failed messages are delivered again within seconds, and makes
/// `put-processor` fail on large objects.
pub(crate) fn adapt(topology: &mut Topology, faults: &Faults) {
    let has_faults = Faults::places().any(|(hop, fault)| faults.rate(hop, fault) > 0.0);

    for function in &mut topology.functions {
        function.timeout = RETRY;
        // A worker does not use the visibility timeout of its queue.
        function
            .environment
            .insert("S3_DISPATCH_VISIBILITY".into(), RETRY.as_secs().to_string());
        if function.name == UPLOADS {
            function
                .environment
                .insert("MAX_OBJECT_BYTES".into(), MAX_OBJECT_BYTES.to_string());
        }
    }

    for queue in &mut topology.queues {
        queue.visibility_timeout = RETRY;
        if let Some(redrive) = &mut queue.redrive {
            // With faults, a good message may need more attempts.
            redrive.max_receive_count = if has_faults { 10 } else { 2 };
        }
    }
}

/// Puts, copies and deletes the objects, waits until every message is handled or in a dead-letter
/// queue, and compares what happened with what should happen.
pub(crate) async fn run(
    address: SocketAddr,
    pipeline: &LocalPipeline,
) -> Result<Table, Box<dyn Error>> {
    let s3 = S3Client::new(address, BUCKET);
    s3.put(EVENTS[0].0, "hello, world").await?;
    s3.put(EVENTS[1].0, "bonjour").await?;

    s3.upload(
        EVENTS[2].0,
        vec![Bytes::from(vec![0; PART_BYTES]), Bytes::from(vec![1; 1024])],
    )
    .await?;

    s3.copy(EVENTS[0].0, EVENTS[3].0).await?;
    s3.delete(EVENTS[4].0).await?;
    s3.put(EVENTS[5].0, vec![2; MAX_OBJECT_BYTES + 1]).await?;

    tokio::time::timeout(TIME_LIMIT, pipeline.settle())
        .await
        .map_err(|_| format!("some messages are still in the pipeline after {TIME_LIMIT:?}"))?;

    let report = pipeline.report();
    let rows = EVENTS.iter().map(|(key, event_name, expected)| {
        let mut events = report.of_key(BUCKET, key).map(|(_, event)| event);
        let event = events.find(|event| event.object.event_name.as_str() == *event_name);

        Row {
            key,
            event_name,
            expected: expected.to_string(),
            happened: event.map_or_else(|| String::from("no event"), |e| happened(e, &report)),
            is_right: event.is_some_and(|event| expected.is_met(event, &report)),
        }
    });

    Ok(Table::new(rows.collect()))
}

impl Expected {
    fn is_met(&self, event: &EventReport, report: &Report) -> bool {
        let handled = functions_that_handled(event, report);

        match self {
            Self::Handled(function) => {
                !handled.is_empty() && handled.iter().all(|name| name == function)
            }
            Self::DeadLetter(queue) => {
                let dead_letters = dead_letters_of(queue);
                handled.is_empty()
                    && event
                        .dead_letter_queues
                        .iter()
                        .any(|queue| **queue == *dead_letters)
            }
            Self::NotNotified => event.messages == 0,
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Handled(function) => write!(f, "handled by {function}"),
            Self::DeadLetter(queue) => write!(f, "in {}", dead_letters_of(queue)),
            Self::NotNotified => f.write_str("no notification"),
        }
    }
}

/// What happened to an event, as the table shows it.
fn happened(event: &EventReport, report: &Report) -> String {
    let handled = functions_that_handled(event, report);

    let end = match (handled.first(), event.dead_letter_queues.first()) {
        (Some(function), _) => format!("handled by {function}"),
        (None, Some(queue)) => format!("in {queue}"),
        (None, None) if event.messages == 0 => String::from("no notification"),
        (None, None) => String::from("lost"),
    };

    match event.receives.values().sum::<usize>() {
        0 | 1 => end,
        receives => format!("{end} after {receives} attempts"),
    }
}

/// A key may have several events, so the whole object event is compared.
fn functions_that_handled<'r>(event: &EventReport, report: &'r Report) -> Vec<&'r str> {
    let handlings = report.handled.iter().filter(|handling| {
        handling
            .event
            .and_then(|id| report.events.get(&id))
            .is_some_and(|handled| handled.object == event.object)
    });
    handlings.map(|handling| &*handling.function).collect()
}

fn dead_letters_of(queue: &str) -> String {
    format!("{queue}-dead-letters")
}
