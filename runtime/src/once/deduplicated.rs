//! A router wrapper that handles each record once.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::__private::settle;
use s3_dispatch_core::{
    HandlerError, History, HistoryEntry, MessageContext, Outcome, Route, Router, S3EventRecord,
    Sequencer, SkipReason,
};
use tokio::time::Instant;

use crate::ClaimStore;
use crate::dispatch::engine::slots::{self, NothingBegins};
use crate::failure::classifiers::retry;
use crate::guarded::Guarded;
use crate::once::identity::{Identity, default_scope};
use crate::once::look_up::look_up;
use crate::once::order;
use crate::once::outage::{Outage, Patience};
use crate::once::stores::store::{Claim, DEFAULT_KEEP, Lease, StoreError};
use crate::telemetry::errors::with_causes;

/// Handles each record once, across invocations and processes.
///
/// S3, SNS and SQS deliver at least once. This router wraps another one, and looks up each record
/// in a store first:
///
/// - If the record is absent, it is claimed and routed. If that succeeds, the record is *completed*
///   and remembered ([`with_keep`](Self::with_keep)). If it fails or is skipped, the claim is
///   released, so that the record can be retried at once. A skipped record has had no effect, and
///   if it comes again, it is decided again. So [an identity](Self::with_identity) that several
///   events share stays free for the next one.
/// - If the record is completed, it is skipped as a [duplicate](SkipReason::Duplicate).
/// - If the record is in progress, it *fails*, so that it is delivered again later. If it were
///   skipped and the other holder died, it would be lost.
///
/// # What it guarantees
///
/// A claim has a lease: until the deadline of the invocation, or for a
/// [set time](Self::with_lease). A handler that panics has failed, and its claim is released. A
/// holder whose process dies, or that is cut off, does not release the claim. The lease then
/// expires, and the record can be handled again.
///
/// So a record is handled twice only
///
/// - if the holder dies, is cut off (by the deadline or the record's timeout) or cannot reach the
///   store between the return of its handler and the completion, and then only after the lease, or
/// - if the record is delivered again after the store has forgotten it, or
/// - if the handler succeeded but the wrapped router returned a failure.
///
/// To rule this out, a handler must remember the record in the same transaction as its own effect.
/// No framework can do that for it.
///
/// If the store is unavailable, the record fails, unless [`on_outage`](Self::on_outage) says
/// otherwise. A store that does [not answer in time](Self::with_store_timeout) is unavailable.
///
/// # Sharing a store
///
/// Functions that do different things with the same record can share a store. Each has its own
/// scope, which by default is the name of the Lambda function, and outside Lambda that of the
/// program ([`with_scope`](Self::with_scope)).
///
/// # Audits
///
/// With a completed record, a store that [can](ClaimStore::remembers_states) also remembers the
/// [state](Identity::of_state) in which its event left the object, for the same time and in the
/// same write. `audit`, and your own program through [`history`](Router::history), can then compare
/// a bucket with what was handled.
///
/// A state is remembered if and only if its record was completed. So it is *not* remembered if the
/// record was skipped, if its completion was lost, if it was routed unguarded during an outage, if
/// it has no identity, or if another event with the same identity was handled before. Such an
/// object counts as missing, even if its handler has run.
///
/// # The queue's settings
///
/// A record that is in progress elsewhere costs its message a receive, and after `maxReceiveCount`
/// receives SQS moves the message to the dead-letter queue. A visibility timeout of six times the
/// function's timeout is longer than every lease, so this happens rarely. If a
/// [backoff](crate::Backoff) returns messages sooner, the record asks for the rest of the lease as
/// its minimum delay, and `SqsBackoff` respects that.
///
/// # Examples
///
/// ```
/// use s3_dispatch::{Deduplicated, Dispatcher, MemoryStore, Routes};
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
/// let dispatcher = Dispatcher::new(Deduplicated::new(routes, MemoryStore::new()));
///
/// let batch = SqsBatchBuilder::new().with_record("1", RecordBuilder::new("ObjectCreated:Put"));
/// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.handled(), 1);
/// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.skipped(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Deduplicated<R, Store> {
    router: R,
    store: Store,
    identify: Identify,
    scope: String,
    lease: Option<Duration>,
    keep: Duration,
    outage: Outage,
    patience: Patience,
}

type Identify = Box<dyn Fn(&S3EventRecord) -> Option<Identity> + Send + Sync>;

/// A function runs for at most 15 minutes ("Configure Lambda function timeout", AWS Lambda
/// Developer Guide, 2026).
const MAX_INVOCATION: Duration = Duration::from_secs(15 * 60);

