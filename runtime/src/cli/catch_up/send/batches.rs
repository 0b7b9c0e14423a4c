//! Packs messages into calls.

use std::collections::VecDeque;

use super::outgoing::{MOST_BYTES, MOST_MESSAGES, Outgoing};

/// Messages that wait for a call, in order.
#[derive(Default)]
pub(super) struct Batches {
    waiting: VecDeque<Outgoing>,
}

impl Batches {
    pub(super) fn push(&mut self, message: Outgoing) {
        self.waiting.push_back(message);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the next call is as full as it can be.
    pub(super) fn has_full(&self) -> bool {
        self.waiting.len() >= MOST_MESSAGES
    }

    /// Takes the messages of the next call: as many as fit, in their order.
    ///
    /// Of a group of a FIFO queue, a call has one message only. Otherwise the queue could take the
    /// second message of a group and not the first, which would then come behind it.
    pub(super) fn take(&mut self, is_fifo: bool) -> Vec<Outgoing> {
        let mut batch: Vec<Outgoing> = Vec::with_capacity(MOST_MESSAGES);
        let mut bytes = 0;

        while let Some(next) = self.waiting.front() {
            bytes += next.bytes();
            let is_behind = is_fifo && batch.iter().any(|one| one.group == next.group);
            let is_full = batch.len() == MOST_MESSAGES || bytes > MOST_BYTES;
            if is_full || is_behind {
                break;
            }

            batch.extend(self.waiting.pop_front());
        }

        batch
    }
}
