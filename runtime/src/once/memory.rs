//! A store in the memory of one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::Sequencer;
use tokio::time::Instant;

use crate::once::identity::Identity;
use crate::once::store::{Claim, Lease, StoreError};
use crate::{ClaimStore, SequencerStore};

/// Remembers within one process: for tests, and for what may be repeated when a process ends.
///
/// Bounded: when it is full, what has run out is forgotten, then the oldest completion or
/// sequencer. What is in progress is never forgotten before its lease; if there is nothing else, a
/// claim is an error.
#[derive(Debug)]
pub struct MemoryStore {
    entries: Mutex<Entries>,
}

#[derive(Debug)]
struct Entries {
    capacity: usize,
    entries: HashMap<Name, Entry>,
    /// All names, by the time at which they run out.
    by_time: BTreeMap<(Instant, u64), Name>,
    /// Those that may be forgotten before, oldest first.
    by_age: BTreeMap<u64, Name>,
    next: u64,
}

/// Records and objects live side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Record(Identity),
    Object(Identity),
}

#[derive(Debug)]
struct Entry {
    value: Value,
    until: Instant,
    number: u64,
}

#[derive(Debug)]
enum Value {
    InProgress(Lease),
    Completed(Lease),
    Sequencer(Sequencer),
}

impl MemoryStore {
    /// A store of 100,000 entries.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(100_000)
    }

    /// A store of so many entries; 0 counts as 1.
    #[must_use]
    pub fn with_capacity(entries: usize) -> Self {
        let entries = Entries {
            capacity: entries.max(1),
            entries: HashMap::new(),
            by_time: BTreeMap::new(),
            by_age: BTreeMap::new(),
            next: 0,
        };

        Self {
            entries: Mutex::new(entries),
        }
    }

    /// How many entries there are, those that have run out included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

impl Entries {
    /// What is remembered and has not run out.
    fn live(&self, name: &Name) -> Option<&Entry> {
        self.entries
            .get(name)
            .filter(|entry| entry.until > Instant::now())
    }

    /// Whether the identity was claimed under this lease and nobody else has claimed it since, run
    /// out or not.
    fn holds(&self, name: &Name, lease: &Lease) -> bool {
        let entry = self.entries.get(name).map(|entry| &entry.value);
        matches!(entry, Some(Value::InProgress(own) | Value::Completed(own)) if own == lease)
    }

    fn insert(&mut self, name: Name, value: Value, keep: Duration) -> Result<(), StoreError> {
        self.remove(&name);
        self.make_room()?;
        let number = self.next;
        self.next += 1;
        let now = Instant::now();
        // Longer than a clock can say is as good as a century.
        let until = now
            .checked_add(keep)
            .unwrap_or_else(|| now + Duration::from_secs(100 * 365 * 24 * 60 * 60));
        self.by_time.insert((until, number), name.clone());

        if !matches!(value, Value::InProgress(_)) {
            self.by_age.insert(number, name.clone());
        }

        self.entries.insert(
            name,
            Entry {
                value,
                until,
                number,
            },
        );

        Ok(())
    }

    fn remove(&mut self, name: &Name) {
        if let Some(entry) = self.entries.remove(name) {
            self.by_time.remove(&(entry.until, entry.number));
            self.by_age.remove(&entry.number);
        }
    }

    fn make_room(&mut self) -> Result<(), StoreError> {
        while self.entries.len() >= self.capacity {
            let now = Instant::now();
            let run_out = self
                .by_time
                .first_key_value()
                .filter(|((until, _), _)| *until <= now);
            let forgettable = run_out
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

#[async_trait]
impl ClaimStore for MemoryStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();

        match entries.live(&name) {
            Some(Entry {
                value: Value::InProgress(_),
                until,
                ..
            }) => {
                return Ok(Claim::InProgress {
                    left: Some(until.saturating_duration_since(Instant::now())),
                });
            }
            Some(_) => return Ok(Claim::Completed),
            None => {}
        }

        let token = Lease::new(entries.next.to_string());
        entries.insert(name, Value::InProgress(token.clone()), lease)?;

        Ok(Claim::Acquired(token))
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        let may_complete = entries.live(&name).is_none() || entries.holds(&name, lease);

        if may_complete {
            entries.insert(name, Value::Completed(lease.clone()), keep)?;
        }

        Ok(may_complete)
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        let own = matches!(entries.entries.get(&name).map(|entry| &entry.value), Some(Value::InProgress(own)) if own == lease);

        if own {
            entries.remove(&name);
        }

        Ok(own || !entries.entries.contains_key(&name))
    }
}

#[async_trait]
impl SequencerStore for MemoryStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        match self.lock().live(&Name::Object(object.clone())) {
            Some(Entry {
                value: Value::Sequencer(sequencer),
                ..
            }) => Ok(Some(sequencer.clone())),
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
            return Err(StoreError::new(format!(
                "the sequencer `{sequencer}` is not hexadecimal"
            )));
        }

        let name = Name::Object(object.clone());
        let mut entries = self.lock();

        if let Some(Entry {
            value: Value::Sequencer(latest),
            ..
        }) = entries.live(&name)
            && latest.compare(sequencer).is_some_and(|order| order.is_gt())
        {
            return Ok(());
        }

        // Kept by this process alone, so the payload that the text is a slice of must not be kept
        // with it.
        entries.insert(
            name,
            Value::Sequencer(Sequencer::from(sequencer.as_str())),
            keep,
        )
    }
}
