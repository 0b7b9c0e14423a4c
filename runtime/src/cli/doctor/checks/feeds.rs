//! What brings the events: notifications, subscriptions and rules.

use s3_dispatch_core::EventPattern;

use super::super::known::{Answer, Setting, Tree};
use super::super::model::{Resource, Source};
use super::{Case, Fault};

pub(super) fn notification_overlap<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let buckets = case.buckets().into_iter();
    let overlapping = buckets.filter_map(|bucket| {
        let notifications = bucket.get("Notifications");
        let lists = ["Topics", "Queues", "Functions"].iter();
        let entries: Vec<_> = lists
            .flat_map(|list| notifications.get(list).items())
            .collect();
        let mut pairs = entries.iter().enumerate().flat_map(|(index, left)| {
            entries[index + 1..]
                .iter()
                .map(move |right| (*left, *right))
        });

        let (left, right) = pairs.find(|(left, right)| overlap(left, right))?;
        let what = format!(
            "two entries overlap: {} and {}",
            describe(left),
            describe(right)
        );
        let change = "publish each event and key in one entry, to a topic if several need it";
        Some(Fault::new(bucket, what, change))
    });
    overlapping.collect()
}

/// Whether two entries surely share an event and a key.
fn overlap(left: &Tree, right: &Tree) -> bool {
    let events = left.get("Events").items().iter().any(|left| {
        right
            .get("Events")
            .items()
            .iter()
            .any(|right| share_events(left, right))
    });
    let affixes = |name: &str, holds: fn(&str, &str) -> bool| match (
        affix(left.get(name)),
        affix(right.get(name)),
    ) {
        (Some(left), Some(right)) => holds(left, right) || holds(right, left),
        _ => false,
    };

    events
        && affixes("Prefix", |long, short| long.starts_with(short))
        && affixes("Suffix", |long, short| long.ends_with(short))
}

fn share_events(left: &Tree, right: &Tree) -> bool {
    let pattern = |event: &Tree| {
        let event = event.as_str()?;
        EventPattern::parse(event.strip_prefix("s3:").unwrap_or(event)).ok()
    };
    match (pattern(left), pattern(right)) {
        (Some(left), Some(right)) => left.covers(&right) || right.covers(&left),
        _ => false,
    }
}

/// A prefix or a suffix. Empty for every key, and `None` if it is unknown.
fn affix(affix: &Tree) -> Option<&str> {
    match affix {
        Tree::Null => Some(""),
        tree => tree.as_str(),
    }
}

fn describe(entry: &Tree) -> String {
    let events: Vec<_> = entry
        .get("Events")
        .items()
        .iter()
        .filter_map(Tree::as_str)
        .collect();
    let affix = |name: &str| {
        affix(entry.get(name))
            .unwrap_or_default()
            .escape_debug()
            .to_string()
    };
    format!(
        "{} (prefix `{}`, suffix `{}`)",
        events.join(", "),
        affix("Prefix"),
        affix("Suffix")
    )
}

pub(super) fn notification_replaced<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let buckets = case.buckets().into_iter();
    let replaced = buckets.filter_map(|bucket| {
        let writers = bucket.get("Writers").items();
        let writers: Vec<_> = writers.iter().filter_map(Tree::as_str).collect();
        (writers.len() > 1).then(|| {
            let what = format!("its notification is written by {}", writers.join(" and "));
            Fault::new(bucket, what, "put all entries into one of them")
        })
    });
    replaced.collect()
}

pub(super) fn eventbridge_off<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let by_rule = case
        .feeds()
        .filter(|(_, feed)| matches!(feed.source, Source::Rule { .. }));
    let off = by_rule
        .flat_map(|(_, feed)| feed.buckets.iter().copied())
        .filter(|bucket| {
            let flag = bucket.get("Notifications").get("EventBridge").flag();
            matches!(flag, Setting::Absent | Setting::Is(false))
        });
    off.map(|bucket| {
        let what = "its notification does not send events to EventBridge";
        Fault::new(
            bucket,
            what,
            "turn EventBridge on in the bucket's notification configuration",
        )
    })
    .collect()
}

pub(super) fn topic_fifo<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let topics = case.topics().into_iter();
    let fifo = topics.filter(|(topic, _)| topic.is_fifo() == Answer::Yes);
    fifo.map(|(topic, _)| Fault::new(topic, "it is a FIFO topic", "use a standard topic"))
        .collect()
}

pub(super) fn subscription_pending<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let pending = case.subscriptions().filter(|(_, subscription, _)| {
        subscription.get("PendingConfirmation").flag() == Setting::Is(true)
    });
    pending
        .map(|(_, subscription, _)| {
            let change = "confirm it with the token that SNS sent into the queue";
            Fault::new(
                subscription,
                "the subscription waits for its confirmation",
                change,
            )
        })
        .collect()
}

pub(super) fn subscription_without_dead_letters<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let without = case
        .subscriptions()
        .filter(|(_, subscription, _)| is_missing(&subscription.get("RedrivePolicy").document()));
    without
        .map(|(_, subscription, _)| {
            let what = "the subscription has no dead-letter queue";
            let change = "add a redrive policy with a queue of its own, and let SNS send to it";
            Fault::new(subscription, what, change)
        })
        .collect()
}

pub(super) fn rule_off<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let rules = rules(case).filter(|(rule, _)| rule.get("State").flag() == Setting::Is(false));
    rules
        .map(|(rule, _)| Fault::new(rule, "the rule is disabled", "enable it"))
        .collect()
}

pub(super) fn event_changed<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let changed = rules(case).filter(|(_, target)| {
        let changes = target.get("Changes");
        !changes.is_null() && !changes.is_unknown()
    });
    changed
        .map(|(rule, target)| {
            let how = target
                .get("Changes")
                .as_str()
                .unwrap_or("an input setting")
                .to_owned();
            let what = format!("its target changes the event by `{how}`");
            Fault::new(
                rule,
                what,
                "remove it, so that the queue gets the event as it is",
            )
        })
        .collect()
}

pub(super) fn target_without_dead_letters<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let without = rules(case).filter(|(_, target)| target.get("DeadLetterArn").is_null());
    without
        .map(|(rule, _)| {
            let what = "its target has no dead-letter queue";
            let change = "add a dead-letter queue to the target, and let EventBridge send to it";
            Fault::new(rule, what, change)
        })
        .collect()
}

fn rules<'c, 'd>(case: &'c Case<'d>) -> impl Iterator<Item = (&'d Resource, &'d Tree)> + 'c {
    case.feeds().filter_map(|(_, feed)| match feed.source {
        Source::Rule { rule, target } => Some((rule, target)),
        _ => None,
    })
}

fn is_missing(policy: &Tree) -> bool {
    match policy {
        Tree::Null => true,
        Tree::Map(members) => members.is_empty(),
        _ => false,
    }
}
