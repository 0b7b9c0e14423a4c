//! Events that were not sent, written as S3 would have sent them.

use proptest::prelude::*;
use s3_dispatch_core::delivery::{BackfilledEvent, Delivery};
use s3_dispatch_core::{EventName, ObjectCreated};
use s3_dispatch_testing::{BatchJobBuilder, RecordBuilder};

const PUT: &EventName = &EventName::OBJECT_CREATED_PUT;

#[test]
fn the_notification_has_what_is_known_and_nothing_else() {
    let event = BackfilledEvent::new(PUT, "holiday", "caf\u{e9}/my photo.jpg");
    assert_eq!(
        event.to_json(),
        concat!(
            r#"{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","#,
            r#""eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","#,
            r#""configurationId":"s3-dispatch-backfill","bucket":{"name":"holiday"},"#,
            r#""object":{"key":"caf%C3%A9/my+photo.jpg"}}}]}"#,
        )
    );

    let event = event
        .with_size(0)
        .with_e_tag("\"0f3ca2b1\"")
        .with_version_id("v1")
        .with_time("2026-04-07T14:30:00.000Z")
        .with_region("eu-central-1");
    assert_eq!(
        event.to_json(),
        concat!(
            r#"{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","#,
            r#""awsRegion":"eu-central-1","eventTime":"2026-04-07T14:30:00.000Z","#,
            r#""eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","#,
            r#""configurationId":"s3-dispatch-backfill","bucket":{"name":"holiday","#,
            r#""arn":"arn:aws:s3:::holiday"},"object":{"key":"caf%C3%A9/my+photo.jpg","#,
            r#""size":0,"eTag":"0f3ca2b1","versionId":"v1"}}}]}"#,
        )
    );
    assert!(event.to_record().is_backfilled());
}

#[test]
fn the_arn_has_the_partition_of_the_region() {
    let arn = |region: &str| {
        let record = BackfilledEvent::new(PUT, "b", "k")
            .with_region(region)
            .to_record();
        record.bucket.arn.map(|arn| arn.as_str().to_owned())
    };

    for (region, expected) in [
        ("us-east-1", Some("arn:aws:s3:::b")),
        ("cn-northwest-1", Some("arn:aws-cn:s3:::b")),
        ("us-gov-west-1", Some("arn:aws-us-gov:s3:::b")),
        ("us-iso-east-1", Some("arn:aws-iso:s3:::b")),
        ("us-isob-east-1", Some("arn:aws-iso-b:s3:::b")),
        ("eusc-de-east-1", Some("arn:aws-eusc:s3:::b")),
        ("my-datacenter", None),
        ("garage", None),
    ] {
        assert_eq!(arn(region).as_deref(), expected, "{region}");
    }
}

#[test]
fn a_task_of_a_batch_job_has_the_mark_and_an_event_of_s3_does_not() {
    let job = BatchJobBuilder::new().with_task("1", "holiday", "a.jpg");
    let mut delivery = Delivery::parse(job.to_bytes()).unwrap();
    assert!(delivery.records()[0].is_backfilled());
    delivery.set_batch_event(&EventName::OBJECT_TAGGING_PUT);
    assert!(delivery.records()[0].is_backfilled());

    let sent = RecordBuilder::new(PUT.clone());
    assert!(!sent.clone().build().is_backfilled());
    assert!(!sent.with_configuration_id("").build().is_backfilled());
}

#[test]
fn a_size_that_is_not_known_is_an_error_and_not_0() {
    let event = BackfilledEvent::new(PUT, "holiday", "a.jpg");
    let error = ObjectCreated::try_from(&event.to_record()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the `ObjectCreated:Put` record has no `size`, because it was backfilled without; \
         `backfill --head` or `Dispatcher::look_up_tasks` asks S3 for it"
    );

    let record = event.with_size(7).to_record();
    assert_eq!(ObjectCreated::try_from(&record).unwrap().size, 7);
}

proptest! {
    /// The encoding is that of the builders, which is another one.
    #[test]
    fn a_key_is_encoded_as_s3_does_and_arrives_as_it_is(key in "\\PC{1,40}|[\u{0}-\u{ff}]{1,20}") {
        let record = BackfilledEvent::new(PUT, "holiday", &key).to_record();
        prop_assert_eq!(record.object.key.as_str(), key.as_str());

        let sent = RecordBuilder::new(PUT.clone()).with_key(&key).build();
        prop_assert_eq!(record.object.key.as_sent(), sent.object.key.as_sent());
    }
}