impl<R, Store> Deduplicated<R, Store> {
    /// Wraps a router, and remembers records in a store.
    ///
    /// # Examples
    ///
    /// Several routers can share a store:
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use s3_dispatch::{Deduplicated, LatestOnly, MemoryStore, Routes};
    ///
    /// let store = Arc::new(MemoryStore::new());
    /// let latest = LatestOnly::new(Routes::new(()), Arc::clone(&store));
    /// let router = Deduplicated::new(latest, store);
    /// ```
    pub fn new(router: R, store: Store) -> Self {
        Self {
            router,
            store,
            identify: Box::new(Identity::of_record),
            scope: default_scope(),
            lease: None,
            keep: DEFAULT_KEEP,
            outage: Outage::default(),
            patience: Patience::default(),
        }
    }

    /// Sets what makes two records the same. The default is [`Identity::of_record`].
    ///
    /// A record for which `identify` returns `None` is routed every time.
    ///
    /// # Examples
    ///
    /// Handles only the first upload to each key:
    ///
    /// ```
    /// use s3_dispatch::once::Identity;
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new())
    ///     .with_identity(|record| Some(Identity::of_object(record)));
    /// ```
    #[must_use]
    pub fn with_identity(
        mut self,
        identify: impl Fn(&S3EventRecord) -> Option<Identity> + Send + Sync + 'static,
    ) -> Self {
        self.identify = Box::new(identify);
        self
    }

    /// Sets the scope in which records are remembered. Other scopes in the same store are
    /// independent.
    ///
    /// The default is the name of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`). Outside Lambda
    /// it is the name of the program, without its folder and extension. If one program serves
    /// several queues that have events in common, give each a scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router =
    ///     Deduplicated::new(Routes::new(()), MemoryStore::new()).with_scope("thumbnails-v2");
    /// ```
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Sets how long a claim lasts. By default it lasts until the invocation's deadline, or for 15
    /// minutes where there is none.
    ///
    /// If a handler runs longer than the lease, the record can be handled twice at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new())
    ///     .with_lease(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Sets how long completed records are remembered. The default is 37 days, because a duplicate
    /// can come that late: SNS tries for 23 days to deliver a message to a queue, which keeps it
    /// for up to 14 days.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new())
    ///     .with_keep(Duration::from_secs(24 * 60 * 60));
    /// ```
    #[must_use]
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Sets what to do with a record when the store is unavailable. The default is
    /// [`Outage::Fail`].
    ///
    /// A store that hangs is unavailable after [a time](Self::with_store_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::once::Outage;
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new())
    ///     .on_outage(Outage::RouteUnguarded);
    /// ```
    #[must_use]
    pub fn on_outage(mut self, choice: Outage) -> Self {
        self.outage = choice;
        self
    }

    /// Sets how long to wait for each answer of the store. Then the store is unavailable.
    ///
    /// The default is 5 seconds, or half of the time to the deadline if that is less, so that time
    /// is left for the handler. If the completion of a handled record is not answered in time, the
    /// record counts as handled, and may be handled again after its lease.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::once::Outage;
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new())
    ///     .on_outage(Outage::RouteUnguarded)
    ///     .with_store_timeout(Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn with_store_timeout(mut self, timeout: Duration) -> Self {
        self.patience = Patience::of(timeout);
        self
    }

    fn lease(&self, message: &MessageContext) -> Duration {
        self.lease.unwrap_or_else(|| match message.deadline() {
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now().into_std())
                .max(Duration::from_secs(1)),
            None => MAX_INVOCATION,
        })
    }
}

impl<R: Router, Store: ClaimStore> Deduplicated<R, Store> {
    /// Claims a record, and waits until its handler may run. Returns `None` if the record is to be
    /// routed without a claim.
    ///
    /// # Errors
    ///
    /// What to do with the record instead: it was handled, or cannot be handled now.
    async fn acquire(
        &self,
        message: &MessageContext,
        identity: &Identity,
    ) -> Result<Option<Lease>, Outcome> {
        let length = self.lease(message);
        let claimed = slots::lend(self.claim(message, identity, length)).await?;
        let begun = slots::hold().await;

        let Some(lease) = claimed else {
            return begun.map(|_| None).map_err(not_begun);
        };

        // While the record waited for its turn, the lease may have become too short.
        let left = begun.map(|waited| length.saturating_sub(waited));
        let wanted = self.lease(message);
        if left.is_ok_and(|left| wanted.saturating_sub(left) <= wanted / 10) {
            return Ok(Some(lease));
        }

        let released = self.store.release(identity, &lease);
        if let Err(error) = self.patience.wait(message, released).await {
            let error = with_causes(&error);
            tracing::warn!(error, "the claim could not be released, and has to expire");
        }

        match begun {
            Ok(_) => self.claim(message, identity, self.lease(message)).await,
            Err(error) => Err(not_begun(error)),
        }
    }

