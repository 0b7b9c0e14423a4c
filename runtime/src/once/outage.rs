//! When a store is unavailable, and what happens then.

use std::fmt;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use s3_dispatch_core::MessageContext;
use tokio::time::timeout;

use crate::guarded::time_limit::{LONGEST, time_limit};
use crate::once::stores::store::StoreError;

/// What [`Deduplicated`](crate::Deduplicated) and [`Exclusive`](crate::Exclusive) do with a record
/// when the store is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outage {
    /// Fails the record, so that it is delivered again.
    #[default]
    Fail,
    /// Routes the record without a claim or a lease. It may be handled a second time, or while
    /// another record of its key is handled.
    RouteUnguarded,
}

/// How long to wait for each answer of a store.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    set: Option<Duration>,
}

impl Patience {
    pub(crate) fn of(timeout: Duration) -> Self {
        Self { set: Some(timeout) }
    }

    /// Waits for the answer to a call.
    ///
    /// # Errors
    ///
    /// That of the call, or that the time is over. The store may have done what it was asked.
    pub(crate) async fn wait<T>(
        self,
        message: &MessageContext,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut call = pin!(call);

        // A store in memory answers at once and needs no timer.
        if let Poll::Ready(answer) = futures_util::poll!(call.as_mut()) {
            return answer;
        }

        let limit = self.set.unwrap_or_else(|| time_limit(message.deadline()));
        within(limit, call).await
    }

    /// Waits for the answer to a call, but no longer than this.
    ///
    /// # Errors
    ///
    /// The same as [`wait`](Self::wait).
    pub(crate) async fn wait_at_most<T>(
        self,
        limit: Duration,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        within(limit.min(self.set.unwrap_or(LONGEST)), call).await
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = timeout(limit, call).await;
    answer.unwrap_or_else(|_| Err(StoreError::new(NoAnswer(limit))))
}

/// A store has not answered in time.
#[derive(Debug)]
struct NoAnswer(Duration);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it did not answer within {:?}", self.0)
    }
}

impl std::error::Error for NoAnswer {}
