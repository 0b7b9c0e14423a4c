//! The entries of a store in memory: a map that forgets when it is full.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use s3_dispatch_core::Sequencer;
use tokio::time::Instant;

use crate::once::identity::Identity;
use crate::once::stores::store::{Lease, StoreError};

#[derive(Debug)]
pub(crate) struct Entries {
    capacity: usize,
    by_name: HashMap<Name, Entry>,
    /// All names, by the time at which they expire.
    by_expiry: BTreeMap<(Instant, u64), Name>,
    /// The names that may be forgotten before they expire, oldest first.
    by_age: BTreeMap<u64, Name>,
    /// When each completion of a state expires, by the state and the number of the entry.
    by_state: BTreeMap<(Identity, u64), Instant>,
    next_number: u64,
}

/// The key of an entry. A record and an object may have the same identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Record(Identity),
    Object(Identity),
}

#[derive(Debug)]
struct Entry {
    remembered: Remembered,
    expires_at: Instant,
    number: u64,
}

/// What is remembered of a record (the first two) or of an object.
#[derive(Debug)]
pub(crate) enum Remembered {
    InProgress(Lease),
    /// The state is that of the object which was handled, if the event made one.
    Completed(Lease, Option<Identity>),
    Sequencer(Sequencer),
}

impl Entries {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            by_name: HashMap::new(),
            by_expiry: BTreeMap::new(),
            by_age: BTreeMap::new(),
            by_state: BTreeMap::new(),
            next_number: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Returns the number of the next entry, which no entry has had before.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Returns an entry that has not expired, and the time until it does.
    pub(crate) fn get(&self, name: &Name) -> Option<(&Remembered, Duration)> {
        let entry = self.by_name.get(name)?;
        let left = entry.expires_at.saturating_duration_since(Instant::now());

        (!left.is_zero()).then_some((&entry.remembered, left))
    }

    /// Returns whether there is an entry, expired or not.
    pub(crate) fn contains(&self, name: &Name) -> bool {
        self.by_name.contains_key(name)
    }

    /// Returns whether the last claim of a name had this lease. The lease may have expired, and the
    /// name may be completed.
    pub(crate) fn was_claimed_under(&self, name: &Name, lease: &Lease) -> bool {
        match self.by_name.get(name).map(|entry| &entry.remembered) {
            Some(Remembered::InProgress(own) | Remembered::Completed(own, _)) => own == lease,
            Some(Remembered::Sequencer(_)) | None => false,
        }
    }

    /// Returns whether a name is in progress under this lease, even if the lease has expired.
    pub(crate) fn is_in_progress_under(&self, name: &Name, lease: &Lease) -> bool {
        let remembered = self.by_name.get(name).map(|entry| &entry.remembered);
        matches!(remembered, Some(Remembered::InProgress(own)) if own == lease)
    }

    /// Returns whether a completion of this state has not expired.
    pub(crate) fn has_state(&self, state: &Identity) -> bool {
        let (first, last) = ((state.clone(), 0), (state.clone(), u64::MAX));
        let mut expiries = self.by_state.range(first..=last);
        let now = Instant::now();

        expiries.any(|(_, expires_at)| *expires_at > now)
    }

    /// Replaces an entry, and makes room for it.
    ///
    /// # Errors
    ///
    /// When the store is full of claims that are in progress.
    pub(crate) fn insert(
        &mut self,
        name: Name,
        remembered: Remembered,
        keep: Duration,
    ) -> Result<(), StoreError> {
        // If the clock cannot express the time, the entry is kept for a century.
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

        self.remove(&name);
        self.make_room()?;

        let number = self.next_number;
        self.next_number += 1;
        let now = Instant::now();
        let expires_at = now.checked_add(keep).unwrap_or_else(|| now + CENTURY);
        self.by_expiry.insert((expires_at, number), name.clone());

        if !matches!(remembered, Remembered::InProgress(_)) {
            self.by_age.insert(number, name.clone());
        }

        if let Remembered::Completed(_, Some(state)) = &remembered {
            self.by_state.insert((state.clone(), number), expires_at);
        }

        let entry = Entry {
            remembered,
            expires_at,
            number,
        };
        self.by_name.insert(name, entry);

        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &Name) {
        if let Some(entry) = self.by_name.remove(name) {
            self.by_expiry.remove(&(entry.expires_at, entry.number));
            self.by_age.remove(&entry.number);
            if let Remembered::Completed(_, Some(state)) = entry.remembered {
                self.by_state.remove(&(state, entry.number));
            }
        }
    }

    fn make_room(&mut self) -> Result<(), StoreError> {
        while self.by_name.len() >= self.capacity {
            let now = Instant::now();
            let expired = self
                .by_expiry
                .first_key_value()
                .filter(|((expires_at, _), _)| *expires_at <= now);
            let forgettable = expired
                .map(|(_, name)| name)
                .or_else(|| self.by_age.values().next());

            let Some(name) = forgettable.cloned() else {
                return Err(StoreError::new(format!(
                    "all {} entries of the store are in progress",
                    self.capacity
                )));
            };

            self.remove(&name);
        }

        Ok(())
    }
}
