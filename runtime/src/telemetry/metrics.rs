//! Counts and times what a dispatcher does, through the facade of the crate `metrics`.
//!
//! The crate's root documentation has the table of names, units and labels.

use std::time::{Duration, SystemTime};

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use s3_dispatch_core::{EventName, Outcome, S3EventRecord};

use crate::telemetry::outcome_name;

const RECORDS: &str = "s3_dispatch_records_total";
const MESSAGES: &str = "s3_dispatch_messages_total";
const DEAD_LETTERS: &str = "s3_dispatch_dead_letters_total";
const HANDLER_DURATION: &str = "s3_dispatch_handler_duration_seconds";
const LAG: &str = "s3_dispatch_lag_seconds";
const BATCH_SIZE: &str = "s3_dispatch_batch_size";

/// Registers the description of every metric.
pub(crate) fn describe() {
    describe_counter!(RECORDS, Unit::Count, "records by event name and outcome");
    describe_counter!(MESSAGES, Unit::Count, "messages by outcome");

    describe_counter!(
        DEAD_LETTERS,
        Unit::Count,
        "records that the dead-letter sink accepted, by event name"
    );

    describe_histogram!(
        HANDLER_DURATION,
        Unit::Seconds,
        "time that a record spends in the router"
    );

    describe_histogram!(
        LAG,
        Unit::Seconds,
        "time from the event to the start of its handler"
    );

    describe_histogram!(BATCH_SIZE, Unit::Count, "messages per invocation");
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
