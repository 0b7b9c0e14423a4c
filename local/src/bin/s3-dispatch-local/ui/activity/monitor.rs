//! Follows the pipeline's steps for the page.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_dispatch_local::{
    BucketSpec, Destination, EventId, Hop, QueueSpec, Step, StepKind, SubscriptionSpec, Topology,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::component::Component;
use super::counters::Counters;
use super::event_history::EventHistory;
use super::history_search::HistorySearch;
use super::invocations::OpenInvocations;
use super::replay::Replay;
use super::subject::Subject;
use crate::console::StepLine;

/// How many histories are kept.
const MAX_HISTORIES: usize = 2000;

/// How many histories one answer contains.
const MAX_CHANGED_HISTORIES: usize = 200;

/// Counts what the components do, and keeps the histories of the last events. Its memory is
/// bounded.
pub(crate) struct Monitor {
    record: Mutex<Record>,
    version: watch::Sender<u64>,
}

/// What has happened so far.
struct Record {
    /// What the pipeline consists of now.
    topology: Arc<Topology>,
    /// Grows with every change.
    version: u64,
    counters: Counters,
    invocations: OpenInvocations,
    /// The oldest first, by a number that grows.
    histories: BTreeMap<u64, EventHistory>,
    last_number: u64,
    numbers: HashMap<Subject, u64>,
    /// The last event whose history was dropped.
    last_dropped: Option<EventId>,
}

impl Monitor {
    pub(crate) fn new(topology: Topology) -> Self {
        Self {
            record: Mutex::new(Record::new(topology)),
            version: watch::Sender::new(0),
        }
    }

    /// Records a step. Must be called for every step, in order.
    pub(crate) fn observe(&self, step: &Step) {
        let mut record = self.lock();
        match &step.kind {
            StepKind::NotificationsConfigured(spec) => {
                configure(Arc::make_mut(&mut record.topology), spec);
            }
            StepKind::FilterPolicyChanged(spec) => {
                resubscribe(Arc::make_mut(&mut record.topology), spec);
            }
            _ => {}
        }

        let topology = Arc::clone(&record.topology);
        let bucket = record.bucket_of(step);
        record.counters.count(step, bucket, &topology);

        record.version += 1;
        record.add_step(step, &topology);
        self.version.send_replace(record.version);
    }

    /// What the pipeline consists of now. Another value after each change of it.
    pub(in crate::ui) fn topology(&self) -> Arc<Topology> {
        Arc::clone(&self.lock().topology)
    }

    /// Wakes the watchers because something changed that is not a step.
    pub(in crate::ui) fn mark_changed(&self) {
        let mut record = self.lock();
        record.version += 1;
        self.version.send_replace(record.version);
    }

    /// The number of the current version, which grows with every change.
    pub(in crate::ui) fn watch_version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The current version, all counters, and the histories that changed since a version.
    ///
    /// ```json
    /// {"flows": [["topic:created", "queue:uploads", 3]],
    ///  "actions": [["function:uploads", "handled", 3]],
    ///  "faults": [["invoke", "kill", 1]],
    ///  "messages": [{"id": "e1", "state": "handled"}]}
    /// ```
    pub(in crate::ui) fn changes_since(&self, version: Option<u64>) -> (u64, Value) {
        let record = self.lock();
        let changed = record
            .histories
            .values()
            .rev()
            .filter(|history| version.is_none_or(|version| history.changed_in > version));

        let mut messages: Vec<_> = changed
            .take(MAX_CHANGED_HISTORIES)
            .map(EventHistory::summary)
            .collect();
        messages.reverse();

        let mut actions = record.counters.actions();
        actions.extend(record.topology.functions.iter().map(|spec| {
            let function = Component::function(&spec.name.as_str().into());
            json!([function, "running", record.invocations.count(&spec.name)])
        }));

        let changes = json!({
            "flows": record.counters.flows(),
            "actions": actions,
            "faults": record.counters.faults(),
            "messages": messages,
        });

        (record.version, changes)
    }

    /// The newest histories that match, at most `count`. The newest comes first.
    ///
    /// ```json
    /// {"messages": [{"id": "e2", "state": "dead"}], "has_older": false}
    /// ```
    pub(in crate::ui) fn search(&self, question: &HistorySearch, count: usize) -> Value {
        let record = self.lock();
        let mut found = record
            .histories
            .values()
            .rev()
            .filter(|history| question.matches(history));

        let messages: Vec<_> = found
            .by_ref()
            .take(count)
            .map(EventHistory::summary)
            .collect();

        json!({"messages": messages, "has_older": found.next().is_some()})
    }

