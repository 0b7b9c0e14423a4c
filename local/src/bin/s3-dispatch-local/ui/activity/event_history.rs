//! What happened to one event, or to one message that belongs to no event.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_local::{Fate, ObjectEvent, SendRefusal, Step, StepKind, Topology};
use serde_json::{Value, json};

use super::component::Component;
use super::replay::Replay;
use super::subject::Subject;
use super::tracked_message::Location;
use super::tracked_messages::TrackedMessages;
use crate::console::{StepLine, Tone};

/// How many steps are kept.
const MAX_STEPS: usize = 200;

/// What happened to one event, or to one message that belongs to no event.
#[derive(Debug)]
pub(super) struct EventHistory {
    /// `e1` for event 1, `m95df01b4...` for a message.
    pub(super) id: String,
    pub(super) subject: Subject,
    /// The version of the monitor in which this last changed.
    pub(super) changed_in: u64,
    started_at: Duration,
    updated_at: Duration,
    object: Option<Arc<ObjectEvent>>,
    messages: TrackedMessages,
    handled: u32,
    failed: u32,
    faults: u32,
    was_notified: bool,
    /// How many subscriptions and rules have yet to say whether they take a copy that has arrived
    /// at their topic or event bus.
    undecided: usize,
    steps: VecDeque<(Duration, Arc<StepLine>)>,
    /// How many earlier steps were dropped.
    dropped_steps: usize,
}

impl EventHistory {
    pub(super) fn new(id: String, subject: Subject, started_at: Duration) -> Self {
        Self {
            id,
            subject,
            changed_in: 0,
            started_at,
            updated_at: started_at,
            object: None,
            messages: TrackedMessages::default(),
            handled: 0,
            failed: 0,
            faults: 0,
            was_notified: false,
            undecided: 0,
            steps: VecDeque::new(),
            dropped_steps: 0,
        }
    }

    /// The bucket of the event.
    pub(super) fn bucket(&self) -> Option<&str> {
        self.object.as_ref().map(|object| object.bucket.as_str())
    }

    /// Adds a step to the path that the page shows.
    pub(super) fn add_line(&mut self, elapsed: Duration, line: Arc<StepLine>) {
        if self.steps.len() == MAX_STEPS {
            self.steps.pop_front();
            self.dropped_steps += 1;
        }

        self.updated_at = elapsed;
        self.steps.push_back((elapsed, line));
    }

    /// Follows where the event's messages are.
    pub(super) fn observe(&mut self, step: &Step, topology: &Topology) {
        match &step.kind {
            StepKind::ObjectEvent(object) => self.start(object, topology),
            StepKind::NotificationSent { destination } => {
                self.was_notified = true;
                self.messages.arrive(&Component::topic(destination));
                let subscriptions = topology.subscriptions.iter();
                let subscribed = subscriptions.filter(|spec| *spec.topic == **destination);
                self.undecided += subscribed.count();
            }
            StepKind::EventSent { .. } => {
                self.was_notified = true;
                self.messages.arrive(&Component::event_bus());
                self.undecided += topology.rules.len();
            }
            StepKind::FilterVerdict { queue, passed, .. } => self.decide(queue, *passed),
            StepKind::RuleVerdict { queue, matched, .. } => self.decide(queue, *matched),
            StepKind::Enqueued {
                queue,
                message_id,
                body,
                is_duplicate,
            } => {
                self.messages.arrive(&Component::queue(queue));
                if !is_duplicate {
                    let is_dead_letter = self
                        .messages
                        .take_refused(|refused| takes_letters_of(topology, refused, queue));
                    self.messages.add(message_id, queue, body, is_dead_letter);
                }
            }
            // A full queue is tried again; other refusals are final.
            StepKind::Refused { queue, reason } if *reason != SendRefusal::Full => {
                self.messages.refuse(queue);
            }
            StepKind::FaultInjected {
                hop, fault, place, ..
            } => {
                self.faults += 1;
                self.messages.send_again(*hop, *fault, place);
            }
            kind => self.observe_message(kind),
        }
    }

    /// A subscription or a rule takes a copy, or does not.
    fn decide(&mut self, queue: &Arc<str>, passes: bool) {
        self.undecided = self.undecided.saturating_sub(1);
        if passes {
            self.messages.send(Component::queue(queue));
        }
    }

