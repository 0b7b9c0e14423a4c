//! Why messages failed, and how a function in this process tells it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a message failed in a function.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventFailure {
    /// The function.
    pub function: Arc<str>,
    /// The error of the handler with its causes, `a: b: c`, or why the whole batch failed. `None`
    /// if the function does not tell it: only a router in this process does. A program says it in
    /// its log.
    pub error: Option<Arc<str>>,
    /// Whether the handler's error is permanent, so that a retry cannot help.
    pub is_permanent: bool,
    /// Whether the dispatcher's dead-letter sink has stored the record. Then the message is done.
    pub is_dead_letter: bool,
}

impl EventFailure {
    /// A failure that nothing is known about.
    pub(crate) fn unknown(function: &Arc<str>) -> Self {
        Self {
            function: Arc::clone(function),
            error: None,
            is_permanent: false,
            is_dead_letter: false,
        }
    }

    /// The failure of a message whose whole batch failed.
    pub(crate) fn of_batch(function: &Arc<str>, reason: &Arc<str>) -> Self {
        Self {
            error: Some(Arc::clone(reason)),
            ..Self::unknown(function)
        }
    }
}

/// Writes the function and the error: `processor: not an image (permanent)`.
impl fmt::Display for EventFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.error.as_deref();
        let error = error.unwrap_or("failed, and its log says why");
        write!(f, "{}: {error}", self.function)?;

        match (self.is_permanent, self.is_dead_letter) {
            (_, true) => f.write_str(" (stored as a dead letter)"),
            (true, false) => f.write_str(" (permanent)"),
            (false, false) => Ok(()),
        }
    }
}

/// What an invocation tells about the messages that failed in it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToldFailures(Arc<Mutex<HashMap<String, ToldFailure>>>);

/// Why a message failed, as its function tells.
#[derive(Debug)]
pub(crate) struct ToldFailure {
    pub(crate) error: String,
    pub(crate) is_permanent: bool,
    pub(crate) is_dead_letter: bool,
}

impl ToldFailures {
    /// Tells why a message failed. The first of several reasons counts.
    pub(crate) fn tell(&self, message_id: &str, failure: ToldFailure) {
        self.lock().entry(message_id.to_owned()).or_insert(failure);
    }

    /// What is told about a message in this function.
    pub(crate) fn of(&self, message_id: &str, function: &Arc<str>) -> Option<EventFailure> {
        let told = self.lock();
        let ToldFailure {
            error,
            is_permanent,
            is_dead_letter,
        } = told.get(message_id)?;

        Some(EventFailure {
            function: Arc::clone(function),
            error: Some(error.as_str().into()),
            is_permanent: *is_permanent,
            is_dead_letter: *is_dead_letter,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, ToldFailure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
