//! What the page shows: counters, and the ways of the last events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_dispatch_local::{EventId, Fate, Fault, Hop, Step, StepKind, Topology};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::component::Node;
use super::event_history::Track;
use crate::step_line::StepLine;

/// How many events are remembered.
const MAX_TRACKS: usize = 500;

/// How many of them a page is told of at a time.
const MAX_NEWS: usize = 200;

/// What the page shows. Told of each step, it never grows beyond its bounds.
pub(crate) struct Board {
    topology: Topology,
    inner: Mutex<Inner>,
    version: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    version: u64,
    next: u64,
    tracks: BTreeMap<u64, Track>,
    index: HashMap<Subject, u64>,
    /// The last event that was forgotten.
    forgotten: Option<EventId>,
    calls: HashMap<Arc<str>, Call>,
    flows: HashMap<(Node, Node), u64>,
    tallies: HashMap<(Node, &'static str), u64>,
    faults: HashMap<(Hop, Fault), u64>,
}

/// Whom a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Event(EventId),
    Message(Arc<str>),
}

/// An invocation that has not ended.
#[derive(Default)]
struct Call {
    function: Option<Arc<str>>,
    subjects: Vec<Subject>,
    /// What went wrong before it was known what it is about.
    early: Vec<(Step, Arc<StepLine>)>,
}

impl Board {
    /// Nothing has happened yet in a pipeline that is made of this.
    pub(crate) fn new(topology: Topology) -> Self {
        Self {
            topology,
            inner: Mutex::default(),
            version: watch::Sender::new(0),
        }
    }

    pub(crate) fn observe(&self, step: &Step) {
        let mut inner = self.lock();
        inner.version += 1;
        inner.count(step, &self.topology);
        inner.follow(step, &self.topology);
        self.version.send_replace(inner.version);
    }

