//! The batches that a mapping makes of received messages.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::event::{MAX_PAYLOAD_BYTES, event_length, record_json};
use crate::aws::lineage::Lineage;
use crate::sqs::Received;
use crate::topology::is_fifo;

/// A received message, with its part of the event.
#[derive(Debug, Clone)]
pub(super) struct BatchMessage {
    pub(super) received: Received,
    /// The message as an entry of `Records`.
    pub(super) json: String,
    /// The group, in a FIFO queue.
    group: Option<Arc<str>>,
    /// How it came about. The messages of a batch have the same lineage, so that it is also that of
    /// what the invocation writes.
    pub(super) lineage: Lineage,
}

/// The messages that were received but are not in a batch yet, and the groups that must wait.
///
/// Only one batch of a message group runs at a time.
#[derive(Debug)]
pub(super) struct Backlog {
    batch_size: usize,
    messages: VecDeque<BatchMessage>,
    /// The groups of the batches that are running.
    busy: HashSet<Arc<str>>,
}

impl BatchMessage {
    fn new(queue: &str, received: Received) -> Self {
        let group = received.message.group_id.clone();

        Self {
            json: record_json(queue, &received),
            group: group.filter(|_| is_fifo(queue)),
            lineage: lineage(&received),
            received,
        }
    }
}

impl Backlog {
    pub(super) fn new(batch_size: usize) -> Self {
        Self {
            batch_size,
            messages: VecDeque::new(),
            busy: HashSet::new(),
        }
    }

    pub(super) fn push(&mut self, queue: &str, received: Received) {
        self.messages.push_back(BatchMessage::new(queue, received));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many more messages the next batch can have.
    pub(super) fn missing(&self) -> usize {
        self.batch_size.saturating_sub(self.messages.len())
    }

    /// The groups of the batches that are running.
    pub(super) fn busy_groups(&self) -> &HashSet<Arc<str>> {
        &self.busy
    }

    /// Whether a batch can be made of at least one message.
    pub(super) fn has_batch(&self) -> bool {
        self.messages.iter().any(|message| self.is_free(message))
    }

    /// Whether the messages fill a batch, by their number or by their length.
    pub(super) fn is_full(&self) -> bool {
        let lengths = self.messages.iter().map(|message| message.json.len());
        self.missing() == 0 || event_length(lengths) > MAX_PAYLOAD_BYTES
    }

    fn is_free(&self, message: &BatchMessage) -> bool {
        let group = message.group.as_ref();
        group.is_none_or(|group| !self.busy.contains(group))
    }

    /// Takes the next batch, and keeps its groups busy until they are
    /// [released](Self::release).
    ///
    /// A batch whose event would be longer than 6 MB is split, and so is one of messages with
    /// different lineages. A message that is too long by itself
    /// is taken alone.
    pub(super) fn take_batch(&mut self) -> (Vec<BatchMessage>, HashSet<Arc<str>>) {
        let mut batch: Vec<BatchMessage> = Vec::new();
        let mut rest = VecDeque::new();
        let mut length = event_length(std::iter::empty());
        let mut is_closed = false;

        for message in std::mem::take(&mut self.messages) {
            let is_free = self.is_free(&message);
            let new_length = length + message.json.len() + 1;
            let fits = batch.first().is_none_or(|first| {
                batch.len() < self.batch_size
                    && new_length <= MAX_PAYLOAD_BYTES
                    && first.lineage == message.lineage
            });
            is_closed |= is_free && !fits;

            if is_closed || !is_free {
                rest.push_back(message);
            } else {
                length = new_length;
                batch.push(message);
            }
        }

        self.messages = rest;
        let groups: HashSet<_> = batch
            .iter()
            .filter_map(|message| message.group.clone())
            .collect();
        self.busy.extend(groups.iter().cloned());

        (batch, groups)
    }

    /// Lets the next batch of these groups run.
    pub(super) fn release(&mut self, groups: &HashSet<Arc<str>>) {
        self.busy.retain(|group| !groups.contains(group));
    }
}

/// How a message came about.
pub(super) fn lineage(received: &Received) -> Lineage {
    let trace_header = received.message.trace_header.as_deref();
    trace_header.map(Lineage::parse).unwrap_or_default()
}
