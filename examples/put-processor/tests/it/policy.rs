//! `policy`: the filters for the infrastructure.

use std::path::Path;

use serde_json::{Value, json};

use crate::{Run, run};

/// The policy in this format. The standard error is empty.
#[track_caller]
fn policy(format: &str) -> Value {
    let (json, stderr) = policy_and_warnings(format);
    assert_eq!(stderr, "");

    json
}

#[track_caller]
fn policy_and_warnings(format: &str) -> (Value, String) {
    let Run {
        status,
        stdout,
        stderr,
    } = run(&["policy", "--format", format], &[], b"");

    assert_eq!(status, Some(0), "{stderr}");
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert!(
        stdout.lines().count() > 3 && stdout.ends_with('\n'),
        "the JSON is not indented: {stdout}"
    );

    (json, stderr)
}

fn body_filter() -> Value {
    let events = json!(["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"]);
    json!({ "Records": { "eventName": events } })
}

#[test]
fn sns_prints_the_filter_policy_of_the_subscription() {
    assert_eq!(policy("sns"), body_filter());
}

#[test]
fn s3_prints_the_notification_configuration_of_the_bucket() {
    let events = json!([
        "s3:ObjectCreated:Put",
        "s3:ObjectCreated:CompleteMultipartUpload"
    ]);
    assert_eq!(policy("s3"), json!([{ "Events": events }]));
}

#[test]
fn local_prints_what_s3_dispatch_local_runs_the_program_with() {
    let events = json!([
        "s3:ObjectCreated:Put",
        "s3:ObjectCreated:CompleteMultipartUpload"
    ]);
    let expected = json!({
        "name": "put-processor",
        "buckets": [],
        "takes_any_bucket": true,
        "other_buckets": [],
        "events": events,
        "filter_policy": body_filter(),
    });
    assert_eq!(policy("local"), expected);
}

#[test]
fn eventbridge_prints_the_pattern_of_a_rule() {
    let detail = json!({"reason": ["PutObject", "CompleteMultipartUpload"]});
    let expected =
        json!({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail});
    assert_eq!(policy("eventbridge"), expected);
}

#[test]
fn esm_prints_the_filter_criteria_of_the_event_source_mapping() {
    let (criteria, stderr) = policy_and_warnings("esm");
    let filters = criteria["Filters"].as_array().unwrap();
    let bodies: Vec<Value> = filters
        .iter()
        .map(|filter| serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap())
        .collect();

    let [notification, event, sns, _] = &bodies[..] else {
        panic!("{criteria}")
    };
    assert_eq!(*notification, json!({ "body": body_filter() }));
    let mut pattern = policy("eventbridge");
    pattern["detail-type"] = json!(["Object Created", {"exists": false}]);
    assert_eq!(*event, json!({ "body": pattern }));
    assert_eq!(sns["body"]["Type"][0], "Notification");

    let warnings: Vec<_> = stderr.lines().collect();
    assert_eq!(warnings.len(), 2, "{stderr}");
    assert!(warnings[0].starts_with("warning: Lambda deletes every message"));
    assert!(warnings[1].contains("raw message delivery"), "{stderr}");
}

#[test]
fn iam_prints_the_policy_of_the_role() {
    let arn = "arn:aws:sqs:eu-central-1:123456789012:uploads";
    let run = run(&["policy", "--format", "iam", "--queue-arn", arn], &[], b"");
    assert_eq!((run.status, &*run.stderr), (Some(0), ""));
    let policy: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let [statement] = &policy["Statement"].as_array().unwrap()[..] else {
        panic!("{policy}")
    };

    assert_eq!(
        (&statement["Effect"], &statement["Resource"]),
        (&json!("Allow"), &json!(arn))
    );

    let actions = json!([
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage"
    ]);

    assert_eq!(statement["Action"], actions);

    let placeholder = "arn:aws:sqs:REGION:ACCOUNT:QUEUE";
    let (policy, stderr) = policy_and_warnings("iam");
    assert_eq!(policy["Statement"][0]["Resource"], placeholder);
    assert_eq!(
        stderr,
        format!("warning: `{placeholder}` is a placeholder: give `--queue-arn`\n")
    );
}

#[test]
fn terraform_prints_the_file_that_infra_reads() {
    let printed = run(&["policy", "--format", "terraform"], &[], b"");
    assert_eq!((printed.status, &*printed.stderr), (Some(0), ""));
    let file = "infra/policies/put-processor.json";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept, printed.stdout,
        "`{file}` does not match the handlers, write it with \
         `cargo run -p put-processor -- policy --format terraform > {file}`"
    );
}

#[test]
fn sam_prints_the_template_of_the_examples() {
    let arguments = [
        "policy",
        "--format",
        "sam",
        "--packages",
        "../target/lambda",
        "--with",
        "infra/policies/copy-processor.json",
    ];
    let printed = run(&arguments, &[], b"");
    assert_eq!((printed.status, &*printed.stderr), (Some(0), ""));
    let file = "examples/template.yaml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept,
        printed.stdout,
        "`{file}` does not match the handlers, write it with `cargo run -p put-processor -- {} > \
         {file}`",
        arguments.join(" ")
    );
}

#[test]
fn the_settings_of_handlers_do_not_matter() {
    let run = run(
        &["policy", "--format", "sns"],
        &[("MAX_OBJECT_BYTES", "1")],
        b"",
    );

    assert_eq!(
        serde_json::from_str::<Value>(&run.stdout).unwrap(),
        body_filter()
    );
}

#[test]
fn the_error_for_an_unknown_format_lists_the_known_ones() {
    let run = run(&["policy", "--format", "cdk"], &[], b"");
    assert_eq!((run.status, &*run.stdout), (Some(2), ""));

    for part in [
        "'cdk'",
        "sns",
        "s3",
        "eventbridge",
        "esm",
        "iam",
        "terraform",
        "cloudformation",
        "sam",
        "local",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }

    let missing = self::run(&["policy"], &[], b"");
    assert!(
        missing.status == Some(2) && missing.stderr.contains("--format"),
        "{}",
        missing.stderr
    );
}
