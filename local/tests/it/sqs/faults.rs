//! Faults that reach clients.

use std::time::Duration;

use s3_dispatch_local::{Fault, Faults, Hop, StepKind};
use serde_json::json;

use super::messages::Queues;

async fn with_fault(hop: Hop, fault: Fault) -> Queues {
    let queues = Queues::start().await;
    queues.send("uploads", "a").await;
    queues
        .pipeline
        .set_faults(Faults::none().with_rate(hop, fault, 1.0));

    queues
}

fn injected(queues: &Queues) -> usize {
    let history = queues.pipeline.journal().history();
    let faults = history.iter();
    faults
        .filter(|step| matches!(step.kind, StepKind::FaultInjected { .. }))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_counts_as_a_receive() {
    let queues = with_fault(Hop::Receive, Fault::DropResponse).await;
    assert!(queues.receive("uploads", json!({})).await.is_empty());

    queues.pipeline.set_faults(Faults::none());
    assert!(
        queues.receive("uploads", json!({})).await.is_empty(),
        "it is in flight"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    let names = json!({"AttributeNames": ["ApproximateReceiveCount"]});
    let message = queues.receive("uploads", names).await.remove(0);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(injected(&queues), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_can_become_visible_too_early() {
    let queues = with_fault(Hop::Receive, Fault::ExpireVisibility).await;
    let long = json!({"VisibilityTimeout": 600});
    assert_eq!(queues.receive("uploads", long).await.len(), 1);
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(queues.receive("uploads", json!({})).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_can_be_refused() {
    let queues = with_fault(Hop::Delete, Fault::RefuseDelete).await;
    let handle = queues.receive("uploads", json!({})).await.remove(0)["ReceiptHandle"].take();

    let input = queues.input("uploads", json!({"ReceiptHandle": handle}));
    let refusal = queues.client.refused("DeleteMessage", input).await;
    assert_eq!(
        (refusal.status, &*refusal.code),
        (503, "serviceunavailable;receiver")
    );
    let entries = json!({"Entries": [{"Id": "1", "ReceiptHandle": handle}]});
    let output = queues
        .ok("DeleteMessageBatch", "uploads", entries.clone())
        .await;
    assert_eq!(output["Failed"][0]["SenderFault"], false);
    assert_eq!(queues.pipeline.queue("uploads").unwrap().messages.len(), 1);

    queues.pipeline.set_faults(Faults::none());
    queues.ok("DeleteMessageBatch", "uploads", entries).await;
    assert!(
        queues
            .pipeline
            .queue("uploads")
            .unwrap()
            .messages
            .is_empty()
    );
}
