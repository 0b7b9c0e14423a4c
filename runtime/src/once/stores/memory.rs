//! A store in the memory of one process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::Sequencer;

use crate::once::identity::Identity;
use crate::once::stores::memory_entries::{Entries, Name, Remembered};
use crate::once::stores::store::{Claim, Lease, StoreError};
use crate::{ClaimStore, LeaseStore, SequencerStore};

/// Keeps claims and sequencers in the memory of one process.
///
/// It is for tests, and for handlers whose work may be repeated when a process ends. Processes that
/// must share what they remember use `DynamoDbStore`, behind the feature `dynamodb`.
///
/// Its size is limited. When it is full, it forgets an expired entry, or else the oldest completion
/// or sequencer. It never forgets a claim that is in progress. If there is nothing else to forget,
/// a new claim is an error.
///
/// It measures time with Tokio's clock, so tests can pause it.
#[derive(Debug)]
pub struct MemoryStore {
    entries: Mutex<Entries>,
}

impl MemoryStore {
    /// Creates a store for 100,000 entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Deduplicated, MemoryStore, Routes};
    ///
    /// let router = Deduplicated::new(Routes::new(()), MemoryStore::new());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(100_000)
    }

    /// Creates a store for this many entries. The minimum is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::once::Identity;
    /// use s3_dispatch::{ClaimStore, MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::once::StoreError> {
    /// let store = MemoryStore::with_capacity(1);
    /// store.claim(&Identity::new("a"), Duration::from_secs(60)).await?;
    ///
    /// // Full, and a claim in progress is never forgotten.
    /// assert!(store.claim(&Identity::new("b"), Duration::from_secs(60)).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_capacity(entries: usize) -> Self {
        Self {
            entries: Mutex::new(Entries::new(entries.max(1))),
        }
    }

    /// Returns the number of entries. It includes expired entries that are not deleted yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn complete_now(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: Option<&Identity>,
    ) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();

        let may_complete = entries.get(&name).is_none() || entries.was_claimed_under(&name, lease);
        if may_complete {
            let completed = Remembered::Completed(lease.clone(), state.cloned());
            entries.insert(name, completed, keep)?;
        }

        Ok(may_complete)
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ClaimStore for MemoryStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        match entries.get(&name) {
            Some((Remembered::InProgress(_), left)) => {
                return Ok(Claim::InProgress { left: Some(left) });
            }
            Some(_) => return Ok(Claim::Completed),
            None => {}
        }

        let token = Lease::new(entries.next_number().to_string());
        entries.insert(name, Remembered::InProgress(token.clone()), lease)?;

        Ok(Claim::Acquired(token))
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.complete_now(identity, lease, keep, None)
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        if entries.is_in_progress_under(&name, lease) {
            entries.remove(&name);
        }

        Ok(!entries.contains(&name))
    }

    fn remembers_states(&self) -> bool {
        true
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        self.complete_now(identity, lease, keep, Some(state))
    }

    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        Ok(self.lock().has_state(state))
    }
}

#[async_trait]
impl LeaseStore for MemoryStore {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        let is_held = entries.is_in_progress_under(&name, lease);

        if is_held {
            let left = entries.get(&name).map_or(Duration::ZERO, |(_, left)| left);
            let remembered = Remembered::InProgress(lease.clone());
            entries.insert(name, remembered, duration.max(left))?;
        }

        Ok(is_held)
    }
}

#[async_trait]
impl SequencerStore for MemoryStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        match self.lock().get(&Name::Object(object.clone())) {
            Some((Remembered::Sequencer(sequencer), _)) => Ok(Some(sequencer.clone())),
            _ => Ok(None),
        }
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        if sequencer.compare(sequencer).is_none() {
            return Err(StoreError::not_hexadecimal(sequencer));
        }

        let name = Name::Object(object.clone());
        let mut entries = self.lock();

        if let Some((Remembered::Sequencer(latest), _)) = entries.get(&name)
            && latest.compare(sequencer).is_some_and(|order| order.is_gt())
        {
            return Ok(());
        }

        entries.insert(name, Remembered::Sequencer(sequencer.to_detached()), keep)
    }
}
