//! What is connected to what, in every kind of template.

use serde_json::{Value, json};

use crate::program::Taken;
use crate::stack::{Stack, stack};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "messages_of_every_kind_of_template_reach_their_queue",
        messages_reach_their_queue,
    ),
    (
        "what_fails_is_kept_in_every_kind_of_template",
        what_fails_is_kept,
    ),
    (
        "a_function_reports_single_failures",
        a_function_reports_single_failures,
    ),
    (
        "a_worker_has_a_policy_and_no_function",
        a_worker_has_a_policy_and_no_function,
    ),
    (
        "a_new_bucket_publishes_what_all_programs_take",
        a_new_bucket_publishes,
    ),
    ("every_alarm_can_notify", every_alarm_can_notify),
    (
        "the_timeout_decides_the_sizes",
        the_timeout_decides_the_sizes,
    ),
];

pub(crate) fn uploads() -> Vec<Taken> {
    vec![Taken::event("ObjectCreated:*")]
}

const FORMATS: [&str; 2] = ["cloudformation", "sam"];
const FEEDS: [&[&str]; 4] = [
    &[],
    &["--event-bus"],
    &["--existing-topic"],
    &["--existing-key"],
];

/// Every combination of the options that change what there is, with its arguments.
pub(crate) fn every_kind() -> impl Iterator<Item = (Vec<&'static str>, Stack)> {
    FORMATS.into_iter().flat_map(|format| {
        FEEDS.into_iter().flat_map(move |feed| {
            [&[][..], &["--worker"]].into_iter().flat_map(move |kind| {
                [&[][..], &["--existing-bucket"]]
                    .into_iter()
                    .map(move |bucket| {
                        let arguments = [&["--format", format], feed, kind, bucket].concat();
                        let stack = stack(&uploads(), &arguments);
                        (arguments, stack)
                    })
            })
        })
    })
}

fn messages_reach_their_queue() {
    for (arguments, stack) in every_kind() {
        let queue = "@ResizePhotosQueue.Arn";
        let undelivered = "@ResizePhotosUndeliveredQueue.Arn";

        if arguments.contains(&"--event-bus") {
            let rule = stack.properties("ResizePhotosRule");
            let target = &rule["Targets"][0];
            assert_eq!(target["Arn"], queue, "{arguments:?}");
            assert_eq!(target["DeadLetterConfig"]["Arn"], undelivered);
            assert_eq!(target["InputTransformer"], Value::Null);
            assert_eq!(
                rule["EventPattern"]["resources"],
                json!(["arn:aws:s3:::uploads"])
            );
            assert_eq!(stack.ids("AWS::SNS::Subscription").len(), 0);
        } else {
            let subscription = stack.properties("ResizePhotosSubscription");
            assert_eq!(subscription["Endpoint"], queue, "{arguments:?}");
            assert_eq!(subscription["Protocol"], "sqs");
            assert_eq!(subscription["RawMessageDelivery"], true);
            assert_eq!(subscription["FilterPolicyScope"], "MessageBody");
            let dead_letters = json!({"deadLetterTargetArn": undelivered});
            assert_eq!(subscription["RedrivePolicy"], dead_letters);
            assert_eq!(stack.ids("AWS::Events::Rule").len(), 0);
        }

        // A delivery needs the policies of both queues.
        let fed = if arguments.contains(&"--event-bus") {
            "Rule"
        } else {
            "Subscription"
        };
        let fed = &stack.resources()[&format!("ResizePhotos{fed}")];
        let policies = json!([
            "ResizePhotosQueuePolicy",
            "ResizePhotosUndeliveredQueuePolicy"
        ]);
        assert_eq!(fed["DependsOn"], policies);
    }
}

