//! A queue decides which other queues may have it as their dead-letter queue.

use serde_json::{Value, json};

use super::messages::Queues;

const REFUSED: &str = "The redrive allow policy of the dead-letter queue does not allow this \
                       source queue.";

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

/// Sets the policy of `failed`.
async fn set(queues: &Queues, policy: &Value) {
    let input = json!({"Attributes": {"RedriveAllowPolicy": policy.to_string()}});
    queues.ok("SetQueueAttributes", "failed", input).await;
}

fn redrive_policy() -> String {
    json!({"deadLetterTargetArn": arn("failed"), "maxReceiveCount": 2}).to_string()
}

/// Whether the queue of this name can have `failed` as its dead-letter queue, said by each of the
/// calls that name one.
async fn may_use(queues: &Queues, queue: &str) -> bool {
    let attributes = json!({"RedrivePolicy": redrive_policy()});
    let input = queues.input(queue, json!({"Attributes": attributes}));
    let set = queues.client.call("SetQueueAttributes", input).await;
    let message = set.body["message"].as_str().unwrap_or_default();
    assert_eq!(set.status != 200, message.ends_with(REFUSED), "{set:?}");

    set.status == 200
}

#[tokio::test(start_paused = true)]
async fn a_queue_allows_all_or_no_or_some_queues() {
    let queues = Queues::start().await;
    for name in ["one", "two"] {
        let input = json!({"QueueName": name});
        queues.client.ok("CreateQueue", input).await;
    }

    let cases = [
        (json!({"redrivePermission": "allowAll"}), true, true),
        (json!({"redrivePermission": "denyAll"}), false, false),
        (
            json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("x"), arn("one")]}),
            true,
            false,
        ),
    ];
    for (policy, one, two) in cases {
        set(&queues, &policy).await;
        assert_eq!(may_use(&queues, "one").await, one, "{policy}");
        assert_eq!(may_use(&queues, "two").await, two, "{policy}");

        let names = json!({"AttributeNames": ["RedriveAllowPolicy"]});
        let output = queues.ok("GetQueueAttributes", "failed", names).await;
        let text = output["Attributes"]["RedriveAllowPolicy"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), policy);
    }

    // An empty policy is none.
    let input = json!({"Attributes": {"RedriveAllowPolicy": ""}});
    queues.ok("SetQueueAttributes", "failed", input).await;
    assert!(may_use(&queues, "two").await);
    let names = json!({"AttributeNames": ["RedriveAllowPolicy"]});
    let output = queues.ok("GetQueueAttributes", "failed", names).await;
    assert_eq!(output, json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_new_queue_must_be_allowed_too() {
    let queues = Queues::start().await;
    let policy = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("allowed")]});
    set(&queues, &policy).await;

    let new = |name: &str| {
        let attributes = json!({"RedrivePolicy": redrive_policy()});
        json!({"QueueName": name, "Attributes": attributes})
    };
    queues.client.ok("CreateQueue", new("allowed")).await;
    let text = format!(
        "Value {} for parameter RedrivePolicy is invalid. Reason: {REFUSED}",
        redrive_policy()
    );
    let code = "InvalidParameterValue";
    queues
        .client
        .check_refused("CreateQueue", new("other"), code, &text)
        .await;
    assert!(queues.pipeline.queue("other").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_allows_none_of_its_sources_is_not_redriven() {
    let queues = Queues::start().await;
    let start = json!({"SourceArn": arn("failed")});
    set(&queues, &json!({"redrivePermission": "denyAll"})).await;
    let text = "Source queue must be configured as a Dead Letter Queue.";
    let code = "InvalidParameterValue";
    queues
        .client
        .check_refused("StartMessageMoveTask", start.clone(), code, text)
        .await;

    let policy = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("uploads")]});
    set(&queues, &policy).await;
    queues.client.ok("StartMessageMoveTask", start).await;

    // The policy of the source is as it was, so it is listed in each case.
    let output = queues
        .ok("ListDeadLetterSourceQueues", "failed", json!({}))
        .await;
    let urls = output["queueUrls"].as_array().unwrap();
    assert_eq!(urls.len(), 1, "{output}");
    assert!(urls[0].as_str().unwrap().ends_with("/uploads"), "{output}");
}

#[tokio::test(start_paused = true)]
async fn policies_in_another_form_are_refused() {
    let queues = Queues::start().await;
    let arns: Vec<_> = (0..11).map(|number| arn(&number.to_string())).collect();
    let by_queue = |arns: &[String]| {
        json!({"redrivePermission": "byQueue", "sourceQueueArns": arns}).to_string()
    };
    let ok = by_queue(&arns[..10]);
    let input = json!({"Attributes": {"RedriveAllowPolicy": ok}});
    queues.ok("SetQueueAttributes", "failed", input).await;

    let form = ", as it's not in the supported format.";
    let missing = ". When you specify the byQueue permission type, you must also specify one or \
                   more sourceQueueArns values.";
    let cases = [
        ("text".into(), form),
        ("{}".into(), form),
        (r#"{"redrivePermission": "some"}"#.into(), form),
        (
            r#"{"redrivePermission": "allowAll", "more": 1}"#.into(),
            form,
        ),
        (
            r#"{"redrivePermission": "byQueue", "sourceQueueArns": [1]}"#.into(),
            form,
        ),
        (r#"{"redrivePermission": "byQueue"}"#.into(), missing),
        (by_queue(&[]), missing),
        (
            by_queue(&arns),
            ". The maximum number of source queue ARNs you can specify is 10.",
        ),
        (
            json!({"redrivePermission": "denyAll", "sourceQueueArns": [arn("a")]}).to_string(),
            ". To specify one or more source queue ARNs, you must set redrivePermission to \
             byQueue.",
        ),
    ];
    for (policy, detail) in cases {
        let text = format!(
            "Value {policy} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't \
             create the redrive allow policy{detail}"
        );
        let input = json!({"Attributes": {"RedriveAllowPolicy": policy}});
        let code = "InvalidParameterValue";
        queues
            .check_refused("SetQueueAttributes", "failed", input, code, &text)
            .await;
    }
}
