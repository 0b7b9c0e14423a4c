//! Logs and counts a batch as a whole: unreadable messages, unreached messages, and a summary.

use std::time::Instant;

use s3_dispatch_core::delivery::{Content, Delivery, InvocationId, Message};

use crate::dispatch::report::{BatchReport, MessageFailure, MessageOutcome};
use crate::dispatch::settings::Malformed;

/// Logs a message without records: a test notification, a message that is not about an S3 event, or
/// the error of one that cannot be read.
pub(crate) fn log_without_records(message: &Message, on_malformed: Malformed) {
    let message_id = message.context.message_id().map(AsRef::<str>::as_ref);
    let request_id = message.context.request_id().map(AsRef::<str>::as_ref);

    match &message.content {
        Ok(Content::Test(test)) => {
            let bucket = test.bucket.as_ref().map(AsRef::<str>::as_ref);
            tracing::info!(message_id, request_id, bucket, "test notification");
        }
        Ok(Content::Other(other)) => {
            tracing::warn!(message_id, request_id, "message skipped: {other}");
        }
        Ok(_) => {}
        Err(error) => {
            let error = error.to_string();
            match on_malformed {
                Malformed::Fail => {
                    tracing::error!(message_id, request_id, error, "message cannot be read")
                }
                Malformed::Drop => {
                    tracing::error!(
                        message_id,
                        request_id,
                        error,
                        "message cannot be read: dropped"
                    )
                }
            }
        }
    }
}

/// Logs the summary of a batch, and warns of messages that were not reached.
pub(crate) fn log(
    report: &BatchReport,
    delivery: &Delivery,
    request_id: Option<&InvocationId>,
    started: Instant,
) {
    log_unreached(report, request_id);

    tracing::info!(
        request_id = request_id.map(AsRef::<str>::as_ref),
        messages = report.messages().len(),
        failed_messages = report.failed_messages(),
        records = delivery.records().len(),
        handled = report.handled(),
        skipped = report.skipped(),
        dead_letters = report.dead_letters(),
        failed = report.failed(),
        // Digits below a microsecond would be noise.
        duration_ms = started.elapsed().as_micros() as f64 / 1000.0,
        "invocation done"
    );
}

/// Records that were not reached are not logged one by one, so their messages are named here.
fn log_unreached(report: &BatchReport, request_id: Option<&InvocationId>) {
    const MAX_NAMED: usize = 10;

    let unreached = MessageOutcome::Failed(MessageFailure::NotReached);
    let mut messages = report
        .messages()
        .iter()
        .filter(|message| message.outcome() == unreached)
        .peekable();

    if messages.peek().is_none() {
        return;
    }

    let count = messages.clone().count();
    let first: Vec<_> = messages
        .filter_map(|message| message.id().map(AsRef::<str>::as_ref))
        .take(MAX_NAMED)
        .collect();

    tracing::warn!(
        request_id = request_id.map(AsRef::<str>::as_ref),
        messages = count,
        first = first.join(" "),
        "some messages were not reached: the deadline came, or an earlier message of their group \
         failed"
    );
}

/// Counts the batch, its messages, and the records that were not reached.
#[cfg(feature = "metrics")]
pub(crate) fn measure(
    report: &BatchReport,
    delivery: &Delivery,
    outcomes: &crate::dispatch::outcomes::Outcomes,
) {
    use crate::telemetry::metrics;

    for (index, record) in delivery.records().iter().enumerate() {
        if outcomes.record(index).is_none() {
            metrics::record_not_reached(record);
        }
    }

    metrics::batch_finished(report.messages().len());

    for message in report.messages() {
        metrics::message_finished(match message.outcome() {
            MessageOutcome::Succeeded => "succeeded",
            MessageOutcome::Failed(MessageFailure::Malformed) => "malformed",
            MessageOutcome::Failed(MessageFailure::RecordFailed) => "record_failed",
            MessageOutcome::Failed(MessageFailure::NotReached) => "not_reached",
        });
    }
}
