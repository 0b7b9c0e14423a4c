//! Checks of buckets, their notifications, and the subscriptions to topics.

use std::collections::HashSet;

use super::notifications::NotificationMistake;
use super::part::{CheckedPart, PartKind, Problem};
use crate::topology::queue::is_fifo;
use crate::topology::{Destination, Topology};

impl Topology {
    pub(super) fn check_buckets(&self) -> Result<(), Problem> {
        for (index, bucket) in self.buckets.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Bucket, index, &bucket.name);

            for (index, notification) in bucket.notifications.iter().enumerate() {
                let part = part.notification(index);
                self.check_destination(&part, &notification.destination)?;
            }

            if let Some(mistake) = NotificationMistake::find(&bucket.notifications) {
                return Err(problem(&part, &mistake));
            }
        }

        Ok(())
    }

    fn check_destination(
        &self,
        part: &CheckedPart<'_>,
        destination: &Destination,
    ) -> Result<(), Problem> {
        match destination {
            Destination::Topic(topic) => self.require_topic(part, topic),
            Destination::Queue(queue) => self.require_queue(part, "queue", queue),
        }
    }

    pub(super) fn check_subscriptions(&self) -> Result<(), Problem> {
        let mut seen = HashSet::new();

        for (index, subscription) in self.subscriptions.iter().enumerate() {
            let queue = &subscription.queue;
            let part = CheckedPart::new(PartKind::Subscription, index, queue);

            self.require_topic(&part, &subscription.topic)?;
            self.require_queue(&part, "queue", queue)?;
            part.require(!is_fifo(queue), "queue", || {
                format!("the FIFO queue `{queue}` cannot subscribe to a topic that S3 publishes to")
            })?;
            self.require_dead_letter_queue(&part, subscription.dead_letter_queue.as_deref())?;

            let is_new = seen.insert((&subscription.topic, queue));
            part.require(is_new, "queue", || {
                let topic = &subscription.topic;
                format!("the queue `{queue}` already subscribes to the topic `{topic}`")
            })?;
        }

        Ok(())
    }
}

/// A mistake, with the field that has it.
fn problem(bucket: &CheckedPart<'_>, mistake: &NotificationMistake<'_>) -> Problem {
    let part = bucket.notification(mistake.index());
    let text = mistake.to_string();
    let with_bucket = || part.says(&text);

    match mistake {
        NotificationMistake::NoEvents { .. } => part.problem("events", with_bucket()),
        NotificationMistake::UnknownEvent { element, .. } => {
            part.problem("events", text).at_element(*element)
        }
        NotificationMistake::FifoQueue { .. } => part.problem("queue", text),
        NotificationMistake::LongFilter { field, .. } => part.problem(field, with_bucket()),
        NotificationMistake::SameId { .. } => part.problem("id", with_bucket()),
        NotificationMistake::Overlap { .. } => part.problem("events", with_bucket()),
    }
}
