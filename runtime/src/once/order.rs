//! The steps of [`LatestOnly`](crate::LatestOnly) around a handler.
//!
//! They must be the innermost ones, whichever wrapper stands outside:
//!
//! - What [`Deduplicated`](crate::Deduplicated) completes is never handled again, so its position
//!   must be remembered before.
//! - While [`Exclusive`](crate::Exclusive) waits for its turn, a newer event is handled, so the
//!   look-up must come after, and the position must be remembered before the lease is released.
//!
//! Therefore `LatestOnly` passes its steps inwards, and these wrappers take them again right around
//! the router that they wrap.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::__private::settle;
use s3_dispatch_core::handler::BoxFuture;
use s3_dispatch_core::{MessageContext, Outcome, Router, S3EventRecord, SkipReason};

use crate::SequencerStore;
use crate::failure::classifiers::retry;
use crate::once::identity::Identity;
use crate::once::outage::Patience;
use crate::once::position::Position;
use crate::once::stores::store::StoreError;

tokio::task_local! {
    /// The steps of the `LatestOnly` that encloses the router which is being polled.
    static ENCLOSING: Arc<dyn Steps>;
}

/// The steps for one record.
pub(crate) struct Order<Store> {
    store: Arc<Store>,
    object: Identity,
    position: Position,
    keep: Duration,
    patience: Patience,
    /// The steps of a `LatestOnly` with another scope or store, further outside.
    outer: Option<Arc<dyn Steps>>,
}

#[async_trait]
trait Steps: Send + Sync {
    async fn is_stale(&self, message: &MessageContext) -> Result<bool, StoreError>;

    async fn remember(&self, message: &MessageContext) -> Result<(), StoreError>;
}

#[async_trait]
impl<Store: SequencerStore> Steps for Order<Store> {
    async fn is_stale(&self, message: &MessageContext) -> Result<bool, StoreError> {
        let latest = self.store.latest(&self.object);
        let latest = self.patience.wait(message, latest).await?;

        match &self.outer {
            _ if latest.is_some_and(|latest| self.position.is_stale(&latest)) => Ok(true),
            Some(outer) => outer.is_stale(message).await,
            None => Ok(false),
        }
    }

    async fn remember(&self, message: &MessageContext) -> Result<(), StoreError> {
        if let Some(remembered) = self.position.remembered() {
            let advance = self.store.advance(&self.object, remembered, self.keep);
            self.patience.wait(message, advance).await?;
        }

        match &self.outer {
            Some(outer) => outer.remember(message).await,
            None => Ok(()),
        }
    }
}

impl<Store: SequencerStore> Order<Store> {
    pub(crate) fn new(
        store: &Arc<Store>,
        object: Identity,
        position: Position,
        (keep, patience): (Duration, Patience),
    ) -> Self {
        Self {
            store: Arc::clone(store),
            object,
            position,
            keep,
            patience,
            outer: ENCLOSING.try_with(Arc::clone).ok(),
        }
    }

    /// Routes a record between the two steps, and passes them inwards.
    pub(crate) async fn around<R: Router>(
        self,
        router: &R,
        record: &S3EventRecord,
        message: &MessageContext,
    ) -> Outcome {
        let steps: Arc<dyn Steps> = Arc::new(self);
        let routed = async { router.route(record, message).await };
        let routed = ENCLOSING.scope(Arc::clone(&steps), routed);

        take(&*steps, message, routed).await
    }
}

/// Routes a record between the steps of the enclosing `LatestOnly`, if there is one.
pub(crate) fn route<'f, R: Router>(
    router: &'f R,
    record: &'f S3EventRecord,
    message: &'f MessageContext,
) -> BoxFuture<'f, Outcome> {
    let Ok(steps) = ENCLOSING.try_with(Arc::clone) else {
        return router.route(record, message);
    };

    Box::pin(async move {
        let routed = async { router.route(record, message).await };
        take(&*steps, message, routed).await
    })
}

/// Returns whether a router may handle a record. If it does not, a wrapper has nothing to remember
/// or to wait for.
///
/// A router that declares no routes at all may handle anything.
pub(crate) fn may_handle(router: &impl Router, record: &S3EventRecord) -> bool {
    let routes = router.routes();

    routes.is_empty() || routes.iter().any(|route| route.matches(record))
}

async fn take(
    steps: &dyn Steps,
    message: &MessageContext,
    routed: impl Future<Output = Outcome>,
) -> Outcome {
    match steps.is_stale(message).await {
        Ok(true) => return Outcome::Skipped(SkipReason::Stale),
        Ok(false) => {}
        Err(error) => return Outcome::Failed(retry(error)),
    }

    let outcome = settle(routed.await, message);
    if !is_decided(&outcome) {
        return outcome;
    }

    match steps.remember(message).await {
        Ok(()) => outcome,
        Err(error) => Outcome::Failed(retry(error)),
    }
}

/// Whether an older event of the key may not be handled any more.
///
/// An event of the function's own write is skipped without asking a handler, so it decides nothing.
/// A handler that found nothing to do for an event has decided what its effect is: none. An older
/// event that comes later must not have another effect. What an inner router skips as a duplicate
/// was handled.
fn is_decided(outcome: &Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Failed(_)
            | Outcome::Skipped(SkipReason::Unrouted | SkipReason::Stale | SkipReason::OwnWrite)
    )
}
