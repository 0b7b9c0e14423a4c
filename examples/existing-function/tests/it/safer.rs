//! Batches with which the program of s3-dispatch is safer, and what it does instead.

use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsMessageBuilder, SqsBatchBuilder, SqsMessageBuilder,
};

use crate::BUCKET;
use crate::answers::{Answer, after, before, put};

/// Compares what the function does with what the program of s3-dispatch does.
async fn check(batch: SqsBatchBuilder, function: Answer, ours: Answer) {
    assert_ne!(function, ours);
    assert_eq!(before(&batch).await, function, "the function");
    assert_eq!(after(&batch).await, ours, "the program of s3-dispatch");
}

/// A batch with this message between two good ones.
fn between(message: SqsMessageBuilder) -> SqsBatchBuilder {
    SqsBatchBuilder::new()
        .with_record("1", put("a.txt"))
        .with_message(message)
        .with_record("3", put("c.txt"))
}

fn second(record: RecordBuilder) -> SqsBatchBuilder {
    between(SqsMessageBuilder::new("2").with_record(record))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_json_costs_its_own_message_only() {
    let batch = between(SqsMessageBuilder::new("2").with_body("not JSON"));
    let ours = Answer::new(&["2"], &["a.txt", "c.txt"]);
    check(batch, Answer::none(&["a.txt"]), ours).await;
}

#[tokio::test(start_paused = true)]
async fn json_of_another_kind_is_reported_and_not_deleted() {
    let batch = between(SqsMessageBuilder::new("2").with_body(r#"{"order": 7}"#));
    let keys = ["a.txt", "c.txt"];
    check(batch, Answer::new(&[], &keys), Answer::new(&["2"], &keys)).await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_decoded() {
    let function = Answer::new(&[], &["a.txt", "my+photo%281%29.jpg", "c.txt"]);
    let ours = Answer::new(&[], &["a.txt", "my photo(1).jpg", "c.txt"]);
    check(second(put("my photo(1).jpg")), function, ours).await;
}

#[tokio::test(start_paused = true)]
async fn events_in_other_envelopes_are_not_lost() {
    let notification = NotificationBuilder::new().with_record(put("b.txt"));
    let sns = SnsMessageBuilder::new(notification.to_json()).to_json();
    let eventbridge = put("b.txt").to_eventbridge_json().unwrap();

    for body in [sns, eventbridge] {
        let batch = between(SqsMessageBuilder::new("2").with_body(body));
        let ours = Answer::new(&[], &["a.txt", "b.txt", "c.txt"]);
        check(batch, Answer::new(&[], &["a.txt", "c.txt"]), ours).await;
    }
}

/// The filter policy of a topic lets a whole message pass if one of its records matches.
#[tokio::test(start_paused = true)]
async fn a_deletion_is_not_taken_for_an_upload() {
    let deletion = RecordBuilder::new("ObjectRemoved:Delete")
        .with_bucket(BUCKET)
        .with_key("b.txt");
    // A deletion has no size.
    let function = Answer::new(&[], &["a.txt", "b.txt 0", "c.txt"]);
    check(
        second(deletion),
        function,
        Answer::new(&[], &["a.txt", "c.txt"]),
    )
    .await;
}

/// An empty id in the answer fails the whole batch, and nothing says why.
#[tokio::test(start_paused = true)]
async fn no_id_is_invented() {
    let batch = between(SqsMessageBuilder::without_id().with_record(put("fail")));
    let function = Answer::new(&[""], &["a.txt", "c.txt"]);
    check(batch, function, Answer::none(&[])).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_its_own_message_only() {
    let ours = Answer::new(&["2"], &["a.txt", "c.txt"]);
    check(second(put("panic")), Answer::none(&["a.txt"]), ours).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_costs_its_own_message_only() {
    let ours = Answer::new(&["2"], &["a.txt", "c.txt"]);
    check(second(put("hang")), Answer::none(&["a.txt"]), ours).await;
}

/// Messages of a standard queue come in any order.
#[tokio::test(start_paused = true)]
async fn events_of_one_key_are_handled_in_the_order_in_which_they_happened() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a.txt").with_size(2).with_sequencer("02"))
        .with_record("2", put("a.txt").with_size(1).with_sequencer("01"));
    let function = Answer::new(&[], &["a.txt 2", "a.txt 1"]);
    check(batch, function, Answer::new(&[], &["a.txt 1", "a.txt 2"])).await;
}