    /// Follows a message once it is in a queue.
    fn observe_message(&mut self, kind: &StepKind) {
        match kind {
            StepKind::Invoked {
                function,
                queue,
                messages,
                ..
            } => {
                for message in messages {
                    self.messages.receive(message, queue, function);
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

                self.messages.move_to(message_id, queue, Location::Queue);
            }
            StepKind::Deleted { message_id, queue } => {
                self.messages.move_to(message_id, queue, Location::Deleted);
            }
            StepKind::Expired { message_id, queue } => {
                self.messages.move_to(message_id, queue, Location::Expired);
            }
            // A deletion follows, which is no success.
            StepKind::RecursionStopped {
                message_id,
                queue,
                dead_letter_queue: None,
                ..
            } => {
                self.messages.move_to(message_id, queue, Location::Dropped);
            }
            StepKind::Redriven {
                message_id,
                queue,
                dead_letter_queue,
                ..
            } => {
                if let Some(message) = self.messages.move_to(message_id, queue, Location::Queue) {
                    message.queue = Arc::clone(dead_letter_queue);
                    message.is_dead_letter = true;
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, object: &Arc<ObjectEvent>, topology: &Topology) {
        let buckets = topology.buckets.iter();

        for bucket in buckets.filter(|bucket| bucket.name == object.bucket) {
            let notifications = bucket.notifications.iter();
            let matching = notifications.filter(|spec| spec.matches(object));

            for spec in matching {
                if let Some(component) = Component::destination(&spec.destination) {
                    self.messages.send(component);
                }
            }

            if bucket.sends_to_eventbridge(object) {
                self.messages.send(Component::event_bus());
            }
        }

        self.object = Some(Arc::clone(object));
    }

    /// What has happened so far, as a keyword for the page.
    pub(super) fn state(&self) -> &'static str {
        if self.undecided > 0 {
            return "moving";
        }

        self.messages.state().unwrap_or(if self.was_notified {
            "filtered"
        } else {
            "not-notified"
        })
    }

    /// The names that the page shows, in lower case and on lines of their own.
    pub(super) fn shown_text(&self) -> String {
        let number = match &self.subject {
            Subject::Event(id) => format!("#{}", id.0),
            Subject::Message(id) => id.to_string(),
        };

        let text = match &self.object {
            None => number,
            Some(object) => [
                &number,
                &*object.key,
                &object.bucket,
                object.event_name.as_str(),
            ]
            .join("\n"),
        };

        text.to_lowercase()
    }

    /// What the list of messages shows.
    pub(super) fn summary(&self) -> Value {
        let object = self.object.as_ref();

        json!({
            "id": self.id,
            "event": object.map(|object| object.event_name.as_str()),
            "bucket": object.map(|object| &object.bucket),
            "key": object.map(|object| &object.key),
            "size": object.and_then(|object| object.size),
            "state": self.state(),
            "at": self.messages.tokens(),
            "handled": self.handled,
            "failed": self.failed,
            "faults": self.faults,
            "started_at": self.started_at.as_secs_f64(),
            "updated_at": self.updated_at.as_secs_f64(),
        })
    }

    /// What of it can happen again.
    pub(super) fn replay(&self) -> Replay {
        Replay {
            event: self.object.clone(),
            dead_letters: self.messages.dead_letters(),
        }
    }

    /// Everything that is known: the summary, the path and the messages.
    pub(super) fn details(&self) -> Value {
        let steps = self.steps.iter().map(|(elapsed, line)| {
            let after = elapsed.saturating_sub(self.started_at).as_secs_f64();
            let tone = tone_class(line.tone);

            json!({"after": after, "what": line.what, "tone": tone, "text": line.text})
        });

        let mut details = self.summary();
        details["steps"] = steps.collect();
        details["dropped_steps"] = self.dropped_steps.into();
        details["messages"] = self.messages.details().into();
        details["dead_letters"] = self.messages.dead_letters().len().into();

        details
    }
}

/// Whether a queue gets what a topic or a rule could not deliver to another one.
fn takes_letters_of(topology: &Topology, refused: &str, queue: &str) -> bool {
    let subscriptions = topology.subscriptions.iter();
    let subscriptions = subscriptions.map(|spec| (&spec.queue, &spec.dead_letter_queue));
    let rules = topology.rules.iter();
    let mut ways = subscriptions.chain(rules.map(|spec| (&spec.queue, &spec.dead_letter_queue)));

    ways.any(|(to, letters)| to == refused && letters.as_deref() == Some(queue))
}

/// The tone's class in the page's style sheet.
fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Name => "name",
        Tone::Good => "good",
        Tone::Failed => "failed",
        Tone::Warning => "warning",
        Tone::Faint => "faint",
    }
}
