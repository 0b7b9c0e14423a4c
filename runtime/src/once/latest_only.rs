//! In order.

use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::{
    EventName, MessageContext, Outcome, Route, Router, S3EventRecord, Sequencer, SkipReason,
};

use crate::SequencerStore;
use crate::once::deduplicated::{LONGEST_RETENTION, outage};
use crate::once::identity::Identity;
use crate::once::identity::default_scope;

/// Skips a record when a newer event of its key has been handled already.
///
/// S3 does not deliver in order. A handler that mirrors objects (an index, a copy) must not let a
/// late event of yesterday undo one of today. Around a router, this one remembers the newest
/// [sequencer](Sequencer) of each key, and [skips](SkipReason::Stale) what is older. So, when the
/// puts, copies and deletions of a key are handled one at a time, the last effect is that of the
/// true last of them, in whatever order and however often they come.
///
/// Only events that say what is at the key now take part: `ObjectCreated:Put`, `:Post` and `:Copy`,
/// `ObjectRemoved:DeleteMarkerCreated`, and `ObjectRemoved:Delete` without a version id. All others
/// are routed as they come and change nothing, since of them "older" would be a lie:
///
/// - `LifecycleExpiration:*` carry the sequencer of the object's creation, so each would look older
///   than what it deletes;
/// - `ObjectCreated:CompleteMultipartUpload` carries that of the upload's start, and may be the
///   newest thing at the key; so of a key that large uploads go to the order is not known, and a
///   late event may undo what is newer: there, let the handler look at the object;
/// - tagging and access control events have no sequencer;
/// - the deletion of one version, restoration, replication, tiering, transition, annotation and
///   retention are about an object that stays.
///
/// # What holds across processes
///
/// The memory is the store's, so a process knows what another has handled. But looking and handling
/// are two steps: when two processes handle events of one key *at the same time*, the older may
/// begin before the newer is remembered, and end after it. Within one batch that does not happen,
/// since records of one key run one at a time. Where it matters, let the handler compare on
/// writing, or let one function instance at a time serve the queue.
///
/// When the store cannot be asked, or cannot remember what was handled, the record fails and comes
/// again: handling twice is what handlers must bear, going back in time is not.
///
/// Functions that do different things may share a store: each remembers in a scope of its own, by
/// default the name of the Lambda function ([`with_scope`](Self::with_scope)).
///
/// With [`Deduplicated`](crate::Deduplicated), put this one inside:
/// `Deduplicated::new(LatestOnly::new(routes, store), store)`.
#[derive(Debug)]
pub struct LatestOnly<R, Store> {
    router: R,
    store: Store,
    scope: String,
    keep: Duration,
}

impl<R, Store> LatestOnly<R, Store> {
    /// Around this router, remembering in this store.
    pub fn new(router: R, store: Store) -> Self {
        Self {
            router,
            store,
            scope: default_scope(),
            keep: LONGEST_RETENTION,
        }
    }

    /// Remembers apart from other scopes in the same store; unless said otherwise the scope is the
    /// name of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`), and outside Lambda there is
    /// none.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Remembers a key's newest event for so long; 14 days unless said otherwise, the longest that
    /// SQS keeps a message.
    #[must_use]
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }
}

/// The sequencer of an event that says what is at its key now.
fn position(record: &S3EventRecord) -> Option<&Sequencer> {
    let takes_part = if record.event_name == EventName::OBJECT_REMOVED_DELETE {
        record.object.version_id.is_none()
    } else {
        [
            EventName::OBJECT_CREATED_PUT,
            EventName::OBJECT_CREATED_POST,
            EventName::OBJECT_CREATED_COPY,
            EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
        ]
        .contains(&record.event_name)
    };

    record.reliable_sequencer().filter(|_| takes_part)
}

#[async_trait]
impl<R: Router, Store: SequencerStore> Router for LatestOnly<R, Store> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let Some(sequencer) = position(record) else {
            return self.router.route(record, message).await;
        };

        let object = Identity::of_object(record).within(&self.scope);

        match self.store.latest(&object).await {
            Ok(Some(latest)) if latest.compare(sequencer).is_some_and(|order| order.is_gt()) => {
                return Outcome::Skipped(SkipReason::Stale);
            }
            Ok(_) => {}
            Err(error) => return outage(error),
        }

        let outcome = self.router.route(record, message).await;
        if let Outcome::Handled = outcome
            && let Err(error) = self.store.advance(&object, sequencer, self.keep).await
        {
            return outage(error);
        }

        outcome
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}
