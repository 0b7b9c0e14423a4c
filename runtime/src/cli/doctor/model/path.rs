//! The way of the events to one program.

use super::super::known::{Answer, Tree};
use super::deployment::Deployment;
use super::resource::{Kind, Resource};

/// What brings events to a program, from its function back to the buckets.
#[derive(Debug)]
pub(crate) struct Path<'d> {
    /// `None` for a worker, which runs outside Lambda.
    pub(crate) function: Option<&'d Resource>,
    pub(crate) queues: Vec<QueueOf<'d>>,
}

/// A queue of the program, and its mapping to the function.
#[derive(Debug)]
pub(crate) struct QueueOf<'d> {
    pub(crate) queue: &'d Resource,
    pub(crate) mapping: Option<&'d Resource>,
    pub(crate) feeds: Vec<Feed<'d>>,
    /// Whether something else may feed it too, which the files do not say.
    pub(crate) may_have_more: bool,
}

/// How events come into a queue.
#[derive(Debug)]
pub(crate) struct Feed<'d> {
    pub(crate) source: Source<'d>,
    /// The bucket that sends them, with the entry of its notification configuration. Several for a
    /// topic of several buckets.
    pub(crate) buckets: Vec<&'d Resource>,
}

#[derive(Debug)]
pub(crate) enum Source<'d> {
    Subscription {
        subscription: &'d Resource,
        topic: Option<&'d Resource>,
    },
    Rule {
        rule: &'d Resource,
        target: &'d Tree,
    },
    /// The bucket itself.
    Bucket,
}

impl<'d> Path<'d> {
    /// Follows the connections from a function, or from the queue of a worker.
    pub(crate) fn of(deployment: &'d Deployment, head: &'d Resource) -> Self {
        if head.kind == Kind::Queue {
            return Self {
                function: None,
                queues: vec![QueueOf::new(deployment, head, None)],
            };
        }

        let mappings = deployment.pointing_at(Kind::Mapping, "FunctionName", head);
        let queues = mappings.filter_map(|mapping| {
            let queue = deployment.find(Kind::Queue, mapping.get("EventSourceArn").text())?;
            Some(QueueOf::new(deployment, queue, Some(mapping)))
        });

        Self {
            function: Some(head),
            queues: queues.collect(),
        }
    }
}

impl<'d> QueueOf<'d> {
    fn new(deployment: &'d Deployment, queue: &'d Resource, mapping: Option<&'d Resource>) -> Self {
        let by_topic = deployment.pointing_at(Kind::Subscription, "Endpoint", queue);
        let by_topic = by_topic.map(|subscription| {
            let topic = deployment.find(Kind::Topic, subscription.get("TopicArn").text());
            let buckets =
                topic.map_or_else(Vec::new, |topic| publishing(deployment, topic, "Topics"));
            Feed {
                source: Source::Subscription {
                    subscription,
                    topic,
                },
                buckets,
            }
        });

        let by_rule = deployment.all(Kind::Rule).flat_map(|rule| {
            let targets = rule.get("Targets").items().iter();
            let ours = targets.filter(|target| match target.get("Arn") {
                Tree::Text(text) => queue.is(text) == Answer::Yes,
                _ => false,
            });
            ours.map(move |target| (rule, target))
        });
        let by_rule = by_rule.map(|(rule, target)| Feed {
            source: Source::Rule { rule, target },
            buckets: named_by(deployment, rule),
        });

        let direct = publishing(deployment, queue, "Queues").into_iter();
        let direct = direct.map(|bucket| Feed {
            source: Source::Bucket,
            buckets: vec![bucket],
        });

        Self {
            queue,
            mapping,
            feeds: by_topic.chain(by_rule).chain(direct).collect(),
            may_have_more: may_have_more(deployment, queue),
        }
    }
}

/// The buckets whose notifications go to a topic or a queue.
fn publishing<'d>(deployment: &'d Deployment, to: &Resource, list: &str) -> Vec<&'d Resource> {
    let sends = |bucket: &&Resource| {
        let entries = bucket.get("Notifications").get(list).items();
        entries.iter().any(|entry| match entry.get("Arn") {
            Tree::Text(text) => to.is(text) == Answer::Yes,
            _ => false,
        })
    };

    deployment.all(Kind::Bucket).filter(sends).collect()
}

/// The buckets that the pattern of a rule names.
fn named_by<'d>(deployment: &'d Deployment, rule: &Resource) -> Vec<&'d Resource> {
    let pattern = rule.get("EventPattern").document();
    let names = pattern.at(&["detail", "bucket", "name"]).items();
    let arns = pattern.get("resources").items();
    let texts: Vec<_> = names.iter().chain(arns).filter_map(Tree::text).collect();

    let buckets = deployment.all(Kind::Bucket);
    buckets
        .filter(|bucket| texts.iter().any(|text| bucket.is(text) == Answer::Yes))
        .collect()
}

/// Whether some resource may send to the queue, but does not say where it sends.
fn may_have_more(deployment: &Deployment, queue: &Resource) -> bool {
    let subscriptions = deployment.all(Kind::Subscription);
    let mut subscriptions = subscriptions.map(|one| one.names("Endpoint", queue));
    let targets = deployment
        .all(Kind::Rule)
        .flat_map(|rule| match rule.get("Targets") {
            Tree::List(targets) => targets.iter().map(|target| target.get("Arn")).collect(),
            other => vec![other],
        });
    let notifications = deployment.all(Kind::Bucket).flat_map(|bucket| {
        let queues = bucket.get("Notifications").get("Queues");
        match queues {
            Tree::List(entries) => entries.iter().map(|entry| entry.get("Arn")).collect(),
            other => vec![other],
        }
    });
    let mut sent = targets.chain(notifications);

    subscriptions.any(|answer| answer == Answer::Maybe)
        || sent.any(|arn| match arn {
            Tree::Text(text) => queue.is(text) == Answer::Maybe,
            Tree::Null => false,
            _ => true,
        })
}
