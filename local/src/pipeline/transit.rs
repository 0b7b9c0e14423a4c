//! What is on its way to a topic or a queue.

use std::sync::Arc;

use crate::{EventId, Hop};

/// A message between two parts of the pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    /// The event that it is of; `None` for a test notification.
    pub(crate) event: Option<EventId>,
    pub(crate) body: Arc<str>,
    pub(crate) leg: Leg,
    /// Names the parcel among all others, in the same way each time: where it comes from, and
    /// which copy it is.
    pub(crate) path: Arc<str>,
    /// How often it has been refused.
    pub(crate) refusals: u32,
}

/// Where a parcel goes.
#[derive(Debug, Clone)]
pub(crate) enum Leg {
    /// From a bucket to a topic.
    Topic(Arc<str>),
    /// From a topic, or straight from a bucket, to a queue.
    Queue(Arc<str>),
}

impl Parcel {
    pub(crate) fn hop(&self) -> Hop {
        match self.leg {
            Leg::Topic(_) => Hop::Publish,
            Leg::Queue(_) => Hop::Deliver,
        }
    }

    pub(crate) fn place(&self) -> &Arc<str> {
        match &self.leg {
            Leg::Topic(name) | Leg::Queue(name) => name,
        }
    }

    /// The same once more.
    pub(crate) fn copy(&self, mark: &str) -> Self {
        Self {
            path: format!("{}{mark}", self.path).into(),
            ..self.clone()
        }
    }

    /// What comes of it behind the topic.
    pub(crate) fn forward(&self, queue: &Arc<str>, body: Arc<str>) -> Self {
        let path = format!("{}/{queue}", self.path).into();
        Self {
            event: self.event,
            body,
            leg: Leg::Queue(Arc::clone(queue)),
            path,
            refusals: 0,
        }
    }
}
