//! A router wrapper that skips events that are older than one it has handled.

use std::cmp::Ordering;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
#[cfg(doc)]
use s3_dispatch_core::SkipReason;
use s3_dispatch_core::{
    History, HistoryEntry, MessageContext, Outcome, Route, Router, S3EventRecord, Sequencer,
};

use crate::SequencerStore;
use crate::once::identity::{Identity, default_scope};
use crate::once::order::{self, Order};
use crate::once::outage::Patience;
use crate::once::position::Position;
use crate::once::stores::store::DEFAULT_KEEP;

/// Skips a record if a newer event of its key has been handled.
///
/// S3 does not deliver in order. A handler that mirrors objects, for example in an index, must not
/// let yesterday's event undo today's. This router wraps another one. It remembers the newest
/// [sequencer](Sequencer) of each key, and skips an older event as [stale](SkipReason::Stale).
///
/// # What it guarantees
///
/// If the events of a key are handled one at a time, the last effect is that of the newest event,
/// no matter how often and in which order the events arrive. Multipart uploads are
/// [an exception](#what-events-do-not-decide).
///
/// Within one batch they are handled one at a time, because records of one key never run at once.
/// Across processes, put [`Exclusive`](crate::Exclusive) around this router. Without it, if two
/// processes handle events of one key *at the same time*, the older one may start before the newer
/// one is remembered, and end after it. An event source mapping runs at least two invocations at a
/// time if there is enough to do ("Configuring maximum concurrency for Amazon SQS event sources",
/// AWS Lambda Developer Guide, 2026), so this happens in Lambda, too.
///
/// If the store is unavailable, before or after the handler, the record fails and is delivered
/// again. So a handler may see a record twice, but the newest event still has the last effect.
///
/// # Which events take part
///
/// Only events that say what is at the key now:
///
/// | events | sequencer | is skipped | makes stale |
/// |---|---|---|---|
/// | puts, posts, copies, removals | its own | after a newer event | what is older |
/// | multipart uploads | of the upload's start | after its expiration | what is older than that |
/// | expirations | of what expired | after something newer | its upload, and what is older |
/// | backfilled ones of all these | none | after any event of its key | nothing |
///
/// - Puts, posts and copies are `ObjectCreated:Put`, `ObjectCreated:Post` and `ObjectCreated:Copy`.
/// - Removals are `ObjectRemoved:DeleteMarkerCreated`, and `ObjectRemoved:Delete` without a version
///   id.
/// - Multipart uploads are `ObjectCreated:CompleteMultipartUpload`.
/// - Expirations are `LifecycleExpiration:DeleteMarkerCreated`, and `LifecycleExpiration:Delete`
///   without a version id.
/// - Backfilled are the records of `backfill` and of S3 Batch Operations
///   ([`is_backfilled`](S3EventRecord::is_backfilled)).
///
/// All others are always routed and never remembered, because for them "older" would be wrong:
/// tagging and access control events have no sequencer, and restoration, replication, tiering,
/// transition, annotation and retention leave the current object in place. So does the deletion of
/// one version, `ObjectRemoved:Delete` or `LifecycleExpiration:Delete` with a version id, if that
/// version is not the current one.
///
/// # What events do not decide
///
/// - *A multipart upload, and an event with a sequencer that is greater than that of the upload's
///   start.* The event may have come while the upload ran, or after it, and nothing in the two
///   tells which. Neither is skipped, so the one that is delivered last has the last effect. For
///   two multipart uploads of one key that is the same.
/// - *The deletion of the current version.* In a versioned bucket it makes an older version the
///   current one, or none, and the event does not say which.
///
/// Let every handler of such keys look at the object itself, with `HeadObject`, and write what it
/// finds there instead of what the event says. Such a handler does not need this router:
/// [`Exclusive`](crate::Exclusive) around it is enough. With this router around it, it ends in the
/// right state, too, with one exception: an expiration is skipped if the expired object seems older
/// than an event before it, because the object was such an upload, or a version that became the
/// current one again. Then what was written about the object stays.
///
/// # Backfills
///
/// A listing tells what was in the bucket when it was made, and events that happened since may be
/// handled before what the listing found. So a backfilled record is [stale](SkipReason::Stale) if
/// any event of its key is remembered, and remembers nothing itself: a live event wins, whichever
/// of the two is delivered first. A backfill may therefore run while events arrive.
///
/// - Between backfilled records of one key there is no order. A listing of all versions delivers
///   the oldest first, and what is handled here (`--here`) is handled in this order.
/// - An event is remembered for as long as [`with_keep`](Self::with_keep) says. A message of a
///   backfill that waits longer in its queue may be handled after the event is forgotten.
/// - An object that was removed before any event of its key was handled, and after it was listed,
///   comes back until the removal is handled. The removal is newer, so it wins.
/// - A backfill repairs nothing that was handled wrongly: what events of the key left stays. To
///   handle such objects again, choose another [scope](Self::with_scope).
///
/// # Audits
///
/// The event of an object that `audit` finds missing was lost, so events of its key that were
/// handled are older than the object, and must not win. `audit` notes the
/// [position](s3_dispatch_core::History::newest_position) of the newest one, and then looks whether
/// the object is still the current one. What was handled up to that position is not newer than the
/// object. So the record is skipped only if an event beyond the position is handled before it, and
/// remembers nothing itself. The next audit finds an object that was skipped so, if it is still
/// missing.
///
/// What nobody can decide: if an event *older* than the object, but newer than that position, is
/// handled after the audit, it has the last effect, because nothing says that the object came
/// later. And a multipart upload that was started before that position, and ended after the audit
/// looked, may lose to the older object. Both need an event that is on its way for longer than the
/// time for which `audit` leaves new objects alone.
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
/// # With other wrappers
///
/// Together with [`Deduplicated`](crate::Deduplicated) and [`Exclusive`](crate::Exclusive), this
/// router is best placed innermost:
///
/// ```
/// use std::sync::Arc;
///
/// use s3_dispatch::{Deduplicated, Exclusive, LatestOnly, MemoryStore, Routes};
///
/// let store = Arc::new(MemoryStore::new());
/// let latest = LatestOnly::new(Routes::new(()), Arc::clone(&store));
/// let router = Deduplicated::new(Exclusive::new(latest, Arc::clone(&store)), store);
/// ```
///
/// Any other order gives the same guarantees, but asks the store more often: a wrapper inside this
/// one looks up and remembers the sequencer once more, right around the router that it wraps.
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
    store: Arc<Store>,
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
            store: Arc::new(store),
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

