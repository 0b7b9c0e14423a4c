//! A queue as a state machine.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::deduplication::Deduplication;
use super::message::{Accepted, Message, Redriven, SendRefusal, Sent};
use super::order::ReceiveOrder;
use super::stored::{QueueChange, StoredMessage};
use crate::topology::QueueSpec;

/// A queue with the rules of SQS. It has no clock and no threads: the caller passes the time to
/// each call.
///
/// - A received message is invisible for the visibility timeout. Then it becomes visible again,
///   unless it was deleted.
/// - A message that has been received [`max_receive_count`](crate::Redrive::max_receive_count)
///   times moves to the dead-letter queue instead of being received again. Its count goes on there.
/// - Each receive has its own receipt. A delete with the receipt of an earlier receive succeeds,
///   but deletes nothing.
/// - In a FIFO queue the messages of a group are received in the order in which they were sent, and
///   none of them while another one is in flight. A message whose deduplication id was seen within
///   five minutes is accepted and dropped.
/// - A message that is older than the retention is lost, even while it is invisible.
///
/// ("Amazon SQS visibility timeout", "Using dead-letter queues in Amazon SQS", "FIFO queue delivery
/// logic", Amazon SQS Developer Guide, 2026; `DeleteMessage`, Amazon SQS API Reference.)
///
/// The time must not go backwards from call to call.
///
/// ```
/// use std::collections::HashSet;
/// use std::time::SystemTime;
///
/// use s3_dispatch_local::{Deletion, Message, Queue, QueueSpec};
///
/// let now = SystemTime::UNIX_EPOCH;
/// let mut queue = Queue::new(QueueSpec::new("uploads"));
/// queue.send(now, Message::new("1", "hello")).unwrap();
///
/// let received = queue.receive(now, 10, &HashSet::new(), 0).messages.remove(0);
/// assert_eq!(received.receive_count, 1);
/// assert!(matches!(queue.delete(now, received.receipt), Deletion::Deleted(_)));
/// assert!(queue.is_empty());
/// ```
pub struct Queue {
    pub(super) name: Arc<str>,
    pub(super) spec: QueueSpec,
    pub(super) messages: BTreeMap<u64, StoredMessage>,
    pub(super) order: ReceiveOrder,
    /// When each message expires.
    expiries: BTreeSet<(SystemTime, u64)>,
    pub(super) deduplication: Deduplication,
    pub(super) next_serial: u64,
    /// The changes that are not written to disk yet. `None` if nothing is written.
    pub(super) changes: Option<Vec<QueueChange>>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(spec: QueueSpec) -> Self {
        Self {
            name: spec.name.as_str().into(),
            messages: BTreeMap::new(),
            order: ReceiveOrder::new(spec.is_fifo()),
            expiries: BTreeSet::new(),
            deduplication: Deduplication::default(),
            next_serial: 0,
            changes: None,
            spec,
        }
    }

    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The queue's settings.
    #[must_use]
    pub fn spec(&self) -> &QueueSpec {
        &self.spec
    }

    /// Changes the settings. A new retention also applies to the messages that are there.
    pub(crate) fn set_spec(&mut self, spec: QueueSpec) {
        debug_assert_eq!(spec.name, self.spec.name, "a queue keeps its name");
        self.spec = spec;

        let messages = self.messages.values();
        self.expiries = messages
            .map(|stored| (stored.sent + self.spec.retention, stored.serial))
            .collect();
    }

    /// Applies the delay of a FIFO queue to the messages that are delayed at present. In a standard
    /// queue a new delay is only for new messages ("Amazon SQS delay queues", Amazon SQS Developer
    /// Guide, 2026).
    pub(crate) fn apply_delay(&mut self, now: SystemTime) {
        if !self.spec.is_fifo() {
            return;
        }

        let is_delayed =
            |stored: &&StoredMessage| stored.received.is_none() && stored.visible > now;
        let delayed: Vec<_> = self
            .stored()
            .filter(is_delayed)
            .map(|one| one.serial)
            .collect();
        let delay = self.spec.delay;

        for serial in delayed {
            self.update(serial, |stored| stored.visible = stored.sent + delay);
        }
    }

