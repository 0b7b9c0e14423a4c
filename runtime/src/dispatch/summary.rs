//! Logs and counts a batch as a whole: unreadable messages, unreached messages, and a summary.

use s3_dispatch_core::delivery::{Content, Delivery, InvocationId, Message};

use crate::dispatch::message_outcome::{MessageFailure, MessageOutcome};
use crate::dispatch::report::BatchReport;
use crate::dispatch::settings::Malformed;
use crate::telemetry::traces::{self, InvocationTrace};

/// Logs a message without records: a test notification, a message that is not about an S3 event, or
/// the error of one that cannot be read.
pub(crate) fn log_without_records(message: &Message, on_malformed: Malformed) {
    if let Ok(Content::Records(_)) = &message.content {
        return;
    }

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

/// Logs the summary of a batch.
pub(crate) fn log(
    report: &BatchReport,
    delivery: &Delivery,
    request_id: Option<&InvocationId>,
    trace: &InvocationTrace,
    started: tokio::time::Instant,
) {
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
        trace_id = trace.trace_id(),
        span_id = trace.span_id(),
        "invocation done"
    );
}

/// Ends the span of each message.
pub(crate) fn trace(report: &BatchReport, delivery: &Delivery) {
    for (message, report) in delivery.messages().iter().zip(report.messages()) {
        trace_message(message, report.outcome());
    }
}

/// Ends the span of a message.
pub(crate) fn trace_message(message: &Message, outcome: MessageOutcome) {
    let outcome = match outcome {
        MessageOutcome::Succeeded => Ok(()),
        MessageOutcome::Failed(failure) => Err(failure_name(failure)),
    };

    traces::settle(&message.context, outcome, message.content.as_ref().err());
}

/// Ends the span of a message that a worker held, and that is not its own anymore.
#[cfg(feature = "worker")]
pub(crate) fn trace_lost(message: &Message) {
    traces::settle(&message.context, Err("lost"), None);
}

/// What metrics and traces call the failure of a message.
fn failure_name(failure: MessageFailure) -> &'static str {
    match failure {
        MessageFailure::Malformed => "malformed",
        MessageFailure::RecordFailed => "record_failed",
        MessageFailure::NotReached => "not_reached",
        MessageFailure::LeftOut => "left_out",
    }
}

/// Why messages were not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotReached {
    /// The time ran out.
    InTime,
    /// The process was told to end.
    BeforeTheEnd,
    /// An earlier message of their group or key failed.
    AfterAFailure,
}

impl NotReached {
    fn as_str(self) -> &'static str {
        match self {
            Self::InTime => {
                "some messages were not reached before the deadline: raise the concurrency or the \
                 function's timeout, or lower the batch size"
            }
            Self::BeforeTheEnd => {
                "some messages were not reached before the process was told to end"
            }
            Self::AfterAFailure => {
                "some messages were not reached: an earlier one of their group or key failed"
            }
        }
    }
}

/// Logs the summary of a receive of a worker.
#[cfg(feature = "worker")]
pub(crate) fn log_receive(report: &BatchReport, delivery: &Delivery) {
    tracing::debug!(
        messages = report.messages().len(),
        failed_messages = report.failed_messages(),
        records = delivery.records().len(),
        handled = report.handled(),
        skipped = report.skipped(),
        dead_letters = report.dead_letters(),
        failed = report.failed(),
        "receive done"
    );
}

/// AWS recommends a `maxReceiveCount` of at least 5 ("Creating and configuring an Amazon SQS event
/// source mapping", AWS Lambda Developer Guide, 2026).
const USUAL_MAX_RECEIVE_COUNT: u32 = 5;

/// Warns of messages that were not reached. Their records have no log lines, so they are named
/// here.
pub(crate) fn log_unreached(
    report: &BatchReport,
    delivery: &Delivery,
    request_id: Option<&InvocationId>,
    reason: NotReached,
) {
    const MAX_NAMED: usize = 10;

    if report.is_success() {
        return;
    }

    let unreached = MessageOutcome::Failed(MessageFailure::NotReached);
    let reported = delivery.messages().iter().zip(report.messages());
    let contexts: Vec<_> = reported
        .filter(|(_, report)| report.outcome() == unreached)
        .map(|(message, _)| &message.context)
        .collect();

    if contexts.is_empty() {
        return;
    }

    let named: Vec<_> = contexts
        .iter()
        .filter_map(|context| context.message_id().map(AsRef::<str>::as_ref))
        .take(MAX_NAMED)
        .collect();
    let counts = contexts
        .iter()
        .filter_map(|context| context.receive_count());
    let most_received = counts.max();
    let is_last_chance = most_received.is_some_and(|count| count >= USUAL_MAX_RECEIVE_COUNT - 1);

    let text = reason.as_str();

    macro_rules! log {
        ($level:ident, $rest:literal) => {
            tracing::$level!(
                request_id = request_id.map(AsRef::<str>::as_ref),
                messages = contexts.len(),
                most_received,
                first = named.join(" "),
                "{text}{}",
                $rest
            )
        };
    }

    if is_last_chance {
        log!(
            error,
            "; after one more receive they may go to the dead-letter queue unhandled"
        );
    } else {
        log!(warn, "");
    }
}

/// Warns of messages that came back without an answer and are kept apart.
pub(crate) fn log_separated(one_by_one: usize, left_out: usize, request_id: Option<&InvocationId>) {
    tracing::warn!(
        request_id = request_id.map(AsRef::<str>::as_ref),
        one_by_one,
        left_out,
        "messages came back without an answer: one of them may end the process, so they are kept \
         apart"
    );
}

/// Counts the batch, its messages, and the records that were not reached.
#[cfg(feature = "metrics")]
pub(crate) fn measure(
    report: &BatchReport,
    delivery: &Delivery,
    outcomes: &crate::dispatch::engine::Outcomes,
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
            MessageOutcome::Failed(failure) => failure_name(failure),
        });
    }
}
