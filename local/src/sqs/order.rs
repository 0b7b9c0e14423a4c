//! The order in which the messages of a queue can be received.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use super::stored::StoredMessage;

/// An index of the messages of a queue by the time from which they can be received.
///
/// In a FIFO queue the messages of a group are received in order, and none of them while another
/// one is in flight. So the index has only the first message of each group. For a standard queue it
/// has every message.
#[derive(Debug)]
pub(super) struct ReceiveOrder {
    is_fifo: bool,
    heads: BTreeSet<Head>,
    groups: HashMap<Arc<str>, Group>,
}

/// A message that is received next, and the time from which it can be received.
pub(super) type Head = (SystemTime, u64);

/// A message group of a FIFO queue.
#[derive(Debug, Default)]
struct Group {
    /// When each message becomes visible, in the order in which they were sent.
    messages: BTreeMap<u64, SystemTime>,
    /// When the messages that were received become visible again.
    received: BTreeSet<(SystemTime, u64)>,
    head: Option<Head>,
}

impl ReceiveOrder {
    pub(super) fn new(is_fifo: bool) -> Self {
        Self {
            is_fifo,
            heads: BTreeSet::new(),
            groups: HashMap::new(),
        }
    }

    pub(super) fn insert(&mut self, stored: &StoredMessage) {
        let Some(id) = self.group_id(stored).cloned() else {
            self.heads.insert((stored.visible, stored.serial));
            return;
        };

        let group = self.groups.entry(Arc::clone(&id)).or_default();
        group.messages.insert(stored.serial, stored.visible);
        if stored.received.is_some() {
            group.received.insert((stored.visible, stored.serial));
        }

        self.update_head(&id);
    }

    pub(super) fn remove(&mut self, stored: &StoredMessage) {
        let entry = (stored.visible, stored.serial);
        let Some(id) = self.group_id(stored).cloned() else {
            self.heads.remove(&entry);
            return;
        };

        if let Some(group) = self.groups.get_mut(&id) {
            group.messages.remove(&stored.serial);
            group.received.remove(&entry);
            self.update_head(&id);
        }
    }

    /// A group can be received from when its first message is visible and none is in flight.
    fn update_head(&mut self, id: &Arc<str>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };

        if let Some(head) = group.head.take() {
            self.heads.remove(&head);
        }

        let Some((serial, visible)) = group.messages.first_key_value() else {
            self.groups.remove(id);
            return;
        };

        let none_in_flight = group.received.last().map(|(time, _)| *time);
        let head = (none_in_flight.unwrap_or(*visible).max(*visible), *serial);
        group.head = Some(head);
        self.heads.insert(head);
    }

    /// All messages that are received next, the one that is ready first at the front.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Head> {
        self.heads.iter()
    }

    /// The next one that can be received now: the one after `last`, or the first one.
    pub(super) fn next_ready(&self, last: Option<Head>, now: SystemTime) -> Option<Head> {
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let ready = (start, Bound::Included((now, u64::MAX)));

        self.heads.range(ready).next().copied()
    }

    /// This message and the messages after it in its group that can be received now, in order.
    pub(super) fn ready_group(&self, head: &StoredMessage, now: SystemTime) -> Vec<u64> {
        let group = self.group_id(head).and_then(|id| self.groups.get(id));
        match group {
            None => vec![head.serial],
            Some(group) => group
                .messages
                .iter()
                .take_while(|(_, visible)| **visible <= now)
                .map(|(serial, _)| *serial)
                .collect(),
        }
    }

    /// The group of a message; `None` in a standard queue.
    fn group_id<'m>(&self, stored: &'m StoredMessage) -> Option<&'m Arc<str>> {
        stored.message.group_id.as_ref().filter(|_| self.is_fifo)
    }
}
