//! The components of a pipeline: its buckets, topics, event bus, queues and functions.

use std::fmt;
use std::sync::Arc;

use s3_dispatch_local::Destination;
use serde::{Serialize, Serializer};

/// The name of the event bus in steps. No topic can have it.
const EVENT_BUS: &str = "default event bus";

/// A bucket, topic, event bus, queue or function. In JSON: `"queue:uploads"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ui) struct Component {
    kind: ComponentKind,
    name: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ComponentKind {
    Bucket,
    Topic,
    EventBus,
    Queue,
    Function,
}

impl Component {
    pub(in crate::ui) fn bucket(name: &str) -> Self {
        Self::new(ComponentKind::Bucket, name.into())
    }

    pub(in crate::ui) fn topic(name: &Arc<str>) -> Self {
        Self::new(ComponentKind::Topic, Arc::clone(name))
    }

    /// The event bus of EventBridge. There is only one.
    pub(in crate::ui) fn event_bus() -> Self {
        Self::new(ComponentKind::EventBus, EVENT_BUS.into())
    }

    /// The topic or the event bus that S3 publishes to under this name.
    pub(in crate::ui) fn published_to(name: &Arc<str>) -> Self {
        match &**name {
            EVENT_BUS => Self::event_bus(),
            _ => Self::topic(name),
        }
    }

    pub(in crate::ui) fn queue(name: &Arc<str>) -> Self {
        Self::new(ComponentKind::Queue, Arc::clone(name))
    }

    pub(in crate::ui) fn function(name: &Arc<str>) -> Self {
        Self::new(ComponentKind::Function, Arc::clone(name))
    }

    /// Returns `None` for a kind of destination that the page does not know.
    pub(in crate::ui) fn destination(destination: &Destination) -> Option<Self> {
        match destination {
            Destination::Queue(name) => Some(Self::queue(&name.as_str().into())),
            Destination::Topic(name) => Some(Self::topic(&name.as_str().into())),
            _ => None,
        }
    }

    pub(in crate::ui) fn name(&self) -> &str {
        &self.name
    }

    fn new(kind: ComponentKind, name: Arc<str>) -> Self {
        Self { kind, name }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ComponentKind::Bucket => "bucket",
            ComponentKind::Topic => "topic",
            ComponentKind::EventBus => "bus",
            ComponentKind::Queue => "queue",
            ComponentKind::Function => "function",
        };
        write!(f, "{kind}:{}", self.name)
    }
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
