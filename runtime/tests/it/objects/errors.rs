use std::error::Error;
use std::time::Duration;

use s3_dispatch::objects::{Object, ObjectError, ObjectErrorKind, Objects};
use s3_dispatch::{Class, Classify, Dispatcher, Routes, SkipReason};
use s3_dispatch_testing::{Fault, MemoryObjects, RecordBuilder, SqsBatchBuilder};

use super::{BUCKET, object};

async fn check(memory: &MemoryObjects, event: &RecordBuilder, expected: ObjectErrorKind) {
    let object = object(memory, event);
    let errors = [
        object.bytes().await.unwrap_err(),
        object.stream().await.unwrap_err(),
        object.head().await.unwrap_err(),
        object.range(..1).await.unwrap_err(),
    ];

    for error in errors {
        assert_eq!(error.kind(), expected, "{error}");
    }
}

#[tokio::test]
async fn an_object_that_was_deleted_is_gone() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "text");
    memory.delete(BUCKET, "a");
    check(&memory, &event, ObjectErrorKind::Gone).await;
}

#[tokio::test]
async fn a_version_that_was_deleted_is_gone() {
    let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
    let event = memory.put(BUCKET, "a", "text");
    memory.put(BUCKET, "a", "text");

    let version = event.build().object.version_id.unwrap();
    memory.delete_version(BUCKET, "a", version.as_str());
    check(&memory, &event, ObjectErrorKind::Gone).await;
}

#[tokio::test]
async fn a_delete_marker_is_gone() {
    let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
    memory.put(BUCKET, "a", "text");
    let event = memory.delete(BUCKET, "a");
    check(&memory, &event, ObjectErrorKind::Gone).await;
}

#[tokio::test]
async fn an_object_that_was_overwritten_is_superseded() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "old");
    memory.put(BUCKET, "a", "new");
    check(&memory, &event, ObjectErrorKind::Superseded).await;
}

#[tokio::test]
async fn the_same_content_again_is_the_content_of_the_event() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "same");
    memory.delete(BUCKET, "a");
    memory.put(BUCKET, "a", "same");
    assert_eq!(object(&memory, &event).bytes().await.unwrap(), "same");
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_has_its_own_kind() {
    let event = RecordBuilder::new("ObjectCreated:Put");
    check(&MemoryObjects::new(), &event, ObjectErrorKind::NoSuchBucket).await;
}

#[tokio::test]
async fn a_denied_request_names_the_right_and_explains_what_may_be_missing() {
    let memory = MemoryObjects::new().without_list_bucket();
    let event = memory.put(BUCKET, "a b", "text");
    memory.delete(BUCKET, "a b");

    let error = object(&memory, &event).bytes().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"a b\" in bucket \"amzn-s3-demo-bucket\": the service denies the request; the role may \
         lack `s3:GetObject`, or the object does not exist: without `s3:ListBucket` on the bucket, \
         S3 answers 403 and not 404"
    );

    memory.fail_next(Fault::Denied);
    let event = event.with_version_id("v");
    let error = object(&memory, &event).bytes().await.unwrap_err();
    assert!(
        error.to_string().contains("`s3:GetObjectVersion`"),
        "{error}"
    );
}

#[tokio::test]
async fn throttling_keeps_the_delay_of_the_service() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "text");
    let delay = Duration::from_secs(7);
    memory.fail_next(Fault::Throttled(Some(delay)));

    let error = object(&memory, &event).bytes().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(delay));
    assert_eq!(error.class(), Class::RetryAfter(delay));
}

#[track_caller]
fn check_class(kind: ObjectErrorKind, expected: Class) {
    assert_eq!(ObjectError::new(kind).class(), expected, "{kind:?}");
}

#[test]
fn each_kind_has_its_class() {
    check_class(ObjectErrorKind::Gone, Class::Skip(SkipReason::Gone));
    check_class(
        ObjectErrorKind::Superseded,
        Class::Skip(SkipReason::Superseded),
    );

    for kind in [
        ObjectErrorKind::TooLarge,
        ObjectErrorKind::Archived,
        ObjectErrorKind::Unidentified,
        ObjectErrorKind::Content,
    ] {
        check_class(kind, Class::Permanent);
    }

    for kind in [
        ObjectErrorKind::Denied,
        ObjectErrorKind::Throttled,
        ObjectErrorKind::Unavailable,
        ObjectErrorKind::Conflict,
        ObjectErrorKind::NoSuchBucket,
        ObjectErrorKind::File,
        ObjectErrorKind::Rejected,
    ] {
        check_class(kind, Class::Retry);
    }
}

/// Dispatches the event of an object that was overwritten, and one that is too large.
async fn failures(dispatcher: Dispatcher<Routes<Objects>>, memory: &MemoryObjects) -> Vec<String> {
    let superseded = memory.put(BUCKET, "superseded", "old");
    memory.put(BUCKET, "superseded", "new");
    let large = memory.put(BUCKET, "large", vec![0; 101]);
    let fine = memory.put(BUCKET, "fine", "text");

    let batch = SqsBatchBuilder::new()
        .with_record("superseded", superseded)
        .with_record("large", large)
        .with_record("fine", fine);
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    let failed = report.response().batch_item_failures.into_iter();
    failed.map(|failure| failure.item_identifier).collect()
}

fn dispatcher(memory: &MemoryObjects) -> Dispatcher<Routes<Objects>> {
    let routes = Routes::new(Objects::new(memory.clone())).on_fn("*", async |object: Object| {
        object.at_most(100).bytes().await.map(drop)
    });
    Dispatcher::new(routes)
}

#[tokio::test]
async fn the_dispatcher_knows_the_outcome_of_each_kind() {
    let memory = MemoryObjects::new();
    let failed = failures(dispatcher(&memory), &memory).await;
    assert_eq!(failed, ["large"]);
}

#[tokio::test]
async fn a_program_changes_the_outcome_of_a_kind() {
    let memory = MemoryObjects::new();
    let dispatcher = dispatcher(&memory).classify(|error| {
        let error = error.downcast_ref::<ObjectError>()?;
        match error.kind() {
            ObjectErrorKind::Superseded => Some(Class::Permanent),
            ObjectErrorKind::TooLarge => Some(Class::Skip("too large for us".into())),
            _ => None,
        }
    });

    let failed = failures(dispatcher, &memory).await;
    assert_eq!(failed, ["superseded"]);
}

#[test]
fn what_the_service_said_is_the_source_and_is_not_printed_twice() {
    let error = ObjectError::new(ObjectErrorKind::Unavailable).with_source("connection refused");
    assert_eq!(error.to_string(), "the service is unavailable");
    assert_eq!(error.source().unwrap().to_string(), "connection refused");
}
