//! What remembers across invocations and processes.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::Sequencer;

use crate::once::identity::Identity;

/// Remembers which records are being handled and which are done.
///
/// An identity is absent, in progress under a lease, or completed. All calls are atomic, whoever
/// makes them from wherever: of any number of simultaneous claims of one identity exactly one is
/// [acquired](Claim::Acquired). What has run out counts as absent. `s3-dispatch-testing` has a
/// suite that a store of your own must pass.
#[async_trait]
pub trait ClaimStore: Send + Sync + 'static {
    /// Puts an absent identity in progress, for so long.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked; whether the identity was claimed is then unknown.
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError>;

    /// Marks an identity as completed, for so long: one that is in progress under this lease, or
    /// absent because the lease ran out unnoticed. Doing so again under the same lease changes
    /// nothing. `false`, and nothing else, when the identity is someone else's by now.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked; whether it is completed is then unknown.
    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError>;

    /// Makes an identity that is in progress under this lease absent. `true` when it is absent
    /// then, even if it was before; `false`, and nothing else, when it is someone else's by now
    /// or completed.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked; the lease then runs out by itself.
    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError>;
}

/// Remembers the newest sequencer of each object that was handled.
#[async_trait]
pub trait SequencerStore: Send + Sync + 'static {
    /// The newest sequencer, or `None` when nothing is remembered of the object.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError>;

    /// Remembers this sequencer for so long, unless a newer one is remembered: it never goes back.
    ///
    /// # Errors
    ///
    /// When the store cannot be asked; whether it is remembered is then unknown. Also for a
    /// sequencer that is not hexadecimal.
    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError>;
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The identity was absent and is now in progress under this lease.
    Acquired(Lease),
    /// Someone else's lease has not run out.
    InProgress {
        /// How long that lease has still to go, if the store knows.
        left: Option<Duration>,
    },
    /// It was completed before.
    Completed,
}

/// A store's word for one acquired claim, different from that of every other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease(String);

impl Lease {
    /// A lease of this text, which the store has never given out before.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A store could not be asked. Trying again may help.
#[derive(Debug)]
pub struct StoreError(Box<dyn StdError + Send + Sync>);

impl StoreError {
    /// The store failed for this reason.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store cannot be asked")
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

// One store serves several routers, each in its scope.
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
}

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
