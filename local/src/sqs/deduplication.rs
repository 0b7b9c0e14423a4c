//! The deduplication ids that a FIFO queue remembers.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aws::digest::sha256_hex;

/// How long an id is remembered, even if its message is deleted ("Exactly-once processing in Amazon
/// SQS", Amazon SQS Developer Guide, 2026).
const INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The deduplication ids of the last five minutes.
#[derive(Debug, Default)]
pub(crate) struct Deduplication {
    /// By the deduplication id, the id and the serial number of its first message.
    messages: HashMap<Arc<str>, (Arc<str>, u64)>,
    by_age: VecDeque<SeenId>,
    /// How many of the newest ids are not written to disk yet. `None` if nothing is written.
    unwritten: Option<usize>,
}

/// A deduplication id that a queue has seen.
#[derive(Debug, Clone)]
pub(crate) struct SeenId {
    pub(crate) id: Arc<str>,
    /// The id of the first message with this deduplication id.
    pub(crate) message_id: Arc<str>,
    /// The position of that message in the queue.
    pub(crate) serial: u64,
    pub(crate) until: SystemTime,
}

impl Deduplication {
    /// The deduplication id of a message that has none: the digest of its body.
    pub(crate) fn id_of(body: &str) -> Arc<str> {
        sha256_hex(body.as_bytes()).into()
    }

    /// The id and the serial number of the first message with this deduplication id.
    pub(crate) fn find(&mut self, now: SystemTime, id: &str) -> Option<(Arc<str>, u64)> {
        self.forget_old(now);
        self.messages.get(id).cloned()
    }

    fn forget_old(&mut self, now: SystemTime) {
        while let Some(oldest) = self.by_age.front() {
            if oldest.until > now {
                break;
            }
            self.messages.remove(&oldest.id);
            self.by_age.pop_front();
        }
    }

    pub(crate) fn remember(
        &mut self,
        now: SystemTime,
        id: Arc<str>,
        message_id: Arc<str>,
        serial: u64,
    ) {
        self.restore(SeenId {
            id,
            message_id,
            serial,
            until: now + INTERVAL,
        });

        if let Some(unwritten) = &mut self.unwritten {
            *unwritten += 1;
        }
    }

    /// Remembers an id that is already on disk.
    pub(crate) fn restore(&mut self, seen: SeenId) {
        let message = (Arc::clone(&seen.message_id), seen.serial);
        self.messages.insert(Arc::clone(&seen.id), message);
        self.by_age.push_back(seen);
    }

    /// From now on keeps track of the ids that are not on disk.
    pub(crate) fn start_recording(&mut self) {
        self.unwritten.get_or_insert(0);
    }

    /// The ids that are not on disk. They count as written afterwards.
    pub(crate) fn drain_unwritten(&mut self) -> Vec<SeenId> {
        let unwritten = self.unwritten.as_mut().map(std::mem::take);
        let written = self
            .by_age
            .len()
            .saturating_sub(unwritten.unwrap_or_default());

        self.by_age.iter().skip(written).cloned().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SeenId> {
        self.by_age.iter()
    }
}
