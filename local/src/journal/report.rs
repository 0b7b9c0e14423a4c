//! What became of the events.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::{EventId, Fate, ObjectEvent, Step, StepKind};

/// What became of each event, as far as the pipeline sees: what was handled, how often, in what
/// order.
///
/// A bounded memory: of many events the oldest are forgotten.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The events, the oldest first.
    pub events: BTreeMap<EventId, EventReport>,
    /// What functions said was done, in the order in which they said so. A message may be here
    /// more than once.
    pub handled: Vec<Handling>,
}

/// What became of one event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EventReport {
    /// The event.
    pub object: Arc<ObjectEvent>,
    /// How many messages of it were put into queues, duplicates included.
    pub messages: usize,
    /// How often a function was invoked with one of them, by the name of the queue.
    pub receives: BTreeMap<Arc<str>, usize>,
    /// How often a function said that one was done.
    pub handled: usize,
    /// How often one failed, alone or with its batch.
    pub failed: usize,
    /// The dead-letter queues in which its messages have ended.
    pub dead_letter_queues: Vec<Arc<str>>,
    /// How many of its messages were lost to a queue's retention.
    pub expired: usize,
}

/// A function said that a message is done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handling {
    /// The function.
    pub function: Arc<str>,
    /// The event; `None` for what is of none.
    pub event: Option<EventId>,
    /// The message's id.
    pub message_id: Arc<str>,
    /// How often it had been received.
    pub receive_count: u32,
}

impl Report {
    /// The events of this object, the oldest first.
    pub fn of_key<'r>(
        &'r self,
        bucket: &'r str,
        key: &'r str,
    ) -> impl Iterator<Item = (EventId, &'r EventReport)> {
        let is_meant =
            move |report: &EventReport| report.object.bucket == bucket && report.object.key == key;
        self.events
            .iter()
            .filter(move |(_, report)| is_meant(report))
            .map(|(id, report)| (*id, report))
    }
}

/// A report in the making.
#[derive(Debug)]
pub(crate) struct Recorder {
    capacity: usize,
    events: BTreeMap<EventId, EventReport>,
    handled: VecDeque<Handling>,
}

impl Recorder {
    /// Remembers so many events and as many messages.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            events: BTreeMap::new(),
            handled: VecDeque::new(),
        }
    }

    pub(crate) fn report(&self) -> Report {
        Report {
            events: self.events.clone(),
            handled: self.handled.iter().cloned().collect(),
        }
    }

    pub(crate) fn observe(&mut self, step: &Step) {
        if let StepKind::ObjectEvent(object) = &step.kind {
            self.begin(step.event, object);
        }

        if let StepKind::Outcome {
            function,
            message_id,
            receive_count,
            fate: Fate::Succeeded,
            ..
        } = &step.kind
        {
            if self.handled.len() == self.capacity {
                self.handled.pop_front();
            }

            self.handled.push_back(Handling {
                function: Arc::clone(function),
                event: step.event,
                message_id: Arc::clone(message_id),
                receive_count: *receive_count,
            });
        }

        let Some(event) = step.event.and_then(|id| self.events.get_mut(&id)) else {
            return;
        };

        match &step.kind {
            StepKind::Enqueued {
                is_duplicate: false,
                ..
            } => event.messages += 1,
            StepKind::Outcome { queue, fate, .. } => {
                *event.receives.entry(Arc::clone(queue)).or_default() += 1;
                match fate {
                    Fate::Succeeded => event.handled += 1,
                    Fate::Failed | Fate::BatchFailed(_) => event.failed += 1,
                }
            }
            StepKind::Redriven {
                dead_letter_queue, ..
            } => event.dead_letter_queues.push(Arc::clone(dead_letter_queue)),
            StepKind::Expired { .. } => event.expired += 1,
            _ => {}
        }
    }

    fn begin(&mut self, id: Option<EventId>, object: &Arc<ObjectEvent>) {
        let Some(id) = id else { return };
        if self.events.len() == self.capacity {
            self.events.pop_first();
        }

        let report = EventReport {
            object: Arc::clone(object),
            messages: 0,
            receives: BTreeMap::new(),
            handled: 0,
            failed: 0,
            dead_letter_queues: Vec::new(),
            expired: 0,
        };

        self.events.insert(id, report);
    }
}