fn what_fails_is_kept() {
    for (arguments, stack) in every_kind() {
        let queue = stack.properties("ResizePhotosQueue");
        let redrive = &queue["RedrivePolicy"];
        assert_eq!(redrive["maxReceiveCount"], 5, "{arguments:?}");
        assert_eq!(
            redrive["deadLetterTargetArn"],
            "@ResizePhotosDeadLettersQueue.Arn"
        );
        let retention = &stack.template["Parameters"]["MessageRetentionSeconds"];
        assert_eq!(queue["MessageRetentionPeriod"], "@MessageRetentionSeconds");

        for kept in ["DeadLetters", "Undelivered"] {
            let kept = stack.properties(&format!("ResizePhotos{kept}Queue"));
            let longest = kept["MessageRetentionPeriod"].as_u64().unwrap();
            assert!(longest > retention["MaxValue"].as_u64().unwrap());
            assert_eq!(kept["MaximumMessageSize"], 1 << 20);
        }

        let sources = &stack.properties("ResizePhotosDeadLettersQueue")["RedriveAllowPolicy"];
        let own = json!(["arn:aws:sqs:here-1:123456789012:stack-resize-photos"]);
        assert_eq!(sources["sourceQueueArns"], own);
        assert_eq!(queue["QueueName"], "stack-resize-photos");
    }
}

fn a_function_reports_single_failures() {
    for (arguments, stack) in every_kind().filter(|(arguments, _)| !arguments.contains(&"--worker"))
    {
        let mapping = stack.properties("ResizePhotosMapping");
        assert_eq!(
            mapping["FunctionResponseTypes"],
            json!(["ReportBatchItemFailures"])
        );
        assert_eq!(
            mapping["EventSourceArn"], "@ResizePhotosQueue.Arn",
            "{arguments:?}"
        );

        let function = stack.properties("ResizePhotosFunction");
        let variables = json!({
            "S3_DISPATCH_QUEUE_URL": "@ResizePhotosQueue",
            "S3_DISPATCH_DEAD_LETTERS_URL": "@ResizePhotosDeadLettersQueue",
        });
        assert_eq!(function["Environment"]["Variables"], variables);
        assert_eq!(
            function["LoggingConfig"]["LogGroup"],
            "@ResizePhotosLogGroup"
        );
        assert_eq!(function["Role"], "@ResizePhotosRole.Arn");
        let code = if arguments.contains(&"sam") {
            function["CodeUri"] == "target/lambda/resize-photos.zip"
        } else {
            function["Code"]["S3Key"] == "@ResizePhotosPackageKey"
        };
        assert!(code, "{function}");
    }
}

fn a_worker_has_a_policy_and_no_function() {
    for (arguments, stack) in every_kind().filter(|(arguments, _)| arguments.contains(&"--worker"))
    {
        assert_eq!(
            stack.ids("AWS::IAM::ManagedPolicy"),
            ["ResizePhotosWorkerPolicy"]
        );
        for (id, resource) in stack.resources() {
            let kind = resource["Type"].as_str().unwrap();
            let is_function = ["::Lambda::", "::Serverless::", "::Logs::", "IAM::Role"];
            assert!(
                !is_function.iter().any(|part| kind.contains(part)),
                "{arguments:?}: {id}"
            );
            assert_ne!(resource["Properties"]["Namespace"], "AWS/Lambda", "{id}");
        }
        for parameter in ["Architecture", "PackageBucket", "LogLevel", "MemorySize"] {
            assert_eq!(
                stack.template["Parameters"][parameter],
                Value::Null,
                "{arguments:?}"
            );
        }
        let outputs = &stack.template["Outputs"];
        assert_eq!(
            outputs["ResizePhotosWorkerPolicyArn"]["Value"],
            json!({"Ref": "ResizePhotosWorkerPolicy"})
        );
    }
}

