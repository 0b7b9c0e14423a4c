//! What a queue invokes.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::{Dispatcher, Router};

/// A function as Lambda runs it: it takes a payload, and answers with one, fails, or runs out of
/// time.
///
/// Called for several payloads at a time, up to the concurrency of the function.
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// Invokes it once.
    ///
    /// # Errors
    ///
    /// When there is no answer, whatever the reason: all messages of the batch come again.
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError>;

    /// Ends it, with all that it has started; it is not invoked afterwards.
    async fn stop(&self) {}
}

/// One invocation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// Different for each invocation.
    pub request_id: String,
    /// The event, as Lambda hands it over.
    pub payload: Bytes,
    /// How long the function may take; then it is killed.
    pub timeout: Duration,
    /// An injected fault: the function is to be killed before.
    pub kill: Option<Kill>,
}

/// A function is killed on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// So long after it got the payload, unless it has answered by then.
    pub after: Duration,
    /// What the error is to be.
    pub kind: KillKind,
}

/// What a kill looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KillKind {
    /// The process is gone: [`FunctionErrorKind::Crashed`].
    Crash,
    /// It took too long: [`FunctionErrorKind::TimedOut`].
    TimeOut,
}

/// An invocation without an answer.
#[derive(Debug)]
pub struct FunctionError {
    kind: FunctionErrorKind,
    message: String,
}

/// Why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FunctionErrorKind {
    /// The function answered with an error.
    Unhandled,
    /// It did not answer in time, and was killed.
    TimedOut,
    /// It ended, or was killed, before it answered.
    Crashed,
    /// It did not come up.
    InitFailed,
    /// It may not be invoked now.
    Throttled,
}

impl FunctionError {
    /// An error with this text, of one clause without a full stop.
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
    /// An invocation with this payload, of 3 seconds as in Lambda, that nobody kills.
    pub fn new(request_id: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            request_id: request_id.into(),
            payload: payload.into(),
            timeout: Duration::from_secs(3),
            kill: None,
        }
    }

    /// With so much time.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// To be killed.
    #[must_use]
    pub fn with_kill(mut self, kill: Kill) -> Self {
        self.kill = Some(kill);
        self
    }

    /// After how long the function is to be killed, and what its error is then.
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

/// A function in this process: a dispatcher, whose future is dropped when it would be killed.
#[derive(Debug)]
pub struct InProcess<R> {
    dispatcher: Dispatcher<R>,
}

impl<R: Router> InProcess<R> {
    /// Of a router or a dispatcher.
    pub fn new(router: impl Into<Dispatcher<R>>) -> Self {
        Self {
            dispatcher: router.into(),
        }
    }
}

#[async_trait]
impl<R: Router> Function for InProcess<R> {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let deadline = tokio::time::Instant::now() + invocation.timeout;
        let (after, kind) = invocation.cut();
        let dispatched = self
            .dispatcher
            .dispatch(invocation.payload, Some(deadline.into_std()));

        let report = match tokio::time::timeout(after, dispatched).await {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => {
                return Err(FunctionError::new(
                    FunctionErrorKind::Unhandled,
                    error.to_string(),
                ));
            }
            Err(_) => {
                return Err(FunctionError::new(
                    kind,
                    format!("the function was cut off after {after:?}"),
                ));
            }
        };

        let answer = serde_json::to_vec(&report.response()).map_err(|error| {
            FunctionError::new(
                FunctionErrorKind::Unhandled,
                format!("the answer cannot be written: {error}"),
            )
        })?;

        Ok(Bytes::from(answer))
    }
}
