//! The attributes of Terraform's resources, in the names of AWS's APIs.

use super::super::model::Kind;

/// A kind of resource: its identities, and its properties with their names in the API.
pub(super) struct Mapped {
    pub(super) kind: Kind,
    pub(super) identities: &'static [&'static str],
    pub(super) properties: &'static [(&'static str, &'static str)],
}

/// What is known about a type of Terraform.
pub(super) fn mapped(kind: &str) -> Option<Mapped> {
    let (_, kind, identities, properties) = MAPPED.iter().find(|(name, ..)| *name == kind)?;
    Some(Mapped {
        kind: *kind,
        identities,
        properties,
    })
}

/// A type of Terraform, what it is, its identities, and its properties with their attributes.
type Row = (
    &'static str,
    Kind,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

const MAPPED: &[Row] = &[
    (
        "aws_s3_bucket",
        Kind::Bucket,
        &["bucket", "arn"],
        &[("BucketName", "bucket")],
    ),
    (
        "aws_sns_topic",
        Kind::Topic,
        &["name", "arn"],
        &[
            ("KmsMasterKeyId", "kms_master_key_id"),
            ("FifoTopic", "fifo_topic"),
        ],
    ),
    (
        "aws_sns_topic_subscription",
        Kind::Subscription,
        &[],
        &[
            ("TopicArn", "topic_arn"),
            ("Endpoint", "endpoint"),
            ("Protocol", "protocol"),
            ("RawMessageDelivery", "raw_message_delivery"),
            ("FilterPolicy", "filter_policy"),
            ("FilterPolicyScope", "filter_policy_scope"),
        ],
    ),
    (
        "aws_sqs_queue",
        Kind::Queue,
        &["name", "arn", "url", "id"],
        &[
            ("VisibilityTimeout", "visibility_timeout_seconds"),
            ("MessageRetentionPeriod", "message_retention_seconds"),
            ("MaximumMessageSize", "max_message_size"),
            ("KmsMasterKeyId", "kms_master_key_id"),
            ("FifoQueue", "fifo_queue"),
        ],
    ),
    (
        "aws_cloudwatch_event_rule",
        Kind::Rule,
        &["name", "arn"],
        &[("EventPattern", "event_pattern"), ("State", "state")],
    ),
    (
        "aws_lambda_event_source_mapping",
        Kind::Mapping,
        &["uuid"],
        &[
            ("EventSourceArn", "event_source_arn"),
            ("FunctionName", "function_name"),
            ("BatchSize", "batch_size"),
            (
                "MaximumBatchingWindowInSeconds",
                "maximum_batching_window_in_seconds",
            ),
            ("FunctionResponseTypes", "function_response_types"),
            ("Enabled", "enabled"),
        ],
    ),
    (
        "aws_lambda_function",
        Kind::Function,
        &["function_name", "arn"],
        &[
            ("Timeout", "timeout"),
            ("Role", "role"),
            (
                "ReservedConcurrentExecutions",
                "reserved_concurrent_executions",
            ),
        ],
    ),
    ("aws_iam_role", Kind::Role, &["name", "arn"], &[]),
    ("aws_kms_key", Kind::Key, &["arn", "key_id"], &[]),
];
