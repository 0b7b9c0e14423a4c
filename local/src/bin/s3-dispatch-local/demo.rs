//! Some objects on their way through the pipeline of the examples.

use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch_local::{EventReport, Faults, LocalPipeline, Topology};

use crate::console::{FAILED, GOOD, paint};
use crate::s3_client::S3Client;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// What `put-processor` takes; it fails for good on what is larger.
const MAX_OBJECT_BYTES: usize = 6 * 1024 * 1024;

/// The smallest part of an upload, other than the last.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// How long all may take.
const PATIENCE: Duration = Duration::from_secs(120);

const UPLOADS: &str = "put-processor";
const COPIES: &str = "copy-processor";

/// What should become of an event.
enum Expected {
    /// This function handles it.
    Handled(&'static str),
    /// It ends in the dead-letter queue of this function's queue.
    DeadLetter(&'static str),
    /// Nobody is notified.
    Unnoticed,
}

/// What should become of the events, and what did.
pub(crate) struct Table(Vec<Row>);

struct Row {
    key: &'static str,
    event: &'static str,
    expected: String,
    happened: String,
    is_right: bool,
}

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
        Expected::Unnoticed,
    ),
    (
        "poison/too large.bin",
        "ObjectCreated:Put",
        Expected::DeadLetter(UPLOADS),
    ),
];

/// Makes failed messages come again within seconds, and large objects poison.
pub(crate) fn adapt(topology: &mut Topology, faults: &Faults) {
    let has_faults = Faults::places().any(|(hop, fault)| faults.rate(hop, fault) > 0.0);
    for function in &mut topology.functions {
        function.timeout = Duration::from_secs(2);
        if function.name == UPLOADS {
            function
                .environment
                .insert("MAX_OBJECT_BYTES".into(), MAX_OBJECT_BYTES.to_string());
        }
    }

    for queue in &mut topology.queues {
        queue.visibility_timeout = Duration::from_secs(2);
        if let Some(redrive) = &mut queue.redrive {
            // Where things go wrong on purpose, a good message may need more attempts.
            redrive.max_receive_count = if has_faults { 10 } else { 2 };
        }
    }
}

/// Puts, copies and deletes, waits until nothing is under way, and tells what became of it.
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
    let settled = tokio::time::timeout(PATIENCE, pipeline.settle()).await;
    settled.map_err(|_| format!("messages are still under way after {PATIENCE:?}"))?;
    let report = pipeline.report();

    let rows = EVENTS.iter().map(|(key, event, expected)| {
        let mut events = report.of_key(BUCKET, key).map(|(_, report)| report);
        let found = events.find(|report| report.object.event_name.as_str() == *event);
        expected.row(key, event, found, &report)
    });

    Ok(Table(rows.collect()))
}

impl Expected {
    fn row(
        &self,
        key: &'static str,
        event: &'static str,
        report: Option<&EventReport>,
        all: &s3_dispatch_local::Report,
    ) -> Row {
        let expected = match self {
            Self::Handled(function) => format!("handled by {function}"),
            Self::DeadLetter(queue) => format!("in {queue}-dead-letters"),
            Self::Unnoticed => String::from("no notification"),
        };

        let Some(report) = report else {
            return Row {
                key,
                event,
                expected,
                happened: String::from("no such event"),
                is_right: false,
            };
        };

        let is_this = |handling: &&s3_dispatch_local::Handling| {
            handling
                .event
                .and_then(|event| all.events.get(&event))
                .is_some_and(|own| own.object == report.object)
        };

        let handled: Vec<_> = all
            .handled
            .iter()
            .filter(is_this)
            .map(|handling| &*handling.function)
            .collect();

        let is_right = match self {
            Self::Handled(function) => {
                !handled.is_empty() && handled.iter().all(|own| own == function)
            }
            Self::DeadLetter(queue) => {
                let queue = format!("{queue}-dead-letters");
                handled.is_empty() && report.dead_letter_queues.iter().any(|own| **own == *queue)
            }
            Self::Unnoticed => report.messages == 0,
        };

        let receives: usize = report.receives.values().sum();

        let mut happened = match (handled.first(), report.dead_letter_queues.first()) {
            (Some(function), _) => format!("handled by {function}"),
            (None, Some(queue)) => format!("in {queue}"),
            (None, None) if report.messages == 0 => String::from("no notification"),
            (None, None) => String::from("lost"),
        };

        if receives > 1 {
            // A `String` takes whatever is written.
            let _ = write!(happened, " after {receives} attempts");
        }

        Row {
            key,
            event,
            expected,
            happened,
            is_right,
        }
    }
}

impl Table {
    /// Whether everything went where it should.
    pub(crate) fn is_right(&self) -> bool {
        self.0.iter().all(|row| row.is_right)
    }

    pub(crate) fn print(&self) -> String {
        let width = |text: fn(&Row) -> &str| {
            self.0
                .iter()
                .map(|row| text(row).chars().count())
                .max()
                .unwrap_or_default()
        };

        let (keys, events) = (width(|row| row.key), width(|row| row.event));
        let mut text = String::from("\n");

        for row in &self.0 {
            let verdict = if row.is_right {
                paint(GOOD, "right")
            } else {
                paint(FAILED, "wrong")
            };

            let wanted = if row.is_right {
                String::new()
            } else {
                format!(" (should be {})", row.expected)
            };

            let pad = " ".repeat(keys - row.key.chars().count());
            text.push_str(&format!(
                "{verdict}  {}{pad}  {:<events$}  {}{wanted}\n",
                row.key, row.event, row.happened
            ));
        }

        let wrong = self.0.iter().filter(|row| !row.is_right).count();
        text.push_str(&match wrong {
            0 => paint(GOOD, "everything went where it should"),
            wrong => paint(
                FAILED,
                &format!(
                    "{wrong} of {} events did not go where they should",
                    self.0.len()
                ),
            ),
        });

        text
    }
}
