//! Filters that drop events which the handlers take.

use s3_dispatch_core::{EventName, EventPattern};

use super::super::known::Answer;
use super::super::model::{Resource, Source};
use super::super::witness::Witness;
use super::stages::{Trial, filters_attributes, has_envelope, lost};
use super::{Case, Fault};

pub(super) fn notification_too_narrow<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    faults(case, "it does not publish", NOTIFICATION, |trial| {
        let bucket = trial
            .bucket
            .filter(|_| trial.passage.notification == Answer::No)?;
        Some(bucket)
    })
}

const NOTIFICATION: &str = "write the configuration that `policy --format s3` prints, with keys \
                            encoded as S3 sends them";

pub(super) fn filter_scope<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let subscriptions = case
        .subscriptions()
        .map(|(_, subscription, _)| subscription);
    subscriptions
        .filter(|subscription| filters_attributes(subscription))
        .map(|subscription| {
            let what = "the filter policy applies to message attributes";
            Fault::new(
                subscription,
                what,
                "set the filter policy's scope to `MessageBody`",
            )
        })
        .collect()
}

pub(super) fn filter_too_narrow<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let change = "write the filter policy that `policy --format sns` prints";
    faults(
        case,
        "the filter policy drops",
        change,
        |trial| match trial.feed.source {
            Source::Subscription { subscription, .. } => {
                (trial.passage.filter == Answer::No).then_some(subscription)
            }
            _ => None,
        },
    )
}

pub(super) fn pattern_too_narrow<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let change = "write the event pattern that `policy --format eventbridge` prints";
    faults(
        case,
        "the event pattern leaves out",
        change,
        |trial| match trial.feed.source {
            Source::Rule { rule, .. } => (trial.passage.filter == Answer::No).then_some(rule),
            _ => None,
        },
    )
}

pub(super) fn raw_delivery<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    faults(
        case,
        "raw message delivery is off, so the mapping drops",
        RAW,
        |trial| match trial.feed.source {
            Source::Subscription { subscription, .. } if needs_raw(trial, subscription) => {
                Some(subscription)
            }
            _ => None,
        },
    )
}

const RAW: &str = "set raw message delivery to true, or remove the mapping's filter";

fn needs_raw(trial: &Trial<'_, '_>, subscription: &Resource) -> bool {
    let passage = &trial.passage;
    let only_raw_passes = passage.mapping == Answer::No && passage.mapping_if_raw > Answer::No;
    has_envelope(subscription) && only_raw_passes
}

pub(super) fn mapping_filter_too_narrow<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let change = "write the filter criteria that `policy --format esm` prints, or none";
    faults(case, "the filter criteria drop", change, |trial| {
        let drops =
            trial.passage.mapping == Answer::No && trial.passage.mapping_if_raw == Answer::No;
        trial.queue.mapping.filter(|_| drops)
    })
}

/// Each resource that a trial blames, with the first of its events.
fn faults<'d>(
    case: &Case<'d>,
    verb: &str,
    change: &str,
    blame: impl Fn(&Trial<'_, 'd>) -> Option<&'d Resource>,
) -> Vec<Fault<'d>> {
    let mut blamed: Vec<(&Resource, Vec<Witness<'_>>)> = Vec::new();
    for trial in lost(case) {
        let Some(resource) = blame(&trial) else {
            continue;
        };
        match blamed
            .iter_mut()
            .find(|(known, _)| known.address == resource.address)
        {
            Some((_, witnesses)) => witnesses.push(trial.witness),
            None => blamed.push((resource, vec![trial.witness])),
        }
    }

    let faults = blamed.into_iter().map(|(resource, witnesses)| {
        let what = format!("{verb} {}", describe(&witnesses));
        Fault::new(resource, what, change)
    });
    faults.collect()
}

/// Describes a few events, one for each name.
fn describe(witnesses: &[Witness<'_>]) -> String {
    const MOST: usize = 3;

    let mut seen: Vec<&EventName> = Vec::new();
    let mut shown = Vec::new();
    for witness in witnesses {
        if seen.contains(&&witness.event) {
            continue;
        }
        seen.push(&witness.event);
        if seen.len() <= MOST {
            let handler = witness.route.name().escape_debug();
            shown.push(format!("{}, which `{handler}` takes", witness.describe()));
        }
    }

    let more = seen.len().saturating_sub(MOST);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    shown.join("; ") + &more
}

pub(super) fn not_sent_by_eventbridge<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let feeds: Vec<_> = case.feeds().map(|(_, feed)| feed).collect();
    let rules: Vec<_> = feeds
        .iter()
        .filter_map(|feed| match feed.source {
            Source::Rule { rule, .. } => Some(rule),
            _ => None,
        })
        .collect();
    let others = case.path.queues.iter().any(|queue| queue.may_have_more);
    if others || rules.len() < feeds.len() {
        return Vec::new();
    }

    let patterns = case.routes().iter().flat_map(|route| route.patterns());
    let unsent: Vec<_> = patterns.filter(|pattern| is_never_sent(pattern)).collect();
    let faults = rules.into_iter().flat_map(|rule| {
        unsent.iter().map(move |pattern| {
            let what = format!("the handlers take `{pattern}`, which EventBridge never has");
            Fault::new(
                rule,
                what,
                "let the bucket publish these events to an SNS topic",
            )
        })
    });
    faults.collect()
}

fn is_never_sent(pattern: &EventPattern) -> bool {
    let mut known = EventName::KNOWN
        .iter()
        .filter(|name| pattern.matches(name))
        .peekable();
    let is_known = known.peek().is_some();
    *pattern != EventPattern::ANY && is_known && !known.any(Witness::is_sent_by_eventbridge)
}
