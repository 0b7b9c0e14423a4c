//! The permissions that a function needs on its queue.

use serde::Serialize;

/// The permissions that the event source mapping of a queue needs, as an IAM policy document.
///
/// Attach it to the role of the function ("Configuring permissions for an Amazon SQS event source
/// mapping", AWS Lambda Developer Guide, 2026). Logs, a [`DeadLetters`] queue and a store need
/// their own statements.
///
/// [`DeadLetters`]: https://docs.rs/s3-dispatch/latest/s3_dispatch/trait.DeadLetters.html
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::manifest::IamPolicy;
///
/// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads");
/// assert_eq!(
///     serde_json::to_value(&policy).unwrap(),
///     serde_json::json!({
///         "Version": "2012-10-17",
///         "Statement": [{
///             "Sid": "ReceiveFromQueue",
///             "Effect": "Allow",
///             "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
///             "Resource": "arn:aws:sqs:eu-central-1:123456789012:uploads",
///         }],
///     }),
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct IamPolicy {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: [&'static str; 3],
    resource: String,
}

impl IamPolicy {
    /// Creates the policy for the queue with this ARN.
    pub fn new(queue_arn: impl Into<String>) -> Self {
        let statement = Statement {
            sid: "ReceiveFromQueue",
            effect: "Allow",
            action: [
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            resource: queue_arn.into(),
        };

        Self {
            version: "2012-10-17",
            statement: [statement],
        }
    }
}
