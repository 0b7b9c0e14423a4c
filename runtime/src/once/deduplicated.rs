//! Once.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::{
    HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord, SkipReason,
};
use tokio::time::Instant;

use crate::ClaimStore;
use crate::once::identity::Identity;
use crate::once::identity::default_scope;
use crate::once::store::{Claim, Lease, StoreError};
use crate::telemetry::causes::with_causes;

/// Handles each record once, across invocations and processes.
///
/// S3, SNS and SQS deliver at least once. Around a router, this one asks a store before each
/// record:
///
/// - absent: the record is claimed and routed. If that succeeds it is *completed*, for
///   [`with_keep`](Self::with_keep); if it fails or is skipped the claim is released, so that it
///   may come again at once.
/// - completed: it is [skipped](SkipReason::Duplicate).
/// - in progress: someone else is at it, or was cut off. It *fails*, so that it comes back later;
///   skipping it would lose it if the other one died.
///
/// A claim has a lease: until the invocation's deadline, or [`with_lease`](Self::with_lease). A
/// holder that crashes, panics or is cut does not release; its lease runs out, and the record may
/// be handled again.
///
/// So a record is handled twice only when its holder dies or is cut off (by the deadline or a
/// record's timeout), or the store fails, between the handler's return and the completion, and then
/// only after the lease; or when it comes again after it was forgotten. No framework can do better
/// without a transaction around the handler's own effect. What the router inside calls a failure is
/// one: it is released and handled again, even if a handler succeeded behind it.
///
/// Functions that do different things with one record may share a store: each remembers in a scope
/// of its own, by default the name of the Lambda function ([`with_scope`](Self::with_scope)).
///
/// Meeting a record that is in progress costs a receive of its message, and enough of them end in
/// the dead-letter queue. A queue's visibility timeout of six times the function's timeout outlasts
/// every lease; a shorter [backoff](crate::Backoff) is told how long the lease has to go, and
/// [`SqsBackoff`](crate::Dispatcher::with_backoff) waits for it.
///
/// When the store cannot be asked the record fails, unless [`on_outage`](Self::on_outage) chooses
/// otherwise.
///
/// ```
/// use s3_dispatch::{Deduplicated, Dispatcher, MemoryStore, Routes};
///
/// let routes = Routes::new(()).on_fn("*", || async { Ok::<_, std::io::Error>(()) });
/// let dispatcher = Dispatcher::new(Deduplicated::new(routes, MemoryStore::new()));
/// ```
pub struct Deduplicated<R, Store> {
    router: R,
    store: Store,
    identify: Identify,
    scope: String,
    lease: Option<Duration>,
    keep: Duration,
    outage: Outage,
}

type Identify = Box<dyn Fn(&S3EventRecord) -> Option<Identity> + Send + Sync>;

/// What becomes of a record when the store cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outage {
    /// It fails, and comes again.
    #[default]
    Fail,
    /// It is routed all the same, perhaps for the second time.
    RouteUnguarded,
}

/// As long as a function can run ("Configure Lambda function timeout", AWS Lambda Developer Guide,
/// 2026).
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60);
/// As long as SQS keeps a message at most ("Amazon SQS quotas", Amazon SQS Developer Guide, 2026).
pub(crate) const LONGEST_RETENTION: Duration = Duration::from_secs(14 * 24 * 60 * 60);

impl<R, Store> Deduplicated<R, Store> {
    /// Around this router, remembering in this store.
    pub fn new(router: R, store: Store) -> Self {
        Self {
            router,
            store,
            identify: Box::new(Identity::of_record),
            scope: default_scope(),
            lease: None,
            keep: LONGEST_RETENTION,
            outage: Outage::default(),
        }
    }

    /// Chooses what makes two records the same; [`Identity::of_record`] unless said otherwise. A
    /// record without an identity is always routed.
    #[must_use]
    pub fn with_identity(
        mut self,
        identify: impl Fn(&S3EventRecord) -> Option<Identity> + Send + Sync + 'static,
    ) -> Self {
        self.identify = Box::new(identify);
        self
    }

    /// Remembers apart from other scopes in the same store; unless said otherwise the scope is the
    /// name of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`), and outside Lambda there is
    /// none.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Claims for so long, instead of until the invocation's deadline (15 minutes where there is
    /// none).
    ///
    /// Shorter than a handler may run, and a record can be handled twice at a time.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Remembers completed records for so long; 14 days unless said otherwise, the longest that SQS
    /// keeps a message.
    #[must_use]
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Chooses what becomes of a record when the store cannot be asked.
    #[must_use]
    pub fn on_outage(mut self, choice: Outage) -> Self {
        self.outage = choice;
        self
    }

    fn lease(&self, message: &MessageContext) -> Duration {
        self.lease.unwrap_or_else(|| match message.deadline() {
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now().into_std())
                .max(Duration::from_secs(1)),
            None => LONGEST_INVOCATION,
        })
    }
}

impl<R: Router, Store: ClaimStore> Deduplicated<R, Store> {
    async fn route_claimed(
        &self,
        record: &S3EventRecord,
        message: &MessageContext,
        identity: &Identity,
        lease: &Lease,
    ) -> Outcome {
        let outcome = self.router.route(record, message).await;
        let kept = match outcome {
            Outcome::Handled => self.store.complete(identity, lease, self.keep).await,
            Outcome::Skipped(_) | Outcome::Failed(_) => self.store.release(identity, lease).await,
        };

        match kept {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    "the record was claimed elsewhere before its handler was done: its lease ran out"
                )
            }
            // The handler's answer stands: failing what was handled would only have it handled
            // again.
            Err(error) => tracing::error!(error = with_causes(&error), "a claim cannot be ended"),
        }

        outcome
    }
}

#[async_trait]
impl<R: Router, Store: ClaimStore> Router for Deduplicated<R, Store> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let Some(identity) = (self.identify)(record) else {
            return self.router.route(record, message).await;
        };

        let identity = identity.within(&self.scope);

        match self.store.claim(&identity, self.lease(message)).await {
            Ok(Claim::Acquired(lease)) => {
                self.route_claimed(record, message, &identity, &lease).await
            }
            Ok(Claim::Completed) => Outcome::Skipped(SkipReason::Duplicate),
            Ok(Claim::InProgress { left }) => {
                let error = HandlerError::retry(InProgress);
                Outcome::Failed(match left {
                    Some(left) => error.with_retry_after(left),
                    None => error,
                })
            }
            Err(error) if self.outage == Outage::RouteUnguarded => {
                tracing::warn!(
                    error = with_causes(&error),
                    "the record is routed without a claim"
                );
                self.router.route(record, message).await
            }
            Err(error) => outage(error),
        }
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}

pub(crate) fn outage(error: StoreError) -> Outcome {
    Outcome::Failed(HandlerError::retry(error))
}

/// Someone else has claimed the record.
#[derive(Debug)]
struct InProgress;

impl fmt::Display for InProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is being handled elsewhere")
    }
}

impl std::error::Error for InProgress {}

impl<R: fmt::Debug, Store: fmt::Debug> fmt::Debug for Deduplicated<R, Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicated")
            .field("router", &self.router)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
