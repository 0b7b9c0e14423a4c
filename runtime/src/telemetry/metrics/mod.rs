//! Counts and times what a dispatcher does, through the facade of the crate `metrics`.
//!
//! The crate's root documentation has the table of names, units and labels.

mod table;
#[cfg(feature = "worker")]
pub(crate) mod worker;

use std::time::{Duration, SystemTime};

use metrics::{counter, histogram};
use s3_dispatch_core::{EventName, Outcome, S3EventRecord};

use crate::telemetry::outcome_name;

#[cfg(feature = "prometheus")]
pub(crate) use table::BUCKETS;

/// What the names of all metrics begin with.
#[cfg(feature = "emf")]
pub(crate) const PREFIX: &str = "s3_dispatch_";

use table::{
    BATCH_SIZE, DEAD_LETTERS, HANDLER_DURATION, LAG, MESSAGES, RECORDS, Reporter, describe_those_of,
};

/// Registers the description of every metric that a dispatcher reports.
pub(crate) fn describe() {
    describe_those_of(Reporter::Dispatcher);
}

/// Notes that a record enters the router. A record without a readable time has no lag.
pub(crate) fn record_started(record: &S3EventRecord) {
    let happened = record
        .event_time
        .as_ref()
        .and_then(|time| time.to_system_time());

    if let Some(happened) = happened {
        // Clocks differ, so the lag of an event from the future is zero.
        let lag = SystemTime::now()
            .duration_since(happened)
            .unwrap_or_default();
        histogram!(LAG, "event_name" => label(&record.event_name)).record(lag.as_secs_f64());
    }
}

/// Notes the outcome of a record, and how long it was in the router.
pub(crate) fn record_finished(record: &S3EventRecord, outcome: &Outcome, duration: Duration) {
    let name = label(&record.event_name);
    let outcome = outcome_name(outcome);

    counter!(RECORDS, "event_name" => name, "outcome" => outcome).increment(1);
    histogram!(HANDLER_DURATION, "event_name" => name).record(duration.as_secs_f64());
}

/// Notes that a batch ended before this record had an outcome.
pub(crate) fn record_not_reached(record: &S3EventRecord) {
    let name = label(&record.event_name);
    counter!(RECORDS, "event_name" => name, "outcome" => "not_reached").increment(1);
}

/// Notes that the dead-letter sink has accepted a record.
pub(crate) fn dead_letter_stored(record: &S3EventRecord) {
    counter!(DEAD_LETTERS, "event_name" => label(&record.event_name)).increment(1);
}

/// Notes that a batch with this many messages has ended.
pub(crate) fn batch_finished(messages: usize) {
    histogram!(BATCH_SIZE).record(messages as f64);
}

/// Notes the outcome of one message.
pub(crate) fn message_finished(outcome: &'static str) {
    counter!(MESSAGES, "outcome" => outcome).increment(1);
}

/// Returns the label of an event name. Unknown names share one, so that labels stay few.
fn label(name: &EventName) -> &'static str {
    let known = EventName::KNOWN.iter().find(|known| *known == name);
    known.map_or("other", EventName::as_str)
}
