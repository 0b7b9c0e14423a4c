//! A queue.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::sqs::deduplication::Deduplication;
use crate::sqs::stored::{Held, QueueChange};
use crate::{
    Deletion, Message, NotInFlight, QueueSpec, Receipt, Receive, Received, Redriven, SendRefusal,
    Sent,
};

/// A queue with the rules of SQS, as a state machine: it has no clock and no threads, every call
/// says what time it is.
///
/// - A received message is invisible for the visibility timeout, and visible again after it unless
///   it was deleted.
/// - A message that has been received [`max_receive_count`](crate::Redrive::max_receive_count)
///   times goes to the dead-letter queue instead of being received once more, and is counted on
///   there.
/// - Each receive has a receipt of its own. Deleting with that of an earlier receive succeeds, and
///   deletes nothing.
/// - In a FIFO queue the messages of a group come in the order in which they were sent, and none of
///   them while another is invisible. A message whose deduplication id was seen within five minutes
///   is taken, and dropped.
/// - What is older than the retention is lost, invisible or not.
///
/// ("Amazon SQS visibility timeout", "Using dead-letter queues in Amazon SQS", "FIFO queue delivery
/// logic", Amazon SQS Developer Guide, 2026; `DeleteMessage`, Amazon SQS API Reference.)
///
/// Times must not go back from call to call.
pub struct Queue {
    name: Arc<str>,
    spec: QueueSpec,
    messages: BTreeMap<u64, Held>,
    /// Of a FIFO queue. In a standard queue every message is on its own.
    groups: HashMap<Arc<str>, Group>,
    /// The first message of each group, by the time from which on it may be received.
    ready: BTreeSet<(SystemTime, u64)>,
    expiring: BTreeSet<(SystemTime, u64)>,
    deduplication: Deduplication,
    next_serial: u64,
    /// What is to be written down, if anything is.
    changes: Option<Vec<QueueChange>>,
}

#[derive(Default)]
struct Group {
    serials: BTreeSet<u64>,
    /// When those that were received are visible again.
    received: BTreeSet<(SystemTime, u64)>,
    ready: Option<(SystemTime, u64)>,
}

