//! What a topic lets through to whom.

use std::sync::Arc;
use std::time::SystemTime;

use s3_dispatch_testing::SnsMessageBuilder;

use crate::SubscriptionSpec;
use crate::aws::arn::topic_arn;
use crate::journal::clock::iso;

/// A topic and its subscriptions.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug)]
struct Subscription {
    queue: Arc<str>,
    spec: SubscriptionSpec,
}

/// What a topic does with a message for one of its subscriptions.
pub(crate) struct Verdict<'t> {
    pub(crate) queue: &'t Arc<str>,
    pub(crate) passed: bool,
    is_raw: bool,
}

impl Topic {
    pub(crate) fn new(name: &str, subscriptions: impl Iterator<Item = SubscriptionSpec>) -> Self {
        let subscriptions = subscriptions.filter(|spec| spec.topic == name);
        let subscriptions = subscriptions.map(|spec| Subscription {
            queue: spec.queue.as_str().into(),
            spec,
        });

        Self {
            name: name.into(),
            subscriptions: subscriptions.collect(),
        }
    }

    /// Compares a message with the policy of each subscription.
    pub(crate) fn verdicts(&self, body: &str) -> impl Iterator<Item = Verdict<'_>> {
        self.subscriptions
            .iter()
            .map(move |Subscription { queue, spec }| {
                let passed = spec
                    .filter_policy
                    .as_ref()
                    .is_none_or(|policy| policy.matches(body));
                Verdict {
                    queue,
                    passed,
                    is_raw: spec.raw_delivery,
                }
            })
    }

    /// The body of the message that a queue gets.
    pub(crate) fn message_body(
        &self,
        verdict: &Verdict<'_>,
        body: &Arc<str>,
        message_id: &str,
        now: SystemTime,
    ) -> Arc<str> {
        if verdict.is_raw {
            return Arc::clone(body);
        }

        let envelope = SnsMessageBuilder::new(&**body)
            .with_message_id(message_id)
            .with_topic_arn(topic_arn(&self.name))
            .with_timestamp(iso(now));

        envelope.to_json().into()
    }
}
