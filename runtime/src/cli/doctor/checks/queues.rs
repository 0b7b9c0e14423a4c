//! The settings of the queue and of its dead letters.

use super::super::known::{Answer, Text, Tree};
use super::super::model::{Kind, Resource, Source};
use super::mappings::function_timeout;
use super::{Case, Fault};

/// SQS's defaults ("SetQueueAttributes", Amazon SQS API Reference, 2026).
const DEFAULT_RETENTION: f64 = 345_600.0;
const DEFAULT_VISIBILITY: f64 = 30.0;
const DEFAULT_SIZE: f64 = 1_048_576.0;

/// The largest notification of S3, in bytes ("Event message structure", Amazon S3 User Guide,
/// 2026).
const LARGEST_NOTIFICATION: f64 = 65_536.0;

fn queues<'d>(case: &Case<'d>) -> impl Iterator<Item = &'d Resource> {
    case.path.queues.iter().map(|queue| queue.queue)
}

/// The queue that a redrive policy names.
fn dead_letters<'d>(case: &Case<'d>, policy: &Tree) -> Option<&'d Resource> {
    let target = policy.document();
    case.deployment
        .find(Kind::Queue, target.get("deadLetterTargetArn").text())
}

pub(super) fn message_size<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let undelivered = case.feeds().filter_map(|(_, feed)| match &feed.source {
        Source::Subscription { subscription, .. } => {
            dead_letters(case, subscription.get("RedrivePolicy"))
        }
        Source::Rule { target, .. } => case
            .deployment
            .find(Kind::Queue, target.get("DeadLetterArn").text()),
        Source::Bucket => None,
    });

    let all = queues(case).chain(undelivered);
    all.filter_map(|queue| {
        let most = queue
            .get("MaximumMessageSize")
            .number()
            .or_default(DEFAULT_SIZE)?;
        (most < LARGEST_NOTIFICATION).then(|| {
            let what = format!("the maximum message size is {most} bytes");
            Fault::new(queue, what, "set it to 1048576, the most that SQS allows")
        })
    })
    .collect()
}

pub(super) fn queue_without_dead_letters<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let without = queues(case).filter(|queue| match queue.get("RedrivePolicy").document() {
        Tree::Null => true,
        Tree::Map(members) => members.is_empty(),
        _ => false,
    });
    without
        .map(|queue| {
            let change = "add a redrive policy with a dead-letter queue and a maxReceiveCount of 5";
            Fault::new(queue, "the queue has no dead-letter queue", change)
        })
        .collect()
}

pub(super) fn redrive_not_allowed<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let refused = queues(case).filter_map(|queue| {
        let dead_letters = dead_letters(case, queue.get("RedrivePolicy"))?;
        let allow = dead_letters.get("RedriveAllowPolicy").document();
        let is_refused = match allow.get("redrivePermission").as_str() {
            Some("denyAll") => true,
            Some("byQueue") => {
                let sources = allow.get("sourceQueueArns").items().iter();
                let named = sources.map(|arn| match arn {
                    Tree::Text(text) => queue.is(text),
                    _ => Answer::Maybe,
                });
                Answer::any(named) == Answer::No
            }
            _ => false,
        };

        is_refused.then(|| {
            let what = format!("its redrive allow policy does not admit {}", queue.address);
            Fault::new(dead_letters, what, "add the queue to `sourceQueueArns`")
        })
    });
    refused.collect()
}

pub(super) fn max_receive_count<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let low = queues(case).filter_map(|queue| {
        let policy = queue.get("RedrivePolicy").document();
        let count = policy.get("maxReceiveCount").number().known()?;
        (count < 5.0).then(|| {
            let what = format!("maxReceiveCount is {count}");
            Fault::new(queue, what, "set it to at least 5, as AWS recommends")
        })
    });
    low.collect()
}

