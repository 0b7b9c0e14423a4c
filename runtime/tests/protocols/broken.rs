//! Protocols that look right and are not, to show that the search finds what is wrong with them.

use std::time::Duration;

use s3_dispatch::once::{Claim, Identity};
use s3_dispatch::{
    ClaimStore, HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord,
    SequencerStore, SkipReason, async_trait,
};

use crate::store::Gated;

/// Releases the lease of the key before the handler has ended.
pub(crate) struct ReleasesEarly<R>(pub(crate) R, pub(crate) Gated);

#[async_trait]
impl<R: Router> Router for ReleasesEarly<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let Self(router, store) = self;
        let key = Identity::of_object(record);
        let Ok(Claim::Acquired(lease)) = store.claim(&key, Duration::from_secs(30)).await else {
            return Outcome::Failed(HandlerError::retry("held"));
        };
        drop(store.release(&key, &lease).await);

        router.route(record, message).await
    }

    fn routes(&self) -> &[Route] {
        self.0.routes()
    }
}

/// Looks up and remembers sequencers around whatever it wraps, not right around the handler.
pub(crate) struct LatestOutside<R>(pub(crate) R, pub(crate) Gated);

#[async_trait]
impl<R: Router> Router for LatestOutside<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let Self(router, store) = self;
        let key = Identity::of_object(record);
        let sequencer = record.object.sequencer.as_ref().unwrap();

        match store.latest(&key).await {
            Ok(Some(latest)) if latest.compare(sequencer).is_some_and(|order| order.is_gt()) => {
                return Outcome::Skipped(SkipReason::Stale);
            }
            Ok(_) => {}
            Err(error) => return Outcome::Failed(HandlerError::retry(error)),
        }

        let outcome = router.route(record, message).await;
        let keep = Duration::from_secs(24 * 60 * 60);
        match outcome.is_success() {
            true if store.advance(&key, sequencer, keep).await.is_err() => {
                Outcome::Failed(HandlerError::retry("not remembered"))
            }
            _ => outcome,
        }
    }

    fn routes(&self) -> &[Route] {
        self.0.routes()
    }
}
