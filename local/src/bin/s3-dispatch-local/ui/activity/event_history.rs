//! The way of one event, or of one message that is of none.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_local::{
    Fate, Fault, Hop, ObjectEvent, ReceivedMessage, SendRefusal, Step, StepKind, Topology,
};
use serde_json::{Value, json};

use super::component::Node;
use super::monitor::Subject;
use super::tracked_message::{Place, Sighting};
use crate::step_line::{StepLine, Tone};

/// How many steps are remembered.
const MAX_STEPS: usize = 200;

/// How many messages are remembered, duplicates included.
const MAX_MESSAGES: usize = 32;

/// The way of one event, or of one message that is of none.
#[derive(Debug)]
pub(crate) struct Track {
    /// `e1` for the event 1, `m...` for a message.
    pub(crate) id: String,
    pub(crate) subject: Subject,
    /// Of which version of the board the last change is.
    pub(crate) changed: u64,
    begun: Duration,
    ended: Duration,
    object: Option<Arc<ObjectEvent>>,
    /// How many copies are on their way to a topic or queue.
    coming: BTreeMap<Node, u32>,
    messages: Vec<Sighting>,
    handled: u32,
    failed: u32,
    faults: u32,
    was_notified: bool,
    steps: VecDeque<(Duration, Arc<StepLine>)>,
    forgotten: usize,
}

