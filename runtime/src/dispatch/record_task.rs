//! One record on its way through the router, with what can go wrong there.

use std::fmt;
use std::time::Duration;

use s3_dispatch_core::{HandlerError, MessageContext, Outcome, Router, S3EventRecord, SkipReason};
use tracing::Instrument;

use crate::Unrouted;
use crate::guarded::Guarded;
use crate::telemetry::logs::with_causes;

/// Has one record answered. A panic and a timeout are failures, and every failure is logged here,
/// once.
pub(crate) async fn answer<R: Router>(
    router: &R,
    record: &S3EventRecord,
    message: &MessageContext,
    timeout: Option<Duration>,
    on_unrouted: Unrouted,
) -> Outcome {
    let span = tracing::info_span!(
        "record",
        event_name = record.event_name.as_str(),
        bucket = record.bucket.name.as_str(),
        key = record.object.key.as_str(),
        message_id = message.message_id().map(AsRef::<str>::as_ref),
        request_id = message.request_id().map(AsRef::<str>::as_ref),
    );

    async {
        #[cfg(feature = "metrics")]
        let started = tokio::time::Instant::now();
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::started(record);
        let outcome = guard(router, record, message, timeout).await;

        let outcome = match outcome {
            Outcome::Skipped(SkipReason::Unrouted) if on_unrouted == Unrouted::Fail => {
                Outcome::Failed(HandlerError::retry(NoRoute))
            }
            other => other,
        };

        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::answered(record, &outcome, started.elapsed());
        log(&outcome);

        outcome
    }
    .instrument(span)
    .await
}

async fn guard<R: Router>(
    router: &R,
    record: &S3EventRecord,
    message: &MessageContext,
    timeout: Option<Duration>,
) -> Outcome {
    let routed = Guarded::new(|| router.route(record, message));
    let answered = match timeout {
        None => routed.await,
        Some(timeout) => match tokio::time::timeout(timeout, routed).await {
            Ok(answered) => answered,
            Err(_) => return Outcome::Failed(HandlerError::retry(TimedOut(timeout))),
        },
    };

    answered.unwrap_or_else(|panicked| Outcome::Failed(HandlerError::retry(panicked)))
}

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Failed(error) => {
            // As a text and not through `Display`, so that the subscriber escapes what a handler
            // took from outside.
            tracing::error!(
                error = with_causes(error.as_error()),
                permanent = error.is_permanent(),
                "record failed"
            );
        }
        Outcome::Skipped(SkipReason::Unrouted) => {
            tracing::warn!("record skipped: no route takes it")
        }
        Outcome::Skipped(reason) => tracing::info!(?reason, "record skipped"),
        Outcome::Handled => tracing::debug!("record handled"),
    }
}

/// A handler ran longer than a record may.
#[derive(Debug)]
struct TimedOut(Duration);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler ran longer than {:?}", self.0)
    }
}

impl std::error::Error for TimedOut {}

/// No route takes a record, and the dispatcher was told that this is a failure.
#[derive(Debug)]
struct NoRoute;

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no route takes the record")
    }
}

impl std::error::Error for NoRoute {}
