//! A queue for a worker in the same process, on a paused clock.

use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use s3_dispatch_local::{
    ErrorKind, Fault, Faults, Hop, LocalPipeline, LocalQueue, Message, QueueSpec, StepKind,
    Topology,
};
use tokio::time::{Instant, timeout};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn start(spec: QueueSpec, faults: Faults) -> (LocalPipeline, LocalQueue) {
    let name = spec.name.clone();
    let topology = Topology::new()
        .with_queue(QueueSpec::new("dead"))
        .with_queue(spec);
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_faults(faults)
        .start()
        .await
        .unwrap();
    let queue = pipeline.open_queue(&name).unwrap();

    (pipeline, queue)
}

/// A pipeline whose queue has this many messages, with the ids `1`, `2` and so on.
async fn with_messages(count: usize, faults: Faults) -> (LocalPipeline, LocalQueue) {
    let (pipeline, queue) = start(QueueSpec::new("uploads"), faults).await;
    for id in 1..=count {
        send(&pipeline, "uploads", Message::new(id.to_string(), "{}")).await;
    }

    (pipeline, queue)
}

async fn send(pipeline: &LocalPipeline, queue: &str, message: Message) {
    pipeline.send(queue, message).await.unwrap();
}

fn at_once() -> ReceiveRequest {
    ReceiveRequest::new(10).with_wait(Duration::ZERO)
}

fn handles(received: &[Received]) -> Vec<&ReceiptHandle> {
    let handles = received.iter().map(|one| one.context().receipt_handle());
    handles.map(Option::unwrap).collect()
}

fn ids(received: &[Received]) -> Vec<&str> {
    let ids = received.iter().map(|one| one.context().message_id());
    ids.map(|id| id.unwrap().as_str()).collect()
}

/// What became of each message of a call.
fn results(results: &[Result<(), QueueError>]) -> Vec<&'static str> {
    let name = |result: &Result<(), QueueError>| match result {
        Ok(()) => "ok",
        Err(error) if error.is_refusal() => "refused",
        Err(error) if error.is_unusable() => "unusable",
        Err(_) => "failed",
    };

    results.iter().map(name).collect()
}

async fn extend(queue: &LocalQueue, handle: &ReceiptHandle, time: Duration) -> &'static str {
    results(&queue.change_visibility(&[(handle, time)]).await)[0]
}

