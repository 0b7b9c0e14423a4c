//! Which invocation makes a change.
//!
//! A function in this process makes it in the task of its invocation. A program sends the trace
//! header of its invocation, if its SDK does that, or else the session token of its process.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;

use super::lineage::Lineage;

tokio::task_local! {
    /// The trace header of the invocation that this task runs.
    static CURRENT: Arc<str>;
}

/// The trace headers of running invocations, by the session token of their process.
///
/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces(Arc<Mutex<HashMap<String, Arc<str>>>>);

/// What a request says about who sends it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sender {
    trace_header: Option<String>,
    session_token: Option<String>,
}

/// The session token of one process. Its trace header is forgotten when it is dropped.
#[derive(Debug)]
pub(crate) struct SessionToken {
    text: String,
    traces: Traces,
}

/// Runs an invocation in this task.
pub(crate) async fn invoked_with<F: Future>(trace_header: Arc<str>, invocation: F) -> F::Output {
    CURRENT.scope(trace_header, invocation).await
}

/// The trace header of the invocation that this task runs. `None` outside of an invocation.
pub(crate) fn current() -> Option<Arc<str>> {
    CURRENT.try_with(Arc::clone).ok()
}

impl Traces {
    /// A token for a new process.
    pub(crate) fn new_token(&self) -> SessionToken {
        // Two states of one process differ.
        let number = RandomState::new().hash_one(());

        SessionToken {
            text: format!("s3-dispatch-local/{number:016x}"),
            traces: self.clone(),
        }
    }

    /// The trace header of the invocation that sends a request. `None` if no invocation is known
    /// to send it.
    pub(crate) fn of(&self, sender: &Sender) -> Option<Arc<str>> {
        let lineage = sender.trace_header.as_deref().map(Lineage::parse);
        if let Some(lineage) = lineage.filter(|lineage| !lineage.is_empty()) {
            return Some(lineage.to_trace_header().into());
        }

        let token = sender.session_token.as_deref()?;
        self.lock().get(token).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// The sender of a request with these headers. The token in the query of a presigned URL does
    /// not count: a function gives such a URL to others.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name)?.to_str().ok().map(str::to_owned);

        Self {
            trace_header: header("x-amzn-trace-id"),
            session_token: header("x-amz-security-token"),
        }
    }
}

impl SessionToken {
    /// The token, for `AWS_SESSION_TOKEN`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// From now on, the process works for the invocation with this trace header.
    pub(crate) fn begin(&self, trace_header: &str) {
        let mut traces = self.traces.lock();
        traces.insert(self.text.clone(), trace_header.into());
    }
}

impl Drop for SessionToken {
    fn drop(&mut self) {
        self.traces.lock().remove(&self.text);
    }
}
