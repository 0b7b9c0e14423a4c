//! What all processors of a template share.

use super::options::{KeyCondition, Options};
use super::piece::Filling;

/// The kind of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Flavor {
    CloudFormation,
    Sam,
}

/// Returns the flags and places that follow from the options.
pub(super) fn shared(flavor: Flavor, options: &Options) -> Filling {
    let mut filling = Filling::default();
    let own_topic = !options.event_bus && !options.existing_topic;

    for (flag, is_set) in [
        ("sam", flavor == Flavor::Sam),
        ("cloudformation", flavor == Flavor::CloudFormation),
        ("function", !options.worker),
        ("worker", options.worker),
        ("topic", !options.event_bus),
        ("bus", options.event_bus),
        ("own-topic", own_topic),
        ("existing-topic", options.existing_topic),
        ("existing-bucket", options.existing_bucket),
        ("own-key", own_topic && !options.existing_key),
        ("existing-key", options.existing_key),
        ("store", options.store),
        ("audits", options.audits),
    ] {
        filling.set_flag(flag, is_set);
    }

    filling.set_flag(
        match options.topic_key_condition {
            KeyCondition::SourceArn => "key-source-arn",
            KeyCondition::EncryptionContext => "key-encryption-context",
            KeyCondition::None => "key-none",
        },
        true,
    );

    set_references(&mut filling, options);
    set_sizes(&mut filling, options);
    filling
}

/// Written out, because the rule follows the policies that let it send.
const RULE_ARN: &str = "!Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/\
                        ${AWS::StackName}-<name>";

/// How the template names what exists already or is made by it.
fn set_references(filling: &mut Filling, options: &Options) {
    let (topic, topic_name, topic_text) = if options.existing_topic {
        (
            "!Ref TopicArn",
            "!Select [5, !Split [\":\", !Ref TopicArn]]",
            "${TopicArn}",
        )
    } else {
        (
            "!Ref Topic",
            "!GetAtt Topic.TopicName",
            "${AWS::StackName}-events",
        )
    };
    filling.set("topic", topic);
    filling.set("topic-name", topic_name);
    filling.set("topic-text", topic_text);

    let key = if options.existing_key {
        "!Ref TopicKeyArn"
    } else {
        "!GetAtt TopicKey.Arn"
    };
    filling.set("topic-key", key);

    let account = if options.existing_bucket {
        "!If [IsOwnBucket, !Ref AWS::AccountId, !Ref BucketAccount]"
    } else {
        "!Ref AWS::AccountId"
    };
    filling.set("bucket-account", account);

    let (sender, service, arn) = if options.event_bus {
        ("TheRule", "events.amazonaws.com", RULE_ARN)
    } else {
        ("TheTopic", "sns.amazonaws.com", topic)
    };
    filling.set("Sender", sender);
    filling.set("sender-service", service);
    filling.set("sender-arn", arn);
}

/// The visibility timeout is six times the function's timeout plus the batch window ("Creating and
/// configuring an Amazon SQS event source mapping", AWS Lambda Developer Guide).
fn set_sizes(filling: &mut Filling, options: &Options) {
    let visibility = if options.worker {
        options.visibility_seconds
    } else {
        6 * options.timeout_seconds + options.batch_window_seconds
    };
    // One failed attempt raises no alarm.
    let alarm_age = (2 * visibility).max(900);

    for (place, number) in [
        ("timeout", options.timeout_seconds),
        ("batch-size", options.batch_size),
        ("batch-window", options.batch_window_seconds),
        ("visibility", visibility),
        ("alarm-age", alarm_age),
    ] {
        filling.set(place, number.to_string());
    }

    filling.set(
        "cause",
        if options.worker {
            "its workers fail, do not run or are too slow."
        } else {
            "its function fails, is throttled or is too slow."
        },
    );
}
