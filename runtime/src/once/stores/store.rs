//! The traits of stores, and the results of their methods.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::Sequencer;

use crate::once::identity::Identity;

/// Remembers which records are being handled, and which are done.
///
/// An identity is in one of three states, and moves between them like this:
///
/// | from | to | by |
/// |---|---|---|
/// | absent | in progress, under a lease | [`claim`](Self::claim) |
/// | in progress | completed | [`complete`](Self::complete) |
/// | in progress | absent | [`release`](Self::release), or expiry of the lease |
/// | completed | absent | expiry of the time that it is kept |
///
/// A store guarantees, to all processes that share it:
///
/// - Every call is atomic. If several claim one identity at the same time, exactly one claim is
///   [acquired](Claim::Acquired).
/// - An expired entry counts as absent, whether or not it is deleted yet.
/// - A lease is never given out twice.
///
/// # States of objects
///
/// A store can also remember which *state* of an object a completed identity stands for, so that
/// [`history`](s3_dispatch_core::Router::history) can tell what was handled. Such a store returns
/// `true` from [`remembers_states`](Self::remembers_states), and implements
/// [`complete_state`](Self::complete_state) and [`has_state`](Self::has_state). The defaults are
/// those of a store that does not.
///
/// The suite in `s3_dispatch_testing::conformance` checks your own store.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot remember what was handled",
    label = "does not implement `ClaimStore`",
    note = "`MemoryStore` is one, for a single process",
    note = "`DynamoDbStore::new(client, table)` is one, with the feature `dynamodb` of \
            `s3-dispatch`"
)]
pub trait ClaimStore: Send + Sync + 'static {
    /// Claims an absent identity, which is then in progress. The lease expires after this time.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable. The identity may or may not have been claimed.
    /// A retry may help.
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError>;

    /// Marks an identity as completed, and remembers it for the duration `keep`.
    ///
    /// This works if the identity is in progress under this lease, and also if it is absent because
    /// the lease has expired and nobody else has claimed it. The call can be repeated under the
    /// same lease.
    ///
    /// Returns `false`, and changes nothing, if someone else holds or has completed the identity.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable. The identity may or may not have been
    /// completed. A retry may help.
    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError>;

    /// Releases an identity that is in progress under this lease, which makes it absent.
    ///
    /// Returns `true` if it is absent afterwards, even if it was absent before. Returns `false`,
    /// and changes nothing, if it is completed or someone else holds it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable. The identity is then free when the lease
    /// expires.
    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError>;

    /// Returns whether the store remembers states. The default is `false`.
    fn remembers_states(&self) -> bool {
        false
    }

    /// Marks an identity as completed, as [`complete`](Self::complete) does, and remembers in the
    /// same step that this completes a state.
    ///
    /// The state is remembered for as long as the completion, and only if this returns `true`. An
    /// identity stands for one state at most: that of its last completion. Several identities may
    /// stand for the same state.
    ///
    /// By default, only the identity is completed.
    ///
    /// # Errors
    ///
    /// The same as [`complete`](Self::complete). The state is then remembered if the identity is
    /// completed, and not otherwise.
    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        _ = state;
        self.complete(identity, lease, keep).await
    }

    /// Returns whether a state is remembered: some identity that stands for it is completed, and
    /// the completion has not expired.
    ///
    /// A completion may be seen a few seconds late.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable; a retry may help. Returns an error as well if
    /// the store does not remember states, as by default, or lacks what it needs to find them;
    /// then a retry does not help.
    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        _ = state;
        Err(StoreError::new(
            "this store does not remember the states of objects",
        ))
    }
}

/// A [`ClaimStore`] whose leases can be renewed, so that they can be short.
///
/// [`Exclusive`](crate::Exclusive) needs it. It is a trait of its own, because a store of claims
/// does without.
///
/// The suite in `s3_dispatch_testing::conformance` checks your own store.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use s3_dispatch::once::{Claim, Identity};
/// use s3_dispatch::{ClaimStore, LeaseStore, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::once::StoreError> {
/// let (store, key, minute) = (MemoryStore::new(), Identity::new("a"), Duration::from_secs(60));
///
/// let Claim::Acquired(lease) = store.claim(&key, minute).await? else { panic!() };
/// assert!(store.renew(&key, &lease, minute).await?);
///
/// store.release(&key, &lease).await?;
/// assert!(!store.renew(&key, &lease, minute).await?);
/// # Ok(())
/// # }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot renew leases",
    label = "does not implement `LeaseStore`",
    note = "`MemoryStore` is one, for a single process",
    note = "`DynamoDbStore::new(client, table)` is one, with the feature `dynamodb` of \
            `s3-dispatch`"
)]
pub trait LeaseStore: ClaimStore {
    /// Lets a lease expire after this time from now, and never earlier than it would without the
    /// call. Requests may overtake each other, and an old one must not shorten the lease.
    ///
    /// This works if the identity is in progress under this lease. A store may also renew a lease
    /// that has expired, as long as nobody else has claimed the identity since. So `true` means
    /// that nobody else has held the identity since it was claimed under this lease.
    ///
    /// Returns `false`, and changes nothing, if the identity is absent or completed, or if someone
    /// else holds it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable. The lease may or may not have been renewed. A
    /// retry may help.
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError>;
}

