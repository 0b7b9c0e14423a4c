//! Which messages a FIFO queue has seen.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::sqs::stored::Memory;

/// Deduplication ids of the last five minutes ("Exactly-once processing in Amazon SQS", Amazon SQS
/// Developer Guide, 2026), whatever has become of their messages.
#[derive(Debug, Default)]
pub(crate) struct Deduplication {
    message_ids: HashMap<Arc<str>, Arc<str>>,
    by_age: VecDeque<Memory>,
    /// How many of the youngest are still to be written down, if any are.
    unwritten: Option<usize>,
}

const INTERVAL: Duration = Duration::from_secs(5 * 60);

impl Deduplication {
    /// The deduplication id of a message that has none.
    pub(crate) fn id_of(body: &str) -> Arc<str> {
        let mut id = String::with_capacity(64);
        for byte in Sha256::digest(body.as_bytes()) {
            // Writing into a string does not fail.
            let _ = write!(id, "{byte:02x}");
        }

        id.into()
    }

    /// The message that this id came with.
    pub(crate) fn find(&mut self, now: SystemTime, id: &str) -> Option<Arc<str>> {
        while self
            .by_age
            .front()
            .is_some_and(|oldest| oldest.until <= now)
        {
            if let Some(oldest) = self.by_age.pop_front() {
                self.message_ids.remove(&oldest.id);
            }
        }

        self.message_ids.get(id).cloned()
    }

    pub(crate) fn remember(&mut self, now: SystemTime, id: Arc<str>, message_id: Arc<str>) {
        self.restore(Memory {
            id,
            message_id,
            until: now + INTERVAL,
        });

        if let Some(unwritten) = &mut self.unwritten {
            *unwritten += 1;
        }
    }

    pub(crate) fn restore(&mut self, memory: Memory) {
        self.message_ids
            .insert(Arc::clone(&memory.id), Arc::clone(&memory.message_id));
        self.by_age.push_back(memory);
    }

    pub(crate) fn record(&mut self) {
        self.unwritten.get_or_insert(0);
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Memory> {
        let unwritten = self
            .unwritten
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();

        let written = self.by_age.len().saturating_sub(unwritten);

        self.by_age
            .iter()
            .skip(written)
            .cloned()
            .collect::<Vec<_>>()
            .into_iter()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Memory> {
        self.by_age.iter().cloned().collect::<Vec<_>>().into_iter()
    }
}
