//! Checks of buckets, their notifications, and the subscriptions to topics.

use std::collections::HashSet;

use s3_dispatch::__private::nearest_pattern;
use s3_dispatch::{EventName, EventPattern};

use super::part::{CheckedPart, PartKind, Problem};
use crate::topology::queue::is_fifo;
use crate::topology::{BucketSpec, Destination, NotificationSpec, Topology};

impl Topology {
    pub(super) fn check_buckets(&self) -> Result<(), Problem> {
        for (index, bucket) in self.buckets.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Bucket, index, &bucket.name);

            for (index, notification) in bucket.notifications.iter().enumerate() {
                let part = part.notification(index);
                self.check_destination(&part, &notification.destination)?;
                check_events(&part, &notification.events)?;
            }

            check_overlaps(&part, bucket)?;
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
            Destination::Queue(queue) => {
                self.require_queue(part, "queue", queue)?;
                part.require(!is_fifo(queue), "queue", || {
                    format!("S3 cannot publish to the FIFO queue `{queue}`")
                })
            }
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

/// S3 refuses a configuration without events, and events that it does not know.
fn check_events(part: &CheckedPart<'_>, events: &[EventPattern]) -> Result<(), Problem> {
    part.require(!events.is_empty(), "events", || {
        part.says("a notification needs at least one event")
    })?;

    for (index, pattern) in events.iter().enumerate() {
        if EventName::KNOWN.iter().any(|name| pattern.matches(name)) {
            continue;
        }

        let mut text = format!("unknown event `{pattern}`");
        if let Some(nearest) = nearest_pattern(&pattern.to_string()) {
            text.push_str(&format!("; did you mean `{nearest}`?"));
        }

        return Err(part.problem("events", text).at_element(index));
    }

    Ok(())
}

/// S3 refuses two configurations that could both publish one event of one key ("Configuring event
/// notifications using object key name filtering", Amazon S3 User Guide, 2026).
fn check_overlaps(part: &CheckedPart<'_>, bucket: &BucketSpec) -> Result<(), Problem> {
    let notifications = &bucket.notifications;

    for (index, later) in notifications.iter().enumerate() {
        for earlier in &notifications[..index] {
            let Some(event) = shared_event(earlier, later) else {
                continue;
            };

            let text = part.says(&format!(
                "two notifications overlap: both publish `{event}` of {}",
                describe_keys(earlier, later)
            ));
            return Err(part.notification(index).problem("events", text));
        }
    }

    Ok(())
}

/// An event that both configurations publish of the same keys.
fn shared_event(one: &NotificationSpec, other: &NotificationSpec) -> Option<&'static EventName> {
    let (prefix, suffix) = (&one.prefix, &one.suffix);
    let prefixes_overlap = prefix.starts_with(&other.prefix) || other.prefix.starts_with(prefix);
    let suffixes_overlap = suffix.ends_with(&other.suffix) || other.suffix.ends_with(suffix);
    if !prefixes_overlap || !suffixes_overlap {
        return None;
    }

    let publishes = |spec: &NotificationSpec, name: &EventName| {
        spec.events.iter().any(|pattern| pattern.matches(name))
    };
    let mut known = EventName::KNOWN.iter();

    known.find(|name| publishes(one, name) && publishes(other, name))
}

fn describe_keys(one: &NotificationSpec, other: &NotificationSpec) -> String {
    let longer = |one: &str, other: &str| match one.len() > other.len() {
        true => one.to_owned(),
        false => other.to_owned(),
    };
    let prefix = longer(&one.prefix, &other.prefix);
    let suffix = longer(&one.suffix, &other.suffix);

    match (prefix.is_empty(), suffix.is_empty()) {
        (true, true) => String::from("every key"),
        _ => format!("the keys `{prefix}*{suffix}`"),
    }
}
