//! The report of a pipeline: what happened to each event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::event_failure::EventFailure;
use super::step::{Fate, Step, StepKind};
use crate::s3::{EventId, ObjectEvent};
use crate::topology::FunctionSpec;

/// What happened to each event: which function handled it, how often, and in which order.
///
/// Only a bounded number of events is kept; the oldest are dropped first.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The events, oldest first.
    pub events: BTreeMap<EventId, EventReport>,
    /// The messages that functions reported as done or workers deleted, in that order. A message
    /// can occur more than once.
    pub handled: Vec<Handling>,
}

/// What happened to one event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EventReport {
    /// The event.
    pub object: Arc<ObjectEvent>,
    /// How many messages about it were put into queues, including duplicates.
    pub messages: usize,
    /// How often a function was invoked with one of these messages, or a worker received one, by
    /// queue.
    pub receives: BTreeMap<Arc<str>, usize>,
    /// How often a function reported one of them as done, or a worker deleted one.
    pub handled: usize,
    /// How often one of them failed, alone or with its batch.
    pub failed: usize,
    /// Why one of them failed in a function the last time, also if a later attempt succeeded.
    /// `None` if none has failed. What a worker does with its messages is not seen from here.
    pub last_failure: Option<EventFailure>,
    /// The dead-letter queues that its messages were moved to.
    pub dead_letter_queues: Vec<Arc<str>>,
    /// How many of its messages were lost because they were older than a queue's retention.
    pub expired: usize,
}

/// A message that a function reported as done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handling {
    /// The function.
    pub function: Arc<str>,
    /// The event; `None` for a message that is not about an event.
    pub event: Option<EventId>,
    /// The message's id.
    pub message_id: Arc<str>,
    /// How often the message had been received.
    pub receive_count: u32,
}

impl Report {
    /// The events of this object, oldest first.
    pub fn of_key<'r>(
        &'r self,
        bucket: &'r str,
        key: &'r str,
    ) -> impl Iterator<Item = (EventId, &'r EventReport)> {
        self.events
            .iter()
            .filter(move |(_, report)| report.object.bucket == bucket && report.object.key == key)
            .map(|(id, report)| (*id, report))
    }
}

/// Collects a report from the steps of a journal.
#[derive(Debug)]
pub(crate) struct Recorder {
    capacity: usize,
    events: BTreeMap<EventId, EventReport>,
    handled: VecDeque<Handling>,
    /// The workers, by their queue.
    workers: BTreeMap<Arc<str>, Arc<str>>,
    /// How often each message has been received that a worker has now.
    at_workers: BTreeMap<Arc<str>, u32>,
}

impl Recorder {
    /// A recorder that keeps this many events, and as many messages that were handled. A message
    /// that a worker deletes was handled by it.
    pub(crate) fn new<'w>(
        capacity: usize,
        workers: impl Iterator<Item = (&'w FunctionSpec, &'w str)>,
    ) -> Self {
        let workers = workers.map(|(worker, queue)| (queue.into(), worker.name.as_str().into()));

        Self {
            workers: workers.collect(),
            at_workers: BTreeMap::new(),
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
            self.add_event(step.event, object);
        }

        self.add_handling(step);
        self.observe_worker(step);

        let Some(event) = step.event.and_then(|id| self.events.get_mut(&id)) else {
            return;
        };

        match &step.kind {
            StepKind::Enqueued {
                is_duplicate: false,
                ..
            } => event.messages += 1,
            StepKind::Outcome {
                queue,
                fate,
                failure,
                ..
            } => {
                if failure.is_some() {
                    event.last_failure.clone_from(failure);
                }
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

    /// Remembers a message that a function reported as done.
    fn add_handling(&mut self, step: &Step) {
        let StepKind::Outcome {
            function,
            message_id,
            receive_count,
            fate: Fate::Succeeded,
            ..
        } = &step.kind
        else {
            return;
        };

        self.push_handling(Handling {
            function: Arc::clone(function),
            event: step.event,
            message_id: Arc::clone(message_id),
            receive_count: *receive_count,
        });
    }

    /// Follows a message that a worker receives and deletes.
    fn observe_worker(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Received {
                queue,
                message_id,
                receive_count,
            } if self.workers.contains_key(queue) => {
                self.at_workers
                    .insert(Arc::clone(message_id), *receive_count);
                if let Some(event) = step.event.and_then(|id| self.events.get_mut(&id)) {
                    *event.receives.entry(Arc::clone(queue)).or_default() += 1;
                }
            }
            StepKind::Deleted { queue, message_id } => {
                let worker = self.workers.get(queue).cloned();
                let receive_count = self.at_workers.remove(message_id);

                if let (Some(function), Some(receive_count)) = (worker, receive_count) {
                    self.push_handling(Handling {
                        function,
                        event: step.event,
                        message_id: Arc::clone(message_id),
                        receive_count,
                    });
                    if let Some(event) = step.event.and_then(|id| self.events.get_mut(&id)) {
                        event.handled += 1;
                    }
                }
            }
            StepKind::Redriven { message_id, .. } | StepKind::Expired { message_id, .. } => {
                self.at_workers.remove(message_id);
            }
            _ => {}
        }
    }

    fn push_handling(&mut self, handling: Handling) {
        if self.handled.len() == self.capacity {
            self.handled.pop_front();
        }

        self.handled.push_back(handling);
    }

    fn add_event(&mut self, id: Option<EventId>, object: &Arc<ObjectEvent>) {
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
            last_failure: None,
            dead_letter_queues: Vec::new(),
            expired: 0,
        };

        self.events.insert(id, report);
    }
}
