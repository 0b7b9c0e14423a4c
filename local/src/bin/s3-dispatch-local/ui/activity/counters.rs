//! The numbers in the boxes and at the arrows of the diagram.

use std::collections::HashMap;
use std::sync::Arc;

use s3_dispatch_local::{Fate, Fault, Hop, Step, StepKind, Topology};
use serde_json::{Value, json};

use super::component::Component;

/// Counts the notifications of a topic that no subscription lets pass.
const FOR_NO_QUEUE: &str = "for no queue";

/// Counts what the components do, since the pipeline started.
#[derive(Default)]
pub(super) struct Counters {
    /// How many messages went from one component to another.
    flows: HashMap<(Component, Component), u64>,
    /// What each component did, and how often.
    actions: HashMap<(Component, &'static str), u64>,
    faults: HashMap<(Hop, Fault), u64>,
    /// The topic of the last notification, until a subscription lets it pass. The verdicts of the
    /// subscriptions follow at once.
    without_queue: Option<Component>,
}

impl Counters {
    /// Counts a step. `bucket` is the bucket of the step's event, if it is known.
    pub(super) fn count(&mut self, step: &Step, bucket: Option<Component>, topology: &Topology) {
        match &step.kind {
            StepKind::FaultInjected { hop, fault, .. } => {
                *self.faults.entry((*hop, *fault)).or_default() += 1;
            }
            StepKind::NotificationSent { destination } => {
                self.count_notification(bucket, Component::topic(destination));
            }
            StepKind::EventSent { .. } => self.count_notification(bucket, Component::event_bus()),
            StepKind::Enqueued {
                queue,
                is_duplicate: false,
                ..
            } => self.count_enqueued(bucket, queue, topology),
            kind => {
                self.count_message(kind);
                self.count_function(kind);
            }
        }
    }

    fn count_notification(&mut self, bucket: Option<Component>, destination: Component) {
        if let Some(bucket) = bucket {
            self.add_flow(bucket, destination.clone(), 1);
        }

        self.add(destination.clone(), "notifications");
        self.add(destination.clone(), FOR_NO_QUEUE);
        self.without_queue = Some(destination);
    }

    /// Counts what a topic or the event bus sends on to a queue, or does not.
    fn count_verdict(&mut self, sender: Component, queue: &Arc<str>, passed: bool) {
        if passed {
            self.count_passed(&sender);
            self.add_flow(sender, Component::queue(queue), 1);
        }
    }

    fn count_enqueued(&mut self, bucket: Option<Component>, queue: &Arc<str>, topology: &Topology) {
        let queue = Component::queue(queue);
        let bucket = bucket.filter(|bucket| notifies_directly(topology, bucket, &queue));
        if let Some(bucket) = bucket {
            self.add_flow(bucket, queue.clone(), 1);
        }

        self.add(queue, "messages");
    }

    fn count_message(&mut self, kind: &StepKind) {
        match kind {
            StepKind::ObjectEvent(object) => {
                self.add(Component::bucket(&object.bucket), "objects");
            }
            StepKind::FilterVerdict {
                topic,
                queue,
                passed,
            } => self.count_verdict(Component::topic(topic), queue, *passed),
            StepKind::RuleVerdict { queue, matched, .. } => {
                self.count_verdict(Component::event_bus(), queue, *matched);
            }
            StepKind::Redriven {
                queue,
                dead_letter_queue,
                ..
            } => self.add_flow(
                Component::queue(queue),
                Component::queue(dead_letter_queue),
                1,
            ),
            StepKind::Expired { queue, .. } => self.add(Component::queue(queue), "expired"),
            _ => {}
        }
    }

    /// Counts that a notification passes a subscription: it is for a queue.
    fn count_passed(&mut self, topic: &Component) {
        let is_first = self.without_queue.take_if(|last| last == topic).is_some();

        if is_first && let Some(count) = self.actions.get_mut(&(topic.clone(), FOR_NO_QUEUE)) {
            *count -= 1;
        }
    }

    fn count_function(&mut self, kind: &StepKind) {
        match kind {
            StepKind::Invoked {
                function,
                queue,
                messages,
                ..
            } => {
                let function = Component::function(function);
                self.add(function.clone(), "invocations");
                self.add_flow(Component::queue(queue), function, messages.len() as u64);
            }
            StepKind::Outcome { function, fate, .. } => {
                let action = match fate {
                    Fate::Succeeded => "handled",
                    _ => "failed",
                };
                self.add(Component::function(function), action);
            }
            StepKind::FunctionCrashed { function, .. } => {
                self.add(Component::function(function), "crashes");
            }
            StepKind::FunctionTimedOut { function, .. } => {
                self.add(Component::function(function), "timeouts");
            }
            _ => {}
        }
    }

    fn add(&mut self, component: Component, action: &'static str) {
        *self.actions.entry((component, action)).or_default() += 1;
    }

    fn add_flow(&mut self, from: Component, to: Component, count: u64) {
        *self.flows.entry((from, to)).or_default() += count;
    }

    /// `[[from, to, count]]`
    pub(super) fn flows(&self) -> Vec<Value> {
        self.flows
            .iter()
            .map(|((from, to), count)| json!([from, to, count]))
            .collect()
    }

    /// `[[component, action, count]]`
    pub(super) fn actions(&self) -> Vec<Value> {
        self.actions
            .iter()
            .map(|((component, action), count)| json!([component, action, count]))
            .collect()
    }

    /// `[[hop, fault, count]]`
    pub(super) fn faults(&self) -> Vec<Value> {
        self.faults
            .iter()
            .map(|((hop, fault), count)| json!([hop.to_string(), fault.to_string(), count]))
            .collect()
    }
}

/// Whether the bucket notifies the queue without a topic in between.
fn notifies_directly(topology: &Topology, bucket: &Component, queue: &Component) -> bool {
    let mut notifications = topology
        .buckets
        .iter()
        .filter(|spec| spec.name == bucket.name())
        .flat_map(|spec| &spec.notifications);
    notifications.any(|spec| Component::destination(&spec.destination).as_ref() == Some(queue))
}
