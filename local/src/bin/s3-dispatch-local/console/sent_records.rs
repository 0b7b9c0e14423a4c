//! The records that functions send to queues, such as dead letters: the events that they are about.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use s3_dispatch::Notification;
use s3_dispatch_local::{EventId, Fate, ObjectEvent, Step, StepKind};

/// How many events are known.
const MAX_EVENTS: usize = 10_000;

/// The bucket, the key and the sequencer of an event.
type Identity = (String, String, String);

/// Knows which event a message is about that has the record of one.
#[derive(Default)]
pub(super) struct SentRecords {
    events: BTreeMap<Identity, EventId>,
    /// The oldest one first.
    known: VecDeque<Identity>,
    /// The queue that got the record of an event last, since a function got its message.
    queues: BTreeMap<EventId, Arc<str>>,
}

impl SentRecords {
    /// The event that a step is about, and what the line of the step must add.
    pub(super) fn observe(&mut self, step: &Step) -> (Option<EventId>, Option<String>) {
        match &step.kind {
            StepKind::ObjectEvent(event) => {
                if let Some((id, identity)) = step.event.zip(identity(event)) {
                    self.remember(id, identity);
                }
            }
            StepKind::Invoked { messages, .. } => {
                for event in messages.iter().filter_map(|message| message.event) {
                    self.queues.remove(&event);
                }
            }
            // What the pipeline itself sends is about its event.
            StepKind::Enqueued { queue, body, .. } if step.event.is_none() => {
                let event = self.event_of(body);
                if let Some(event) = event {
                    self.queues.insert(event, Arc::clone(queue));
                }
                return (event, None);
            }
            StepKind::Outcome { fate, .. } => {
                let queue = step.event.and_then(|event| self.queues.remove(&event));
                let has_succeeded = *fate == Fate::Succeeded;
                let queue = queue.filter(|_| has_succeeded);
                let more = queue.map(|queue| format!("; {queue} has its record"));
                return (step.event, more);
            }
            _ => {}
        }

        (step.event, None)
    }

    fn remember(&mut self, id: EventId, identity: Identity) {
        if self.known.len() == MAX_EVENTS
            && let Some(oldest) = self.known.pop_front()
        {
            let id = self.events.remove(&oldest);
            id.map(|id| self.queues.remove(&id));
        }

        self.known.push_back(identity.clone());
        self.events.insert(identity, id);
    }

    /// The event of the one record in this body.
    fn event_of(&self, body: &str) -> Option<EventId> {
        let notification = Notification::parse(body.to_owned()).ok()?;
        let Notification::Records(records) = notification else {
            return None;
        };
        let [record] = &records[..] else { return None };

        let identity = (
            record.bucket.name.to_string(),
            record.object.key.as_str().to_owned(),
            record.object.sequencer.as_ref()?.to_string(),
        );
        self.events.get(&identity).copied()
    }
}

fn identity(event: &ObjectEvent) -> Option<Identity> {
    let sequencer = event.sequencer.clone()?;
    Some((event.bucket.clone(), event.key.clone(), sequencer))
}