fn a_new_bucket_publishes() {
    let other = tempfile::NamedTempFile::new().unwrap();
    let copies = [
        Taken::event("ObjectCreated:Copy"),
        Taken::event("ObjectTagging:Put"),
    ];
    let printed = crate::program::policy("log-copies", &copies, &["--format", "terraform"]);
    std::fs::write(other.path(), printed.stdout).unwrap();
    let file = other.path().to_str().unwrap();

    let both = stack(&uploads(), &["--format", "sam", "--with", file]);
    let bucket = both.properties("Bucket");
    let published = |event| json!({"Event": event, "Topic": "@Topic"});
    // A category replaces the types inside it, because S3 refuses both together.
    let events = json!([
        published("s3:ObjectCreated:*"),
        published("s3:ObjectTagging:Put")
    ]);
    assert_eq!(
        bucket["NotificationConfiguration"]["TopicConfigurations"],
        events
    );
    let needed = json!([
        "TopicPolicy",
        "ResizePhotosSubscription",
        "LogCopiesSubscription"
    ]);
    assert_eq!(both.resources()["Bucket"]["DependsOn"], needed);

    let filter = &both.properties("LogCopiesSubscription")["FilterPolicy"];
    assert_eq!(
        filter["Records"]["eventName"],
        json!(["ObjectCreated:Copy", "ObjectTagging:Put"])
    );
    assert_eq!(both.ids("AWS::SQS::Queue").len(), 6);

    let bus = stack(&uploads(), &["--format", "sam", "--event-bus"]).properties("Bucket");
    let on = json!({"EventBridgeConfiguration": {"EventBridgeEnabled": true}});
    assert_eq!(bus["NotificationConfiguration"], on);
}

fn every_alarm_can_notify() {
    for (arguments, stack) in every_kind() {
        let alarms = stack.ids("AWS::CloudWatch::Alarm");
        let expected = if arguments.contains(&"--worker") {
            4
        } else {
            8
        };
        assert_eq!(alarms.len(), expected, "{arguments:?}");

        let mut names = Vec::new();
        for alarm in alarms {
            let alarm = stack.properties(alarm);
            assert_eq!(alarm["AlarmActions"], json!(["@AlarmActionArn"]));
            assert_eq!(alarm["OKActions"], json!(["@AlarmActionArn"]));
            let watched = alarm["Dimensions"][0]["Value"].as_str().unwrap_or_default();
            assert!(
                watched.starts_with('@') || !alarm["Dimensions"].is_null(),
                "{alarm}"
            );
            names.push(alarm["AlarmName"].as_str().unwrap().to_owned());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), expected);
    }
}

fn the_timeout_decides_the_sizes() {
    let sized = stack(
        &uploads(),
        &[
            "--format",
            "cloudformation",
            "--timeout-seconds",
            "120",
            "--batch-size",
            "100",
            "--batch-window-seconds",
            "7",
            "--environment",
            "GREETING=it's: a \"#\" ${no name}",
        ],
    );
    assert_eq!(
        sized.properties("ResizePhotosQueue")["VisibilityTimeout"],
        6 * 120 + 7
    );
    assert_eq!(
        sized.properties("ResizePhotosAgeAlarm")["Threshold"],
        2 * (6 * 120 + 7)
    );
    let mapping = sized.properties("ResizePhotosMapping");
    assert_eq!(
        (
            &mapping["BatchSize"],
            &mapping["MaximumBatchingWindowInSeconds"]
        ),
        (&json!(100), &json!(7))
    );
    let function = sized.properties("ResizePhotosFunction");
    assert_eq!(function["Timeout"], 120);
    assert_eq!(
        function["Environment"]["Variables"]["GREETING"],
        "it's: a \"#\" ${no name}"
    );

    let worker = ["--format", "sam", "--worker"];
    let default = stack(&uploads(), &worker);
    assert_eq!(
        default.properties("ResizePhotosQueue")["VisibilityTimeout"],
        60
    );
    let longer = stack(
        &uploads(),
        &[&worker[..], &["--visibility-seconds", "1000"]].concat(),
    );
    assert_eq!(
        longer.properties("ResizePhotosQueue")["VisibilityTimeout"],
        1000
    );
    assert_eq!(longer.properties("ResizePhotosAgeAlarm")["Threshold"], 2000);

    let short = stack(&uploads(), &["--format", "sam", "--timeout-seconds", "1"]);
    assert_eq!(short.properties("ResizePhotosAgeAlarm")["Threshold"], 900);
}
