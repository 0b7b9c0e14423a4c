//! What `policy` prints for a program is never too narrow for `doctor`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::corpus::doctor;

/// Programs whose filters are hard to get right: see `program`.
const PROGRAMS: &[&str] = &[
    "uploads",
    "thumbnails",
    "import",
    "shrink",
    "audit",
    "special",
    "patterns",
    "any-case",
    "removals",
    "two-buckets",
];

pub(crate) fn what_policy_prints_is_wide_enough() {
    let folder = tempfile::tempdir().unwrap();
    for program in PROGRAMS {
        for (name, template) in [("sns", by_topic(program)), ("events", by_rule(program))] {
            let path = folder.path().join(format!("{program}-{name}.json"));
            fs::write(&path, template.to_string()).unwrap();

            let output = doctor(
                program,
                &path,
                &["--processor".to_owned(), "Function".to_owned()],
            );
            let stdout = String::from_utf8(output.stdout).unwrap();
            let narrow = stdout.lines().filter(|line| line.contains("narrow:"));
            assert_eq!(
                narrow.collect::<Vec<_>>(),
                Vec::<&str>::new(),
                "{program}:\n{stdout}"
            );
            // There are no dead letters in these templates, so it does look.
            assert_eq!(output.status.code(), Some(1), "{program}");
        }
    }
}

fn by_topic(program: &str) -> Value {
    let entries = policy(program, "s3");
    let entries = entries.as_array().unwrap().iter().flat_map(|entry| {
        let rules = &entry["Filter"]["Key"]["FilterRules"];
        let events = entry["Events"].as_array().unwrap().iter();
        events.map(move |event| {
            let mut entry = json!({"Event": event, "Topic": {"Ref": "Topic"}});
            if rules.is_array() {
                entry["Filter"] = json!({"S3Key": {"Rules": rules}});
            }
            entry
        })
    });
    let entries: Vec<Value> = entries.collect();

    let mut template = around(program, json!({"Fn::GetAtt": ["Queue", "Arn"]}));
    let resources = &mut template["Resources"];
    resources["Bucket"] = json!({
        "Type": "AWS::S3::Bucket",
        "Properties": {"NotificationConfiguration": {"TopicConfigurations": entries}},
    });
    resources["Topic"] = json!({"Type": "AWS::SNS::Topic"});
    resources["Subscription"] = json!({"Type": "AWS::SNS::Subscription", "Properties": {
        "TopicArn": {"Ref": "Topic"},
        "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
        "RawMessageDelivery": true,
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": policy(program, "sns"),
    }});

    template
}

fn by_rule(program: &str) -> Value {
    let mut pattern = policy(program, "eventbridge");
    pattern["resources"] = json!([{"Fn::GetAtt": ["Bucket", "Arn"]}]);

    let mut template = around(program, json!({"Fn::GetAtt": ["Queue", "Arn"]}));
    let resources = &mut template["Resources"];
    resources["Bucket"] = json!({"Type": "AWS::S3::Bucket", "Properties": {
        "NotificationConfiguration": {"EventBridgeConfiguration": {}},
    }});
    resources["Rule"] = json!({"Type": "AWS::Events::Rule", "Properties": {
        "EventPattern": pattern,
        "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
    }});

    template
}

/// The queue, the function, and the mapping with its filters.
fn around(program: &str, queue: Value) -> Value {
    let criteria = policy(program, "esm");
    json!({"Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {}},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "EventSourceArn": queue,
            "FunctionName": {"Ref": "Function"},
            "FilterCriteria": criteria,
        }},
    }})
}

fn policy(program: &str, format: &str) -> Value {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["policy", "--format", format])
        .env("PROGRAM", program)
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{program} {format}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The settings of whole templates.
const SETTINGS: &[&[&str]] = &[
    &[],
    &["--event-bus"],
    &["--worker"],
    &["--existing-bucket"],
    &["--existing-topic"],
    &[
        "--batch-size",
        "100",
        "--batch-window-seconds",
        "20",
        "--timeout-seconds",
        "600",
    ],
];

pub(crate) fn whole_templates_have_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    for (index, program) in PROGRAMS.iter().enumerate() {
        for settings in SETTINGS {
            let format = if index % 2 == 0 {
                "cloudformation"
            } else {
                "sam"
            };
            let path = folder.path().join("template.yaml");
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["policy", "--format", format])
                .args(*settings)
                .env("PROGRAM", program)
                .env_remove("AWS_LAMBDA_RUNTIME_API")
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{program} {settings:?}");
            fs::write(&path, &output.stdout).unwrap();

            let found = doctor(program, &path, &[]);
            let stdout = String::from_utf8(found.stdout).unwrap();
            let stderr = String::from_utf8(found.stderr).unwrap();
            let status = found.status.code();
            assert_eq!(
                status,
                Some(0),
                "{program} {format} {settings:?}:\n{stdout}{stderr}"
            );
        }
    }
}
