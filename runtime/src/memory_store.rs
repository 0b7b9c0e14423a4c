//! A store in the memory of one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::Sequencer;
use tokio::time::Instant;

use crate::{Claim, ClaimStore, Identity, Lease, SequencerStore, StoreError};

/// Remembers within one process: for tests, and for what may be repeated when a process ends.
///
/// Bounded: when it is full, what has run out is forgotten, then the oldest completion or sequencer. What is in progress
/// is never forgotten before its lease; if there is nothing else, a claim is an error.
#[derive(Debug)]
pub struct MemoryStore {
    entries: Mutex<Entries>,
}

#[derive(Debug)]
struct Entries {
    capacity: usize,
    entries: HashMap<Name, Entry>,
    /// The names in the order in which they came, some of them gone meanwhile.
    order: VecDeque<(Name, u64)>,
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
    /// `None`: never, since the clock cannot say when.
    until: Option<Instant>,
    number: u64,
}

#[derive(Debug)]
enum Value {
    InProgress(Lease),
    Completed,
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
        let entries = Entries { capacity: entries.max(1), entries: HashMap::new(), order: VecDeque::new(), next: 0 };
        Self { entries: Mutex::new(entries) }
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
    fn live(&self, name: &Name) -> Option<&Value> {
        self.entries.get(name).filter(|entry| !entry.has_run_out()).map(|entry| &entry.value)
    }

    /// Whether the identity is in progress under this lease, even if that has run out without anyone noticing.
    fn holds(&self, name: &Name, lease: &Lease) -> bool {
        let entry = self.entries.get(name);
        matches!(entry, Some(Entry { value: Value::InProgress(own), .. }) if own == lease)
    }

    fn insert(&mut self, name: Name, value: Value, keep: Duration) -> Result<(), StoreError> {
        if !self.entries.contains_key(&name) {
            self.make_room()?;
        }
        let number = self.next;
        self.next += 1;
        self.order.push_back((name.clone(), number));
        self.entries.insert(name, Entry { value, until: Instant::now().checked_add(keep), number });
        self.compact();
        Ok(())
    }

    /// Forgets the oldest that may be forgotten; what is in progress goes to the end of the line.
    fn make_room(&mut self) -> Result<(), StoreError> {
        let mut spared = 0;
        while self.entries.len() >= self.capacity {
            let Some((name, number)) = self.order.pop_front() else { break };
            let Some(entry) = self.entries.get(&name).filter(|entry| entry.number == number) else { continue };
            if matches!(entry.value, Value::InProgress(_)) && !entry.has_run_out() {
                self.order.push_back((name, number));
                spared += 1;
                if spared > self.capacity {
                    return Err(StoreError::new(format!("all {} entries of the store are in progress", self.capacity)));
                }
            } else {
                self.entries.remove(&name);
            }
        }
        Ok(())
    }

    /// Keeps the line from growing by names that came several times.
    fn compact(&mut self) {
        if self.order.len() > 2 * self.capacity.max(16) {
            let entries = &self.entries;
            self.order.retain(|(name, number)| entries.get(name).is_some_and(|entry| entry.number == *number));
        }
    }
}

impl Entry {
    fn has_run_out(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

#[async_trait]
impl ClaimStore for MemoryStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        match entries.live(&name) {
            Some(Value::InProgress(_)) => return Ok(Claim::InProgress),
            Some(_) => return Ok(Claim::Completed),
            None => {}
        }
        let token = Lease::new(entries.next.to_string());
        entries.insert(name, Value::InProgress(token.clone()), lease)?;
        Ok(Claim::Acquired(token))
    }

    async fn complete(&self, identity: &Identity, lease: &Lease, keep: Duration) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        let may_complete = entries.live(&name).is_none() || entries.holds(&name, lease);
        if may_complete {
            entries.insert(name, Value::Completed, keep)?;
        }
        Ok(may_complete)
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let name = Name::Record(identity.clone());
        let mut entries = self.lock();
        let held = entries.holds(&name, lease);
        if held {
            entries.entries.remove(&name);
        }
        Ok(held)
    }
}

#[async_trait]
impl SequencerStore for MemoryStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        match self.lock().live(&Name::Object(object.clone())) {
            Some(Value::Sequencer(sequencer)) => Ok(Some(sequencer.clone())),
            _ => Ok(None),
        }
    }

    async fn advance(&self, object: &Identity, sequencer: &Sequencer, keep: Duration) -> Result<(), StoreError> {
        if sequencer.compare(sequencer).is_none() {
            return Err(StoreError::new(format!("the sequencer `{sequencer}` is not hexadecimal")));
        }
        let name = Name::Object(object.clone());
        let mut entries = self.lock();
        if let Some(Value::Sequencer(latest)) = entries.live(&name)
            && latest.compare(sequencer).is_some_and(|order| order.is_gt())
        {
            return Ok(());
        }
        // Kept by this process alone, so the payload that the text is a slice of must not be kept with it.
        entries.insert(name, Value::Sequencer(Sequencer::from(sequencer.as_str())), keep)
    }
}
