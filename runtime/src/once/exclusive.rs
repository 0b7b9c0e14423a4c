//! A router wrapper that handles one record of a key at a time, across processes.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::{
    HandlerError, History, MessageContext, Outcome, Route, Router, S3EventRecord,
};
use tokio::time::{Instant, sleep};

use crate::LeaseStore;
use crate::failure::classifiers::retry;
use crate::guarded::Guarded;
use crate::once::held::{Held, LeaseLost};
use crate::once::identity::{Identity, default_scope};
use crate::once::order;
use crate::once::outage::{Outage, Patience};
use crate::once::stores::store::Claim;
use crate::once::waiting::Waiting;
use crate::telemetry::errors::with_causes;

/// Handles one record of a bucket and key at a time, across invocations and processes.
///
/// Within a batch, records of one key never run at once. But several batches are handled at the
/// same time: an event source mapping runs at least two invocations if there is enough to do
/// ("Configuring maximum concurrency for Amazon SQS event sources", AWS Lambda Developer Guide,
/// 2026). This router wraps another one. It holds a lease of the key in a store while the handler
/// runs, and renews it.
///
/// # What it guarantees
///
/// While one handler of a key runs, no other one begins, as long as
///
/// - the clocks of the processes differ by less than a fifth of the [lease](Self::with_lease), if
///   the store compares their clocks, as `DynamoDbStore` does, and
/// - no handler blocks its thread, and the whole process is not suspended.
///
/// If the lease cannot be renewed in time, the handler is cancelled before the lease can have
/// expired, and the record fails for a retry. The time is measured with the process's own clock,
/// from the moment before the call was sent, so a slow store does not make the lease seem longer.
///
/// A handler is cancelled like any future: at its next `.await`. A request that it has sent is not
/// called back, and a handler that blocks its thread cannot be cancelled. Give such work to
/// `tokio::task::spawn_blocking`, or [set a longer lease](Self::with_lease). If a handler
/// blocks for longer than its lease, and someone else may have held the key meanwhile, the record
/// fails, so that it is handled again.
///
/// # When the lease ends
///
/// It is released when the handler has ended, whether it succeeded, failed or panicked. If the
/// process dies, or the handler is cut off by the deadline or the record's timeout, the lease
/// expires. It is short, because it is renewed.
///
/// # While someone else holds the key
///
/// A record waits for [a while](Self::with_wait), and asks for the lease from time to time. Waiting
/// takes up one of the handlers that the [dispatcher](crate::Dispatcher::with_concurrency) may run.
/// If the key does not become free, the record fails with the rest of the lease as its minimum
/// delay, and is delivered again. If several records wait, any of them may be the next.
///
/// # Runtime
///
/// Waiting and renewing need a Tokio runtime with time enabled. Without one, a handler that does
/// not end at once panics, and its record fails.
///
/// # Examples
///
/// A mirror: each event is handled once, one event of a key at a time, and none after a newer one.
///
/// ```
/// use std::sync::Arc;
///
/// use s3_dispatch::{Deduplicated, Dispatcher, Exclusive, LatestOnly, MemoryStore, Routes};
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
/// let store = Arc::new(MemoryStore::new());
/// let latest = LatestOnly::new(routes, Arc::clone(&store));
/// let exclusive = Exclusive::new(latest, Arc::clone(&store));
/// let dispatcher = Dispatcher::new(Deduplicated::new(exclusive, store));
///
/// let batch = SqsBatchBuilder::new().with_record("1", RecordBuilder::new("ObjectCreated:Put"));
/// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.handled(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Exclusive<R, Store> {
    router: R,
    store: Store,
    scope: String,
    lease: Duration,
    wait: Duration,
    outage: Outage,
    patience: Patience,
}

const DEFAULT_LEASE: Duration = Duration::from_secs(30);
const SHORTEST_LEASE: Duration = Duration::from_secs(1);
/// Measured with two to five instances, handlers of one and five seconds, and a timeout of 30: with
/// no wait a message took 1.29 receives and a run 255 s. With 5 s it was 1.14 and 171 s, with 10 s
/// 1.11 and 164 s, with 15 s or more 1.10 and 161 s.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);

impl<R, Store> Exclusive<R, Store> {
    /// Wraps a router, and keeps leases in a store.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new());
    /// ```
    pub fn new(router: R, store: Store) -> Self {
        Self {
            router,
            store,
            scope: default_scope(),
            lease: DEFAULT_LEASE,
            wait: DEFAULT_WAIT,
            outage: Outage::default(),
            patience: Patience::default(),
        }
    }

