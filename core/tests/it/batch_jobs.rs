//! Invocations of S3 Batch Operations jobs: tasks in, records or one error for all of them out.

use proptest::prelude::*;
use s3_dispatch_core::delivery::{Content, Delivery, Envelope};
use s3_dispatch_core::record::EventSource;
use s3_dispatch_core::{ErrorKind, EventName, Notification, ObjectCreated, S3EventRecord};
use s3_dispatch_testing::{BatchJobBuilder, RecordBuilder, SqsBatchBuilder};
use serde_json::{Value, json};

/// The first example of "Invoke AWS Lambda function", Amazon S3 User Guide.
const FIRST_SCHEMA: &str = include_str!("payloads/batch-job-schema-1.json");
/// The second one.
const SECOND_SCHEMA: &str = include_str!("payloads/batch-job-schema-2.json");

/// The payload with a change, and the error that it must be.
#[track_caller]
fn check(change: impl FnOnce(&mut Value), kind: ErrorKind, path: &str) {
    let mut payload: Value = serde_json::from_str(SECOND_SCHEMA).unwrap();
    change(&mut payload);

    let error = Delivery::parse(payload.to_string()).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (kind, Some(path)),
        "{payload}"
    );
    assert!(!error.is_retryable());
}

fn parse(payload: impl Into<String>) -> Delivery {
    Delivery::parse(payload.into()).unwrap()
}

/// What is known of a task, as text.
fn told(record: &S3EventRecord) -> [&str; 4] {
    let version = record.object.version_id.as_ref();
    [
        record.event_name.as_str(),
        record.bucket.name.as_str(),
        record.object.key.as_str(),
        version.map_or("", AsRef::as_ref),
    ]
}

#[test]
fn both_schemas_are_read() {
    let first = parse(FIRST_SCHEMA);
    assert_eq!(first.envelope(), Envelope::BatchOperations);
    assert_eq!(
        told(&first.records()[0]),
        [
            "ObjectCreated:Put",
            "awsexamplebucket1",
            "customerImage1.jpg",
            "1"
        ]
    );
    let arn = first.records()[0].bucket.arn.as_ref().unwrap();
    assert_eq!(arn, "arn:aws:s3:us-east-1:0123456788:awsexamplebucket1");

    let job = first.batch_job().unwrap();
    assert_eq!(job.schema_version, "1.0");
    assert_eq!(
        job.invocation_id,
        "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo"
    );
    assert_eq!(
        job.id.as_ref().unwrap(),
        "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"
    );

    let second = parse(SECOND_SCHEMA);
    assert_eq!(
        told(&second.records()[0]),
        [
            "ObjectCreated:Put",
            "amzn-s3-demo-bucket",
            "customer image+1.jpg",
            ""
        ]
    );
    assert_eq!(second.records()[0].bucket.arn, None);
    assert_eq!(second.batch_job().unwrap().schema_version, "2.0");
    assert_eq!(
        second
            .batch_job()
            .unwrap()
            .user_argument("MyDestinationPrefix"),
        Some("backup")
    );
}

#[test]
fn a_task_is_a_message_with_its_id_and_one_record() {
    let delivery = parse(SECOND_SCHEMA);
    let [message] = delivery.messages() else {
        panic!("not one message")
    };

    assert_eq!(message.envelopes.to_string(), "batchoperations");
    assert_eq!(
        message.context.message_id().unwrap(),
        "dGFza2lkZ29lc2hlcmUK"
    );
    assert!(message.context.receipt_handle().is_none());
    assert!(matches!(message.content, Ok(Content::Records(_))));

    let body = message.body().unwrap();
    let record = crate::only_record(body);
    assert_eq!(record.object.key.as_sent(), "customer+image%2B1.jpg");
}

#[test]
fn nothing_is_invented() {
    let delivery = parse(SECOND_SCHEMA);
    let record = &delivery.records()[0];
    assert!(record.is_from_batch_job());
    assert_eq!(
        record.event_source.as_ref().unwrap(),
        EventSource::BATCH_OPERATIONS
    );
    assert_eq!(
        (record.object.size, &record.object.sequencer),
        (None, &None)
    );
    assert_eq!((&record.object.e_tag, &record.event_time), (&None, &None));
    assert_eq!((&record.request_id, &record.region), (&None, &None));
}