    /// The whole history with this id, if it is still kept.
    pub(in crate::ui) fn details(&self, id: &str) -> Option<Value> {
        self.lock()
            .histories
            .values()
            .find(|history| history.id == id)
            .map(EventHistory::details)
    }

    /// What of the history with this id can happen again, if it is still kept.
    pub(in crate::ui) fn replay(&self, id: &str) -> Option<Replay> {
        let record = self.lock();
        let mut histories = record.histories.values();

        histories
            .find(|history| history.id == id)
            .map(EventHistory::replay)
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets what a bucket publishes. The bucket and its queues may be new: clients can create both.
fn configure(topology: &mut Topology, spec: &BucketSpec) {
    let mut buckets = topology.buckets.iter_mut();
    match buckets.find(|bucket| bucket.name == spec.name) {
        Some(bucket) => bucket.clone_from(spec),
        None => topology.buckets.push(spec.clone()),
    }

    for notification in &spec.notifications {
        if let Destination::Queue(name) = &notification.destination
            && !topology.queues.iter().any(|queue| queue.name == *name)
        {
            topology.queues.push(QueueSpec::new(name));
        }
    }
}

/// Sets the filter policy of a subscription.
fn resubscribe(topology: &mut Topology, spec: &SubscriptionSpec) {
    let mut subscriptions = topology.subscriptions.iter_mut();
    let own = subscriptions.find(|own| own.topic == spec.topic && own.queue == spec.queue);
    if let Some(own) = own {
        own.clone_from(spec);
    }
}

impl Record {
    fn new(topology: Topology) -> Self {
        Self {
            topology: Arc::new(topology),
            version: 0,
            counters: Counters::default(),
            invocations: OpenInvocations::default(),
            histories: BTreeMap::new(),
            last_number: 0,
            numbers: HashMap::new(),
            last_dropped: None,
        }
    }

    fn bucket_of(&self, step: &Step) -> Option<Component> {
        let number = self.numbers.get(&Subject::Event(step.event?))?;

        self.histories.get(number)?.bucket().map(Component::bucket)
    }

    /// Adds a step to the histories of everything that it is about.
    fn add_step(&mut self, step: &Step, topology: &Topology) {
        let Some(line) = StepLine::of(step).map(Arc::new) else {
            return;
        };

        let subjects = self.invocations.subjects_of(step);

        match &step.kind {
            StepKind::FaultInjected {
                hop: Hop::Invoke,
                id: Some(request_id),
                ..
            } if subjects.is_empty() => {
                self.invocations.keep_early_fault(request_id, step, line);
                return;
            }
            StepKind::Invoked {
                function,
                request_id,
                ..
            } => {
                let early_faults = self.invocations.start(request_id, function, &subjects);
                for (fault, line) in early_faults {
                    self.add_to_histories(&subjects, &fault, &line, topology);
                }
            }
            StepKind::Answered { request_id, .. } => self.invocations.end(request_id),
            _ => {}
        }

        self.add_to_histories(&subjects, step, &line, topology);
    }

    fn add_to_histories(
        &mut self,
        subjects: &[Subject],
        step: &Step,
        line: &Arc<StepLine>,
        topology: &Topology,
    ) {
        let version = self.version;

        for subject in subjects {
            let Some(history) = self.history(subject, step) else {
                continue;
            };

            history.observe(step, topology);
            history.add_line(step.elapsed, Arc::clone(line));
            history.changed_in = version;
        }
    }

    /// The history of a subject: a new one for a new subject, and none for one that was dropped.
    fn history(&mut self, subject: &Subject, step: &Step) -> Option<&mut EventHistory> {
        if let Some(number) = self.numbers.get(subject) {
            return self.histories.get_mut(number);
        }

        let id = match subject {
            Subject::Event(event) if self.last_dropped.is_none_or(|dropped| *event > dropped) => {
                format!("e{}", event.0)
            }
            Subject::Message(id) if matches!(step.kind, StepKind::Enqueued { .. }) => {
                format!("m{id}")
            }
            _ => return None,
        };

        if self.histories.len() == MAX_HISTORIES {
            self.drop_oldest();
        }

        self.last_number += 1;
        self.numbers.insert(subject.clone(), self.last_number);
        let history = EventHistory::new(id, subject.clone(), step.elapsed);

        Some(self.histories.entry(self.last_number).or_insert(history))
    }

    fn drop_oldest(&mut self) {
        let Some((_, history)) = self.histories.pop_first() else {
            return;
        };

        self.numbers.remove(&history.subject);

        if let Subject::Event(event) = history.subject {
            self.last_dropped = self.last_dropped.max(Some(event));
        }
    }
}
