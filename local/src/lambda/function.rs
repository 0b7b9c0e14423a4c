//! The trait of a function that a queue invokes, and a function in this process.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::__private::with_causes;
use s3_dispatch::dispatch::{MessageFailure, MessageOutcome, MessageReport};
use s3_dispatch::{BatchReport, Dispatcher, Router};

use crate::aws::lineage::Lineage;
use crate::journal::clock::is_paused;
use crate::journal::{ToldFailure, ToldFailures};

/// A function as Lambda runs it: it takes a payload and answers with one, fails, or times out.
///
/// It is called for several payloads at once, up to the function's concurrency.
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// Invokes the function once.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no answer, for any reason. All messages of the batch are then
    /// received again.
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError>;

    /// How long an invocation may wait until the function is ready, on top of its timeout.
    ///
    /// By default no time: the function is always ready. [`Process`](crate::Process) allows the
    /// 10 seconds that Lambda gives to the start of a function, and its own pauses after a crash.
    fn init_timeout(&self) -> Duration {
        Duration::ZERO
    }

    /// Makes the function ready, before its first invocation. By default there is nothing to do.
    ///
    /// A pipeline calls it when it starts, and does not start if it fails.
    ///
    /// # Errors
    ///
    /// [`FunctionErrorKind::InitFailed`] if the function cannot become ready.
    async fn prepare(&self) -> Result<(), FunctionError> {
        Ok(())
    }

    /// Ends the function and everything that it has started. It is not invoked afterwards.
    async fn stop(&self) {}
}

/// One invocation of a function.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// The id of this invocation. No other invocation has it.
    pub request_id: String,
    /// The event as Lambda sends it.
    pub payload: Bytes,
    /// How long the function may take before it is killed.
    pub timeout: Duration,
    /// The trace header of the invocation: `Root=...;Sampled=0;Lineage=a87bd80c:1`. Lambda and the
    /// pipeline count in it how often a chain of requests invokes a function. What the function
    /// writes should carry it in the header `X-Amzn-Trace-Id`, as supported SDKs see to it.
    pub trace_header: String,
    /// An injected fault: the function is killed earlier.
    pub kill: Option<Kill>,
    /// Where a function in this process tells why messages failed.
    pub(super) failures: ToldFailures,
}

/// An injected kill of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// How long after it got the payload the function is killed, unless it has answered by then.
    pub after: Duration,
    /// What the kill looks like.
    pub kind: KillKind,
}

/// What a kill looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KillKind {
    /// The process ended: [`FunctionErrorKind::Crashed`].
    Crash,
    /// The function took too long: [`FunctionErrorKind::TimedOut`].
    TimeOut,
}

/// An invocation ended without an answer.
#[derive(Debug)]
pub struct FunctionError {
    kind: FunctionErrorKind,
    message: String,
}

/// Why an invocation ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FunctionErrorKind {
    /// The function answered with an error.
    Unhandled,
    /// The function did not answer in time and was killed.
    TimedOut,
    /// The function ended, or was killed, before it answered.
    Crashed,
    /// The function did not become ready.
    InitFailed,
    /// The invocation was throttled.
    Throttled,
}