/// "Amazon SQS message quotas", Amazon SQS Developer Guide, 2026.
const LONGEST_MESSAGE: usize = 1024 * 1024;
const LONGEST_INVISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(spec: QueueSpec) -> Self {
        Self {
            name: spec.name.as_str().into(),
            spec,
            messages: BTreeMap::new(),
            groups: HashMap::new(),
            ready: BTreeSet::new(),
            expiring: BTreeSet::new(),
            deduplication: Deduplication::default(),
            next_serial: 0,
            changes: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its settings.
    #[must_use]
    pub fn spec(&self) -> &QueueSpec {
        &self.spec
    }

    /// How many messages it holds, delayed and invisible ones included, and those that have expired
    /// unnoticed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the queue does not take it.
    pub fn send(&mut self, now: SystemTime, message: Message) -> Result<Sent, SendRefusal> {
        if message.body.len() > LONGEST_MESSAGE {
            return Err(SendRefusal::TooLong);
        }

        let mut message = message;
        if self.spec.is_fifo() {
            if message.group_id.is_none() {
                return Err(SendRefusal::NoGroup);
            }

            let id = match message.deduplication_id.take() {
                Some(id) => id,
                None if self.spec.content_based_deduplication => {
                    Deduplication::id_of(&message.body)
                }
                None => return Err(SendRefusal::NoDeduplicationId),
            };

            if let Some(of) = self.deduplication.find(now, &id) {
                return Ok(Sent::Duplicate { of });
            }

            message.deduplication_id = Some(id);
        }

        if self.messages.len() >= self.spec.capacity {
            return Err(SendRefusal::Full);
        }

        if let Some(id) = message
            .deduplication_id
            .clone()
            .filter(|_| self.spec.is_fifo())
        {
            self.deduplication
                .remember(now, id, Arc::clone(&message.id));
        }

        let delay = self.spec.delay;
        self.insert(Held::new(self.next_serial, message, now, now + delay));

        Ok(Sent::Accepted)
    }

    /// Takes a message from the queue that this one is the dead-letter queue of, even when it is
    /// full.
    ///
    /// Its receives are counted on. In a standard queue it keeps its age: a dead-letter queue must
    /// keep messages for longer than the queues before it.
    pub fn bury(&mut self, now: SystemTime, redriven: Redriven) {
        let sent = if self.spec.is_fifo() {
            now
        } else {
            redriven.sent
        };

        let held = Held::new(self.next_serial, redriven.message, sent, now);
        self.insert(Held {
            received_before: redriven.receive_count,
            ..held
        });
    }

    /// How many more messages it would take.
    #[must_use]
    pub fn room(&self) -> usize {
        self.spec.capacity.saturating_sub(self.messages.len())
    }

    /// Receives at most so many messages, none of them of a group that is named. At most `room`
    /// messages are redriven: one that the dead-letter queue has no room for is left alone for
    /// a visibility timeout.
    pub fn receive(
        &mut self,
        now: SystemTime,
        most: usize,
        except: &HashSet<Arc<str>>,
        room: usize,
    ) -> Receive {
        let mut receive = Receive {
            expired: self.expire(now),
            ..Receive::default()
        };
        let mut last = (SystemTime::UNIX_EPOCH, 0);
        let mut seen = HashSet::new();

        while receive.messages.len() < most {
            let next = self
                .ready
                .range((Bound::Excluded(last), Bound::Included((now, u64::MAX))))
                .next();
            let Some((time, head)) = next.copied() else {
                break;
            };

            last = (time, head);

            let is_excepted = self.messages[&head]
                .message
                .group_id
                .as_ref()
                .is_some_and(|group| except.contains(group));

            for serial in self.visible_from(head, now) {
                // Without a visibility timeout it is back already.
                if !is_excepted && receive.messages.len() < most && seen.insert(serial) {
                    self.receive_one(serial, now, room, &mut receive);
                }
            }
        }

        receive
    }

    /// Deletes what was received with this receipt.
    pub fn delete(&mut self, now: SystemTime, receipt: Receipt) -> Deletion {
        match self.messages.get(&receipt.serial) {
            None => Deletion::Absent,
            Some(held) if held.receive_count != receipt.receive_count => Deletion::Superseded,
            Some(held) if self.spec.is_fifo() && held.visible <= now => Deletion::Expired,
            Some(_) => match self.remove(receipt.serial) {
                Some(held) => Deletion::Deleted(held.message),
                None => Deletion::Absent,
            },
        }
    }

    /// Makes a received message invisible for so long from now; at most 12 hours from its receive.
    /// Zero makes it visible.
    ///
    /// # Errors
    ///
    /// When it was not received with this receipt last, or is visible by now.
    pub fn change_visibility(
        &mut self,
        now: SystemTime,
        receipt: Receipt,
        timeout: Duration,
    ) -> Result<(), NotInFlight> {
        let held = self.messages.get(&receipt.serial).ok_or(NotInFlight)?;
        let received = held
            .received
            .filter(|_| held.receive_count == receipt.receive_count && held.visible > now);
        let latest = received.ok_or(NotInFlight)? + LONGEST_INVISIBILITY;
        self.update(receipt.serial, |held| {
            held.visible = (now + timeout).min(latest)
        });

        Ok(())
    }

    /// When the next message expires, if there is any; that may be in the past.
    #[must_use]
    pub fn next_expiry(&self) -> Option<SystemTime> {
        self.expiring.first().map(|(time, _)| *time)
    }

    /// When the next message may be received that is of none of these groups, if there is any; that
    /// may be in the past.
    #[must_use]
    pub fn next_ready(&self, except: &HashSet<Arc<str>>) -> Option<SystemTime> {
        let is_free = |head: &u64| {
            !self.messages[head]
                .message
                .group_id
                .as_ref()
                .is_some_and(|id| except.contains(id))
        };

        self.ready
            .iter()
            .find(|(_, head)| is_free(head))
            .map(|(time, _)| *time)
    }

    /// Throws away what is older than the retention.
    pub fn expire(&mut self, now: SystemTime) -> Vec<Message> {
        let mut expired = Vec::new();
        while let Some((_, serial)) = self
            .expiring
            .first()
            .copied()
            .filter(|(time, _)| *time <= now)
        {
            expired.extend(self.remove(serial).map(|held| held.message));
        }

        expired
    }

    /// Its messages, the oldest first.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Held> {
        self.messages.values()
    }

    fn receive_one(&mut self, serial: u64, now: SystemTime, room: usize, receive: &mut Receive) {
        let most = self
            .spec
            .redrive
            .as_ref()
            .map(|redrive| redrive.max_receive_count);

        let invisible_until = now + self.spec.visibility_timeout;

        if most.is_some_and(|most| self.messages[&serial].receive_count >= most) {
            if receive.redriven.len() >= room {
                self.update(serial, |held| held.visible = invisible_until);
            } else if let Some(held) = self.remove(serial) {
                let receive_count = held.receives();
                receive.redriven.push(Redriven {
                    message: held.message,
                    sent: held.sent,
                    receive_count,
                });
            }

            return;
        }

        self.update(serial, |held| {
            held.visible = invisible_until;
            held.receive_count += 1;
            held.received = Some(now);
            held.first_received.get_or_insert(now);
        });

        let held = &self.messages[&serial];

        receive.messages.push(Received {
            message: held.message.clone(),
            receipt: Receipt {
                serial,
                receive_count: held.receive_count,
            },
            receive_count: held.receives(),
            sent: held.sent,
            first_received: held.first_received.unwrap_or(now),
            invisible_until,
            sequence_number: serial,
        });
    }

    /// The messages of the group of this one that can be received now, in order.
    fn visible_from(&self, head: u64, now: SystemTime) -> Vec<u64> {
        match self.group_of(head) {
            None => vec![head],
            Some(group) => {
                let is_visible = |serial: &&u64| self.messages[*serial].visible <= now;
                group
                    .serials
                    .iter()
                    .take_while(is_visible)
                    .copied()
                    .collect()
            }
        }
    }

    fn group_of(&self, serial: u64) -> Option<&Group> {
        let group = self.messages.get(&serial)?.message.group_id.as_ref()?;
        self.groups.get(group).filter(|_| self.spec.is_fifo())
    }

    pub(crate) fn insert(&mut self, held: Held) {
        let serial = held.serial;
        self.next_serial = self.next_serial.max(serial + 1);
        self.record(|| QueueChange::Put(held.clone()));
        self.expiring
            .insert((held.sent + self.spec.retention, serial));
        self.messages.insert(serial, held);
        self.link(serial);
    }

    pub(crate) fn remove(&mut self, serial: u64) -> Option<Held> {
        self.unlink(serial);
        let held = self.messages.remove(&serial)?;
        self.expiring
            .remove(&(held.sent + self.spec.retention, serial));
        self.record(|| QueueChange::Removed { serial });
        self.settle_group(held.message.group_id.as_ref());

        Some(held)
    }

    pub(crate) fn update(&mut self, serial: u64, change: impl FnOnce(&mut Held)) {
        self.unlink(serial);
        if let Some(held) = self.messages.get_mut(&serial) {
            change(held);
            let touched = held.touched();
            self.record(|| touched);
            self.link(serial);
        }
    }

    /// Takes what depends on a message's visibility out of the indexes.
    fn unlink(&mut self, serial: u64) {
        let Some(held) = self.messages.get(&serial) else {
            return;
        };

        match held
            .message
            .group_id
            .as_ref()
            .filter(|_| self.spec.is_fifo())
        {
            None => {
                self.ready.remove(&(held.visible, serial));
            }
            Some(id) => {
                if let Some(group) = self.groups.get_mut(id) {
                    group.serials.remove(&serial);
                    group.received.remove(&(held.visible, serial));
                }
            }
        }
    }

    fn link(&mut self, serial: u64) {
        let held = &self.messages[&serial];
        match held
            .message
            .group_id
            .clone()
            .filter(|_| self.spec.is_fifo())
        {
            None => {
                self.ready.insert((held.visible, serial));
            }
            Some(id) => {
                let group = self.groups.entry(Arc::clone(&id)).or_default();
                group.serials.insert(serial);

                if held.received.is_some() {
                    group.received.insert((held.visible, serial));
                }

                self.settle_group(Some(&id));
            }
        }
    }

    /// A group may be received when its first message is visible, and none is invisible.
    fn settle_group(&mut self, id: Option<&Arc<str>>) {
        let Some(id) = id else { return };
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };

        if let Some(ready) = group.ready.take() {
            self.ready.remove(&ready);
        }

        let Some(head) = group.serials.first().copied() else {
            self.groups.remove(id);
            return;
        };

        let last = group.received.last().map(|(time, _)| *time);
        let visible = self.messages[&head].visible;
        let ready = (last.map_or(visible, |last| last.max(visible)), head);
        group.ready = Some(ready);
        self.ready.insert(ready);
    }

    /// From now on what changes is kept for [`drain_changes`](Self::drain_changes).
    pub(crate) fn record_changes(&mut self) {
        self.changes.get_or_insert_default();
        self.deduplication.record();
    }

    pub(crate) fn drain_changes(&mut self) -> Vec<QueueChange> {
        let mut changes = self
            .changes
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        changes.extend(self.deduplication.drain().map(QueueChange::Remembered));

        changes
    }

    /// All that is to be written down of it.
    pub(crate) fn to_changes(&self) -> impl Iterator<Item = QueueChange> {
        let held = self.messages.values().cloned().map(QueueChange::Put);
        held.chain(self.deduplication.all().map(QueueChange::Remembered))
    }

    pub(crate) fn apply(&mut self, change: QueueChange) {
        match change {
            QueueChange::Put(held) => self.insert(held),
            QueueChange::Touched {
                serial,
                visible,
                receive_count,
                received,
                first_received,
            } => {
                self.update(serial, |held| {
                    (held.visible, held.receive_count) = (visible, receive_count);
                    (held.received, held.first_received) = (received, first_received);
                });
            }
            QueueChange::Removed { serial } => drop(self.remove(serial)),
            QueueChange::Remembered(memory) => self.deduplication.restore(memory),
        }
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
