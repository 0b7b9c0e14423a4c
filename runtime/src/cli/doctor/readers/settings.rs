//! What the readers have in common: defaults and policies that AWS wrote.

use serde_json::json;

use super::super::known::{Text, Tree};
use super::super::model::Resource;

/// The properties of a mapping.
pub(super) const MAPPING: &[&str] = &[
    "EventSourceArn",
    "FunctionName",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "Enabled",
    "FilterCriteria",
    "ScalingConfig",
    "ProvisionedPollerConfig",
];

/// The document of a policy of AWS, as far as it matters to a queue. Unknown for any other.
///
/// "AWS managed policies for AWS Lambda", AWS Lambda Developer Guide, 2026.
pub(super) fn managed_policy(arn: &Tree) -> Tree {
    // The partition may be open.
    let arn = arn.text().map_or_else(String::new, Text::with_stars);
    let name = arn.rsplit('/').next().unwrap_or_default();
    if arn.contains(':') && !arn.contains(":iam::aws:policy/") {
        return Tree::Unknown;
    }

    match name {
        "AWSLambdaSQSQueueExecutionRole" => queue_execution(),
        "AWSLambdaBasicExecutionRole"
        | "AWSXRayDaemonWriteAccess"
        | "AWSLambdaVPCAccessExecutionRole" => allowing(&["logs:PutLogEvents"]),
        "AdministratorAccess" | "PowerUserAccess" => allowing(&["*"]),
        "AmazonSQSFullAccess" => allowing(&["sqs:*"]),
        "AmazonS3FullAccess" => allowing(&["s3:*"]),
        "AmazonS3ReadOnlyAccess" => allowing(&["s3:Get*", "s3:List*", "s3:Describe*"]),
        _ => Tree::Unknown,
    }
}

/// The policy `AWSLambdaSQSQueueExecutionRole`.
pub(super) fn queue_execution() -> Tree {
    allowing(&[
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ])
}

fn allowing(actions: &[&str]) -> Tree {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    Tree::of_json(&json!({"Version": "2012-10-17", "Statement": [statement]}))
}

/// Copies properties, and leaves what is absent absent.
pub(super) fn copy(resource: &mut Resource, from: &Tree, names: &[&str]) {
    for name in names {
        resource.set(name, from.get(name).clone());
    }
}

/// An entry of a notification configuration.
pub(super) fn notification(arn: Tree, events: Tree, prefix: Tree, suffix: Tree) -> Tree {
    Tree::map([
        ("Arn", arn),
        ("Events", events),
        ("Prefix", prefix),
        ("Suffix", suffix),
    ])
}

/// The value of a rule such as `{"Name": "prefix", "Value": "in/"}` in a list of them.
pub(super) fn filter_rule(rules: &Tree, name: &str) -> Tree {
    if rules.is_unknown() {
        return Tree::Unknown;
    }

    let rules = rules.items().iter();
    let mut own = rules
        .clone()
        .filter(|rule| match rule.get("Name").as_str() {
            Some(own) => own.eq_ignore_ascii_case(name),
            None => false,
        });
    match own.next() {
        Some(rule) => rule.get("Value").clone(),
        // One without a known name may be the one.
        None if rules
            .clone()
            .any(|rule| rule.get("Name").as_str().is_none()) =>
        {
            Tree::Unknown
        }
        None => Tree::Null,
    }
}

/// A target of a rule. Descriptions have the same form.
pub(super) fn target(target: &Tree) -> Tree {
    let changes = ["Input", "InputPath", "InputTransformer"].into_iter();
    let mut changes = changes.filter(|name| !target.get(name).is_null());
    let changes = changes
        .next()
        .map_or(Tree::Null, |name| Tree::of_json(&json!(name)));

    Tree::map([
        ("Arn", target.get("Arn").clone()),
        (
            "DeadLetterArn",
            target.at(&["DeadLetterConfig", "Arn"]).clone(),
        ),
        ("Changes", changes),
        (
            "MessageGroupId",
            target.at(&["SqsParameters", "MessageGroupId"]).clone(),
        ),
    ])
}
