//! How a queue is written to disk and restored: as the changes that lead to its state.

use super::queue::Queue;
use super::stored::QueueChange;

impl Queue {
    /// From now on keeps each change for [`drain_changes`](Self::drain_changes).
    pub(crate) fn start_recording(&mut self) {
        self.changes.get_or_insert_default();
        self.deduplication.start_recording();
    }

    /// The changes since the last call.
    pub(crate) fn drain_changes(&mut self) -> Vec<QueueChange> {
        let mut changes = self
            .changes
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();

        let seen = self.deduplication.drain_unwritten();
        changes.extend(seen.into_iter().map(QueueChange::Seen));

        changes
    }

    /// The changes that make an empty queue the same as this one.
    pub(crate) fn to_changes(&self) -> impl Iterator<Item = QueueChange> {
        let continued = (self.next_serial > 0).then_some(QueueChange::Continued {
            serial: self.next_serial,
        });
        let messages = self.stored().cloned().map(QueueChange::Added);
        let seen = self.deduplication.iter().cloned().map(QueueChange::Seen);

        continued.into_iter().chain(messages).chain(seen)
    }

    /// Restores a change.
    pub(crate) fn apply(&mut self, change: QueueChange) {
        match change {
            QueueChange::Added(stored) => self.insert(stored),
            QueueChange::VisibilityChanged {
                serial,
                visible,
                receive_count,
                received,
                first_received,
            } => {
                self.update(serial, |stored| {
                    stored.visible = visible;
                    stored.receive_count = receive_count;
                    stored.received = received;
                    stored.first_received = first_received;
                });
            }
            QueueChange::Removed { serial } => drop(self.remove(serial)),
            QueueChange::Continued { serial } => {
                self.next_serial = self.next_serial.max(serial);
            }
            QueueChange::Seen(seen) => self.deduplication.restore(seen),
        }
    }
}
