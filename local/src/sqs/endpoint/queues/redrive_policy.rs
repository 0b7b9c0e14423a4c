//! The attribute `RedrivePolicy`: JSON inside a text.

use serde_json::{Value, json};

use crate::aws::arn::{queue_arn, queue_of_arn};
use crate::sqs::endpoint::error::SqsError;
use crate::topology::Redrive;

/// Reads a policy. An empty one removes the dead-letter queue. Whether that exists is not checked.
///
/// ```json
/// {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:failed", "maxReceiveCount": 5}
/// ```
pub(super) fn read(policy: &str) -> Result<Option<Redrive>, SqsError> {
    if policy.is_empty() {
        return Ok(None);
    }

    let fields: Value = serde_json::from_str(policy)
        .map_err(|_| invalid(policy, "Redrive policy is not a valid JSON map."))?;
    let missing = |name: &str| {
        let reason = format!("Redrive policy does not contain mandatory attribute: {name}.");
        invalid(policy, &reason)
    };

    let target = fields
        .get("deadLetterTargetArn")
        .ok_or_else(|| missing("deadLetterTargetArn"))?;
    let count = fields
        .get("maxReceiveCount")
        .ok_or_else(|| missing("maxReceiveCount"))?;

    let dead_letter_queue = target
        .as_str()
        .and_then(queue_of_arn)
        .ok_or_else(|| invalid(policy, "Invalid value for deadLetterTargetArn."))?;

    // SQS takes a number or its digits.
    let count_text = count.as_str().map_or(count.to_string(), str::to_owned);
    let max_receive_count = count_text
        .parse()
        .ok()
        .filter(|count| (1..=1000).contains(count))
        .ok_or_else(|| {
            let reason = format!(
                "Invalid value for maxReceiveCount: {count_text}, valid values are from 1 to 1000 \
                 both inclusive."
            );
            invalid(policy, &reason)
        })?;

    Ok(Some(Redrive {
        dead_letter_queue: dead_letter_queue.to_owned(),
        max_receive_count,
    }))
}

/// Writes a policy.
pub(super) fn write(redrive: &Redrive) -> String {
    json!({
        "deadLetterTargetArn": queue_arn(&redrive.dead_letter_queue),
        "maxReceiveCount": redrive.max_receive_count,
    })
    .to_string()
}

/// A policy that SQS does not accept.
pub(super) fn invalid(policy: &str, reason: &str) -> SqsError {
    SqsError::invalid_value("RedrivePolicy", policy, reason)
}
