//! The rules, in one table: what each looks for, and why that loses events.
//!
//! A check looks at the way of the events to this one program. What else is in the files belongs to
//! other programs, which have a `doctor` of their own.

mod case;
mod hints;
mod stages;
mod filters;
mod feeds;
mod queues;
mod mappings;
mod limits;
mod policies;
mod rights;
mod loops;

use super::finding::Finding;
use super::model::Resource;
pub(super) use case::{Case, Program};

/// A rule.
struct Check {
    name: &'static str,
    why: &'static str,
    find: for<'d> fn(&Case<'d>) -> Vec<Fault<'d>>,
}

/// A resource that breaks a rule.
struct Fault<'d> {
    resource: &'d Resource,
    what: String,
    change: String,
}

impl<'d> Fault<'d> {
    fn new(resource: &'d Resource, what: impl Into<String>, change: impl Into<String>) -> Self {
        Self {
            resource,
            what: what.into(),
            change: change.into(),
        }
    }
}

macro_rules! checks {
    ($($name:literal, $find:path, $why:literal;)*) => {
        &[$(Check { name: $name, why: $why, find: $find },)*]
    };
}

/// All rules, in the order of the way of an event.
const CHECKS: &[Check] = checks! {
    "notification-too-narrow", filters::notification_too_narrow,
        "the bucket does not publish these events, so no handler ever sees them";
    "notification-overlap", feeds::notification_overlap,
        "S3 refuses the whole configuration, so the bucket publishes nothing new";
    "notification-replaced", feeds::notification_replaced,
        "a bucket has one notification configuration: the one that is written last wins";
    "eventbridge-off", feeds::eventbridge_off,
        "the bucket sends its events to EventBridge only if its notification says so";
    "topic-policy", policies::topic_policy,
        "S3 may not publish to the topic, so it refuses the configuration or drops the events";
    "topic-key", policies::topic_key,
        "S3 cannot encrypt what it publishes, so the topic gets nothing";
    "topic-fifo", feeds::topic_fifo,
        "S3 cannot publish to FIFO topics";
    "filter-scope", filters::filter_scope,
        "S3 sets no message attributes, so SNS drops every notification";
    "filter-refused", limits::filter_refused,
        "SNS refuses the policy, so the subscription keeps its old one or is not made at all";
    "filter-too-narrow", filters::filter_too_narrow,
        "SNS drops these notifications without a trace";
    "subscription-pending", feeds::subscription_pending,
        "SNS sends nothing before the subscription is confirmed";
    "subscription-without-dead-letters", feeds::subscription_without_dead_letters,
        "SNS drops at once what it may not deliver, such as while a queue or its policy changes";
    "rule-off", feeds::rule_off,
        "a disabled rule sends nothing, and EventBridge keeps no events for it";
    "pattern-too-narrow", filters::pattern_too_narrow,
        "the rule does not match these events, so no handler ever sees them";
    "not-sent-by-eventbridge", filters::not_sent_by_eventbridge,
        "S3 does not send these events to EventBridge, so no handler ever sees them";
    "event-changed", feeds::event_changed,
        "the handlers get another JSON than S3's event, and cannot read it";
    "target-without-dead-letters", feeds::target_without_dead_letters,
        "EventBridge drops an event after a day, or at once if it may not send it";
    "queue-policy", policies::queue_policy,
        "SQS refuses what is sent to the queue, and the sender drops it";
    "queue-key", policies::queue_key,
        "the sender cannot encrypt messages for the queue, and drops them";
    "fifo-mismatch", queues::fifo_mismatch,
        "AWS refuses to connect the two";
    "message-size", queues::message_size,
        "a notification has up to 64 KiB, and SQS refuses a message above the queue's limit";
    "queue-without-dead-letters", queues::queue_without_dead_letters,
        "a message that always fails comes back until its retention ends, and then it is lost";
    "redrive-not-allowed", queues::redrive_not_allowed,
        "the dead-letter queue does not take the messages of this queue";
    "max-receive-count", queues::max_receive_count,
        "messages that Lambda received while it was throttled end as dead letters, unhandled";
    "queue-retention", queues::queue_retention,
        "SQS deletes a message before its last attempt, so it never becomes a dead letter";
    "dead-letters-retention", queues::dead_letters_retention,
        "a dead letter keeps its age, so SQS deletes it before or soon after it is set aside";
    "visibility-timeout", queues::visibility_timeout,
        "messages come back while they are handled: handled twice, and soon dead letters";
    "raw-delivery", filters::raw_delivery,
        "without raw delivery the mapping's filter does not match SNS's envelope, and Lambda \
         deletes what does not match";
    "mapping-filter-too-narrow", filters::mapping_filter_too_narrow,
        "Lambda deletes messages that the filter of the mapping does not match";
    "mapping-off", mappings::mapping_off,
        "nothing reads the queue, and SQS deletes its messages when their retention ends";
    "partial-failures", mappings::partial_failures,
        "Lambda ignores the reported failures and deletes all messages of the batch";
    "mapping-refused", limits::mapping_refused,
        "Lambda refuses the mapping, so it stays as it was or nothing reads the queue";
    "batch-too-large", mappings::batch_too_large,
        "messages that the function does not reach in time end as dead letters, unhandled";
    "throttled", mappings::throttled,
        "Lambda receives more than the function may handle, and each throttled receive counts";
    "missing-rights", rights::missing_rights,
        "Lambda cannot read the queue, or the handlers fail until their messages are dead letters";
    "recursion", loops::recursion,
        "the handlers call each other without end; AWS ends some loops and drops their events";
};

/// Runs all checks.
pub(super) fn run(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in CHECKS {
        for fault in (check.find)(case) {
            let finding = Finding {
                check: check.name,
                address: fault.resource.address.clone(),
                file: fault.resource.file.clone(),
                what: fault.what,
                why: check.why,
                change: fault.change,
            };
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }

    findings
}
