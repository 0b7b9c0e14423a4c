//! Buckets, topics and keys that exist already.

use serde_json::{Value, json};

use crate::pipeline::{every_kind, uploads};
use crate::stack::stack;

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "an_existing_bucket_stays_as_it_is",
        an_existing_bucket_stays_as_it_is,
    ),
    (
        "existing_topics_and_keys_stay_as_they_are",
        existing_topics_and_keys_stay_as_they_are,
    ),
];

fn an_existing_bucket_stays_as_it_is() {
    for (arguments, stack) in every_kind() {
        let is_new = !arguments.contains(&"--existing-bucket");
        assert_eq!(
            stack.ids("AWS::S3::Bucket").len(),
            usize::from(is_new),
            "{arguments:?}"
        );
        assert_eq!(
            stack.ids("AWS::S3::BucketPolicy").len(),
            usize::from(is_new)
        );
        let description = stack.template["Description"].as_str().unwrap();
        assert_eq!(
            description.contains("DOES NOT PUBLISH YET"),
            !is_new,
            "{description}"
        );
        assert!(description.len() <= 1024);
        if is_new {
            continue;
        }

        let output = |name| stack.resolve(&stack.template["Outputs"][name]["Value"]);
        let add = output("NotificationToAdd");
        let add: Value = serde_json::from_str(add.as_str().unwrap()).unwrap();
        let topic = if arguments.contains(&"--existing-topic") {
            "@TopicArn"
        } else {
            "@Topic"
        };
        let expected = if arguments.contains(&"--event-bus") {
            json!({"EventBridgeConfiguration": {}})
        } else {
            let events = ["s3:ObjectCreated:*"];
            json!({"TopicConfigurations": [{"TopicArn": topic, "Events": events}]})
        };
        assert_eq!(add, expected);

        let command = output("NotificationCommand");
        let (command, argument) = command.as_str().unwrap().split_once(" '").unwrap();
        assert_eq!(
            command,
            "aws s3api put-bucket-notification-configuration --bucket uploads \
             --notification-configuration"
        );
        let argument: Value = serde_json::from_str(argument.strip_suffix('\'').unwrap()).unwrap();
        assert_eq!(argument, expected);
    }
}

fn existing_topics_and_keys_stay_as_they_are() {
    for (arguments, stack) in every_kind() {
        let has = |flag| arguments.contains(&flag);
        let own_topic = !has("--existing-topic") && !has("--event-bus");
        let own_key = own_topic && !has("--existing-key");
        assert_eq!(stack.ids("AWS::SNS::Topic").len(), usize::from(own_topic));
        assert_eq!(
            stack.ids("AWS::SNS::TopicPolicy").len(),
            usize::from(own_topic)
        );
        assert_eq!(
            stack.ids("AWS::KMS::Key").len(),
            usize::from(own_key),
            "{arguments:?}"
        );

        let statement = |name| {
            let value = stack.resolve(&stack.template["Outputs"][name]["Value"]);
            value
                .as_str()
                .map(|text| serde_json::from_str::<Value>(text).unwrap())
        };
        let topic = statement("TopicStatement");
        assert_eq!(topic.is_some(), has("--existing-topic"));
        if let Some(topic) = topic {
            assert_eq!(
                topic["Condition"]["ArnEquals"]["aws:SourceArn"],
                "arn:aws:s3:::uploads"
            );
            assert_eq!(
                (&topic["Action"], &topic["Resource"]),
                (&json!("sns:Publish"), &json!("@TopicArn"))
            );
        }
        let key = statement("KeyStatement");
        assert_eq!(key.is_some(), has("--existing-key"));
        if let Some(key) = key {
            assert_eq!(key["Action"], json!(["kms:GenerateDataKey", "kms:Decrypt"]));
            assert_eq!(stack.properties("Topic")["KmsMasterKeyId"], "@TopicKeyArn");
        }
    }

    // Each condition, in the policy of a new key and in the statement for an existing one.
    let topic = "arn:aws:sns:here-1:123456789012:stack-events";
    for (choice, condition) in [
        ("source-arn", json!("aws:SourceArn")),
        (
            "encryption-context",
            json!("kms:EncryptionContext:aws:sns:topicArn"),
        ),
        ("none", Value::Null),
    ] {
        let choice = ["--format", "sam", "--topic-key-condition", choice];
        let own = stack(&uploads(), &choice);
        let own = own.properties("TopicKey")["KeyPolicy"]["Statement"][1]["Condition"].take();
        let existing = stack(&uploads(), &[&choice[..], &["--existing-key"]].concat());
        let existing = existing.resolve(&existing.template["Outputs"]["KeyStatement"]["Value"]);
        let mut existing: Value = serde_json::from_str(existing.as_str().unwrap()).unwrap();
        let existing = existing["Condition"].take().to_string();
        assert_eq!(own.is_null(), condition.is_null());
        // The account of an existing bucket is a parameter, and the topic of an own key has no
        // reference, because the key exists before it.
        let own = own.to_string().replace(topic, "@Topic");
        assert_eq!(own, existing.replace("@Account", "123456789012"));
        assert!(
            condition.is_null() || own.contains(condition.as_str().unwrap()),
            "{own}"
        );
    }
}
