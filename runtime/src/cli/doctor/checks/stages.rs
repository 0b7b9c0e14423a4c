//! Where on its way an event may be dropped.

use s3_dispatch_core::EventPattern;
use serde_json::{Value, json};

use super::super::known::{Answer, Setting, Tree};
use super::super::model::{Feed, QueueOf, Resource, Source, UNKNOWN_TEXT, lets_through};
use super::super::witness::Witness;
use super::case::Case;
use super::hints::hints;

/// Whether an event passes each stage of a feed.
pub(super) struct Passage {
    pub(super) notification: Answer,
    /// The filter policy of the subscription, or the pattern of the rule.
    pub(super) filter: Answer,
    pub(super) mapping: Answer,
    /// The mapping, if the subscription delivered the notification raw.
    pub(super) mapping_if_raw: Answer,
}

impl Passage {
    pub(super) fn whole(&self) -> Answer {
        Answer::all([self.notification, self.filter, self.mapping])
    }
}

/// An event, the bucket that it comes from, and a feed that should let it through.
pub(super) struct Trial<'c, 'd> {
    pub(super) witness: Witness<'d>,
    pub(super) queue: &'c QueueOf<'d>,
    pub(super) feed: &'c Feed<'d>,
    pub(super) bucket: Option<&'d Resource>,
    pub(super) passage: Passage,
}

/// Every event on every feed that could bring it, unless some feed lets it through.
pub(super) fn lost<'c, 'd>(case: &'c Case<'d>) -> Vec<Trial<'c, 'd>> {
    if case.path.queues.iter().any(|queue| queue.may_have_more) {
        return Vec::new();
    }

    let hints = hints(case);
    let buckets = case.buckets();
    let sources: Vec<Option<&Resource>> = match buckets.is_empty() {
        true => vec![None],
        false => buckets.into_iter().map(Some).collect(),
    };

    let mut lost = Vec::new();
    for bucket in sources {
        let name = bucket.and_then(|bucket| bucket.get("BucketName").as_str());
        for route in case.routes() {
            if name.is_some() && route.bucket().is_some_and(|own| Some(own) != name) {
                continue;
            }

            for witness in Witness::of_route(route, bucket, &hints) {
                let trials = trials(case, &witness, bucket);
                if !trials
                    .iter()
                    .any(|trial| trial.passage.whole() > Answer::No)
                {
                    lost.extend(trials);
                }
            }
        }
    }

    lost
}

/// What happens to an event on each feed that could bring it.
pub(super) fn passages<'c, 'd>(
    case: &'c Case<'d>,
    witness: &Witness<'_>,
    bucket: Option<&Resource>,
) -> Vec<(&'c Feed<'d>, Passage)> {
    let feeds = case.feeds().filter(|(_, feed)| is_from(feed, bucket));
    feeds
        .map(|(queue, feed)| (feed, passage(witness, bucket, queue, feed)))
        .collect()
}

fn is_from(feed: &Feed<'_>, bucket: Option<&Resource>) -> bool {
    match bucket {
        Some(bucket) if !feed.buckets.is_empty() => {
            feed.buckets.iter().any(|one| one.address == bucket.address)
        }
        _ => true,
    }
}

fn trials<'c, 'd>(
    case: &'c Case<'d>,
    witness: &Witness<'d>,
    bucket: Option<&'d Resource>,
) -> Vec<Trial<'c, 'd>> {
    let feeds = case.feeds().filter(|(_, feed)| is_from(feed, bucket));

    feeds
        .map(|(queue, feed)| Trial {
            witness: witness.clone(),
            queue,
            feed,
            bucket,
            passage: passage(witness, bucket, queue, feed),
        })
        .collect()
}

fn passage(
    witness: &Witness<'_>,
    bucket: Option<&Resource>,
    queue: &QueueOf<'_>,
    feed: &Feed<'_>,
) -> Passage {
    let over_spellings =
        |ask: &dyn Fn(&str) -> Answer| Answer::any(witness.spelled.iter().map(|key| ask(key)));
    let mapping = queue.mapping;
    let published = |to: &Resource, list| match bucket {
        Some(bucket) if !feed.buckets.is_empty() => {
            over_spellings(&|key| publishes(bucket, list, to, witness, key))
        }
        _ => Answer::Yes,
    };
    let raw = |key: &str| reads(mapping, witness.notification(key));

    match &feed.source {
        Source::Subscription {
            subscription,
            topic,
        } => Passage {
            notification: topic.map_or(Answer::Yes, |topic| published(topic, "Topics")),
            filter: over_spellings(&|key| subscribed(subscription, &witness.notification(key))),
            mapping: match subscription
                .get("RawMessageDelivery")
                .flag()
                .or_default(false)
            {
                Some(true) => over_spellings(&raw),
                Some(false) => reads(mapping, enveloped()),
                None => Answer::Maybe,
            },
            mapping_if_raw: over_spellings(&raw),
        },
        Source::Rule { rule, target } => through_rule(witness, mapping, rule, target),
        Source::Bucket => {
            let mapping = over_spellings(&raw);
            Passage {
                notification: published(queue.queue, "Queues"),
                filter: Answer::Yes,
                mapping,
                mapping_if_raw: mapping,
            }
        }
    }
}