    /// Sets the scope in which one record of a key is handled at a time. Other scopes in the same
    /// store are independent.
    ///
    /// Functions that keep the same thing up to date, one for puts and another for removals say,
    /// need the same scope, as in [`LatestOnly`](crate::LatestOnly#sharing-a-store).
    ///
    /// The default is the name of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`). Outside Lambda
    /// it is the name of the program, without its folder and extension.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new()).with_scope("search-index");
    /// ```
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Sets how long a lease lasts from its last renewal. The default is 30 seconds, the minimum is
    /// one.
    ///
    /// It does not limit the handler, because it is renewed, for the first time after a third of
    /// it. It says how long a key stays blocked when a process dies, and how long the store may be
    /// unavailable before a handler is cancelled: until four fifths of it are over.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new())
    ///     .with_lease(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(SHORTEST_LEASE);
        self
    }

    /// Sets how long a record waits while another one of its key is handled elsewhere. The default
    /// is 10 seconds.
    ///
    /// Near the deadline of the invocation it waits no longer than half of the time that is left,
    /// so that the rest is left for the handler. With a wait of zero, the record fails at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new())
    ///     .with_wait(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets what to do with a record when the store is unavailable before the handler starts. The
    /// default is [`Outage::Fail`].
    ///
    /// With [`Outage::RouteUnguarded`], handlers of one key may run at once during an outage. A
    /// handler whose lease cannot be renewed is cancelled in either case.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::once::Outage;
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new())
    ///     .on_outage(Outage::RouteUnguarded);
    /// ```
    #[must_use]
    pub fn on_outage(mut self, choice: Outage) -> Self {
        self.outage = choice;
        self
    }

    /// Sets how long to wait for each answer of the store. Then the store is unavailable.
    ///
    /// The default is 5 seconds, or half of the time to the deadline if that is less. A renewal is
    /// tried again after a sixth of the lease, if that is less.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Exclusive, MemoryStore, Routes};
    ///
    /// let router = Exclusive::new(Routes::new(()), MemoryStore::new())
    ///     .with_store_timeout(Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn with_store_timeout(mut self, timeout: Duration) -> Self {
        self.patience = Patience::of(timeout);
        self
    }
}

impl<R: Router, Store: LeaseStore> Exclusive<R, Store> {
    /// Waits for the lease of a key. Returns `None` if the record is to be routed without one.
    ///
    /// # Errors
    ///
    /// If the key does not become free, or the store is unavailable.
    async fn acquire<'e>(
        &'e self,
        key: &'e Identity,
        message: &MessageContext,
    ) -> Result<Option<Held<'e, Store>>, HandlerError> {
        let mut waiting = None;

        loop {
            let since = Instant::now();
            let claim = self.store.claim(key, self.lease);

            match self.patience.wait(message, claim).await {
                Ok(Claim::Acquired(lease)) => {
                    let (store, length, patience) = (&self.store, self.lease, self.patience);
                    return Ok(Some(Held {
                        store,
                        key,
                        lease,
                        length,
                        since,
                        patience,
                    }));
                }
                Ok(Claim::InProgress { left }) => {
                    let waiting = waiting.get_or_insert_with(|| Waiting::new(self.wait, message));
                    let Some(pause) = waiting.next_pause(left) else {
                        let delay = left.unwrap_or(self.lease);
                        return Err(HandlerError::retry(HeldElsewhere).with_retry_after(delay));
                    };

                    sleep(pause).await;
                }
                Ok(Claim::Completed) => return Err(HandlerError::retry(NotALease)),
                Err(error) if self.outage == Outage::RouteUnguarded => {
                    let error = with_causes(&error);
                    tracing::warn!(error, "the record is routed without a lease of its key");
                    return Ok(None);
                }
                Err(error) => return Err(retry(error)),
            }
        }
    }

    /// Routes a record under a lease, and releases the lease when the handler has ended.
    async fn route_held(
        &self,
        record: &S3EventRecord,
        message: &MessageContext,
        mut held: Held<'_, Store>,
    ) -> Outcome {
        // A panic of the handler has ended, and its lease need not expire.
        let routed = Guarded::new(|| order::route(&self.router, record, message));
        let outcome = match held.run(routed).await {
            Ok(ended) => {
                ended.unwrap_or_else(|panicked| Outcome::Failed(HandlerError::retry(panicked)))
            }
            // The lease is not released: a request of the handler may still be under way.
            Err(lost) => return Outcome::Failed(HandlerError::retry(lost)),
        };

        // If another handler may have run meanwhile, the effect of this one may be overwritten.
        if matches!(outcome, Outcome::Handled) && !held.was_never_lost().await {
            return Outcome::Failed(HandlerError::retry(LeaseLost::Blocked));
        }

        let released = self.store.release(held.key, &held.lease);
        match self.patience.wait(message, released).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("someone else has claimed the key"),
            Err(error) => tracing::warn!(
                error = with_causes(&error),
                "the lease of the key could not be released, and has to expire"
            ),
        }

        outcome
    }
}

#[async_trait]
impl<R: Router, Store: LeaseStore> Router for Exclusive<R, Store> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        if !order::may_handle(&self.router, record) {
            return order::route(&self.router, record, message).await;
        }

        let key = Identity::of_turn(record, &self.scope);

        match self.acquire(&key, message).await {
            Ok(Some(held)) => self.route_held(record, message, held).await,
            Ok(None) => order::route(&self.router, record, message).await,
            Err(error) => Outcome::Failed(error),
        }
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }

    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        self.router.prepare().await
    }

    fn history(&self) -> Option<&dyn History> {
        self.router.history()
    }
}

/// Someone else holds the key.
#[derive(Debug)]
struct HeldElsewhere;

impl fmt::Display for HeldElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another event of the key is being handled elsewhere")
    }
}

impl std::error::Error for HeldElsewhere {}

/// The store says that the identity of a lease is completed.
#[derive(Debug)]
struct NotALease;

impl fmt::Display for NotALease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lease of the key is marked as completed, which `Exclusive` never does")
    }
}

impl std::error::Error for NotALease {}

impl<R: fmt::Debug, Store: fmt::Debug> fmt::Debug for Exclusive<R, Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusive")
            .field("router", &self.router)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
