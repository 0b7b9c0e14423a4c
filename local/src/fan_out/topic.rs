//! Topics: which subscription gets which message, and in which form.
//!
//! A topic is the fan-out of the pipeline. When a notification reaches it, the pipeline asks here
//! which queues it goes on to.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use s3_dispatch_testing::{SnsFilterPolicy, SnsMessageBuilder};

use crate::aws::arn::topic_arn;
use crate::aws::time::iso;
use crate::topology::SubscriptionSpec;

/// A topic and its subscriptions.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    subscriptions: Vec<SubscribedQueue>,
}

/// A subscription of a queue to a topic.
#[derive(Debug)]
pub(crate) struct SubscribedQueue {
    pub(crate) queue: Arc<str>,
    pub(crate) dead_letter_queue: Option<Arc<str>>,
    raw_delivery: bool,
    filter_policy: RwLock<Option<SnsFilterPolicy>>,
}

impl Topic {
    /// The topic with this name and its part of these subscriptions.
    pub(crate) fn new(name: &str, subscriptions: &[SubscriptionSpec]) -> Self {
        let subscriptions = subscriptions
            .iter()
            .filter(|spec| spec.topic == name)
            .map(SubscribedQueue::new);

        Self {
            name: name.into(),
            subscriptions: subscriptions.collect(),
        }
    }

    pub(crate) fn subscriptions(&self) -> &[SubscribedQueue] {
        &self.subscriptions
    }

    /// The body of the message that a subscribed queue gets: the published body, in the SNS
    /// envelope unless the subscription has raw delivery.
    pub(crate) fn message_body(
        &self,
        subscription: &SubscribedQueue,
        published: &Arc<str>,
        message_id: &str,
        now: SystemTime,
    ) -> Arc<str> {
        if subscription.raw_delivery {
            return Arc::clone(published);
        }

        SnsMessageBuilder::new(&**published)
            .with_message_id(message_id)
            .with_topic_arn(topic_arn(&self.name))
            .with_timestamp(iso(now))
            .to_json()
            .into()
    }
}

impl SubscribedQueue {
    fn new(spec: &SubscriptionSpec) -> Self {
        Self {
            queue: spec.queue.as_str().into(),
            dead_letter_queue: spec.dead_letter_queue.as_deref().map(Arc::from),
            raw_delivery: spec.raw_delivery,
            filter_policy: RwLock::new(spec.filter_policy.clone()),
        }
    }

    /// Whether the filter policy matches this message.
    pub(crate) fn passes(&self, published: &str) -> bool {
        let policy = self.filter_policy.read();
        let policy = policy.unwrap_or_else(PoisonError::into_inner);
        let policy = policy.as_ref();
        policy.is_none_or(|policy| policy.matches(published))
    }

    /// Replaces the filter policy. Returns whether it was another one.
    pub(crate) fn set_filter_policy(&self, policy: Option<&SnsFilterPolicy>) -> bool {
        let own = self.filter_policy.write();
        let mut own = own.unwrap_or_else(PoisonError::into_inner);
        let is_new = own.as_ref() != policy;
        if is_new {
            *own = policy.cloned();
        }

        is_new
    }
}