fn through_rule(
    witness: &Witness<'_>,
    mapping: Option<&Resource>,
    rule: &Resource,
    target: &Tree,
) -> Passage {
    let (filter, mapping) = match witness.eventbridge() {
        Some(event) => {
            let filter = lets_through(rule.get("EventPattern"), &event);
            let is_changed = !target.get("Changes").is_null();
            let mapping = if is_changed {
                Answer::Maybe
            } else {
                reads(mapping, event)
            };
            (filter, mapping)
        }
        // Another check is about events that EventBridge does not have.
        None => (Answer::Yes, Answer::Yes),
    };

    Passage {
        notification: Answer::Yes,
        filter,
        mapping,
        mapping_if_raw: mapping,
    }
}

/// Whether a bucket publishes the event to a topic or a queue.
fn publishes(
    bucket: &Resource,
    list: &str,
    to: &Resource,
    witness: &Witness<'_>,
    key: &str,
) -> Answer {
    let entries = bucket.get("Notifications").get(list);
    if entries.is_unknown() {
        return Answer::Maybe;
    }

    Answer::any(entries.items().iter().map(|entry| {
        let is_destination = match entry.get("Arn") {
            Tree::Text(text) => to.is(text),
            _ => Answer::Maybe,
        };
        let events = entry.get("Events").items().iter();
        let is_event = Answer::any(events.map(|event| match event.as_str() {
            Some(event) => Answer::from(is_type_of(event, witness)),
            None => Answer::Maybe,
        }));

        Answer::all([
            is_destination,
            is_event,
            has_affix(entry.get("Prefix"), |prefix| key.starts_with(prefix)),
            has_affix(entry.get("Suffix"), |suffix| key.ends_with(suffix)),
        ])
    }))
}

fn is_type_of(event_type: &str, witness: &Witness<'_>) -> bool {
    let name = event_type.strip_prefix("s3:").unwrap_or(event_type);
    EventPattern::parse(name).is_ok_and(|pattern| pattern.matches(&witness.event))
}

fn has_affix(affix: &Tree, holds: impl Fn(&str) -> bool) -> Answer {
    match affix {
        Tree::Null => Answer::Yes,
        tree => tree
            .as_str()
            .map_or(Answer::Maybe, |affix| holds(affix).into()),
    }
}

/// Whether the filter policy of a subscription lets a notification through.
fn subscribed(subscription: &Resource, notification: &Value) -> Answer {
    let scope = subscription.get("FilterPolicyScope");
    match scope.as_str() {
        Some("MessageBody") => lets_through(subscription.get("FilterPolicy"), notification),
        // Another check is about the scope.
        _ => Answer::Maybe,
    }
}

/// Whether the mapping passes a message with this body to the function.
fn reads(mapping: Option<&Resource>, body: Value) -> Answer {
    let Some(mapping) = mapping else {
        return Answer::Yes;
    };
    let filters = mapping.get("FilterCriteria").get("Filters");
    match filters {
        Tree::Null => return Answer::Yes,
        Tree::List(filters) if filters.is_empty() => return Answer::Yes,
        Tree::List(_) => {}
        _ => return Answer::Maybe,
    }

    let unknown = UNKNOWN_TEXT;
    let message = json!({
        "messageId": unknown,
        "receiptHandle": unknown,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": unknown,
            "SentTimestamp": unknown,
            "SenderId": unknown,
            "ApproximateFirstReceiveTimestamp": unknown,
        },
        "md5OfBody": unknown,
        "eventSource": "aws:sqs",
        "eventSourceARN": unknown,
        "awsRegion": unknown,
    });
    Answer::any(
        filters
            .items()
            .iter()
            .map(|filter| lets_through(filter.get("Pattern"), &message)),
    )
}

/// What SNS puts around a notification without raw delivery.
fn enveloped() -> Value {
    let unknown = UNKNOWN_TEXT;
    json!({
        "Type": "Notification",
        "MessageId": unknown,
        "TopicArn": unknown,
        "Subject": "Amazon S3 Notification",
        "Message": unknown,
        "Timestamp": unknown,
        "SignatureVersion": "1",
        "Signature": unknown,
        "SigningCertURL": unknown,
        "UnsubscribeURL": unknown,
    })
}

/// Whether a filter policy applies to attributes, which S3's notifications do not have.
pub(super) fn filters_attributes(subscription: &Resource) -> bool {
    let has_policy = match subscription.get("FilterPolicy").document() {
        Tree::Map(members) => !members.is_empty(),
        _ => false,
    };
    let scope = subscription.get("FilterPolicyScope");
    let is_attributes = scope.is_null() || scope.as_str() == Some("MessageAttributes");

    has_policy && is_attributes
}

/// Whether the subscription surely has an envelope around the notification.
pub(super) fn has_envelope(subscription: &Resource) -> bool {
    !matches!(
        subscription.get("RawMessageDelivery").flag(),
        Setting::Is(true) | Setting::Unknown
    )
}
