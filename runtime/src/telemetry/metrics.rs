//! What a dispatcher measures, through the facade of the crate `metrics`. The table of names stands
//! in the crate's docs.

use std::time::{Duration, SystemTime};

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use s3_dispatch_core::{Delivery, EventName, Outcome, S3EventRecord, SkipReason};

use crate::BatchReport;
use crate::dispatch::outcomes::Outcomes;
use crate::dispatch::report::{MessageFailure, MessageOutcome};

const RECORDS: &str = "s3_dispatch_records_total";
const MESSAGES: &str = "s3_dispatch_messages_total";
const DEAD_LETTERS: &str = "s3_dispatch_dead_letters_total";
const HANDLER_DURATION: &str = "s3_dispatch_handler_duration_seconds";
const LAG: &str = "s3_dispatch_lag_seconds";
const BATCH_SIZE: &str = "s3_dispatch_batch_size";

pub(crate) fn describe() {
    describe_counter!(RECORDS, Unit::Count, "records, by event name and outcome");
    describe_counter!(MESSAGES, Unit::Count, "messages, by outcome");

    describe_counter!(
        DEAD_LETTERS,
        Unit::Count,
        "records given to the dead-letter sink, by event name"
    );

    describe_histogram!(
        HANDLER_DURATION,
        Unit::Seconds,
        "how long records take from their route to their outcome"
    );

    describe_histogram!(LAG, Unit::Seconds, "from the event to the handler's start");
    describe_histogram!(BATCH_SIZE, Unit::Count, "messages per invocation");
}

pub(crate) fn started(record: &S3EventRecord) {
    let happened = record
        .event_time
        .as_ref()
        .and_then(|time| time.to_system_time());
    if let Some(happened) = happened {
        // Clocks differ: what lies in the future has just happened.
        let lag = SystemTime::now()
            .duration_since(happened)
            .unwrap_or_default();
        histogram!(LAG, "event_name" => label(&record.event_name)).record(lag.as_secs_f64());
    }
}

pub(crate) fn answered(record: &S3EventRecord, outcome: &Outcome, duration: Duration) {
    let name = label(&record.event_name);
    let outcome = match outcome {
        Outcome::Handled => "handled",
        Outcome::Skipped(SkipReason::Unrouted) => "unrouted",
        Outcome::Skipped(SkipReason::Duplicate) => "duplicate",
        Outcome::Skipped(SkipReason::Stale) => "stale",
        Outcome::Skipped(_) => "skipped",
        Outcome::Failed(error) if error.is_permanent() => "permanent",
        Outcome::Failed(_) => "retry",
    };

    counter!(RECORDS, "event_name" => name, "outcome" => outcome).increment(1);
    histogram!(HANDLER_DURATION, "event_name" => name).record(duration.as_secs_f64());
}

pub(crate) fn gave_up(record: &S3EventRecord) {
    counter!(DEAD_LETTERS, "event_name" => label(&record.event_name)).increment(1);
}

pub(crate) fn reported(report: &BatchReport, delivery: &Delivery, outcomes: &Outcomes) {
    for (index, record) in delivery.records().iter().enumerate() {
        if outcomes.record(index).is_none() {
            let name = label(&record.event_name);
            counter!(RECORDS, "event_name" => name, "outcome" => "not_reached").increment(1);
        }
    }

    histogram!(BATCH_SIZE).record(report.messages().len() as f64);
    for message in report.messages() {
        let outcome = match message.outcome() {
            MessageOutcome::Succeeded => "succeeded",
            MessageOutcome::Failed(MessageFailure::Malformed) => "malformed",
            MessageOutcome::Failed(MessageFailure::RecordFailed) => "record_failed",
            MessageOutcome::Failed(MessageFailure::NotReached) => "not_reached",
        };
        counter!(MESSAGES, "outcome" => outcome).increment(1);
    }
}

fn label(name: &EventName) -> &'static str {
    let known = EventName::KNOWN.iter().find(|known| *known == name);
    known.map_or("other", EventName::as_str)
}
