//! The table of all metrics: their names, units and descriptions.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const RECORDS: &str = "s3_dispatch_records_total";
pub(super) const MESSAGES: &str = "s3_dispatch_messages_total";
pub(super) const DEAD_LETTERS: &str = "s3_dispatch_dead_letters_total";
pub(super) const HANDLER_DURATION: &str = "s3_dispatch_handler_duration_seconds";
pub(super) const LAG: &str = "s3_dispatch_lag_seconds";
pub(super) const BATCH_SIZE: &str = "s3_dispatch_batch_size";

pub(super) const IN_FLIGHT: &str = "s3_dispatch_worker_in_flight";
pub(super) const WAITING: &str = "s3_dispatch_worker_waiting";
pub(super) const RUNNING: &str = "s3_dispatch_worker_running";
pub(super) const RECEIVERS: &str = "s3_dispatch_worker_receivers";
pub(super) const RECEIVES: &str = "s3_dispatch_worker_receives_total";
pub(super) const DELETIONS: &str = "s3_dispatch_worker_deletions_total";
pub(super) const EXTENSIONS: &str = "s3_dispatch_worker_extensions_total";
pub(super) const LOST_LEASES: &str = "s3_dispatch_worker_lost_leases_total";
pub(super) const HANDED_BACK: &str = "s3_dispatch_worker_handed_back_total";

/// A metric: what it is called, and what it says.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Unit,
    pub(super) description: &'static str,
    pub(super) reporter: Reporter,
}

/// How the values of a metric are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What reports a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporter {
    Dispatcher,
    Worker,
}

/// Every metric of this crate.
#[rustfmt::skip]
pub(super) const TABLE: [Metric; 15] = [
    dispatcher(RECORDS, Kind::Counter, Unit::Count, "records by event name and outcome"),
    dispatcher(MESSAGES, Kind::Counter, Unit::Count, "messages by outcome"),
    dispatcher(
        DEAD_LETTERS, Kind::Counter, Unit::Count,
        "records that the dead-letter sink accepted, by event name",
    ),
    dispatcher(
        HANDLER_DURATION, Kind::Histogram, Unit::Seconds,
        "time that a record spends in the router",
    ),
    dispatcher(
        LAG, Kind::Histogram, Unit::Seconds,
        "time from the event to the start of its handler",
    ),
    dispatcher(BATCH_SIZE, Kind::Histogram, Unit::Count, "messages per invocation"),
    worker(
        IN_FLIGHT, Kind::Gauge,
        "messages that the worker holds: received, and neither deleted nor given back",
    ),
    worker(WAITING, Kind::Gauge, "messages that the worker holds and has not started"),
    worker(RUNNING, Kind::Gauge, "handlers that run"),
    worker(RECEIVERS, Kind::Gauge, "receives that the worker makes at once"),
    worker(RECEIVES, Kind::Counter, "receives by outcome: full, part, empty or failed"),
    worker(DELETIONS, Kind::Counter, "messages that the worker deleted, by outcome"),
    worker(EXTENSIONS, Kind::Counter, "messages whose lease the worker extended, by outcome"),
    worker(LOST_LEASES, Kind::Counter, "messages whose lease ended while the worker held them"),
    worker(HANDED_BACK, Kind::Counter, "messages that the worker gave back untouched"),
];

const fn dispatcher(
    name: &'static str,
    kind: Kind,
    unit: Unit,
    description: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        unit,
        description,
        reporter: Reporter::Dispatcher,
    }
}

const fn worker(name: &'static str, kind: Kind, description: &'static str) -> Metric {
    Metric {
        name,
        kind,
        unit: Unit::Count,
        description,
        reporter: Reporter::Worker,
    }
}

/// The upper bounds of the buckets of each histogram, for Prometheus.
///
/// Handlers may take from milliseconds to minutes, and a queue may keep an event for days.
#[cfg(feature = "prometheus")]
pub(crate) const BUCKETS: [(&str, &[f64]); 3] = [
    (
        HANDLER_DURATION,
        &[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
            60.0, 300.0, 900.0,
        ],
    ),
    (
        LAG,
        &[
            0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0,
            345_600.0,
        ],
    ),
    (
        BATCH_SIZE,
        &[
            1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 500.0, 1_000.0, 10_000.0,
        ],
    ),
];

/// Registers the description of every metric of a reporter.
pub(super) fn describe_those_of(reporter: Reporter) {
    for metric in TABLE.iter().filter(|metric| metric.reporter == reporter) {
        let Metric {
            name,
            unit,
            description,
            ..
        } = *metric;

        match metric.kind {
            Kind::Counter => describe_counter!(name, unit, description),
            Kind::Gauge => describe_gauge!(name, unit, description),
            Kind::Histogram => describe_histogram!(name, unit, description),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_the_metrics_of_the_table() {
        let documentation = include_str!("../../lib.rs");
        let documented: Vec<_> = documentation
            .lines()
            .filter_map(|line| line.strip_prefix("//! | `s3_dispatch_"))
            .map(|row| {
                let mut cells = row.split(" | ");
                (cells.next().unwrap_or(""), cells.next().unwrap_or(""))
            })
            .map(|(name, kind)| (format!("s3_dispatch_{}", name.trim_end_matches('`')), kind))
            .collect();

        let table = TABLE.iter().map(|metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            (metric.name.to_owned(), kind)
        });
        assert_eq!(documented, table.collect::<Vec<_>>());
    }

    #[test]
    fn names_end_with_their_unit_if_it_is_not_a_count() {
        for metric in &TABLE {
            let is_time = metric.name.ends_with("_seconds");
            assert_eq!(is_time, metric.unit == Unit::Seconds, "{}", metric.name);

            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Kind::Counter, "{}", metric.name);
        }
    }
}