impl FunctionError {
    /// An error with this text, which should be one clause without a full stop.
    pub fn new(kind: FunctionErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Why there is no answer.
    #[must_use]
    pub fn kind(&self) -> FunctionErrorKind {
        self.kind
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for FunctionError {}

impl Invocation {
    /// An invocation with this payload, with Lambda's default timeout of 3 seconds.
    pub fn new(request_id: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            request_id: request_id.into(),
            payload: payload.into(),
            timeout: Duration::from_secs(3),
            trace_header: Lineage::default().to_trace_header(),
            kill: None,
            failures: ToldFailures::default(),
        }
    }

    /// Sets how long the function may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the trace header.
    #[must_use]
    pub fn with_trace_header(mut self, trace_header: impl Into<String>) -> Self {
        self.trace_header = trace_header.into();
        self
    }

    /// Injects a kill.
    #[must_use]
    pub fn with_kill(mut self, kill: Kill) -> Self {
        self.kill = Some(kill);
        self
    }

    /// Sets where the function tells why messages failed.
    pub(super) fn with_failures(mut self, failures: ToldFailures) -> Self {
        self.failures = failures;
        self
    }

    /// When the function must be killed, and the kind of the error that results.
    #[must_use]
    pub fn cut(&self) -> (Duration, FunctionErrorKind) {
        match self.kill {
            Some(Kill {
                after,
                kind: KillKind::Crash,
            }) if after < self.timeout => (after, FunctionErrorKind::Crashed),
            Some(Kill { after, .. }) => (after.min(self.timeout), FunctionErrorKind::TimedOut),
            None => (self.timeout, FunctionErrorKind::TimedOut),
        }
    }
}

/// Rejects a paused clock for a function that does not run in this process. The clock would jump
/// over every timeout while the pipeline waits for the function.
pub(crate) fn require_real_clock() -> Result<(), FunctionError> {
    if !is_paused() {
        return Ok(());
    }

    let text = "it does not run in this process, so it needs the real clock, but Tokio's clock is \
                paused; do not pause it (`start_paused`), or give the function as a router";
    Err(FunctionError::new(FunctionErrorKind::InitFailed, text))
}

/// A function in this process: a dispatcher. To kill it, its future is dropped.
#[derive(Debug)]
pub struct InProcess<R> {
    dispatcher: Dispatcher<R>,
}

impl<R: Router> InProcess<R> {
    /// A function that dispatches to this router.
    pub fn new(router: impl Into<Dispatcher<R>>) -> Self {
        Self {
            dispatcher: router.into(),
        }
    }
}

#[async_trait]
impl<R: Router> Function for InProcess<R> {
    async fn prepare(&self) -> Result<(), FunctionError> {
        self.dispatcher
            .prepare()
            .await
            .map_err(|error| FunctionError::new(FunctionErrorKind::InitFailed, with_causes(&error)))
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let unhandled = |message| FunctionError::new(FunctionErrorKind::Unhandled, message);
        let deadline = tokio::time::Instant::now() + invocation.timeout;
        let (after, kind) = invocation.cut();
        let dispatched = self
            .dispatcher
            .dispatch(invocation.payload, Some(deadline.into_std()));

        let report = tokio::time::timeout(after, dispatched)
            .await
            .map_err(|_| {
                FunctionError::new(kind, format!("the function was cut off after {after:?}"))
            })?
            .map_err(|error| unhandled(with_causes(&error)))?;

        tell_failures(&report, &invocation.failures);
        serde_json::to_vec(&report.answer())
            .map(Bytes::from)
            .map_err(|error| unhandled(format!("the answer cannot be written: {error}")))
    }
}

/// Tells why messages of a batch failed, also those whose record is a dead letter now.
fn tell_failures(report: &BatchReport, failures: &ToldFailures) {
    for message in report.messages() {
        if let (Some(id), Some(failure)) = (message.id(), told_failure(message)) {
            failures.tell(id.as_str(), failure);
        }
    }
}

/// Why a message failed. What fails it comes before what is a dead letter.
fn told_failure(message: &MessageReport) -> Option<ToldFailure> {
    let all = message.failures();
    let worst = all.iter().find(|failure| !failure.is_dead_letter);

    if let Some(failure) = worst.or(all.first()) {
        return Some(ToldFailure {
            error: failure.error.clone(),
            is_permanent: failure.is_permanent,
            is_dead_letter: failure.is_dead_letter,
        });
    }

    let error = match message.outcome() {
        MessageOutcome::Succeeded => return None,
        MessageOutcome::Failed(MessageFailure::LeftOut) => {
            "left out: it came back without an answer, together with others"
        }
        MessageOutcome::Failed(_) => {
            "not reached: the time ran out, or an earlier message of its group or key failed"
        }
    };

    Some(ToldFailure {
        error: error.to_owned(),
        is_permanent: false,
        is_dead_letter: false,
    })
}
