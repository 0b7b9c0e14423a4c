//! Messages in transit: on the way to a topic, to the event bus or to a queue.

use std::sync::Arc;

use crate::faults::Hop;
use crate::s3::EventId;
use crate::topology::Destination;

/// A message that is on its way to a topic, to the event bus or to a queue.
#[derive(Debug, Clone)]
pub(crate) struct InTransit {
    /// The event that the message is about; `None` for a test notification.
    pub(crate) event: Option<EventId>,
    pub(crate) body: Arc<str>,
    pub(crate) next_stop: NextStop,
    /// Where the message comes from and which copy it is. The path identifies it among all others,
    /// and is the same in every run.
    pub(crate) path: Arc<str>,
    /// The trace header of the invocation that caused the event, if one did.
    pub(crate) trace_header: Option<Arc<str>>,
    /// How often a full queue has rejected the message.
    pub(crate) refusals: u32,
    /// The queue that gets the message if its queue refuses it for good. `None` means that it is
    /// lost then.
    pub(crate) dead_letter_queue: Option<Arc<str>>,
}

/// Where a message in transit arrives next.
#[derive(Debug, Clone)]
pub(crate) enum NextStop {
    /// A topic, from a bucket.
    Topic(Arc<str>),
    /// EventBridge's default event bus, from a bucket.
    EventBus(Arc<str>),
    /// A queue, from a topic, from the event bus or directly from a bucket.
    Queue(Arc<str>),
}

impl InTransit {
    pub(crate) fn hop(&self) -> Hop {
        match self.next_stop {
            NextStop::Topic(_) | NextStop::EventBus(_) => Hop::Publish,
            NextStop::Queue(_) => Hop::Deliver,
        }
    }

    /// A duplicate, which gets this mark in its path.
    pub(crate) fn duplicate(&self, mark: &str) -> Self {
        Self {
            path: format!("{}{mark}", self.path).into(),
            ..self.clone()
        }
    }

    /// The message that the topic sends on to a queue.
    pub(crate) fn forward(&self, queue: &Arc<str>, body: Arc<str>) -> Self {
        self.forward_by(queue, queue, body)
    }

    /// The message that the event bus sends on to the queue of a rule. Several rules may have the
    /// same queue, so the path has the name of the rule.
    pub(crate) fn forward_by(&self, name: &str, queue: &Arc<str>, body: Arc<str>) -> Self {
        Self {
            event: self.event,
            body,
            next_stop: NextStop::Queue(Arc::clone(queue)),
            path: format!("{}/{name}", self.path).into(),
            trace_header: self.trace_header.clone(),
            refusals: 0,
            dead_letter_queue: None,
        }
    }

    /// The same message, which goes to this queue if its own refuses it for good.
    pub(crate) fn with_dead_letter_queue(self, queue: Option<&Arc<str>>) -> Self {
        Self {
            dead_letter_queue: queue.cloned(),
            ..self
        }
    }

    /// The message on its way to its dead-letter queue. `None` if it has none.
    pub(crate) fn into_dead_letter(self) -> Option<Self> {
        let queue = self.dead_letter_queue?;

        Some(Self {
            path: format!("{}/{queue}", self.path).into(),
            next_stop: NextStop::Queue(queue),
            refusals: 0,
            dead_letter_queue: None,
            ..self
        })
    }
}

impl NextStop {
    /// The name of the topic, event bus or queue.
    pub(crate) fn name(&self) -> &Arc<str> {
        match self {
            Self::Topic(name) | Self::EventBus(name) | Self::Queue(name) => name,
        }
    }
}

impl From<&Destination> for NextStop {
    fn from(destination: &Destination) -> Self {
        match destination {
            Destination::Topic(name) => Self::Topic(name.as_str().into()),
            Destination::Queue(name) => Self::Queue(name.as_str().into()),
        }
    }
}
