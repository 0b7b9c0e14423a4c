//! The records of the harness: each event, each effect and each fault.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_dispatch::{MessageContext, S3EventRecord};
use s3_dispatch_local::{EventId, Hop, Step, StepKind};

/// Everything that was observed. Only messages that are still in a queue are remembered.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) events: BTreeMap<EventId, Entry>,
    ids: HashMap<(String, String), EventId>,
    /// The last effect of each processor on each key.
    pub(crate) last: HashMap<(&'static str, String), EventId>,
    /// The receives of each message that a fault has hit, one bit each.
    faulted: HashMap<Arc<str>, u64>,
    /// The invocations that a fault has hit.
    requests: HashSet<Arc<str>>,
    /// The dead letters that no fault hit in at least one receive.
    pub(crate) unjust: Vec<Arc<str>>,
    messages: usize,
    receives: usize,
    effects: usize,
}

/// What happened to an event.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) event_name: String,
    pub(crate) key: String,
    pub(crate) sequencer: String,
    pub(crate) effects: usize,
    /// How often a handler was cut off after its effect.
    pub(crate) cuts: usize,
    pub(crate) stale: usize,
    pub(crate) buried: usize,
}

/// What a router returned for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Handled,
    Duplicate,
    Stale,
    /// Another invocation holds the claim, or held it when it was killed.
    InProgress,
    Failed,
}

/// A handler between its effect and its end.
pub(crate) struct Unfinished<'l> {
    ledger: &'l Ledger,
    event: EventId,
    is_finished: bool,
}

impl Ledger {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn observe(&self, step: &Step) {
        let mut books = self.books();
        match &step.kind {
            StepKind::ObjectEvent(object) => {
                let (key, sequencer) = (object.key.clone(), object.sequencer.clone().unwrap());
                let entry = Entry {
                    event_name: object.event_name.to_string(),
                    key,
                    sequencer,
                    ..Entry::default()
                };

                let event = step.event.unwrap();
                books
                    .ids
                    .insert((entry.key.clone(), entry.sequencer.clone()), event);
                books.events.insert(event, entry);
            }
            StepKind::Enqueued { .. } => books.messages += 1,
            StepKind::FaultInjected {
                hop: Hop::Invoke,
                id: Some(request),
                ..
            } => {
                books.requests.insert(Arc::clone(request));
            }
            StepKind::FaultInjected {
                id: Some(message),
                receive_count: Some(count),
                ..
            } => books.mark(message, *count),
            StepKind::Outcome {
                request_id,
                message_id,
                receive_count,
                ..
            } => {
                books.receives += 1;
                if books.requests.contains(request_id) {
                    books.mark(message_id, *receive_count);
                }
            }
            StepKind::Deleted { message_id, .. } => drop(books.faulted.remove(message_id)),
            StepKind::Redriven {
                message_id,
                receive_count,
                ..
            } => books.move_to_dead_letters(step.event, message_id, *receive_count),
            _ => {}
        }
    }

    /// The event of a record.
    pub(crate) fn entry(&self, record: &S3EventRecord) -> EventId {
        let sequencer = record
            .object
            .sequencer
            .as_ref()
            .unwrap()
            .as_str()
            .to_owned();

        self.books().ids[&(record.object.key.as_str().to_owned(), sequencer)]
    }

    pub(crate) fn is_poison(&self, event: EventId) -> bool {
        self.books().is_poison(event)
    }

    pub(crate) fn take_effect(&self, event: EventId) -> Unfinished<'_> {
        let mut books = self.books();
        books.effects += 1;
        let entry = books.events.get_mut(&event).unwrap();
        entry.effects += 1;
        let place = (entry.processor(), entry.key.clone());
        books.last.insert(place, event);

        Unfinished {
            ledger: self,
            event,
            is_finished: false,
        }
    }

    pub(crate) fn went(&self, event: EventId, message: &MessageContext, way: Way) {
        let mut books = self.books();
        match way {
            Way::Stale => books.events.get_mut(&event).unwrap().stale += 1,
            // Only a handler that was killed, or one that runs at the same time, holds a claim
            // that long.
            Way::InProgress => {
                let id = Arc::from(message.message_id().unwrap().as_str());
                books.mark(&id, message.receive_count().unwrap());
            }
            Way::Handled | Way::Duplicate | Way::Failed => {}
        }
    }

    pub(crate) fn messages(&self) -> usize {
        self.books().messages
    }

    pub(crate) fn receives(&self) -> usize {
        self.books().receives
    }

    pub(crate) fn effects(&self) -> usize {
        self.books().effects
    }

    pub(crate) fn repeated(&self) -> usize {
        self.books()
            .events
            .values()
            .map(|entry| entry.effects.saturating_sub(1))
            .sum()
    }
}

impl Entry {
    /// The processor whose filter policy matches.
    pub(crate) fn processor(&self) -> &'static str {
        if self.event_name == "ObjectCreated:Copy" {
            "copy-processor"
        } else {
            "put-processor"
        }
    }
}

impl Books {
    pub(crate) fn is_poison(&self, event: EventId) -> bool {
        self.events[&event].key.contains("poison/")
    }

    fn mark(&mut self, message: &Arc<str>, receive_count: u32) {
        *self.faulted.entry(Arc::clone(message)).or_default() |= 1 << receive_count;
    }

    fn move_to_dead_letters(
        &mut self,
        event: Option<EventId>,
        message: &Arc<str>,
        receive_count: u32,
    ) {
        let faulted = self.faulted.remove(message).unwrap_or_default();
        let is_faulted_each_time = (1..=receive_count).all(|count| faulted & (1 << count) != 0);
        let event = event.unwrap();
        self.events.get_mut(&event).unwrap().buried += 1;

        if !is_faulted_each_time && !self.is_poison(event) {
            self.unjust.push(Arc::clone(message));
        }
    }
}

impl Unfinished<'_> {
    pub(crate) fn finish(mut self) {
        self.is_finished = true;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.ledger
                .books()
                .events
                .get_mut(&self.event)
                .unwrap()
                .cuts += 1;
        }
    }
}
