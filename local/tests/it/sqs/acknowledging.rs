//! Deleting messages and changing their visibility: which receipt handles are valid, and for what.

use std::time::Duration;

use serde_json::{Value, json};

use super::messages::Queues;

/// Sends a message and receives it. Returns its receipt handle.
async fn receive_one(queues: &Queues, queue: &str) -> Value {
    let group = if queue.ends_with(".fifo") {
        json!("g")
    } else {
        Value::Null
    };
    let input = json!({"MessageBody": "a", "MessageGroupId": group});
    queues.ok("SendMessage", queue, input).await;

    queues.receive(queue, json!({})).await.remove(0)["ReceiptHandle"].take()
}

#[tokio::test(start_paused = true)]
async fn deleting_twice_succeeds() {
    let queues = Queues::start().await;
    let input = json!({"ReceiptHandle": receive_one(&queues, "uploads").await});

    for _ in 0..2 {
        queues.ok("DeleteMessage", "uploads", input.clone()).await;
        assert!(
            queues
                .pipeline
                .queue("uploads")
                .unwrap()
                .messages
                .is_empty()
        );
    }
}

/// `DeleteMessage`: "If you don't provide the most recent receipt handle, the request succeeds, but
/// the message might not be deleted."
#[tokio::test(start_paused = true)]
async fn an_old_handle_of_a_standard_queue_deletes_nothing() {
    let queues = Queues::start().await;
    let old = json!({"ReceiptHandle": receive_one(&queues, "uploads").await});
    tokio::time::advance(Duration::from_secs(30)).await;
    // Not received again, the handle is still the latest one after its timeout.
    let messages = queues.receive("uploads", json!({})).await;
    queues.ok("DeleteMessage", "uploads", old.clone()).await;
    assert_eq!(queues.pipeline.queue("uploads").unwrap().messages.len(), 1);

    let code = "AWS.SimpleQueueService.MessageNotInflight";
    let input = json!({"ReceiptHandle": old["ReceiptHandle"], "VisibilityTimeout": 1});
    let text = "The specified message isn't in flight.";
    queues
        .check_refused("ChangeMessageVisibility", "uploads", input, code, text)
        .await;

    tokio::time::advance(Duration::from_secs(30)).await;
    let latest = json!({"ReceiptHandle": messages[0]["ReceiptHandle"]});
    queues.ok("DeleteMessage", "uploads", latest).await;
    assert!(
        queues
            .pipeline
            .queue("uploads")
            .unwrap()
            .messages
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_a_fifo_queue_expires_with_the_visibility_timeout() {
    let queues = Queues::start().await;
    let handle = receive_one(&queues, "orders.fifo").await;
    tokio::time::advance(Duration::from_secs(30)).await;

    let text = format!(
        "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        handle.as_str().unwrap()
    );
    let input = json!({"ReceiptHandle": handle});
    let code = "InvalidParameterValue";
    queues
        .check_refused("DeleteMessage", "orders.fifo", input.clone(), code, &text)
        .await;
    queues.receive("orders.fifo", json!({})).await;
    queues
        .check_refused("DeleteMessage", "orders.fifo", input, code, &text)
        .await;
    assert_eq!(
        queues.pipeline.queue("orders.fifo").unwrap().messages.len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn only_handles_of_the_queue_are_valid() {
    let queues = Queues::start().await;
    let handle = receive_one(&queues, "uploads").await;
    let handle = handle.as_str().unwrap();
    let upper = handle.to_uppercase();

    for (queue, invalid) in [
        ("failed", handle),
        ("uploads", ""),
        ("uploads", "garbage"),
        ("uploads", &handle[1..]),
        ("uploads", &upper),
        ("uploads", &format!("{handle}0")),
    ] {
        let text = format!("The input receipt handle \"{invalid}\" is not a valid receipt handle.");
        for operation in ["DeleteMessage", "ChangeMessageVisibility"] {
            let input = json!({"ReceiptHandle": invalid, "VisibilityTimeout": 0});
            queues
                .check_refused(operation, queue, input, "ReceiptHandleIsInvalid", &text)
                .await;
        }
    }

    let missing = [
        ("DeleteMessage", json!({}), "ReceiptHandle"),
        (
            "ChangeMessageVisibility",
            json!({"VisibilityTimeout": 1}),
            "ReceiptHandle",
        ),
        (
            "ChangeMessageVisibility",
            json!({"ReceiptHandle": handle}),
            "VisibilityTimeout",
        ),
    ];

    for (operation, input, parameter) in missing {
        let text = format!("The request must contain the parameter {parameter}.");
        queues
            .check_refused(operation, "uploads", input, "MissingParameter", &text)
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_visibility_of_a_message_in_flight_changes_from_now_on() {
    let queues = Queues::start().await;
    let handle = receive_one(&queues, "uploads").await;
    tokio::time::advance(Duration::from_secs(20)).await;
    let input = json!({"ReceiptHandle": handle, "VisibilityTimeout": 50});
    queues.ok("ChangeMessageVisibility", "uploads", input).await;

    tokio::time::advance(Duration::from_secs(49)).await;
    assert!(queues.receive("uploads", json!({})).await.is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(queues.receive("uploads", json!({})).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_visibility_that_sqs_does_not_allow_changes_nothing() {
    let queues = Queues::start().await;
    let handle = receive_one(&queues, "uploads").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let change = |seconds: i64| json!({"ReceiptHandle": handle, "VisibilityTimeout": seconds});
    let code = "InvalidParameterValue";

    for (seconds, reason) in [
        (-1, "Must be between 0 and 43200."),
        (43_201, "Must be between 0 and 43200."),
        (
            43_200,
            "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
        ),
    ] {
        let text =
            format!("Value {seconds} for parameter VisibilityTimeout is invalid. Reason: {reason}");
        let input = change(seconds);
        queues
            .check_refused("ChangeMessageVisibility", "uploads", input, code, &text)
            .await;
    }

    queues
        .ok("ChangeMessageVisibility", "uploads", change(43_199))
        .await;
    queues
        .ok("ChangeMessageVisibility", "uploads", change(0))
        .await;
    let code = "AWS.SimpleQueueService.MessageNotInflight";
    let text = "The specified message isn't in flight.";
    queues
        .check_refused("ChangeMessageVisibility", "uploads", change(5), code, text)
        .await;

    let again = queues.receive("uploads", json!({})).await.remove(0);
    let input = json!({"ReceiptHandle": again["ReceiptHandle"]});
    queues.ok("DeleteMessage", "uploads", input).await;
    let text = format!(
        "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is \
         not available for visibility timeout change.",
        handle.as_str().unwrap()
    );
    let code = "InvalidParameterValue";
    queues
        .check_refused("ChangeMessageVisibility", "uploads", change(5), code, &text)
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_entries_of_a_batch_do_not_affect_each_other() {
    let queues = Queues::start().await;
    for body in ["a", "b", "c"] {
        queues.send("uploads", body).await;
    }

    let received = queues.receive("uploads", json!({})).await;
    let handle = |index: usize| &received[index]["ReceiptHandle"];
    let entries = json!([
        {"Id": "1", "ReceiptHandle": handle(0), "VisibilityTimeout": 0},
        {"Id": "2", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
        {"Id": "3", "ReceiptHandle": handle(1), "VisibilityTimeout": 99999},
        {"Id": "4", "ReceiptHandle": handle(2), "VisibilityTimeout": 0},
    ]);
    let input = json!({"Entries": entries});
    let output = queues
        .ok("ChangeMessageVisibilityBatch", "uploads", input)
        .await;
    let ids = |list: &Value, field: &str| -> Vec<Value> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[field].clone())
            .collect()
    };
    assert_eq!(ids(&output["Successful"], "Id"), ["1", "4"]);
    assert_eq!(ids(&output["Failed"], "Id"), ["2", "3"]);
    let codes = ["ReceiptHandleIsInvalid", "InvalidParameterValue"];
    assert_eq!(ids(&output["Failed"], "Code"), codes);

    let again = queues.receive("uploads", json!({})).await;
    assert_eq!(ids(&json!(again), "Body"), ["a", "c"]);

    let entries = json!([
        {"Id": "1", "ReceiptHandle": again[0]["ReceiptHandle"]},
        {"Id": "2"},
        {"Id": "3", "ReceiptHandle": handle(2)},
        {"Id": "4", "ReceiptHandle": handle(1)},
    ]);
    let input = json!({"Entries": entries});
    let output = queues.ok("DeleteMessageBatch", "uploads", input).await;
    assert_eq!(ids(&output["Successful"], "Id"), ["1", "3", "4"]);
    assert_eq!(ids(&output["Failed"], "Code"), ["MissingParameter"]);
    let left = queues.pipeline.queue("uploads").unwrap().messages;
    let left: Vec<_> = left.iter().map(|message| &*message.body).collect();
    // The handle of `c` was an old one.
    assert_eq!(left, ["c"]);
}