#[test]
fn the_record_of_a_task_can_be_kept_and_read_again() {
    let payload = BatchJobBuilder::new()
        .with_version_task("1", "holiday", "é \"quoted\"\n+.jpg", "v1")
        .with_schema_1();
    let delivery = parse(payload.to_json());
    let record = &delivery.records()[0];
    assert_eq!(record.object.key, "é \"quoted\"\n+.jpg");

    let body = format!(r#"{{"Records":[{}]}}"#, record.raw_json());
    let again = crate::only_record(body);
    assert_eq!(told(&again), told(record));
    assert_eq!(again.bucket.arn, record.bucket.arn);
    assert!(again.is_from_batch_job());
}

#[test]
fn the_event_is_what_the_job_or_else_the_dispatcher_says() {
    let task = |builder: BatchJobBuilder| builder.with_task("1", "b", "k").with_task("2", "b", "l");
    let names = |delivery: &Delivery| -> Vec<String> {
        let names = delivery
            .records()
            .iter()
            .map(|record| record.event_name.to_string());
        names.collect()
    };

    let mut plain = parse(task(BatchJobBuilder::new()).to_json());
    assert_eq!(names(&plain), ["ObjectCreated:Put", "ObjectCreated:Put"]);
    plain.set_batch_event(&EventName::OBJECT_ACL_PUT);
    assert_eq!(names(&plain), ["ObjectAcl:Put", "ObjectAcl:Put"]);
    assert_eq!(plain.records()[1].object.key, "l");
    let body = plain.messages()[1].body().unwrap().into_owned();
    assert_eq!(told(&crate::only_record(body)), told(&plain.records()[1]));
    plain.set_batch_event(&EventName::parse(""));
    assert_eq!(names(&plain), ["ObjectAcl:Put", "ObjectAcl:Put"]);

    let said = BatchJobBuilder::new().with_user_argument("eventName", "s3:ObjectCreated:Copy");
    let mut said = parse(task(said).to_json());
    said.set_batch_event(&EventName::OBJECT_ACL_PUT);
    assert_eq!(names(&said), ["ObjectCreated:Copy", "ObjectCreated:Copy"]);

    let nothing = BatchJobBuilder::new().with_user_argument("eventName", "s3:");
    let mut nothing = parse(task(nothing).to_json());
    assert_eq!(names(&nothing), ["ObjectCreated:Put", "ObjectCreated:Put"]);
    nothing.set_batch_event(&EventName::OBJECT_ACL_PUT);
    assert_eq!(names(&nothing), ["ObjectAcl:Put", "ObjectAcl:Put"]);

    let record = RecordBuilder::new("ObjectCreated:Post");
    let mut other = parse(SqsBatchBuilder::new().with_record("1", record).to_json());
    other.set_batch_event(&EventName::OBJECT_ACL_PUT);
    assert_eq!(names(&other), ["ObjectCreated:Post"]);
}

#[test]
fn a_size_is_promised_by_no_view_of_a_task() {
    let delivery = parse(SECOND_SCHEMA);
    let error = ObjectCreated::try_from(&delivery.records()[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingField);
    assert_eq!(
        error.to_string(),
        "the `ObjectCreated:Put` record has no `size`, because it is a task of a batch job; \
         `Dispatcher::look_up_tasks` asks S3 for it"
    );

    let mut record = delivery.records()[0].clone();
    record.object.size = Some(7);
    assert_eq!(ObjectCreated::try_from(&record).unwrap().size, 7);
}

#[test]
fn a_damaged_invocation_is_an_error_of_the_whole() {
    use ErrorKind::{InvalidField, MissingField};

    check(
        |job| job["invocationId"] = Value::Null,
        MissingField,
        "$.invocationId",
    );
    check(
        |job| job["invocationId"] = json!(7),
        InvalidField,
        "$.invocationId",
    );
    check(
        |job| job["invocationSchemaVersion"] = json!(""),
        MissingField,
        "$.invocationSchemaVersion",
    );
    check(
        |job| job["invocationSchemaVersion"] = json!(2),
        InvalidField,
        "$.invocationSchemaVersion",
    );
    check(|job| job["tasks"] = Value::Null, MissingField, "$.tasks");
    check(|job| job["tasks"] = json!({}), InvalidField, "$.tasks");
    check(|job| job["tasks"] = json!([7]), InvalidField, "$.tasks[0]");
    check(|job| job["job"] = json!([]), InvalidField, "$.job");
    check(|job| job["job"]["id"] = json!({}), InvalidField, "$.job.id");
    check(
        |job| job["job"]["userArguments"] = json!("a"),
        InvalidField,
        "$.job.userArguments",
    );
    check(
        |job| job["job"]["userArguments"]["eventName"] = json!(1),
        InvalidField,
        "$.job.userArguments.eventName",
    );
    check(
        |job| job["tasks"][0]["taskId"] = json!(""),
        MissingField,
        "$.tasks[0].taskId",
    );
    check(
        |job| job["tasks"][0]["s3Key"] = Value::Null,
        MissingField,
        "$.tasks[0].s3Key",
    );
    check(
        |job| job["tasks"][0]["s3VersionId"] = json!(1),
        InvalidField,
        "$.tasks[0].s3VersionId",
    );
    check(
        |job| job["tasks"][0]["s3Bucket"] = json!(""),
        MissingField,
        "$.tasks[0].s3BucketArn",
    );
    check(
        |job| {
            job["tasks"][0]["s3Bucket"] = Value::Null;
            job["tasks"][0]["s3BucketArn"] = json!("arn:aws:s3:::");
        },
        MissingField,
        "$.tasks[0].s3BucketArn",
    );
    check(
        |job| {
            let task = job["tasks"][0].clone();
            job["tasks"].as_array_mut().unwrap().push(task);
        },
        InvalidField,
        "$.tasks[1].taskId",
    );
}

#[test]
fn a_job_is_recognized_by_its_shape_and_after_everything_else() {
    // An event that has the members of a job too stays an event.
    let mut event: Value = serde_json::from_str(
        &RecordBuilder::new("ObjectCreated:Put")
            .to_eventbridge_json()
            .unwrap(),
    )
    .unwrap();
    event["invocationSchemaVersion"] = json!("2.0");
    event["tasks"] = json!([]);
    assert_eq!(parse(event.to_string()).envelope(), Envelope::EventBridge);

    let mut job: Value = serde_json::from_str(SECOND_SCHEMA).unwrap();
    job["unknown"] = json!([{}]);
    job["invocationSchemaVersion"] = json!("3.0");
    assert_eq!(
        parse(job.to_string()).batch_job().unwrap().schema_version,
        "3.0"
    );
    assert_eq!(parse(format!("\n {job}\n")).records().len(), 1);

    job["tasks"] = json!([]);
    assert!(parse(job.to_string()).messages().is_empty());

    // A job does not come in a body.
    let error = Notification::parse(SECOND_SCHEMA).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAnS3Event);
    let queued = parse(
        SqsBatchBuilder::new()
            .with_body("1", SECOND_SCHEMA)
            .to_json(),
    );
    let error = queued.messages()[0].content.as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAnS3Event);
}

proptest! {
    #[test]
    fn every_key_arrives_decoded_in_its_place(
        keys in proptest::collection::vec("\\PC{1,40}|[ -~]{1,20}", 0..8),
        is_first in any::<bool>(),
    ) {
        let builder = keys.iter().enumerate().fold(BatchJobBuilder::new(), |builder, (index, key)| {
            builder.with_task(index.to_string(), "holiday", key)
        });
        let builder = if is_first { builder.with_schema_1() } else { builder };
        let delivery = parse(builder.to_json());

        let records = delivery.records().iter();
        let read: Vec<_> = records.map(|record| record.object.key.as_str()).collect();
        prop_assert_eq!(read, keys.iter().map(String::as_str).collect::<Vec<_>>());
        for (index, message) in delivery.messages().iter().enumerate() {
            prop_assert_eq!(message.context.message_id().unwrap().as_str(), index.to_string());
        }
    }
}