    /// Claims a record for this time. The result is that of [`acquire`](Self::acquire).
    async fn claim(
        &self,
        message: &MessageContext,
        identity: &Identity,
        lease: Duration,
    ) -> Result<Option<Lease>, Outcome> {
        let claim = self.store.claim(identity, lease);

        match self.patience.wait(message, claim).await {
            Ok(Claim::Acquired(lease)) => Ok(Some(lease)),
            Ok(Claim::Completed) => Err(Outcome::Skipped(SkipReason::Duplicate)),
            Ok(Claim::InProgress { left }) => {
                let error = HandlerError::retry(HandledElsewhere);
                Err(Outcome::Failed(match left {
                    Some(left) => error.with_retry_after(left),
                    None => error,
                }))
            }
            Err(error) if self.outage == Outage::RouteUnguarded => {
                tracing::warn!(
                    error = with_causes(&error),
                    "the record is routed without a claim"
                );
                Ok(None)
            }
            Err(error) => Err(Outcome::Failed(retry(error))),
        }
    }

    /// Routes a claimed record, then completes or releases the claim.
    async fn route_claimed(
        &self,
        record: &S3EventRecord,
        message: &MessageContext,
        identity: &Identity,
        lease: &Lease,
    ) -> Outcome {
        // A panic of the handler has ended, and its claim need not wait for the lease.
        let outcome = Guarded::new(|| slots::keep(order::route(&self.router, record, message)))
            .await
            .unwrap_or_else(|panicked| Outcome::Failed(HandlerError::retry(panicked)));
        let outcome = settle(outcome, message);

        let ended = async {
            match outcome {
                Outcome::Handled => self.complete(record, identity, lease).await,
                Outcome::Skipped(_) | Outcome::Failed(_) => {
                    self.store.release(identity, lease).await
                }
            }
        };
        let ended = slots::lend(self.patience.wait(message, ended)).await;

        match ended {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    "the lease expired while the handler ran, and someone else claimed the record"
                )
            }
            // The outcome stands. If a handled record failed here, it would be handled again.
            Err(error) => tracing::error!(
                error = with_causes(&error),
                "the claim could not be completed or released"
            ),
        }

        outcome
    }

    /// Completes a record, and remembers the state of its object with it.
    async fn complete(
        &self,
        record: &S3EventRecord,
        identity: &Identity,
        lease: &Lease,
    ) -> Result<bool, StoreError> {
        let (store, keep) = (&self.store, self.keep);
        let state = store.remembers_states().then(|| self.state(record));

        match state.flatten() {
            Some(state) => store.complete_state(identity, lease, keep, &state).await,
            None => store.complete(identity, lease, keep).await,
        }
    }

    /// Returns the state that is remembered when a record is handled.
    fn state(&self, record: &S3EventRecord) -> Option<Identity> {
        Some(Identity::of_state(record)?.within(&self.scope))
    }
}

#[async_trait]
impl<R: Router, Store: ClaimStore> Router for Deduplicated<R, Store> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let identity = match order::may_handle(&self.router, record) {
            true => (self.identify)(record),
            false => None,
        };
        let Some(identity) = identity else {
            return order::route(&self.router, record, message).await;
        };

        let identity = identity.within(&self.scope);

        match self.acquire(message, &identity).await {
            Ok(Some(lease)) => self.route_claimed(record, message, &identity, &lease).await,
            Ok(None) => slots::keep(order::route(&self.router, record, message)).await,
            Err(outcome) => outcome,
        }
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.router.prepare().await
    }

    fn history(&self) -> Option<&dyn History> {
        Some(self)
    }

    fn asks_store_first(&self) -> bool {
        true
    }
}

#[async_trait]
impl<R: Router, Store: ClaimStore> History for Deduplicated<R, Store> {
    fn keeps_states_for(&self) -> Option<Duration> {
        Some(self.keep)
    }

    fn scope(&self) -> Option<&str> {
        Some(&self.scope)
    }

    async fn look_up(
        &self,
        records: &[S3EventRecord],
    ) -> Result<Vec<HistoryEntry>, Box<dyn StdError + Send + Sync>> {
        let state = |record: &S3EventRecord| {
            // Without an identity, a record is never completed.
            (self.identify)(record)?;
            self.state(record)
        };
        let states = records.iter().map(state).collect();

        look_up(&self.store, self.patience, states).await
    }

    async fn newest_position(
        &self,
        record: &S3EventRecord,
    ) -> Result<Option<Sequencer>, Box<dyn StdError + Send + Sync>> {
        match self.router.history() {
            Some(history) => history.newest_position(record).await,
            None => Ok(None),
        }
    }
}

fn not_begun(error: NothingBegins) -> Outcome {
    Outcome::Failed(HandlerError::retry(error))
}

/// Someone else has claimed the record.
#[derive(Debug)]
struct HandledElsewhere;

impl fmt::Display for HandledElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is being handled elsewhere")
    }
}

impl std::error::Error for HandledElsewhere {}

impl<R: fmt::Debug, Store: fmt::Debug> fmt::Debug for Deduplicated<R, Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicated")
            .field("router", &self.router)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
