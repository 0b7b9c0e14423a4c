//! What receivers do: they receive messages, delete them, and change their visibility.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::message::{Deletion, Receive, Received, Redriven, VisibilityRefusal};
use super::queue::{Queue, is_in};
use super::receipt::Receipt;
use super::stored::StoredMessage;

/// How long a message can stay invisible after it was received ("Amazon SQS message quotas", Amazon
/// SQS Developer Guide, 2026).
const MAX_INVISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

impl Queue {
    /// Receives up to `max_messages` messages that are in none of the `excluded` groups.
    ///
    /// At most `dead_letter_room` messages are redriven. A message that the dead-letter queue has
    /// no room for stays invisible for another visibility timeout.
    pub fn receive(
        &mut self,
        now: SystemTime,
        max_messages: usize,
        excluded: &HashSet<Arc<str>>,
        dead_letter_room: usize,
    ) -> Receive {
        let timeout = self.spec.visibility_timeout;
        let room = Some(dead_letter_room);
        self.receive_for(now, max_messages, excluded, room, timeout)
    }

    /// Receives messages as [`receive`](Self::receive) does, with another visibility timeout.
    ///
    /// `dead_letter_room` is `None` if the dead-letter queue was deleted. Messages that were
    /// received too often then stay, and are received again. AWS does not document what it does.
    pub(crate) fn receive_for(
        &mut self,
        now: SystemTime,
        max_messages: usize,
        excluded: &HashSet<Arc<str>>,
        dead_letter_room: Option<usize>,
        visibility_timeout: Duration,
    ) -> Receive {
        let invisible_until = now + visibility_timeout;
        let mut receive = Receive {
            expired: self.expire(now),
            ..Receive::default()
        };

        let mut last = None;
        let mut seen = HashSet::new();

        while receive.messages.len() < max_messages {
            let Some(head) = self.order.next_ready(last, now) else {
                break;
            };

            last = Some(head);
            let first = &self.messages[&head.1];
            if is_in(&first.message, excluded) {
                continue;
            }

            for serial in self.order.ready_group(first, now) {
                // Without a visibility timeout, a message that was just received is ready again.
                if receive.messages.len() < max_messages && seen.insert(serial) {
                    let taken = receive.redriven.len();
                    let has_room = dead_letter_room.map(|room| room > taken);
                    self.receive_one(serial, now, invisible_until, has_room, &mut receive);
                }
            }
        }

        receive
    }

    fn receive_one(
        &mut self,
        serial: u64,
        now: SystemTime,
        invisible_until: SystemTime,
        has_dead_letter_room: Option<bool>,
        receive: &mut Receive,
    ) {
        let is_exhausted = self.is_exhausted(&self.messages[&serial]);
        if let Some(has_room) = has_dead_letter_room.filter(|_| is_exhausted) {
            if !has_room {
                self.update(serial, |stored| stored.visible = invisible_until);
            } else if let Some(stored) = self.remove(serial) {
                receive.redriven.push(Redriven {
                    receive_count: stored.total_receive_count(),
                    message: stored.message,
                    sent: stored.sent,
                    source: Arc::clone(&self.name),
                });
            }

            return;
        }

        self.update(serial, |stored| {
            stored.visible = invisible_until;
            stored.receive_count += 1;
            stored.received = Some(now);
            stored.first_received.get_or_insert(now);
        });

        let stored = &self.messages[&serial];
        receive.messages.push(Received {
            message: stored.message.clone(),
            receipt: self.receipt_of(stored),
            receive_count: stored.total_receive_count(),
            sent: stored.sent,
            first_received: stored.first_received.unwrap_or(now),
            dead_letter_source: stored.dead_letter_source.clone(),
            invisible_until,
            sequence_number: serial,
        });
    }

    /// Whether a message has been received as often as the redrive policy allows.
    fn is_exhausted(&self, stored: &StoredMessage) -> bool {
        let redrive = self.spec.redrive.as_ref();
        redrive.is_some_and(|redrive| stored.receive_count >= redrive.max_receive_count)
    }

    /// Deletes the message that was received with this receipt.
    pub fn delete(&mut self, now: SystemTime, receipt: Receipt) -> Deletion {
        match self.find(receipt) {
            None => Deletion::Absent,
            Some(stored) if stored.receive_count != receipt.receive_count => Deletion::Superseded,
            Some(stored) if self.spec.is_fifo() && stored.visible <= now => Deletion::Expired,
            Some(_) => match self.remove(receipt.serial) {
                Some(stored) => Deletion::Deleted(stored.message),
                None => Deletion::Absent,
            },
        }
    }

    /// The message that this receipt is about.
    pub(crate) fn find(&self, receipt: Receipt) -> Option<&StoredMessage> {
        let stored = self.messages.get(&receipt.serial);
        stored.filter(|stored| receipt.is_of_same_message(self.receipt_of(stored)))
    }

    /// The receipt of the latest receive of a message.
    fn receipt_of(&self, stored: &StoredMessage) -> Receipt {
        Receipt::new(
            &self.name,
            &stored.message.id,
            stored.sent,
            stored.serial,
            stored.receive_count,
        )
    }

    /// Changes how long a received message stays invisible, counted from now. A timeout of zero
    /// makes it visible.
    ///
    /// # Errors
    ///
    /// Returns an error if the message was deleted, was received again, or is visible. Also if it
    /// would be invisible for more than 12 hours after its receive; then nothing changes
    /// (`ChangeMessageVisibility`, Amazon SQS API Reference, 2026).
    pub fn change_visibility(
        &mut self,
        now: SystemTime,
        receipt: Receipt,
        timeout: Duration,
    ) -> Result<(), VisibilityRefusal> {
        let stored = self.find(receipt).ok_or(VisibilityRefusal::Absent)?;
        let is_in_flight = stored.receive_count == receipt.receive_count && stored.visible > now;
        let received = stored
            .received
            .filter(|_| is_in_flight)
            .ok_or(VisibilityRefusal::NotInFlight)?;

        let visible = now
            .checked_add(timeout)
            .filter(|visible| *visible <= received + MAX_INVISIBILITY)
            .ok_or(VisibilityRefusal::TooLong)?;
        self.update(receipt.serial, |stored| stored.visible = visible);

        Ok(())
    }

    /// How long a received message stays invisible. `None` if it was deleted or received again.
    pub(crate) fn invisible_for(&self, now: SystemTime, receipt: Receipt) -> Option<Duration> {
        let stored = self.find(receipt)?;
        let is_same = stored.receive_count == receipt.receive_count;

        is_same.then(|| stored.visible.duration_since(now).unwrap_or_default())
    }

    /// The dead-letter queue that a received message moves to instead of being received again.
    /// `None` if it can be received again, or was deleted.
    pub(crate) fn next_dead_letter_queue(&self, receipt: Receipt) -> Option<&str> {
        let is_last = self.is_exhausted(self.find(receipt)?);
        let redrive = self.spec.redrive.as_ref().filter(|_| is_last);

        redrive.map(|redrive| redrive.dead_letter_queue.as_str())
    }
}
