//! What should happen to an event of a demo, and what happened.

use std::fmt;
use std::time::Duration;

use s3_dispatch_local::{EventReport, LocalPipeline, Report};

use super::table::{Row, Table};

pub(super) const BUCKET: &str = "amzn-s3-demo-bucket";

/// How long a demo may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What should happen to an event.
pub(super) enum Expected {
    /// Each of these functions handles it, and no other one.
    Handled(&'static [&'static str]),
    /// It ends in the dead-letter queue of this function's queue, and only the others handle it.
    DeadLetter {
        of: &'static str,
        handled: &'static [&'static str],
    },
    /// S3 sends no notification.
    NotNotified,
}

/// The key, the event name, and what should happen.
pub(super) type ExpectedEvent = (&'static str, &'static str, Expected);

/// Waits until every message is handled or in a dead-letter queue.
pub(super) async fn settle(pipeline: &LocalPipeline) -> Result<(), String> {
    tokio::time::timeout(TIME_LIMIT, pipeline.settle())
        .await
        .map_err(|_| format!("some messages are still in the pipeline after {TIME_LIMIT:?}"))
}

/// Compares what has happened with what should happen.
pub(super) fn compare(report: &Report, events: &[ExpectedEvent]) -> Table {
    let rows = events.iter().map(|(key, event_name, expected)| {
        let mut events = report.of_key(BUCKET, key).map(|(_, event)| event);
        let event = events.find(|event| event.object.event_name.as_str() == *event_name);

        Row {
            key,
            event_name,
            expected: expected.to_string(),
            happened: event.map_or_else(|| String::from("no event"), |e| happened(e, report)),
            is_right: event.is_some_and(|event| expected.is_met(event, report)),
        }
    });

    Table::new(rows.collect())
}

impl Expected {
    fn is_met(&self, event: &EventReport, report: &Report) -> bool {
        let handled = functions_that_handled(event, report);

        match self {
            Self::Handled(functions) => are_same(&handled, functions),
            Self::DeadLetter {
                of,
                handled: others,
            } => {
                let dead_letters = dead_letters_of(of);
                are_same(&handled, others)
                    && event
                        .dead_letter_queues
                        .iter()
                        .any(|queue| **queue == *dead_letters)
            }
            Self::NotNotified => event.messages == 0,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handled(functions) => write!(f, "handled by {}", functions.join(" and ")),
            Self::DeadLetter { of, .. } => write!(f, "in {}", dead_letters_of(of)),
            Self::NotNotified => f.write_str("no notification"),
        }
    }
}

/// What happened to an event, as the table shows it.
fn happened(event: &EventReport, report: &Report) -> String {
    let mut handled = functions_that_handled(event, report);
    handled.sort_unstable();
    handled.dedup();
    let dead = event
        .dead_letter_queues
        .iter()
        .map(|queue| format!("in {queue}"));
    let ends = (!handled.is_empty()).then(|| format!("handled by {}", handled.join(" and ")));
    let ends: Vec<_> = ends.into_iter().chain(dead).collect();

    let end = match ends.is_empty() {
        false => ends.join(", "),
        true if event.messages == 0 => String::from("no notification"),
        true => String::from("lost"),
    };

    match event.receives.values().max() {
        None | Some(0 | 1) => end,
        Some(receives) => format!("{end} after {receives} attempts"),
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

/// Whether both have the same functions, in any order.
fn are_same(handled: &[&str], expected: &[&str]) -> bool {
    handled.iter().all(|name| expected.contains(name))
        && expected.iter().all(|name| handled.contains(name))
}
