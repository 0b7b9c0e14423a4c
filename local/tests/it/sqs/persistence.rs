//! Whatever a client was told survives a restart.

use std::path::Path;
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, MessageAttribute, QueueSpec, Topology};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Client, start};

pub(super) async fn open(folder: &Path) -> (LocalPipeline, Client) {
    let topology = Topology::new()
        .with_queue(QueueSpec::new("uploads").with_redrive("failed", 1))
        .with_queue(QueueSpec::new("failed"))
        .with_queue(QueueSpec::new("orders.fifo"));

    start(
        LocalPipeline::builder()
            .with_topology(topology)
            .with_data(folder),
    )
    .await
}

/// A copy of the folder as it is now. A process that is killed leaves the same.
pub(super) fn copy(folder: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    let log = std::fs::read(folder.path().join("log.jsonl")).unwrap();
    std::fs::write(copy.path().join("log.jsonl"), log).unwrap();

    copy
}

pub(super) fn of(queue: &str, mut input: Value) -> Value {
    input["QueueUrl"] = format!("http://localhost/123456789012/{queue}").into();
    input
}

#[tokio::test(start_paused = true)]
async fn what_clients_did_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let (_pipeline, client) = open(folder.path()).await;

    for body in ["deleted", "postponed", "kept"] {
        let input = json!({
            "MessageBody": body,
            "MessageAttributes": {
                "Text": {"DataType": "String.label", "StringValue": "ä"},
                "Bytes": {"DataType": "Binary", "BinaryValue": "AP8="},
            },
            "MessageSystemAttributes": {
                "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"},
            },
        });
        client.ok("SendMessage", of("uploads", input)).await;
    }

    let input = json!({"MaxNumberOfMessages": 2, "VisibilityTimeout": 100});
    let received = client.ok("ReceiveMessage", of("uploads", input)).await;
    let handle = |index: usize| received["Messages"][index]["ReceiptHandle"].clone();
    let delete = json!({"ReceiptHandle": handle(0)});
    client.ok("DeleteMessage", of("uploads", delete)).await;
    let change = json!({"ReceiptHandle": handle(1), "VisibilityTimeout": 500});
    client
        .ok("ChangeMessageVisibility", of("uploads", change))
        .await;

    let copy = copy(&folder);
    let (pipeline, client) = open(copy.path()).await;
    let messages = pipeline.queue("uploads").unwrap().messages;
    let bodies: Vec<_> = messages.iter().map(|message| &*message.body).collect();
    assert_eq!(bodies, ["postponed", "kept"]);

    let names = json!({"AttributeNames": ["All"], "MessageAttributeNames": ["All"]});
    let kept = client
        .ok("ReceiveMessage", of("uploads", names.clone()))
        .await;
    let kept = &kept["Messages"][0];
    assert_eq!(kept["Body"], "kept");
    assert_eq!(kept["Attributes"]["AWSTraceHeader"], "Root=1");
    let attributes = json!({
        "Text": {"DataType": "String.label", "StringValue": "ä"},
        "Bytes": {"DataType": "Binary", "BinaryValue": "AP8="},
    });
    assert_eq!(kept["MessageAttributes"], attributes);

    // A receipt handle of before is still valid.
    let delete = json!({"ReceiptHandle": handle(1)});
    client.ok("DeleteMessage", of("uploads", delete)).await;
    assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ids_and_receipt_handles_do_not_repeat_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut ids = Vec::new();
    let mut old_handle = Value::Null;

    for round in 0..2 {
        let (pipeline, client) = open(folder.path()).await;
        let input = of("uploads", json!({"MessageBody": "the same"}));
        let sent = client.ok("SendMessage", input).await;
        ids.push(sent["MessageId"].clone());

        let received = client.ok("ReceiveMessage", of("uploads", json!({}))).await;
        let handle = &received["Messages"][0]["ReceiptHandle"];
        if round == 1 {
            assert_ne!(*handle, old_handle);
            let delete = json!({"ReceiptHandle": old_handle});
            client.ok("DeleteMessage", of("uploads", delete)).await;
            assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 1);
        }

        let delete = json!({"ReceiptHandle": handle});
        client.ok("DeleteMessage", of("uploads", delete)).await;
        assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
        old_handle = handle.clone();
        pipeline.stop().await;
        drop(pipeline);
    }

    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_recognised_and_a_dead_letter_knows_its_source_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let order = json!({
        "MessageBody": "1", "MessageGroupId": "g", "MessageDeduplicationId": "d",
    });

    let (pipeline, client) = open(folder.path()).await;
    let first = client
        .ok("SendMessage", of("orders.fifo", order.clone()))
        .await;
    client
        .ok(
            "SendMessage",
            of("uploads", json!({"MessageBody": "poison"})),
        )
        .await;
    for _ in 0..2 {
        let at_once = json!({"VisibilityTimeout": 0});
        client.ok("ReceiveMessage", of("uploads", at_once)).await;
    }
    pipeline.stop().await;
    drop(pipeline);

    let (_pipeline, client) = open(folder.path()).await;
    assert_eq!(
        client.ok("SendMessage", of("orders.fifo", order)).await,
        first
    );
    let names = json!({"AttributeNames": ["DeadLetterQueueSourceArn"]});
    let letter = client.ok("ReceiveMessage", of("failed", names)).await;
    assert_eq!(
        letter["Messages"][0]["Attributes"]["DeadLetterQueueSourceArn"],
        "arn:aws:sqs:us-east-1:123456789012:uploads"
    );
}

#[tokio::test(start_paused = true)]
async fn expired_messages_are_gone_for_clients() {
    let folder = TempDir::new().unwrap();
    let (pipeline, client) = open(folder.path()).await;
    let attribute = MessageAttribute::text("Number", "7");
    let message = s3_dispatch_local::Message::new("1", "old").with_attribute("n", attribute);
    pipeline.send("uploads", message).await.unwrap();

    let names = json!({"MessageAttributeNames": ["n"]});
    let received = client.ok("ReceiveMessage", of("uploads", names)).await;
    let message = &received["Messages"][0];
    assert_eq!(message["MessageAttributes"]["n"]["StringValue"], "7");

    tokio::time::advance(Duration::from_secs(4 * 24 * 60 * 60)).await;
    let delete = json!({"ReceiptHandle": message["ReceiptHandle"]});
    client.ok("DeleteMessage", of("uploads", delete)).await;
    assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
}