#[tokio::test(start_paused = true)]
async fn messages_have_what_sqs_says_about_them() {
    let (pipeline, queue) = start(QueueSpec::new("uploads"), Faults::none()).await;
    let mut message = Message::new("1", "hello").with_group_id("tenant-7");
    message.trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793".into());
    send(&pipeline, "uploads", message).await;

    let received = queue.receive(at_once()).await.unwrap();
    let context = received[0].context();
    assert_eq!(received[0].body(), "hello");
    assert_eq!(context.message_id().unwrap(), "1");
    assert_eq!(context.receive_count(), Some(1));
    assert_eq!(context.group_id().unwrap(), "tenant-7");
    assert_eq!(
        context.queue_arn().unwrap(),
        "arn:aws:sqs:us-east-1:123456789012:uploads"
    );
    assert!(!context.is_fifo());
    assert_eq!(
        context.trace_header().unwrap(),
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );

    let error = pipeline.open_queue("missing").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_the_first_message_or_with_its_time() {
    let (pipeline, queue) = with_messages(0, Faults::none()).await;

    let start = Instant::now();
    let request = ReceiveRequest::new(10).with_wait(20 * SECOND);
    assert!(queue.receive(request).await.unwrap().is_empty());
    assert_eq!(start.elapsed(), 20 * SECOND);

    let start = Instant::now();
    let late = async {
        tokio::time::sleep(7 * SECOND).await;
        send(&pipeline, "uploads", Message::new("1", "{}")).await;
    };
    let (received, ()) = tokio::join!(queue.receive(request), late);
    assert_eq!(ids(&received.unwrap()), ["1"]);
    assert_eq!(start.elapsed(), 7 * SECOND);

    // A poll that is dropped takes nothing.
    assert!(timeout(SECOND, queue.receive(request)).await.is_err());
    send(&pipeline, "uploads", Message::new("2", "{}")).await;
    assert_eq!(ids(&queue.receive(at_once()).await.unwrap()), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn each_receive_has_its_own_visibility_timeout_and_its_own_handle() {
    let (pipeline, queue) = with_messages(1, Faults::none()).await;
    let request = at_once().with_visibility(10 * SECOND);
    let first = queue.receive(request).await.unwrap();

    assert!(queue.receive(request).await.unwrap().is_empty());
    tokio::time::sleep(9 * SECOND).await;
    assert_eq!(extend(&queue, handles(&first)[0], 5 * SECOND).await, "ok");
    tokio::time::sleep(4 * SECOND).await;
    assert!(queue.receive(request).await.unwrap().is_empty());

    tokio::time::sleep(SECOND).await;
    assert_eq!(extend(&queue, handles(&first)[0], SECOND).await, "refused");
    let second = queue.receive(request).await.unwrap();
    assert_eq!(second[0].context().receive_count(), Some(2));

    // The handle of the first receive neither extends nor deletes.
    assert_eq!(extend(&queue, handles(&first)[0], SECOND).await, "refused");
    assert_eq!(results(&queue.delete(&handles(&first)).await), ["ok"]);
    assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 1);

    // Zero gives the message back.
    assert_eq!(
        extend(&queue, handles(&second)[0], Duration::ZERO).await,
        "ok"
    );
    let third = queue.receive(request).await.unwrap();
    assert_eq!(results(&queue.delete(&handles(&third)).await), ["ok"]);
    queue.settle().await;
    assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
    assert_eq!(results(&queue.delete(&handles(&third)).await), ["ok"]);
    assert_eq!(extend(&queue, handles(&third)[0], SECOND).await, "refused");
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_for_at_most_12_hours_from_its_receive() {
    let (_pipeline, queue) = with_messages(1, Faults::none()).await;
    let request = at_once().with_visibility(HOUR);
    let received = queue.receive(request).await.unwrap();
    let handle = handles(&received)[0];

    assert_eq!(extend(&queue, handle, 12 * HOUR + SECOND).await, "refused");
    for _ in 0..11 {
        tokio::time::sleep(HOUR - SECOND).await;
        assert_eq!(extend(&queue, handle, HOUR).await, "ok");
    }

    tokio::time::sleep(HOUR - SECOND).await;
    assert_eq!(extend(&queue, handle, HOUR).await, "refused");
    assert_eq!(extend(&queue, handle, 12 * SECOND).await, "ok");
    tokio::time::sleep(12 * SECOND).await;
    let again = queue.receive(request).await.unwrap();
    assert_eq!(again[0].context().receive_count(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_hands_out_groups_in_order_and_refuses_old_handles() {
    let spec = QueueSpec::new("uploads.fifo");
    let (pipeline, queue) = start(spec, Faults::none()).await;
    for (id, group) in [("1", "a"), ("2", "a"), ("3", "b")] {
        let message = Message::new(id, id).with_group_id(group);
        send(&pipeline, "uploads.fifo", message.with_deduplication_id(id)).await;
    }

    let one = ReceiveRequest::new(1).with_wait(Duration::ZERO);
    let one = one.with_visibility(10 * SECOND);
    let first = queue.receive(one).await.unwrap();
    assert_eq!(ids(&first), ["1"]);
    assert!(first[0].context().is_fifo());
    assert_eq!(ids(&queue.receive(at_once()).await.unwrap()), ["3"]);

    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(results(&queue.delete(&handles(&first)).await), ["refused"]);
    let again = queue.receive(one).await.unwrap();
    assert_eq!(ids(&again), ["1"]);
    assert_eq!(results(&queue.delete(&handles(&first)).await), ["refused"]);
    assert_eq!(results(&queue.delete(&handles(&again)).await), ["ok"]);
    assert_eq!(ids(&queue.receive(one).await.unwrap()), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_received_too_often_becomes_a_dead_letter() {
    let (pipeline, queue) = start(
        QueueSpec::new("uploads").with_redrive("dead", 2),
        Faults::none(),
    )
    .await;
    send(&pipeline, "uploads", Message::new("1", "{}")).await;

    let request = at_once().with_visibility(SECOND);
    for expected in [1, 1, 0] {
        assert_eq!(queue.receive(request).await.unwrap().len(), expected);
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(pipeline.queue("dead").unwrap().messages.len(), 1);
    queue.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_has_any_number_of_messages_and_a_result_for_each() {
    let (pipeline, queue) = with_messages(25, Faults::none()).await;
    let mut received = Vec::new();
    for expected in [10, 10, 5] {
        let some = queue.receive(at_once()).await.unwrap();
        assert_eq!(some.len(), expected);
        received.extend(some);
    }

    let foreign = [ReceiptHandle::from("no handle"), ReceiptHandle::from("")];
    let mut all = handles(&received);
    all.insert(7, &foreign[0]);
    all.push(&foreign[1]);
    let mut expected = vec!["ok"; 27];
    expected[7] = "refused";
    expected[26] = "refused";

    let changes: Vec<_> = all.iter().map(|handle| (*handle, 60 * SECOND)).collect();
    assert_eq!(results(&queue.change_visibility(&changes).await), expected);
    assert_eq!(results(&queue.delete(&all).await), expected);
    assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
    assert!(queue.delete(&[]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_fails_and_has_no_effect() {
    let (pipeline, queue) = with_messages(2, Faults::none()).await;
    let received = queue.receive(at_once()).await.unwrap();
    pipeline.set_faults(Faults::none().with_fault(Fault::Throttle, 1.0));

    let error = queue.receive(at_once()).await.unwrap_err();
    assert!(!error.is_unusable() && !error.is_refusal());
    let deleted = queue.delete(&handles(&received)).await;
    assert_eq!(results(&deleted), ["failed", "failed"]);
    assert_eq!(extend(&queue, handles(&received)[0], HOUR).await, "failed");
    assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 2);

    pipeline.set_faults(Faults::none());
    let deleted = queue.delete(&handles(&received)).await;
    assert_eq!(results(&deleted), ["ok", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_has_no_effect_and_a_lost_response_has_one() {
    for (fault, left) in [(Fault::DropRequest, 1), (Fault::DropResponse, 0)] {
        let (pipeline, queue) = with_messages(1, Faults::none()).await;
        let received = queue
            .receive(at_once().with_visibility(10 * SECOND))
            .await
            .unwrap();
        let handle = handles(&received)[0];
        pipeline.set_faults(Faults::none().with_fault(fault, 1.0));

        assert_eq!(extend(&queue, handle, HOUR).await, "failed");
        assert_eq!(results(&queue.delete(&[handle]).await), ["failed"]);
        assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), left);

        let history = pipeline.journal().history();
        let changed = history
            .iter()
            .filter(|step| matches!(step.kind, StepKind::VisibilityChanged { .. }));
        assert_eq!(changed.count(), 1 - left, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_whose_answer_is_lost_leaves_its_messages_in_flight() {
    let lost = Faults::none().with_rate(Hop::Receive, Fault::DropResponse, 1.0);
    let (pipeline, queue) = with_messages(2, lost).await;
    let request = at_once().with_visibility(30 * SECOND);
    assert!(queue.receive(request).await.unwrap().is_empty());

    pipeline.set_faults(Faults::none());
    assert!(queue.receive(request).await.unwrap().is_empty());
    tokio::time::sleep(30 * SECOND).await;
    let received = queue.receive(request).await.unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].context().receive_count(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_lease_can_end_early() {
    let early = Faults::none().with_rate(Hop::Receive, Fault::ExpireVisibility, 1.0);
    let (_pipeline, queue) = with_messages(1, early).await;
    let request = at_once().with_visibility(60 * SECOND);
    let received = queue.receive(request).await.unwrap();

    tokio::time::sleep(10 * SECOND).await;
    let result = extend(&queue, handles(&received)[0], 60 * SECOND).await;
    assert_eq!(result, "refused");
}

/// The results of a deletion and an extension of ten messages, of which some fail.
async fn partial_failures(seed: u64) -> (Vec<&'static str>, Vec<&'static str>, usize) {
    let faults = Faults::none()
        .with_seed(seed)
        .with_rate(Hop::Delete, Fault::RefuseDelete, 0.5)
        .with_rate(Hop::ChangeVisibility, Fault::Refuse, 0.5);
    let (pipeline, queue) = with_messages(10, faults).await;
    let received = queue.receive(at_once()).await.unwrap();
    let handles = handles(&received);

    let changes: Vec<_> = handles.iter().map(|handle| (*handle, HOUR)).collect();
    let changed = results(&queue.change_visibility(&changes).await);
    let deleted = results(&queue.delete(&handles).await);
    let left = pipeline.queue("uploads").unwrap().messages.len();

    (changed, deleted, left)
}

#[tokio::test(start_paused = true)]
async fn some_entries_of_a_call_fail_and_the_same_ones_in_each_run() {
    let (changed, deleted, left) = partial_failures(7).await;
    for results in [&changed, &deleted] {
        assert!(
            results.contains(&"ok") && results.contains(&"failed"),
            "{results:?}"
        );
        assert!(!results.contains(&"refused"));
    }
    assert_eq!(
        deleted.iter().filter(|result| **result == "failed").count(),
        left
    );

    assert_eq!(partial_failures(7).await, (changed.clone(), deleted, left));
    assert_ne!(partial_failures(8).await.0, changed);
}

#[tokio::test(start_paused = true)]
async fn calls_that_hang_never_end_and_half_of_them_have_their_effect() {
    let (pipeline, queue) = with_messages(200, Faults::none()).await;
    let hanging = queue.clone().with_hangs(1.0);
    let one = ReceiveRequest::new(1).with_visibility(HOUR);
    for _ in 0..100 {
        assert!(timeout(HOUR / 200, hanging.receive(one)).await.is_err());
    }

    let mut left = 0;
    loop {
        let received = queue
            .receive(at_once().with_visibility(HOUR))
            .await
            .unwrap();
        if received.is_empty() {
            break;
        }
        left += received.len();
    }
    assert!((120..=180).contains(&left), "{left}");

    let (pipeline_of_one, queue) = with_messages(1, Faults::none()).await;
    let received = queue.receive(at_once()).await.unwrap();
    let hanging = queue.clone().with_hangs(1.0);
    let handles = handles(&received);
    assert!(timeout(HOUR, hanging.delete(&handles)).await.is_err());
    let changes = [(handles[0], HOUR)];
    assert!(
        timeout(HOUR, hanging.change_visibility(&changes))
            .await
            .is_err()
    );
    drop((pipeline, pipeline_of_one));
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped_after_its_effect_leaves_its_messages_in_flight() {
    let (_pipeline, queue) = with_messages(1, Faults::none()).await;
    let slow = queue.clone().with_latency(2 * SECOND);

    let start = Instant::now();
    let request = at_once().with_visibility(30 * SECOND);
    let dropped = timeout(SECOND / 2, slow.receive(request)).await;
    assert!(dropped.is_err());
    let dropped = timeout(3 * SECOND / 2, slow.receive(request)).await;
    assert!(dropped.is_err());
    assert_eq!(start.elapsed(), 2 * SECOND);

    assert!(queue.receive(request).await.unwrap().is_empty());
    tokio::time::sleep(30 * SECOND).await;
    let received = slow.receive(request).await.unwrap();
    assert_eq!(received[0].context().receive_count(), Some(2));
}
