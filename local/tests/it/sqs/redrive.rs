//! Dead letters are looked at, and sent back.

use std::time::Duration;

use serde_json::{Value, json};

use super::messages::Queues;

const FAILED: &str = "arn:aws:sqs:us-east-1:123456789012:failed";

/// Sends messages to `uploads`, and receives them until they are dead letters.
async fn bury(queues: &Queues, bodies: &[&str]) {
    for body in bodies {
        queues.send("uploads", body).await;
    }

    for _ in 0..3 {
        queues
            .receive("uploads", json!({"VisibilityTimeout": 0}))
            .await;
    }

    let buried = queues.pipeline.queue("failed").unwrap().messages;
    assert_eq!(buried.len(), bodies.len());
}

async fn only_task(queues: &Queues) -> Value {
    let input = json!({"SourceArn": FAILED, "MaxResults": 10});
    let output = queues.client.ok("ListMessageMoveTasks", input).await;
    assert_eq!(output["Results"].as_array().unwrap().len(), 1, "{output}");
    output["Results"][0].clone()
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message["Body"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn dead_letters_go_back_to_where_they_came_from_as_new_messages() {
    let queues = Queues::start().await;
    bury(&queues, &["a", "b"]).await;
    let old = queues.pipeline.queue("failed").unwrap().messages;
    tokio::time::advance(Duration::from_secs(1000)).await;

    let started = queues
        .client
        .ok("StartMessageMoveTask", json!({"SourceArn": FAILED}))
        .await;
    assert!(started["TaskHandle"].is_string());
    assert!(queues.pipeline.queue("failed").unwrap().messages.is_empty());

    let names = json!({"AttributeNames": ["All"]});
    let again = queues.receive("uploads", names).await;
    assert_eq!(bodies(&again), ["a", "b"]);
    assert_eq!(again[0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert!(
        again[0]["Attributes"]
            .get("DeadLetterQueueSourceArn")
            .is_none()
    );
    assert_ne!(again[0]["MessageId"].as_str(), Some(&*old[0].message_id));
    let new = queues.pipeline.queue("uploads").unwrap().messages;
    assert_eq!(
        (new[0].sent.duration_since(old[0].sent)).unwrap().as_secs(),
        1000
    );

    let mut task = only_task(&queues).await;
    assert_eq!(task["StartedTimestamp"].take().to_string().len(), 13);
    let expected = json!({
        "Status": "COMPLETED",
        "SourceArn": FAILED,
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
        "StartedTimestamp": null,
    });
    assert_eq!(task, expected);
}

#[tokio::test(start_paused = true)]
async fn a_task_keeps_to_its_rate_and_can_be_cancelled() {
    let queues = Queues::start().await;
    bury(&queues, &["a", "b", "c", "d", "e"]).await;
    let input = json!({
        "SourceArn": FAILED,
        "DestinationArn": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "MaxNumberOfMessagesPerSecond": 2,
    });
    let started = queues
        .client
        .ok("StartMessageMoveTask", input.clone())
        .await;
    assert_eq!(
        only_task(&queues).await["ApproximateNumberOfMessagesMoved"],
        2
    );
    let text = "There is already a task running. Only one active task is allowed for a source \
                queue arn at a given time.";
    queues
        .client
        .check_refused("StartMessageMoveTask", input, "InvalidParameterValue", text)
        .await;

    tokio::time::sleep(Duration::from_secs(1)).await;
    let task = only_task(&queues).await;
    assert_eq!(task["ApproximateNumberOfMessagesMoved"], 4);
    assert_eq!(task["TaskHandle"], started["TaskHandle"]);
    assert_eq!(task["Status"], "RUNNING");

    let cancelled = queues
        .client
        .ok("CancelMessageMoveTask", started.clone())
        .await;
    assert_eq!(cancelled, json!({"ApproximateNumberOfMessagesMoved": 4}));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let task = only_task(&queues).await;
    assert_eq!(
        (&task["Status"], &task["TaskHandle"]),
        (&json!("CANCELLED"), &Value::Null)
    );
    assert_eq!(bodies(&queues.receive("failed", json!({})).await), ["e"]);
    let code = "ResourceNotFoundException";
    queues
        .client
        .check_refused(
            "CancelMessageMoveTask",
            started,
            code,
            "Task does not exist.",
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_letter_without_a_source_needs_a_destination() {
    let queues = Queues::start().await;
    queues.send("failed", "sent directly").await;
    queues
        .client
        .ok("StartMessageMoveTask", json!({"SourceArn": FAILED}))
        .await;
    let task = only_task(&queues).await;
    assert_eq!(task["Status"], "FAILED");
    assert_eq!(task["FailureReason"], "CouldNotDetermineMessageSource");
    assert_eq!(queues.pipeline.queue("failed").unwrap().messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_dead_letter_queues_can_be_redriven() {
    let queues = Queues::start().await;
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    let not_found = "ResourceNotFoundException";
    let invalid = "InvalidParameterValue";

    let cases = [
        (
            json!({"SourceArn": arn("uploads")}),
            invalid,
            "Source queue must be configured as a Dead Letter Queue.",
        ),
        (
            json!({"SourceArn": arn("absent")}),
            not_found,
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        (
            json!({"SourceArn": FAILED, "DestinationArn": arn("absent")}),
            not_found,
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (
            json!({"SourceArn": "failed"}),
            invalid,
            "You must use this format to specify the SourceArn: \
             arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
        ),
        (
            json!({"SourceArn": FAILED, "DestinationArn": arn("orders.fifo")}),
            invalid,
            "The source queue and the destination queue must be of the same type.",
        ),
        (
            json!({"SourceArn": FAILED, "MaxNumberOfMessagesPerSecond": 501}),
            invalid,
            "Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be \
             between 1 and 500, if provided.",
        ),
        (
            json!({}),
            "MissingParameter",
            "The request must contain the parameter SourceArn.",
        ),
    ];

    for (input, code, text) in cases {
        queues
            .client
            .check_refused("StartMessageMoveTask", input, code, text)
            .await;
    }
}
