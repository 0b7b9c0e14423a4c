//! One record on its way through the router, with what can go wrong there.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use s3_dispatch_core::{HandlerError, MessageContext, Outcome, Router, S3EventRecord, SkipReason};
use tracing::Instrument;

use crate::Unrouted;

/// Has one record answered. A panic and a timeout are failures, and every failure is logged here, once.
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
        crate::measurements::started(record);
        let outcome = guard(router, record, message, timeout).await;
        let outcome = match outcome {
            Outcome::Skipped(SkipReason::Unrouted) if on_unrouted == Unrouted::Fail => {
                Outcome::Failed(HandlerError::retry(NoRoute))
            }
            other => other,
        };
        #[cfg(feature = "metrics")]
        crate::measurements::answered(record, &outcome, started.elapsed());
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
    // In an `async` block, so that a router that panics before it returns its future is caught as well.
    let routed = AssertUnwindSafe(async { router.route(record, message).await }).catch_unwind();
    let routed = match timeout {
        None => routed.await,
        Some(timeout) => {
            let mut routed = Box::pin(routed);
            let answered = tokio::time::timeout(timeout, routed.as_mut()).await;
            drop_guarded(routed);
            match answered {
                Ok(answered) => answered,
                Err(_) => return Outcome::Failed(HandlerError::retry(TimedOut(timeout))),
            }
        }
    };
    routed.unwrap_or_else(|panic| {
        let panicked = Panicked::new(&*panic);
        drop_guarded(panic);
        Outcome::Failed(HandlerError::retry(panicked))
    })
}

/// Drops what belongs to a handler. If that panics it must not take the batch with it.
pub(crate) fn drop_guarded<T>(handlers: T) {
    if std::panic::catch_unwind(AssertUnwindSafe(|| drop(handlers))).is_err() {
        tracing::error!("a handler panicked while it was dropped");
    }
}

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Failed(error) => {
            // As a text and not through `Display`, so that the subscriber escapes what a handler took from outside.
            tracing::error!(error = format!("{error:#}"), permanent = error.is_permanent(), "record failed");
        }
        Outcome::Skipped(SkipReason::Unrouted) => tracing::warn!("record skipped: no route takes it"),
        Outcome::Skipped(reason) => tracing::info!(?reason, "record skipped"),
        Outcome::Handled => tracing::debug!("record handled"),
    }
}

/// A handler panicked.
#[derive(Debug)]
struct Panicked(String);

impl Panicked {
    fn new(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

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
