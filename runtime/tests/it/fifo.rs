//! Rule 8 on FIFO queues: each group runs in order and stops at its first failure.

use s3_dispatch::Malformed;
use s3_dispatch::dispatch::FailedKey;
use s3_dispatch::dispatch::{MessageFailure, MessageOutcome};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder, SqsMessageBuilder};

use crate::script::{after, dispatcher, failures, outcomes, put};

fn message(id: &str, group: &str, key: &str) -> SqsMessageBuilder {
    SqsMessageBuilder::new(id)
        .with_group_id(group)
        .with_record(put(key))
}

#[tokio::test]
async fn a_group_stops_at_its_first_failure_and_fails_the_rest() {
    let test = NotificationBuilder::test_event("bucket");
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(message("a1", "a", "ok/a1"))
        .with_message(message("b1", "b", "ok/b1"))
        .with_message(message("a2", "a", "fail/a2"))
        .with_message(message("b2", "b", "ok/b2"))
        .with_message(message("a3", "a", "ok/a3"))
        .with_message(
            SqsMessageBuilder::new("a4")
                .with_group_id("a")
                .with_notification(test.clone()),
        )
        .with_message(
            SqsMessageBuilder::new("b3")
                .with_group_id("b")
                .with_notification(test),
        );

    for concurrency in [1, 4] {
        let (dispatcher, script) = dispatcher();
        let report = dispatcher
            .with_concurrency(concurrency)
            .dispatch(batch.to_bytes(), None)
            .await;
        assert_eq!(failures(&report), ["a2", "a3", "a4"]);
        assert!(!script.started().contains(&"ok/a3".to_owned()));
    }
}

#[tokio::test]
async fn a_malformed_message_stops_its_group_unless_it_is_dropped() {
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(
            SqsMessageBuilder::new("1")
                .with_group_id("a")
                .with_body("no JSON"),
        )
        .with_message(message("2", "a", "ok/2"));

    let (dispatcher, script) = dispatcher();
    let report = dispatcher.clone().dispatch(batch.to_bytes(), None).await;
    let (malformed, not_reached) = (MessageFailure::Malformed, MessageFailure::NotReached);

    assert_eq!(
        outcomes(&report),
        [
            MessageOutcome::Failed(malformed),
            MessageOutcome::Failed(not_reached)
        ]
    );

    assert!(script.started().is_empty());
    let report = dispatcher
        .on_malformed(Malformed::Drop)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(failures(&report).is_empty());
}

#[tokio::test]
async fn a_failed_record_stops_the_later_records_of_its_message() {
    let both = NotificationBuilder::new()
        .with_record(put("fail/1"))
        .with_record(put("ok/1"));
    let batch = SqsBatchBuilder::new().on_fifo_queue().with_message(
        SqsMessageBuilder::new("1")
            .with_group_id("a")
            .with_notification(both),
    );

    let (dispatcher, script) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(failures(&report), ["1"]);
    assert_eq!(script.started(), ["fail/1"]);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_fails_the_rest_of_every_group() {
    let test = NotificationBuilder::test_event("bucket");
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(message("1", "a", "hang/1"))
        .with_message(
            SqsMessageBuilder::new("2")
                .with_group_id("a")
                .with_notification(test),
        );

    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), after(1_000)).await;
    assert_eq!(failures(&report), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn records_of_one_key_in_different_groups_run_one_at_a_time() {
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(message("1", "a", "run-10/same"))
        .with_message(message("2", "b", "run-10/same"))
        .with_message(message("3", "c", "run-10/other"));
    let (dispatcher, script) = dispatcher();
    let report = dispatcher
        .with_concurrency(2)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(failures(&report).is_empty());

    // The second waits for the first, and the third does not wait for the second.
    assert_eq!(
        script.started(),
        ["run-10/same", "run-10/other", "run-10/same"]
    );
    assert_eq!(script.journal(|journal| journal.most_running), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_record_holds_back_its_key_in_other_groups_by_choice() {
    let batch = || {
        SqsBatchBuilder::new()
            .on_fifo_queue()
            .with_message(message("1", "a", "fail/same"))
            .with_message(message("2", "b", "fail/same"))
            .with_message(message("3", "b", "ok/other"))
    };

    let (dispatcher, script) = dispatcher();
    let dispatcher = dispatcher.on_failed_key(FailedKey::HoldBack);
    let report = dispatcher.dispatch(batch().to_bytes(), None).await;
    assert_eq!(failures(&report), ["1", "2", "3"]);
    assert_eq!(script.started(), ["fail/same"]);
}

#[tokio::test]
async fn a_failed_record_holds_back_no_other_key() {
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(message("1", "a", "fail/same"))
        .with_message(message("2", "b", "fail/same"))
        .with_message(message("3", "c", "ok/other"))
        .with_message(message("4", "d", "ok/other"));

    for concurrency in [1, 4] {
        let (dispatcher, script) = dispatcher();
        let dispatcher = dispatcher
            .with_concurrency(concurrency)
            .on_failed_key(FailedKey::HoldBack);
        let report = dispatcher.dispatch(batch.to_bytes(), None).await;
        assert_eq!(failures(&report), ["1", "2"]);
        assert_eq!(script.started().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_group_on_a_standard_queue_has_no_effect() {
    let batch = SqsBatchBuilder::new()
        .with_message(message("1", "a", "fail/1"))
        .with_message(message("2", "a", "ok/2"));
    let (dispatcher, _) = dispatcher();
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;
    assert_eq!(failures(&report), ["1"]);
}
