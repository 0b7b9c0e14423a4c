//! A running pipeline takes over what a topology says about its buckets and its filters.

use std::sync::Arc;

use crate::fan_out::topic::SubscribedQueue;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::s3::SendTest;
use crate::topology::{SubscriptionSpec, Topology};
use crate::{Error, ErrorKind};

impl Engine {
    /// Changes the filter policies, and then what the buckets publish.
    pub(in crate::pipeline) fn reconfigure(&self, topology: &Topology) -> Result<(), Error> {
        topology.check()?;
        let subscriptions = topology.subscriptions.iter();
        let subscribed = subscriptions.map(|spec| Ok((spec, self.subscribed(spec)?)));
        let subscribed: Vec<_> = subscribed.collect::<Result<_, Error>>()?;

        for (spec, queue) in subscribed {
            if queue.set_filter_policy(spec.filter_policy.as_ref()) {
                let step = StepKind::FilterPolicyChanged(Arc::new(spec.clone()));
                self.journal.append(None, step);
            }
        }

        let now = self.clock.now();
        let ((), committed) = self.change_and_commit(|state| {
            for spec in state.set_buckets(&topology.buckets, now) {
                self.announce(state, now, &spec, SendTest::Yes);
            }
        });

        committed
    }

    /// The subscription that this one describes anew.
    fn subscribed(&self, spec: &SubscriptionSpec) -> Result<&SubscribedQueue, Error> {
        let mut topics = self.topics.iter();
        let topic = topics.find(|topic| *topic.name == spec.topic);
        let mut queues = topic.into_iter().flat_map(|topic| topic.subscriptions());
        let found = queues.find(|subscribed| *subscribed.queue == spec.queue);

        found.ok_or_else(|| {
            let (queue, topic) = (&spec.queue, &spec.topic);
            let message = format!("the queue `{queue}` does not subscribe to the topic `{topic}`");
            Error::new(ErrorKind::Configuration, message)
        })
    }
}