#[async_trait]
impl<R: Router, Store: SequencerStore> Router for LatestOnly<R, Store> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let position = match order::may_handle(&self.router, record) {
            true => Position::of(record),
            false => None,
        };
        let Some(position) = position else {
            return self.router.route(record, message).await;
        };

        let object = Identity::of_object(record).within(&self.scope);
        let order = Order::new(&self.store, object, position, (self.keep, self.patience));

        order.around(&self.router, record, message).await
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
        self.router.asks_store_first()
    }
}

/// Remembers positions. What else is asked is answered by the router inside.
#[async_trait]
impl<R: Router, Store: SequencerStore> History for LatestOnly<R, Store> {
    fn keeps_states_for(&self) -> Option<Duration> {
        self.router.history()?.keeps_states_for()
    }

    fn scope(&self) -> Option<&str> {
        self.router.history()?.scope()
    }

    async fn look_up(
        &self,
        records: &[S3EventRecord],
    ) -> Result<Vec<HistoryEntry>, Box<dyn StdError + Send + Sync>> {
        match self.router.history() {
            Some(history) => history.look_up(records).await,
            None => Ok(vec![HistoryEntry::Unknown; records.len()]),
        }
    }

    async fn newest_position(
        &self,
        record: &S3EventRecord,
    ) -> Result<Option<Sequencer>, Box<dyn StdError + Send + Sync>> {
        let object = Identity::of_object(record).within(&self.scope);
        let latest = self.store.latest(&object);
        let own = self.patience.wait(&MessageContext::new(), latest).await?;

        let inner = match self.router.history() {
            Some(history) => history.newest_position(record).await?,
            None => None,
        };

        Ok(own.into_iter().chain(inner).reduce(newer))
    }
}

/// Returns the newer one of two positions of a key.
fn newer(left: Sequencer, right: Sequencer) -> Sequencer {
    match left.compare(&right) {
        Some(Ordering::Less) => right,
        _ => left,
    }
}
