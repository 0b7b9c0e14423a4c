//! Batches that both programs answer equally.

use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};

use crate::BUCKET;
use crate::answers::{Answer, SIZE, after, before, put};

async fn check(batch: SqsBatchBuilder, expected: Answer) {
    let answers = (before(&batch).await, after(&batch).await);
    assert_eq!(answers.0, expected, "the function");
    assert_eq!(answers.1, expected, "the program of s3-dispatch");
}

fn batch() -> SqsBatchBuilder {
    SqsBatchBuilder::new()
}

#[tokio::test(start_paused = true)]
async fn uploads_of_both_kinds_are_added() {
    let large = RecordBuilder::new("ObjectCreated:CompleteMultipartUpload")
        .with_bucket(BUCKET)
        .with_key("b.txt")
        .with_size(SIZE);
    let batch = batch()
        .with_record("1", put("a.txt"))
        .with_record("2", large);
    check(batch, Answer::new(&[], &["a.txt", "b.txt"])).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_be_empty() {
    check(batch(), Answer::new(&[], &[])).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_reported_and_the_others_are_added() {
    let batch = batch()
        .with_record("1", put("a.txt"))
        .with_record("2", put("fail"))
        .with_record("3", put("c.txt"));
    check(batch, Answer::new(&["2"], &["a.txt", "c.txt"])).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_with_several_records_fails_with_one_of_them() {
    let notification = NotificationBuilder::new()
        .with_record(put("a.txt"))
        .with_record(put("fail"))
        .with_record(put("c.txt"));
    let message = SqsMessageBuilder::new("1").with_notification(notification);
    check(
        batch().with_message(message),
        Answer::new(&["1"], &["a.txt", "c.txt"]),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_test_event_of_s3_succeeds() {
    let test = NotificationBuilder::test_event(BUCKET);
    let batch = batch()
        .with_message(SqsMessageBuilder::new("1").with_notification(test))
        .with_record("2", put("a.txt"));
    check(batch, Answer::new(&[], &["a.txt"])).await;
}