    /// How many messages the queue holds, including delayed and invisible ones, and expired ones
    /// that are not removed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether the queue is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many more messages the queue accepts.
    #[must_use]
    pub fn room(&self) -> usize {
        self.spec.capacity.saturating_sub(self.messages.len())
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the queue rejects the message. A retry helps only for [`SendRefusal::Full`].
    pub fn send(&mut self, now: SystemTime, message: Message) -> Result<Sent, SendRefusal> {
        let accepted = self.send_after(now, message, self.spec.delay)?;

        Ok(if accepted.is_duplicate {
            Sent::Duplicate {
                of: accepted.message_id,
            }
        } else {
            Sent::Accepted
        })
    }

    /// Sends a message that becomes visible after this delay.
    pub(crate) fn send_after(
        &mut self,
        now: SystemTime,
        mut message: Message,
        delay: Duration,
    ) -> Result<Accepted, SendRefusal> {
        if message.length() > self.spec.max_message_size {
            return Err(SendRefusal::TooLong);
        }

        let mut new_id = None;
        if self.spec.is_fifo() {
            let id = self.deduplication_id(&message)?;
            if let Some((message_id, serial)) = self.deduplication.find(now, &id) {
                return Ok(Accepted {
                    message_id,
                    serial,
                    is_duplicate: true,
                });
            }

            message.deduplication_id = Some(Arc::clone(&id));
            new_id = Some(id);
        }

        if self.room() == 0 {
            return Err(SendRefusal::Full);
        }

        let accepted = Accepted {
            message_id: Arc::clone(&message.id),
            serial: self.next_serial,
            is_duplicate: false,
        };

        if let Some(id) = new_id {
            let message_id = Arc::clone(&message.id);
            self.deduplication
                .remember(now, id, message_id, accepted.serial);
        }

        let stored = StoredMessage::new(accepted.serial, message, now, now + delay);
        self.insert(stored);

        Ok(accepted)
    }

    /// The deduplication id of a message for this FIFO queue.
    fn deduplication_id(&self, message: &Message) -> Result<Arc<str>, SendRefusal> {
        if message.group_id.is_none() {
            return Err(SendRefusal::NoGroup);
        }

        match &message.deduplication_id {
            Some(id) => Ok(Arc::clone(id)),
            None if self.spec.content_based_deduplication => {
                Ok(Deduplication::id_of(&message.body))
            }
            None => Err(SendRefusal::NoDeduplicationId),
        }
    }

    /// Inserts a message that is moved from another queue, even if this queue knows its
    /// deduplication id. It is like a new one.
    pub(crate) fn insert_moved(&mut self, now: SystemTime, message: Message) {
        let stored = StoredMessage::new(self.next_serial, message, now, now);
        self.insert(stored);
    }

    /// The message with this id, or else the first one, if it can be received.
    pub(crate) fn visible(&self, now: SystemTime, id: Option<&str>) -> Option<&StoredMessage> {
        if let Some(id) = id {
            let mut visible = self
                .messages
                .values()
                .filter(|stored| stored.visible <= now);
            return visible.find(|stored| *stored.message.id == *id);
        }

        let (_, serial) = self.order.next_ready(None, now)?;
        self.messages.get(&serial)
    }

    /// Takes out the message with this serial number.
    pub(crate) fn take(&mut self, serial: u64) -> Option<Message> {
        self.remove(serial).map(|stored| stored.message)
    }

    /// Removes all messages, and returns them.
    pub(crate) fn purge(&mut self) -> Vec<Message> {
        let serials: Vec<_> = self.messages.keys().copied().collect();
        let removed = serials.into_iter().filter_map(|serial| self.remove(serial));

        removed.map(|stored| stored.message).collect()
    }

    /// Inserts a message from a queue that this one is the dead-letter queue of, even if this queue
    /// is full.
    ///
    /// Its receive count goes on. In a standard queue it keeps its age, so a dead-letter queue
    /// should have a longer retention than the queues before it.
    pub fn insert_redriven(&mut self, now: SystemTime, redriven: Redriven) {
        let sent = if self.spec.is_fifo() {
            now
        } else {
            redriven.sent
        };

        let stored = StoredMessage::new(self.next_serial, redriven.message, sent, now);
        self.insert(StoredMessage {
            received_before: redriven.receive_count,
            dead_letter_source: Some(redriven.source),
            ..stored
        });
    }

    /// When the next message expires, which can be in the past. `None` if the queue is empty.
    #[must_use]
    pub fn next_expiry(&self) -> Option<SystemTime> {
        self.expiries.first().map(|(time, _)| *time)
    }

    /// When the next message outside the `excluded` groups can be received, which can be in the
    /// past. `None` if there is no such message.
    #[must_use]
    pub fn next_ready(&self, excluded: &HashSet<Arc<str>>) -> Option<SystemTime> {
        self.order
            .heads()
            .find(|(_, serial)| !is_in(&self.messages[serial].message, excluded))
            .map(|(time, _)| *time)
    }

    /// Removes the messages that are older than the retention.
    pub fn expire(&mut self, now: SystemTime) -> Vec<Message> {
        let mut expired = Vec::new();

        while let Some((time, serial)) = self.expiries.first().copied() {
            if time > now {
                break;
            }
            expired.extend(self.remove(serial).map(|stored| stored.message));
        }

        expired
    }

    /// The messages, oldest first.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &StoredMessage> {
        self.messages.values()
    }

    pub(super) fn insert(&mut self, stored: StoredMessage) {
        let serial = stored.serial;
        self.next_serial = self.next_serial.max(serial + 1);

        self.record(|| QueueChange::Added(stored.clone()));
        self.expiries
            .insert((stored.sent + self.spec.retention, serial));
        self.order.insert(&stored);
        self.messages.insert(serial, stored);
    }

    pub(super) fn remove(&mut self, serial: u64) -> Option<StoredMessage> {
        let stored = self.messages.remove(&serial)?;

        self.order.remove(&stored);
        self.expiries
            .remove(&(stored.sent + self.spec.retention, serial));
        self.record(|| QueueChange::Removed { serial });

        Some(stored)
    }

    pub(super) fn update(&mut self, serial: u64, change: impl FnOnce(&mut StoredMessage)) {
        let Some(stored) = self.messages.get_mut(&serial) else {
            return;
        };

        self.order.remove(stored);
        change(stored);
        self.order.insert(stored);

        let change = stored.visibility_change();
        self.record(|| change);
    }

    fn record(&mut self, change: impl FnOnce() -> QueueChange) {
        if let Some(changes) = &mut self.changes {
            changes.push(change());
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", &self.name)
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

/// Whether a message is in one of these groups.
pub(super) fn is_in(message: &Message, groups: &HashSet<Arc<str>>) -> bool {
    let group = message.group_id.as_ref();
    group.is_some_and(|group| groups.contains(group))
}