impl Track {
    pub(crate) fn new(id: String, subject: Subject, begun: Duration) -> Self {
        Self {
            id,
            subject,
            changed: 0,
            begun,
            ended: begun,
            object: None,
            coming: BTreeMap::new(),
            messages: Vec::new(),
            handled: 0,
            failed: 0,
            faults: 0,
            was_notified: false,
            steps: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// The bucket that the event is of.
    pub(crate) fn bucket(&self) -> Option<&str> {
        self.object.as_ref().map(|object| object.bucket.as_str())
    }

    pub(crate) fn note(&mut self, elapsed: Duration, line: Arc<StepLine>) {
        if self.steps.len() == MAX_STEPS {
            self.steps.pop_front();
            self.forgotten += 1;
        }

        self.ended = elapsed;
        self.steps.push_back((elapsed, line));
    }

    pub(crate) fn observe(&mut self, step: &Step, topology: &Topology) {
        match &step.kind {
            StepKind::ObjectEvent(object) => self.begin(object, topology),
            StepKind::NotificationSent { destination } => {
                self.was_notified = true;
                self.arrive(&Node::topic(destination));
            }
            StepKind::FilterVerdict {
                queue,
                passed: true,
                ..
            } => self.send(Node::queue(queue)),
            StepKind::Enqueued {
                queue,
                message_id,
                body,
                is_duplicate,
            } => {
                self.arrive(&Node::queue(queue));
                if !is_duplicate {
                    self.sight(message_id, queue, body);
                }
            }
            StepKind::Refused { queue, reason } if *reason != SendRefusal::Full => {
                self.arrive(&Node::queue(queue))
            }
            StepKind::Invoked {
                function,
                queue,
                messages,
                ..
            } => {
                for ReceivedMessage {
                    message_id,
                    receive_count,
                    ..
                } in messages
                {
                    let place = Place::Function(Arc::clone(function));
                    if let Some(message) = self.place(message_id, queue, place) {
                        message.receive_count = *receive_count;
                    }
                }
            }
            StepKind::Outcome {
                message_id,
                queue,
                fate,
                ..
            } => {
                match fate {
                    Fate::Succeeded => self.handled += 1,
                    _ => self.failed += 1,
                }

                self.place(message_id, queue, Place::Queue);
            }
            StepKind::Deleted { message_id, queue } => {
                drop(self.place(message_id, queue, Place::Deleted))
            }
            StepKind::Expired { message_id, queue } => {
                drop(self.place(message_id, queue, Place::Expired))
            }
            StepKind::Redriven {
                message_id,
                queue,
                dead_letter_queue,
                ..
            } => {
                if let Some(message) = self.place(message_id, queue, Place::Queue) {
                    message.queue = Arc::clone(dead_letter_queue);
                    message.is_dead = true;
                }
            }
            StepKind::FaultInjected {
                hop, fault, place, ..
            } => {
                self.faults += 1;
                // Each makes one copy more.
                if let (Hop::Publish | Hop::Deliver, Fault::Duplicate | Fault::DropResponse) =
                    (hop, fault)
                {
                    self.send(if *hop == Hop::Publish {
                        Node::topic(place)
                    } else {
                        Node::queue(place)
                    });
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, object: &Arc<ObjectEvent>, topology: &Topology) {
        let bucket = topology
            .buckets
            .iter()
            .find(|bucket| bucket.name == object.bucket);
        for spec in bucket.into_iter().flat_map(|bucket| &bucket.notifications) {
            let is_sent = spec
                .events
                .iter()
                .any(|pattern| pattern.matches(&object.event_name))
                && object.key.starts_with(&spec.prefix)
                && object.key.ends_with(&spec.suffix);

            if let (true, Some(node)) = (is_sent, Node::destination(&spec.destination)) {
                self.send(node);
            }
        }

        self.object = Some(Arc::clone(object));
    }

    fn send(&mut self, to: Node) {
        *self.coming.entry(to).or_default() += 1;
    }

    fn arrive(&mut self, at: &Node) {
        if let Some(count) = self.coming.get_mut(at) {
            *count -= 1;
            if *count == 0 {
                self.coming.remove(at);
            }
        }
    }

    fn sight(&mut self, id: &Arc<str>, queue: &Arc<str>, body: &Arc<str>) {
        if self.messages.len() == MAX_MESSAGES {
            self.messages.remove(0);
        }
        self.messages.push(Sighting::new(id, queue, body));
    }

    /// Moves a message, if it is still in this queue: an invocation may end when others have long
    /// dealt with it.
    fn place(&mut self, id: &Arc<str>, queue: &Arc<str>, place: Place) -> Option<&mut Sighting> {
        let mut messages = self.messages.iter_mut();
        let message = messages
            .find(|message| message.id == *id && message.queue == *queue && !message.is_gone())?;
        message.place = place;

        Some(message)
    }

    /// One word for what became of it so far.
    fn state(&self) -> &'static str {
        let has = |is_meant: fn(&Sighting) -> bool| self.messages.iter().any(is_meant);
        if !self.coming.is_empty() || has(Sighting::is_moving) {
            "moving"
        } else if has(|message| message.is_dead && !message.is_gone()) {
            "dead"
        } else if has(|message| message.place == Place::Expired) {
            "expired"
        } else if has(|message| message.place == Place::Deleted) {
            "handled"
        } else if self.was_notified {
            "filtered"
        } else {
            "unnoticed"
        }
    }

    /// What a list shows of it.
    pub(crate) fn summary(&self) -> Value {
        let coming = self
            .coming
            .iter()
            .map(|(node, count)| json!({"node": node, "how": "coming", "count": count}));
        let seen = self.messages.iter().filter_map(Sighting::whereabouts);
        let object = self.object.as_ref();

        json!({
            "id": self.id,
            "event": object.map(|object| object.event_name.as_str()),
            "bucket": object.map(|object| &object.bucket),
            "key": object.map(|object| &object.key),
            "size": object.and_then(|object| object.size),
            "state": self.state(),
            "at": coming.chain(seen).collect::<Vec<_>>(),
            "handled": self.handled,
            "failed": self.failed,
            "faults": self.faults,
            "begun": self.begun.as_secs_f64(),
            "ended": self.ended.as_secs_f64(),
        })
    }

    /// All that is known of it.
    pub(crate) fn details(&self) -> Value {
        let steps = self.steps.iter().map(|(elapsed, line)| {
            let after = elapsed.saturating_sub(self.begun).as_secs_f64();
            json!({"after": after, "what": line.what, "tone": tone(line.tone), "text": line.text})
        });
        let mut details = self.summary();
        details["steps"] = steps.collect();
        details["forgotten"] = self.forgotten.into();
        details["messages"] = self.messages.iter().map(Sighting::details).collect();

        details
    }
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Name => "name",
        Tone::Good => "good",
        Tone::Failed => "failed",
        Tone::Warning => "warning",
        Tone::Faint => "faint",
    }
}
