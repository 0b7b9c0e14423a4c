//! Routes one record and turns everything that can go wrong into an outcome.

use std::fmt;
use std::time::Duration;

use s3_dispatch_core::__private::settle;
use s3_dispatch_core::handler::BoxFuture;
use s3_dispatch_core::{
    EventName, HandlerError, MessageContext, Outcome, Router, S3EventRecord, SkipReason,
};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span};

use crate::dispatch::engine::slots;
#[cfg(feature = "object-store")]
use crate::dispatch::engine::task_look_up;
use crate::dispatch::settings::{Settings, Unrouted};
use crate::guarded::{Guarded, Panicked};
use crate::telemetry::errors::with_causes;
use crate::telemetry::logs::levels::{LogLevels, log_at};
use crate::telemetry::traces;

/// Routes a record within its span, and logs and counts the outcome once.
///
/// A panic and a timeout are failures that are worth a retry.
///
/// The span is opened by the call. An async function around the future would only pass its output
/// on.
pub(crate) fn route<R: Router>(
    router: &R,
    record: &S3EventRecord,
    message: &MessageContext,
    settings: &Settings,
) -> impl Future<Output = Outcome> {
    let trace = traces::record(record, message);
    // With the feature `log` of `tracing`, a span that is off would still read its fields.
    let span = if LevelFilter::current() < LevelFilter::INFO {
        Span::none()
    } else {
        trace.within(|| open_span(record, message, trace.trace_id(), trace.span_id()))
    };

    let routed = async {
        let is_timed = cfg!(feature = "metrics") || settings.log_levels.may_log_handled();
        let started = is_timed.then(tokio::time::Instant::now);
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::record_started(record);

        let routed = Guarded::new(|| begin(router, record, message, settings));
        let routed = match settings.record_timeout {
            None => Ok(routed.await),
            Some(timeout) => slots::timeout(timeout, routed).await.map_err(|_| timeout),
        };
        let outcome = outcome_of(routed, message, settings);

        let duration = started.map(|started| started.elapsed());
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::record_finished(record, &outcome, duration.unwrap_or_default());
        log(record, &outcome, duration, settings.log_levels);

        outcome
    }
    .instrument(span);

    trace.around(routed, error_type)
}

/// What became of a record, if it was not stopped after a time.
fn outcome_of(
    routed: Result<Result<Outcome, Panicked>, Duration>,
    message: &MessageContext,
    settings: &Settings,
) -> Outcome {
    let outcome = match routed {
        Ok(Ok(Outcome::Skipped(SkipReason::Unrouted))) if settings.unrouted == Unrouted::Fail => {
            return Outcome::Failed(HandlerError::retry(NoRoute));
        }
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panicked)) => Outcome::Failed(HandlerError::retry(panicked)),
        Err(timeout) => Outcome::Failed(HandlerError::retry(TimedOut(timeout))),
    };

    settle(outcome, message)
}

/// Opens the span of a record.
fn open_span(
    record: &S3EventRecord,
    message: &MessageContext,
    trace_id: Option<String>,
    span_id: Option<String>,
) -> Span {
    tracing::info_span!(
        "record",
        event_name = record.event_name.as_str(),
        bucket = record.bucket.name.as_str(),
        key = record.object.key.as_str(),
        message_id = message.message_id().map(AsRef::<str>::as_ref),
        request_id = message.request_id().map(AsRef::<str>::as_ref),
        receive_count = message.receive_count(),
        queue = message.queue_arn().map(|arn| queue_name(arn.as_str())),
        backfilled = record.is_backfilled().then_some(true),
        trace_id,
        span_id,
    )
}

/// The name of a queue, which is short, so it is searched for from the end, byte by byte.
fn queue_name(arn: &str) -> &str {
    let colon = arn.bytes().rposition(|byte| byte == b':');
    colon.map_or(arn, |colon| &arn[colon + 1..])
}

/// Begins to route a record, after a look at its object if it was backfilled without a size and is
/// to be looked up.
fn begin<'r, R: Router>(
    router: &'r R,
    record: &'r S3EventRecord,
    message: &'r MessageContext,
    settings: &'r Settings,
) -> BoxFuture<'r, Outcome> {
    #[cfg(feature = "object-store")]
    if let Some(objects) = &settings.task_objects
        && record.is_backfilled()
        && record.object.size.is_none()
    {
        return Box::pin(task_look_up::route(router, record, message, objects));
    }

    #[cfg(not(feature = "object-store"))]
    let _ = settings;

    router.route(record, message)
}

/// What kind of failure this is, for traces.
fn error_type(error: &HandlerError) -> &'static str {
    let error = error.as_error();

    if error.is::<Panicked>() {
        "panic"
    } else if error.is::<TimedOut>() {
        "timeout"
    } else if error.is::<NoRoute>() {
        "unrouted"
    } else {
        "handler_error"
    }
}

fn log(record: &S3EventRecord, outcome: &Outcome, duration: Option<Duration>, levels: LogLevels) {
    match outcome {
        Outcome::Failed(error) => {
            // Logged as a text, not through `Display`, so that the subscriber escapes text that the
            // handler took from its input.
            tracing::error!(
                error = with_causes(error.as_error()),
                permanent = error.is_permanent(),
                "record failed"
            );
        }
        Outcome::Skipped(SkipReason::Unrouted) => match emulator_of(&record.event_name) {
            Some(emulator) => log_at!(
                levels.unrouted,
                emulator,
                "record skipped: no route matches it, because {emulator} does not write the reason \
                 that AWS writes"
            ),
            None => log_at!(levels.unrouted, "record skipped: no route matches it"),
        },
        Outcome::Skipped(reason) => {
            tracing::info!(reason = reason.name(), "record skipped: {reason}");
        }
        Outcome::Handled => {
            // Digits below a microsecond would be noise.
            let duration_ms = duration.map(|duration| duration.as_micros() as f64 / 1000.0);
            log_at!(levels.handled, duration_ms, "record handled");
        }
    }
}

/// The emulator that puts this name on EventBridge. Where AWS writes the reason `PutObject`,
/// LocalStack writes `s3:ObjectCreated:Put`, and moto writes `ObjectCreated`.
fn emulator_of(name: &EventName) -> Option<&'static str> {
    if !name.is_object_created() {
        return None;
    }

    match name.action()? {
        "ObjectCreated" => Some("moto"),
        action if action.starts_with("s3:ObjectCreated") => Some("LocalStack"),
        _ => None,
    }
}

/// A record took longer than its timeout.
#[derive(Debug)]
struct TimedOut(Duration);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler ran longer than {:?}", self.0)
    }
}

impl std::error::Error for TimedOut {}

/// No route matches a record, and [`Unrouted::Fail`] is set.
#[derive(Debug)]
struct NoRoute;

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no route matches the record")
    }
}

impl std::error::Error for NoRoute {}