    /// Says that something else has changed.
    pub(crate) fn touch(&self) {
        let mut inner = self.lock();
        inner.version += 1;
        self.version.send_replace(inner.version);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What is new since a version, or all that is known; and the version that it is.
    ///
    /// `{"flows": [[from, to, count]], "tallies": [[node, what, count]], "faults": [[hop, fault,
    /// count]], "messages": []}`
    pub(crate) fn news(&self, since: Option<u64>) -> (u64, Value) {
        let inner = self.lock();
        let is_new = |track: &&Track| since.is_none_or(|since| track.changed > since);

        let mut messages: Vec<_> = inner
            .tracks
            .values()
            .rev()
            .filter(is_new)
            .take(MAX_NEWS)
            .map(Track::summary)
            .collect();

        messages.reverse();

        let running = self.topology.functions.iter().map(|spec| {
            let calls = inner
                .calls
                .values()
                .filter(|call| call.function.as_deref() == Some(&*spec.name));
            json!([
                Node::function(&spec.name.as_str().into()),
                "running",
                calls.count()
            ])
        });

        let tallies = inner
            .tallies
            .iter()
            .map(|((node, what), count)| json!([node, what, count]))
            .chain(running);

        let flows = inner
            .flows
            .iter()
            .map(|((from, to), count)| json!([from, to, count]));
        let faults = inner
            .faults
            .iter()
            .map(|((hop, fault), count)| json!([hop.to_string(), fault.to_string(), count]));

        let news = json!({
            "flows": flows.collect::<Vec<_>>(),
            "tallies": tallies.collect::<Vec<_>>(),
            "faults": faults.collect::<Vec<_>>(),
            "messages": messages,
        });

        (inner.version, news)
    }

    /// All that is known of the event or message of this id.
    pub(crate) fn details(&self, id: &str) -> Option<Value> {
        self.lock()
            .tracks
            .values()
            .find(|track| track.id == id)
            .map(Track::details)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn count(&mut self, step: &Step, topology: &Topology) {
        match &step.kind {
            StepKind::ObjectEvent(object) => self.tally(Node::bucket(&object.bucket), "objects"),
            StepKind::NotificationSent { destination } => {
                let topic = Node::topic(destination);
                if let Some(bucket) = self.bucket_of(step) {
                    self.flow(bucket, topic.clone(), 1);
                }

                self.tally(topic, "notifications");
            }
            StepKind::FilterVerdict {
                topic,
                queue,
                passed,
            } => {
                let what = if *passed { "passed" } else { "held back" };
                self.tally(Node::topic(topic), what);
                self.flow(Node::topic(topic), Node::queue(queue), u64::from(*passed));
            }
            StepKind::Enqueued {
                queue,
                is_duplicate: false,
                ..
            } => {
                let queue = Node::queue(queue);
                if let Some(bucket) = self
                    .bucket_of(step)
                    .filter(|bucket| is_direct(topology, bucket, &queue))
                {
                    self.flow(bucket, queue.clone(), 1);
                }

                self.tally(queue, "messages");
            }
            StepKind::Invoked {
                function,
                queue,
                messages,
                ..
            } => {
                self.flow(
                    Node::queue(queue),
                    Node::function(function),
                    messages.len() as u64,
                );
                self.tally(Node::function(function), "invocations");
            }
            StepKind::Outcome { function, fate, .. } => {
                let what = if *fate == Fate::Succeeded {
                    "handled"
                } else {
                    "failed"
                };
                self.tally(Node::function(function), what);
            }
            StepKind::Redriven {
                queue,
                dead_letter_queue,
                ..
            } => {
                self.flow(Node::queue(queue), Node::queue(dead_letter_queue), 1);
            }
            StepKind::Expired { queue, .. } => self.tally(Node::queue(queue), "expired"),
            StepKind::FunctionCrashed { function, .. } => {
                self.tally(Node::function(function), "crashes")
            }
            StepKind::FunctionTimedOut { function, .. } => {
                self.tally(Node::function(function), "timeouts")
            }
            StepKind::FaultInjected { hop, fault, .. } => {
                *self.faults.entry((*hop, *fault)).or_default() += 1
            }
            _ => {}
        }
    }

    fn tally(&mut self, node: Node, what: &'static str) {
        *self.tallies.entry((node, what)).or_default() += 1;
    }

    fn flow(&mut self, from: Node, to: Node, count: u64) {
        *self.flows.entry((from, to)).or_default() += count;
    }

    fn bucket_of(&self, step: &Step) -> Option<Node> {
        let track = self
            .tracks
            .get(self.index.get(&Subject::Event(step.event?))?)?;
        track.bucket().map(Node::bucket)
    }

    /// Adds a step to the ways of all that it is about.
    fn follow(&mut self, step: &Step, topology: &Topology) {
        let Some(line) = StepLine::of(step).map(Arc::new) else {
            return;
        };

        let subjects = self.subjects(step);

        match &step.kind {
            StepKind::FaultInjected {
                hop: Hop::Invoke,
                id: Some(request),
                ..
            } if subjects.is_empty() => {
                self.calls
                    .entry(Arc::clone(request))
                    .or_default()
                    .early
                    .push((step.clone(), line));
                return;
            }
            StepKind::Invoked {
                function,
                request_id,
                ..
            } => {
                let call = self.calls.entry(Arc::clone(request_id)).or_default();
                call.function = Some(Arc::clone(function));
                call.subjects.clone_from(&subjects);

                for (step, line) in std::mem::take(&mut call.early) {
                    self.tell(&subjects, &step, &line, topology);
                }
            }
            StepKind::Answered { request_id, .. } => drop(self.calls.remove(request_id)),
            _ => {}
        }

        self.tell(&subjects, step, &line, topology);
    }

    fn subjects(&self, step: &Step) -> Vec<Subject> {
        if let Some(event) = step.event {
            return vec![Subject::Event(event)];
        }

        match &step.kind {
            StepKind::Invoked { messages, .. } => {
                let subjects = messages.iter().map(|message| match message.event {
                    Some(event) => Subject::Event(event),
                    None => Subject::Message(Arc::clone(&message.message_id)),
                });
                // Duplicates of one event may be in one batch.
                let mut seen = HashSet::new();

                subjects
                    .filter(|subject| seen.insert(subject.clone()))
                    .collect()
            }
            StepKind::Answered { request_id, .. }
            | StepKind::FaultInjected {
                hop: Hop::Invoke,
                id: Some(request_id),
                ..
            } => self
                .calls
                .get(request_id)
                .map(|call| call.subjects.clone())
                .unwrap_or_default(),
            StepKind::FunctionLog { function, .. }
            | StepKind::FunctionCrashed { function, .. }
            | StepKind::FunctionTimedOut { function, .. } => self.only_call(function),
            StepKind::Enqueued { message_id, .. }
            | StepKind::Outcome { message_id, .. }
            | StepKind::Deleted { message_id, .. }
            | StepKind::Redriven { message_id, .. }
            | StepKind::Expired { message_id, .. }
            | StepKind::FaultInjected {
                id: Some(message_id),
                ..
            } => vec![Subject::Message(Arc::clone(message_id))],
            _ => Vec::new(),
        }
    }

    /// Whom a function's own words are about, where that is beyond doubt.
    fn only_call(&self, function: &Arc<str>) -> Vec<Subject> {
        let mut calls = self
            .calls
            .values()
            .filter(|call| call.function.as_ref() == Some(function));
        match (calls.next(), calls.next()) {
            (Some(call), None) => call.subjects.clone(),
            _ => Vec::new(),
        }
    }

    fn tell(
        &mut self,
        subjects: &[Subject],
        step: &Step,
        line: &Arc<StepLine>,
        topology: &Topology,
    ) {
        let version = self.version;
        for subject in subjects {
            let Some(track) = self.track(subject, step) else {
                continue;
            };

            track.observe(step, topology);
            track.note(step.elapsed, Arc::clone(line));
            track.changed = version;
        }
    }

    /// The track of whom a step is about: a new one when nobody knew of it, none when it was
    /// forgotten.
    fn track(&mut self, subject: &Subject, step: &Step) -> Option<&mut Track> {
        if let Some(number) = self.index.get(subject) {
            return self.tracks.get_mut(number);
        }

        let id = match subject {
            Subject::Event(event) if self.forgotten.is_none_or(|forgotten| *event > forgotten) => {
                format!("e{}", event.0)
            }
            Subject::Message(id) if matches!(step.kind, StepKind::Enqueued { .. }) => {
                format!("m{id}")
            }
            _ => return None,
        };

        if self.tracks.len() == MAX_TRACKS {
            self.forget_oldest();
        }

        self.next += 1;
        self.index.insert(subject.clone(), self.next);
        let track = Track::new(id, subject.clone(), step.elapsed);

        Some(self.tracks.entry(self.next).or_insert(track))
    }

    fn forget_oldest(&mut self) {
        let Some((_, track)) = self.tracks.pop_first() else {
            return;
        };

        self.index.remove(&track.subject);

        if let Subject::Event(event) = track.subject {
            self.forgotten = self.forgotten.max(Some(event));
        }
    }
}

/// Whether the bucket notifies the queue without a topic.
fn is_direct(topology: &Topology, bucket: &Node, queue: &Node) -> bool {
    let mut buckets = topology
        .buckets
        .iter()
        .filter(|spec| *spec.name == *bucket.name);
    buckets.any(|spec| {
        spec.notifications
            .iter()
            .any(|spec| Node::destination(&spec.destination).as_ref() == Some(queue))
    })
}
