//! Whether the services may do what the pipeline asks of them: policies of queues, topics and keys.

use super::super::known::{Answer, Text, Tree};
use super::super::model::{Kind, Request, Resource, Source, Target, allows};
use super::queues::dead_letter_target;
use super::{Case, Fault};

const S3: &str = "s3.amazonaws.com";
const SNS: &str = "sns.amazonaws.com";
const EVENTS: &str = "events.amazonaws.com";

/// A service that sends to a queue, and for which resource.
struct Sender<'d> {
    queue: &'d Resource,
    service: &'static str,
    source: Option<&'d Resource>,
}

pub(super) fn topic_policy<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let mut faults = Vec::new();
    for (topic, buckets) in case.topics() {
        let sources: Vec<_> = match buckets.is_empty() {
            true => vec![None],
            false => buckets.into_iter().map(Some).collect(),
        };
        for source in sources {
            let request = Request {
                service: Some(S3),
                action: "sns:Publish",
                resource: Some(Target::Resource(topic)),
                source,
            };
            if allows(topic.get("Policy"), &request) == Answer::No {
                let bucket = source.map_or("the bucket", |bucket| &bucket.address);
                let what = format!("its policy does not let {S3} publish for {bucket}");
                let change =
                    format!("allow {S3} `sns:Publish`, with the bucket as `aws:SourceArn`");
                faults.push(Fault::new(topic, what, change));
            }
        }
    }

    faults
}

pub(super) fn topic_key<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let mut faults = Vec::new();
    for (topic, buckets) in case.topics() {
        let source = buckets.first().copied();
        faults.extend(key_fault(case, topic, "alias/aws/sns", S3, source));
    }

    faults
}

pub(super) fn queue_key<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let senders = senders(case).into_iter();
    let faults = senders.filter_map(|sender| {
        key_fault(
            case,
            sender.queue,
            "alias/aws/sqs",
            sender.service,
            sender.source,
        )
    });
    faults.collect()
}

pub(super) fn queue_policy<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let senders = senders(case).into_iter();
    let refused = senders.filter(|sender| {
        let request = Request {
            service: Some(sender.service),
            action: "sqs:SendMessage",
            resource: Some(Target::Resource(sender.queue)),
            source: sender.source,
        };
        allows(sender.queue.get("Policy"), &request) == Answer::No
    });

    refused
        .map(
            |Sender {
                 queue,
                 service,
                 source,
             }| {
                let source = source.map_or("its source", |source| &source.address);
                let what = format!("its policy does not let {service} send for {source}");
                let change =
                    format!("allow {service} `sqs:SendMessage`, with {source} as `aws:SourceArn`");
                Fault::new(queue, what, change)
            },
        )
        .collect()
}

/// Who sends to the queues and to those for what cannot be delivered.
fn senders<'d>(case: &Case<'d>) -> Vec<Sender<'d>> {
    let mut senders = Vec::new();
    let queue_named = |text: Option<Text>| case.deployment.find(Kind::Queue, text.as_ref());

    for (queue, feed) in case.feeds() {
        let (service, sources, undelivered) = match feed.source {
            Source::Subscription {
                subscription,
                topic,
            } => {
                let undelivered = dead_letter_target(subscription.get("RedrivePolicy"));
                (SNS, vec![topic], queue_named(undelivered))
            }
            Source::Rule { rule, target } => {
                let undelivered = target.get("DeadLetterArn").text().cloned();
                (EVENTS, vec![Some(rule)], queue_named(undelivered))
            }
            Source::Bucket => (S3, feed.buckets.iter().copied().map(Some).collect(), None),
        };
        for source in sources {
            for queue in std::iter::once(queue.queue).chain(undelivered) {
                senders.push(Sender {
                    queue,
                    service,
                    source,
                });
            }
        }
    }

    senders
}

/// The fault of a topic or a queue whose key the service cannot use.
fn key_fault<'d>(
    case: &Case<'d>,
    of: &'d Resource,
    managed: &str,
    service: &str,
    source: Option<&Resource>,
) -> Option<Fault<'d>> {
    let Tree::Text(name) = of.get("KmsMasterKeyId") else {
        return None;
    };
    let key = case.deployment.find(Kind::Key, Some(name));
    let is_managed = name.as_str().is_some_and(|name| name.ends_with(managed))
        || key.is_some_and(|key| key.get("Manager").as_str() == Some("AWS"));
    let change = format!(
        "encrypt it with a key whose policy lets {service} `kms:GenerateDataKey` and `kms:Decrypt`"
    );

    if is_managed {
        let what = format!("it is encrypted with `{managed}`, whose policy cannot admit {service}");
        return Some(Fault::new(of, what, change));
    }

    let key = key?;
    let is_refused = ["kms:GenerateDataKey", "kms:Decrypt"].iter().any(|action| {
        let request = Request {
            service: Some(service),
            action,
            resource: None,
            source,
        };
        allows(key.get("KeyPolicy"), &request) == Answer::No
    });
    is_refused.then(|| {
        let what = format!(
            "the policy of its key {} does not admit {service}",
            key.address
        );
        Fault::new(of, what, change)
    })
}
