//! Long polling: a receive waits for a message.

use std::time::Duration;

use s3_dispatch_local::Message;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::messages::Queues;

/// Starts a receive, and waits until the endpoint works on it.
async fn poll(queues: &Queues, queue: &str, input: Value) -> JoinHandle<Value> {
    let input = queues.input(queue, input);
    let poll = queues.client.begin("ReceiveMessage", &input);

    // The endpoint takes connections in order. A second answer means that the first request that
    // came after the poll is done, and so the poll is waiting.
    for _ in 0..2 {
        queues.receive("failed", json!({})).await;
    }

    poll
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_for_the_next_message() {
    let queues = Queues::start().await;
    let waiting = poll(&queues, "uploads", json!({"WaitTimeSeconds": 20})).await;
    tokio::time::advance(Duration::from_secs(19)).await;
    assert!(!waiting.is_finished());

    queues
        .pipeline
        .send("uploads", Message::new("1", "hello"))
        .await
        .unwrap();
    assert_eq!(waiting.await.unwrap()["Messages"][0]["Body"], "hello");
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_no_longer_than_it_says() {
    let queues = Queues::start().await;
    let started = Instant::now();
    let waiting = poll(&queues, "uploads", json!({"WaitTimeSeconds": 5})).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(waiting.await.unwrap(), json!({}));
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_as_long_as_the_queue_says_by_default() {
    let queues = Queues::with(|uploads| uploads.with_receive_wait(Duration::from_secs(10))).await;
    // What the client says counts more.
    let none = json!({"WaitTimeSeconds": 0});
    assert!(queues.receive("uploads", none).await.is_empty());

    let waiting = poll(&queues, "uploads", json!({})).await;
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(!waiting.is_finished());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(waiting.await.unwrap(), json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_receive_gets_a_message_that_becomes_visible_while_it_waits() {
    let queues = Queues::start().await;
    let delayed = json!({"MessageBody": "delayed", "DelaySeconds": 7});
    queues.ok("SendMessage", "uploads", delayed).await;

    let waiting = poll(&queues, "uploads", json!({"WaitTimeSeconds": 20})).await;
    tokio::time::advance(Duration::from_secs(7)).await;
    assert_eq!(waiting.await.unwrap()["Messages"][0]["Body"], "delayed");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_wait_one_gets_the_message() {
    let queues = Queues::start().await;
    let wait = json!({"WaitTimeSeconds": 20});
    let first = poll(&queues, "uploads", wait.clone()).await;
    let second = poll(&queues, "uploads", wait).await;
    queues
        .pipeline
        .send("uploads", Message::new("1", "hello"))
        .await
        .unwrap();

    // Wait until one of them has its answer.
    while !first.is_finished() && !second.is_finished() {
        queues.receive("failed", json!({})).await;
    }

    tokio::time::advance(Duration::from_secs(20)).await;
    let answers = [first.await.unwrap(), second.await.unwrap()];
    let got: Vec<_> = answers
        .iter()
        .filter(|answer| answer.get("Messages").is_some())
        .collect();
    assert_eq!(got.len(), 1, "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_is_gone_gets_no_message() {
    let queues = Queues::start().await;
    let input = queues.input("uploads", json!({"WaitTimeSeconds": 20}));
    let connection = queues.client.open("ReceiveMessage", &input);

    for _ in 0..2 {
        queues.receive("failed", json!({})).await;
    }

    drop(connection);
    for _ in 0..2 {
        queues.receive("failed", json!({})).await;
    }

    queues.send("uploads", "hello").await;
    assert_eq!(
        queues.receive("uploads", json!({})).await[0]["Body"],
        "hello"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_answers_those_who_wait() {
    let queues = Queues::start().await;
    let waiting = poll(&queues, "uploads", json!({"WaitTimeSeconds": 20})).await;
    let started = Instant::now();
    queues.pipeline.stop().await;
    assert_eq!(waiting.await.unwrap(), json!({}));
    assert_eq!(started.elapsed(), Duration::ZERO);
}