/// Remembers the newest sequencer that was handled for each object.
///
/// A store guarantees to all processes that share it that the sequencer of an object never goes
/// back: after several calls to [`advance`](Self::advance), in any order, the newest one stays. An
/// expired entry counts as absent.
///
/// The sequencer that a store is given is a slice of its payload. A store that keeps it in memory
/// keeps [`to_detached`](Sequencer::to_detached), and so does not hold the payload.
///
/// The suite in `s3_dispatch_testing::conformance` checks your own store.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot remember sequencers",
    label = "does not implement `SequencerStore`",
    note = "`MemoryStore` is one, for a single process",
    note = "`DynamoDbStore::new(client, table)` is one, with the feature `dynamodb` of \
            `s3-dispatch`"
)]
pub trait SequencerStore: Send + Sync + 'static {
    /// Returns the newest sequencer of an object, or `None` if nothing is remembered.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable. A retry may help.
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError>;

    /// Remembers a sequencer for the duration `keep`, unless a newer one is remembered.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is unavailable; the sequencer may or may not have been stored,
    /// and a retry may help. Also returns an error if the sequencer is not hexadecimal; a retry
    /// does not help then.
    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError>;
}

/// The result of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The identity was absent, and is now in progress under this lease.
    Acquired(Lease),
    /// Someone else holds the identity, under a lease that has not expired.
    InProgress {
        /// How long that lease still runs, or `None` if the store does not know.
        left: Option<Duration>,
    },
    /// The identity is completed.
    Completed,
}

/// The token of one acquired claim. No two claims have the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease(String);

impl Lease {
    /// Creates a lease from a text. The store must not have used the text before.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The error of a store whose call failed.
///
/// The reason is its [`source`](StdError::source). A retry may help, so the routers turn this error
/// into a failure that is retried.
#[derive(Debug)]
pub struct StoreError(Box<dyn StdError + Send + Sync>);

impl StoreError {
    /// Creates an error with this reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use s3_dispatch::once::StoreError;
    ///
    /// let error = StoreError::new("connection refused");
    /// assert_eq!(error.to_string(), "the store failed");
    /// assert_eq!(error.source().unwrap().to_string(), "connection refused");
    /// ```
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// A store cannot order a sequencer that is not hexadecimal.
    pub(crate) fn not_hexadecimal(sequencer: &Sequencer) -> Self {
        Self::new(format!("the sequencer `{sequencer}` is not hexadecimal"))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store failed")
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// How long routers remember by default, 37 days: as long as a copy of a message can be on its way.
///
/// SNS tries to deliver it to a queue for 23 days ("Amazon SNS message delivery retries", Amazon
/// SNS Developer Guide, 2026), and SQS keeps it for 14 days at most ("Amazon SQS quotas", Amazon
/// SQS Developer Guide, 2026).
pub(crate) const DEFAULT_KEEP: Duration = Duration::from_secs((23 + 14) * 24 * 60 * 60);

/// A shared store, for several routers.
#[async_trait]
impl<S: ClaimStore + ?Sized> ClaimStore for Arc<S> {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        (**self).claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        (**self).complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        (**self).release(identity, lease).await
    }

    fn remembers_states(&self) -> bool {
        (**self).remembers_states()
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        (**self).complete_state(identity, lease, keep, state).await
    }

    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        (**self).has_state(state).await
    }
}

/// A shared store, for several routers.
#[async_trait]
impl<S: LeaseStore + ?Sized> LeaseStore for Arc<S> {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        (**self).renew(identity, lease, duration).await
    }
}

/// A shared store, for several routers.
#[async_trait]
impl<S: SequencerStore + ?Sized> SequencerStore for Arc<S> {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        (**self).latest(object).await
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        (**self).advance(object, sequencer, keep).await
    }
}
