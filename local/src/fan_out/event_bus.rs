//! EventBridge: which rule matches which event.
//!
//! The default event bus is beside the topics the other fan-out of the pipeline. When an event
//! reaches it, the pipeline asks here which queues it goes on to.

use std::sync::Arc;

use crate::topology::RuleSpec;

/// The name of the event bus in steps and faults. No topic can have it.
pub(crate) const EVENT_BUS: &str = "default event bus";

/// A rule of the event bus.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) queue: Arc<str>,
    pub(crate) dead_letter_queue: Option<Arc<str>>,
    spec: RuleSpec,
}

impl Rule {
    pub(crate) fn new(spec: &RuleSpec) -> Self {
        Self {
            name: spec.name.as_str().into(),
            queue: spec.queue.as_str().into(),
            dead_letter_queue: spec.dead_letter_queue.as_deref().map(Arc::from),
            spec: spec.clone(),
        }
    }

    /// Whether the rule's pattern matches this event.
    pub(crate) fn matches(&self, event: &str) -> bool {
        self.spec.pattern.matches(event)
    }
}
