//! What a function may do with its queue.

use serde::Serialize;

/// The least that an event source mapping needs of the function's role, as an IAM policy document.
///
/// "Configuring permissions for an Amazon SQS event source mapping", AWS Lambda Developer Guide,
/// 2026. Logs, a [`DeadLetters`] queue or a store need statements of their own.
///
/// [`DeadLetters`]: https://docs.rs/s3-dispatch/latest/s3_dispatch/trait.DeadLetters.html
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
    /// For the queue of this ARN.
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
