//! The messages of one event: those in a queue or function, and those that are still on their way.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_dispatch_local::{Fault, Hop, ReceivedMessage};
use serde_json::{Value, json};

use super::component::Component;
use super::replay::DeadLetter;
use super::tracked_message::{Location, TrackedMessage};

/// How many messages are kept, duplicates included.
const MAX_MESSAGES: usize = 32;

/// The messages of one event, duplicates included.
#[derive(Debug, Default)]
pub(super) struct TrackedMessages {
    /// How many copies are on their way to a topic, event bus or queue.
    arriving: BTreeMap<Component, u32>,
    tracked: Vec<TrackedMessage>,
    /// The queues that refused a copy for good, unless it went to a dead-letter queue.
    refused_by: Vec<Arc<str>>,
}

impl TrackedMessages {
    /// A copy is on its way to a topic, event bus or queue.
    pub(super) fn send(&mut self, to: Component) {
        *self.arriving.entry(to).or_default() += 1;
    }

    /// A copy arrived, or was refused for good.
    pub(super) fn arrive(&mut self, at: &Component) {
        if let Some(count) = self.arriving.get_mut(at) {
            *count -= 1;
            if *count == 0 {
                self.arriving.remove(at);
            }
        }
    }

    /// A queue refused a copy for good.
    pub(super) fn refuse(&mut self, queue: &Arc<str>) {
        self.arrive(&Component::queue(queue));
        self.refused_by.push(Arc::clone(queue));
    }

    /// Whether the copy that arrives is one that another queue refused: one of those that this
    /// finds. It is not lost then.
    pub(super) fn take_refused(&mut self, is_refused: impl Fn(&str) -> bool) -> bool {
        let found = self.refused_by.iter().position(|queue| is_refused(queue));
        found.map(|index| self.refused_by.remove(index)).is_some()
    }

    /// Sends one more copy for the faults that make one.
    pub(super) fn send_again(&mut self, hop: Hop, fault: Fault, place: &Arc<str>) {
        if !matches!(fault, Fault::Duplicate | Fault::DropResponse) {
            return;
        }

        match hop {
            Hop::Publish => self.send(Component::published_to(place)),
            Hop::Deliver => self.send(Component::queue(place)),
            _ => {}
        }
    }

    /// Adds a message that a queue has just accepted.
    pub(super) fn add(
        &mut self,
        id: &Arc<str>,
        queue: &Arc<str>,
        body: &Arc<str>,
        is_dead_letter: bool,
    ) {
        if self.tracked.len() == MAX_MESSAGES {
            self.tracked.remove(0);
        }

        let mut message = TrackedMessage::new(id, queue, body);
        message.is_dead_letter = is_dead_letter;
        self.tracked.push(message);
    }

    pub(super) fn receive(
        &mut self,
        received: &ReceivedMessage,
        queue: &Arc<str>,
        function: &Arc<str>,
    ) {
        let location = Location::Function(Arc::clone(function));

        if let Some(message) = self.move_to(&received.message_id, queue, location) {
            message.receive_count = received.receive_count;
        }
    }

    /// Moves a message if it still belongs to this queue. An invocation may end long after another
    /// one has deleted the message.
    pub(super) fn move_to(
        &mut self,
        id: &Arc<str>,
        queue: &Arc<str>,
        location: Location,
    ) -> Option<&mut TrackedMessage> {
        let mut messages = self.tracked.iter_mut();
        let message = messages
            .find(|message| message.id == *id && message.queue == *queue && !message.is_gone())?;
        message.location = location;

        Some(message)
    }

    /// The messages that are in a dead-letter queue.
    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        let letters = self.tracked.iter().filter(|message| message.is_dead());

        letters
            .map(|message| DeadLetter {
                queue: Arc::clone(&message.queue),
                message_id: Arc::clone(&message.id),
            })
            .collect()
    }

    /// What has happened so far, as a keyword for the page. `None` if there is no message.
    pub(super) fn state(&self) -> Option<&'static str> {
        let any = |is_match: fn(&TrackedMessage) -> bool| self.tracked.iter().any(is_match);

        if !self.arriving.is_empty() || any(TrackedMessage::is_moving) {
            Some("moving")
        } else if any(TrackedMessage::is_dead) {
            Some("dead")
        } else if any(|message| message.location == Location::Expired) {
            Some("expired")
        } else if !self.refused_by.is_empty()
            || any(|message| message.location == Location::Dropped)
        {
            Some("lost")
        } else if any(|message| message.location == Location::Deleted) {
            Some("handled")
        } else {
            None
        }
    }

    /// Where the diagram shows the messages.
    pub(super) fn tokens(&self) -> Vec<Value> {
        let arriving = self
            .arriving
            .iter()
            .map(|(node, count)| json!({"node": node, "how": "arriving", "count": count}));
        let tracked = self.tracked.iter().filter_map(TrackedMessage::token);

        arriving.chain(tracked).collect()
    }

    /// Everything that is known about the messages in queues and functions.
    pub(super) fn details(&self) -> Vec<Value> {
        self.tracked.iter().map(TrackedMessage::details).collect()
    }
}
