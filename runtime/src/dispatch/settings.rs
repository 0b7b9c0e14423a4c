//! The settings of a dispatcher.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Backoff, DeadLetters};

/// What a dispatcher does with a record that no route matches.
///
/// Set it with [`Dispatcher::on_unrouted`](crate::Dispatcher::on_unrouted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unrouted {
    /// Skips the record and logs a warning. Its message can still succeed.
    #[default]
    Skip,
    /// Fails the record, and with it its message.
    Fail,
}

/// What a dispatcher does with a message whose body it cannot read.
///
/// A body is malformed if it is not JSON, or if it is not a notification of S3 in any known
/// envelope. Set it with [`Dispatcher::on_malformed`](crate::Dispatcher::on_malformed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Malformed {
    /// Fails the message. It is delivered again until the queue moves it to its dead-letter queue.
    #[default]
    Fail,
    /// Logs an error and reports the message as succeeded, so that SQS deletes it.
    Drop,
}

/// Everything that can be set on a dispatcher.
#[derive(Clone)]
pub(crate) struct Settings {
    /// At least 1.
    pub(crate) concurrency: usize,
    pub(crate) deadline_margin: Duration,
    pub(crate) record_timeout: Option<Duration>,
    pub(crate) unrouted: Unrouted,
    pub(crate) malformed: Malformed,
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    pub(crate) backoff: Option<Arc<dyn Backoff>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 1,
            deadline_margin: Duration::from_millis(500),
            record_timeout: None,
            unrouted: Unrouted::default(),
            malformed: Malformed::default(),
            dead_letters: None,
            backoff: None,
        }
    }
}

impl Settings {
    /// Returns the time at which all records must have ended: the margin before the deadline.
    pub(crate) fn cut(&self, deadline: Option<Instant>) -> Option<Instant> {
        deadline.map(|deadline| {
            // The margin may be longer than the clock can go back. Then no time is left.
            deadline
                .checked_sub(self.deadline_margin)
                .unwrap_or_else(|| tokio::time::Instant::now().into_std())
        })
    }
}