pub(super) fn queue_retention<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let short = queues(case).filter_map(|queue| {
        let retention = retention(queue)?;
        let visibility = visibility(queue)?;
        let policy = queue.get("RedrivePolicy").document();
        let count = policy.get("maxReceiveCount").number().known()?;
        let needed = visibility * count;

        (retention <= needed).then(|| {
            let what = format!(
                "the queue keeps a message for {retention} s, but {count} attempts with a \
                 visibility timeout of {visibility} s take {needed} s"
            );
            Fault::new(
                queue,
                what,
                format!("keep messages for more than {needed} s, or days"),
            )
        })
    });
    short.collect()
}

pub(super) fn dead_letters_retention<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let short = queues(case).filter_map(|queue| {
        let dead_letters = dead_letters(case, queue.get("RedrivePolicy"))?;
        let (own, theirs) = (retention(queue)?, retention(dead_letters)?);

        (theirs <= own && queue.is_fifo() != Answer::Yes).then(|| {
            let what = format!("it keeps dead letters for {theirs} s, and the queue {own} s");
            let change = "set its retention to 1209600 s (14 days), and the queue's to less";
            Fault::new(dead_letters, what, change)
        })
    });
    short.collect()
}

pub(super) fn visibility_timeout<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let Some(timeout) = function_timeout(case) else {
        return Vec::new();
    };

    let short =
        case.path.queues.iter().filter_map(|one| {
            let mapping = one.mapping?;
            let window = mapping
                .get("MaximumBatchingWindowInSeconds")
                .number()
                .or_default(0.0)?;
            let visibility = visibility(one.queue)?;
            let needed = 6.0 * timeout + window;

            (visibility < needed).then(|| {
            let what = format!(
                "the visibility timeout is {visibility} s, the function's timeout {timeout} s and \
                 the batch window {window} s"
            );
            let change = format!("set the visibility timeout to at least {needed} s: six times \
                 the function's timeout, and the window");
            Fault::new(one.queue, what, change)
        })
        });
    short.collect()
}

pub(super) fn fifo_mismatch<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let mut faults = Vec::new();
    for (queue, feed) in case.feeds() {
        let is_fifo = queue.queue.is_fifo() == Answer::Yes;
        match &feed.source {
            Source::Subscription {
                subscription,
                topic: Some(topic),
            } if is_fifo && topic.is_fifo() == Answer::No => {
                let what = "a FIFO queue subscribes to a standard topic";
                faults.push(Fault::new(subscription, what, "subscribe a standard queue"));
            }
            Source::Rule { rule, target } if is_fifo && target.get("MessageGroupId").is_null() => {
                let what = "the target is a FIFO queue, and has no message group id";
                faults.push(Fault::new(rule, what, "send to a standard queue"));
            }
            Source::Bucket if is_fifo => {
                let what = "a bucket publishes to a FIFO queue, which S3 cannot";
                faults.push(Fault::new(queue.queue, what, "use a standard queue"));
            }
            _ => {}
        }
    }

    for queue in queues(case) {
        let Some(dead_letters) = dead_letters(case, queue.get("RedrivePolicy")) else {
            continue;
        };
        let (own, theirs) = (queue.is_fifo(), dead_letters.is_fifo());
        if own != Answer::Maybe && theirs != Answer::Maybe && own != theirs {
            let what = format!(
                "its dead-letter queue {} is of another kind",
                dead_letters.address
            );
            faults.push(Fault::new(
                queue,
                what,
                "use two standard queues, or two FIFO queues",
            ));
        }
    }

    faults
}

fn retention(queue: &Resource) -> Option<f64> {
    queue
        .get("MessageRetentionPeriod")
        .number()
        .or_default(DEFAULT_RETENTION)
}

fn visibility(queue: &Resource) -> Option<f64> {
    queue
        .get("VisibilityTimeout")
        .number()
        .or_default(DEFAULT_VISIBILITY)
}

/// The text of the queue that a redrive policy names.
pub(super) fn dead_letter_target(policy: &Tree) -> Option<Text> {
    policy.document().get("deadLetterTargetArn").text().cloned()
}
