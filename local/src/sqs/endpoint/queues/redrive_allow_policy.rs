//! The attribute `RedriveAllowPolicy`: which queues may have a queue as their dead-letter queue.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::arn::queue_arn;
use crate::sqs::endpoint::error::SqsError;

pub(super) const NAME: &str = "RedriveAllowPolicy";

/// How many queues a policy can name (`SetQueueAttributes`, Amazon SQS API Reference, 2026).
const MAX_SOURCES: usize = 10;

/// A policy, which is JSON inside a text.
///
/// ```json
/// {"redrivePermission": "byQueue",
///  "sourceQueueArns": ["arn:aws:sqs:us-east-1:123456789012:uploads"]}
/// ```
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedriveAllowPolicy {
    redrive_permission: Permission,
    source_queue_arns: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Permission {
    AllowAll,
    DenyAll,
    ByQueue,
}

/// Checks that a text is a policy. An empty one removes the policy.
pub(super) fn check(policy: &str) -> Result<(), SqsError> {
    if policy.is_empty() {
        return Ok(());
    }

    let invalid = |detail: &str| {
        let reason = format!("Amazon SQS can't create the redrive allow policy{detail}");
        SqsError::invalid_value(NAME, policy, &reason)
    };

    let RedriveAllowPolicy {
        redrive_permission,
        source_queue_arns,
    } = serde_json::from_str(policy)
        .map_err(|_| invalid(", as it's not in the supported format."))?;

    match (redrive_permission, source_queue_arns) {
        (Permission::ByQueue, Some(arns)) if arns.len() > MAX_SOURCES => Err(invalid(&format!(
            ". The maximum number of source queue ARNs you can specify is {MAX_SOURCES}."
        ))),
        (Permission::ByQueue, Some(arns)) if !arns.is_empty() => Ok(()),
        (Permission::ByQueue, _) => Err(invalid(
            ". When you specify the byQueue permission type, you must also specify one or more \
             sourceQueueArns values.",
        )),
        (_, Some(_)) => Err(invalid(
            ". To specify one or more source queue ARNs, you must set redrivePermission to \
             byQueue.",
        )),
        (_, None) => Ok(()),
    }
}

/// Whether the policy among the kept attributes of a queue lets the queue of this name have it as
/// its dead-letter queue. Without a policy, every queue may.
pub(super) fn allows(kept: &BTreeMap<String, String>, source: &str) -> bool {
    let Some(text) = kept.get(NAME) else {
        return true;
    };

    // Only policies that were checked are kept.
    serde_json::from_str::<RedriveAllowPolicy>(text).is_ok_and(|policy| {
        let arns = policy.source_queue_arns.unwrap_or_default();

        match policy.redrive_permission {
            Permission::AllowAll => true,
            Permission::DenyAll => false,
            Permission::ByQueue => arns.contains(&queue_arn(source)),
        }
    })
}
