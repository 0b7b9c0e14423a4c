//! A router wrapper that skips events that are older than one it has handled.

use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::{
    EventName, HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord, Sequencer,
    SkipReason,
};

use crate::SequencerStore;
use crate::once::identity::{Identity, default_scope};
use crate::once::outage::Patience;
use crate::once::store::DEFAULT_KEEP;

/// Skips a record if a newer event of its key has been handled.
///
/// S3 does not deliver in order. A handler that mirrors objects, for example in an index, must not
/// let yesterday's event undo today's. This router wraps another one. It remembers the newest
/// [sequencer](Sequencer) of each key, and skips an older event as [stale](SkipReason::Stale).
///
/// # What it guarantees
///
/// If the puts, copies and deletions of a key are handled one at a time, the last effect is that of
/// the newest event, no matter how often and in which order the events arrive.
///
/// Within one batch they are handled one at a time, because records of one key never run at once.
/// Across processes this is not guaranteed, because looking up the sequencer and handling the event
/// are two steps. If two processes handle events of one key *at the same time*, the older one may
/// start before the newer one is remembered, and end after it. If that matters, let the handler
/// compare sequencers when it writes, or let one function instance at a time serve the queue.
///
/// If the store is unavailable, before or after the handler, the record fails and is delivered
/// again. So a handler may see a record twice, but the newest event still has the last effect.
///
/// # Which events take part
///
/// Only events that say what is at the key now: `ObjectCreated:Put`, `ObjectCreated:Post`,
/// `ObjectCreated:Copy`, `ObjectRemoved:DeleteMarkerCreated`, and `ObjectRemoved:Delete` without a
/// version id. All others are always routed and never remembered, because for them "older" would be
/// wrong:
///
/// - `LifecycleExpiration:*` has the sequencer of the object's creation, so it would look older
///   than the object that it deletes.
/// - `ObjectCreated:CompleteMultipartUpload` has the sequencer of the upload's start, and may still
///   be the newest event of the key. So a late event may undo a large upload. Let the handler look
///   at the object itself for such keys.
/// - Tagging and access control events have no sequencer.
/// - The deletion of one version, restoration, replication, tiering, transition, annotation and
///   retention leave the current object in place.
///
/// # Sharing a store
///
/// Functions that do different things with the same key can share a store. Each has its own scope,
/// which by default is the name of the Lambda function, and outside Lambda that of the program.
///
/// With one function per kind of event, the functions that keep the same thing up to date must
/// share a store *and* a scope: that of their pipeline. Otherwise the function for puts never
/// learns of a deletion, and an old put undoes it. Choose a name with
/// [`with_scope`](Self::with_scope), the same in each of these functions:
///
/// ```
/// use s3_dispatch::{LatestOnly, Router, Routes, SequencerStore, s3_handler};
///
/// #[s3_handler("ObjectCreated:*")]
/// async fn index_upload() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// #[s3_handler("ObjectRemoved:*")]
/// async fn forget_object() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// /// The router of the function for uploads.
/// fn uploads(store: impl SequencerStore) -> impl Router {
///     LatestOnly::new(Routes::new(()).on::<index_upload>(), store).with_scope("search-index")
/// }
///
/// /// The router of the function for removals.
/// fn removals(store: impl SequencerStore) -> impl Router {
///     LatestOnly::new(Routes::new(()).on::<forget_object>(), store).with_scope("search-index")
/// }
/// ```
///
/// Together with [`Deduplicated`](crate::Deduplicated), put this router inside:
/// `Deduplicated::new(LatestOnly::new(routes, store), store)`.
///
/// # Examples
///
/// ```
/// use s3_dispatch::{Dispatcher, LatestOnly, MemoryStore, Routes};
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
/// let dispatcher = Dispatcher::new(LatestOnly::new(routes, MemoryStore::new()));
/// let put = |sequencer| {
///     let record = RecordBuilder::new("ObjectCreated:Put").with_sequencer(sequencer);
///     SqsBatchBuilder::new().with_record("1", record).to_bytes()
/// };
///
/// assert_eq!(dispatcher.dispatch(put("0B"), None).await?.handled(), 1);
/// assert_eq!(dispatcher.dispatch(put("0A"), None).await?.skipped(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LatestOnly<R, Store> {
    router: R,
    store: Store,
    scope: String,
    keep: Duration,
    patience: Patience,
}

impl<R, Store> LatestOnly<R, Store> {
    /// Wraps a router, and remembers sequencers in a store.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{LatestOnly, MemoryStore, Routes};
    ///
    /// let router = LatestOnly::new(Routes::new(()), MemoryStore::new());
    /// ```
    pub fn new(router: R, store: Store) -> Self {
        Self {
            router,
            store,
            scope: default_scope(),
            keep: DEFAULT_KEEP,
            patience: Patience::default(),
        }
    }

    /// Sets the scope in which keys are remembered. Other scopes in the same store are independent.
    ///
    /// Functions that keep the same thing up to date need the same scope, as shown above.
    ///
    /// The default is the name of the Lambda function (`AWS_LAMBDA_FUNCTION_NAME`). Outside Lambda
    /// it is the name of the program, without its folder and extension.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{LatestOnly, MemoryStore, Routes};
    ///
    /// let router =
    ///     LatestOnly::new(Routes::new(()), MemoryStore::new()).with_scope("search-index");
    /// ```
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Sets how long the newest event of a key is remembered. The default is 37 days, because an
    /// older event can come that late: SNS tries for 23 days to deliver a message to a queue, which
    /// keeps it for up to 14 days.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{LatestOnly, MemoryStore, Routes};
    ///
    /// let router = LatestOnly::new(Routes::new(()), MemoryStore::new())
    ///     .with_keep(Duration::from_secs(24 * 60 * 60));
    /// ```
    #[must_use]
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Sets how long to wait for each answer of the store. Then the store is unavailable, and the
    /// record fails and is delivered again.
    ///
    /// The default is 5 seconds, or half of the time to the deadline if that is less.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{LatestOnly, MemoryStore, Routes};
    ///
    /// let router = LatestOnly::new(Routes::new(()), MemoryStore::new())
    ///     .with_store_timeout(Duration::from_millis(500));
    /// ```
    #[must_use]
    pub fn with_store_timeout(mut self, timeout: Duration) -> Self {
        self.patience = Patience::of(timeout);
        self
    }
}

/// Returns the sequencer of an event that says what is at its key now.
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

        let latest = self.store.latest(&object);
        match self.patience.wait(message, latest).await {
            Ok(Some(latest)) if latest.compare(sequencer).is_some_and(|order| order.is_gt()) => {
                return Outcome::Skipped(SkipReason::Stale);
            }
            Ok(_) => {}
            Err(error) => return Outcome::Failed(HandlerError::retry(error)),
        }

        let outcome = self.router.route(record, message).await;
        let Outcome::Handled = outcome else {
            return outcome;
        };

        let advance = self.store.advance(&object, sequencer, self.keep);
        match self.patience.wait(message, advance).await {
            Ok(()) => outcome,
            Err(error) => Outcome::Failed(HandlerError::retry(error)),
        }
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}
