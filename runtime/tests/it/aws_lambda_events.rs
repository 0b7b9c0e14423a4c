//! Conversions between our record and the one of the crate `aws_lambda_events`.

use aws_lambda_events::event::s3::{S3Event, S3EventRecord as Theirs};
use s3_dispatch::{EventName, Notification, S3EventRecord};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};

fn record() -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_key("my photo+é.jpg")
        .with_version_id("v1")
        .with_size(7)
}

#[test]
fn a_record_of_aws_lambda_events_converts_into_ours() {
    let json = NotificationBuilder::new().with_record(record()).to_json();
    let event: S3Event = serde_json::from_str(&json).unwrap();
    let ours = S3EventRecord::try_from(event.records[0].clone()).unwrap();
    let Ok(Notification::Records(read)) = Notification::parse(json) else {
        panic!("no records")
    };

    assert_eq!(ours.object, read[0].object);
    assert_eq!(ours.bucket, read[0].bucket);

    assert_eq!(
        (ours.event_name, ours.region, ours.principal_id),
        (
            read[0].event_name.clone(),
            read[0].region.clone(),
            read[0].principal_id.clone()
        )
    );

    assert_eq!(
        (&ours.request_id, &ours.host_id, &ours.source_ip),
        (&read[0].request_id, &read[0].host_id, &read[0].source_ip)
    );
}

#[test]
fn our_record_converts_into_the_one_that_aws_lambda_events_reads() {
    let json = NotificationBuilder::new().with_record(record()).to_json();
    let mut event: S3Event = serde_json::from_str(&json).unwrap();
    let mut theirs = event.records.remove(0);
    let converted = Theirs::try_from(&record().build()).unwrap();
    // S3 sends no decoded key, so they read none, but we have one. They keep the schema's version,
    // and we do not.
    theirs.s3.object.url_decoded_key = Some("my photo+é.jpg".to_owned());
    theirs.s3.schema_version = None;
    assert_eq!(converted, theirs);
}

#[test]
fn an_eventbridge_record_converts_too() {
    let json = record().to_eventbridge_json().unwrap();
    let Ok(Notification::Records(read)) = Notification::parse(json) else {
        panic!("no records")
    };

    let converted = Theirs::try_from(&read[0]).unwrap();
    assert_eq!(converted.event_name.as_deref(), Some("ObjectCreated:Put"));
    assert_eq!(
        converted.s3.object.url_decoded_key.as_deref(),
        Some("my photo+é.jpg")
    );
}

#[test]
fn a_value_that_the_other_type_cannot_express_is_an_error() {
    assert!(S3EventRecord::try_from(Theirs::default()).is_err());
    assert!(Theirs::try_from(&record().with_event_time("yesterday").build()).is_err());
    assert!(Theirs::try_from(&record().with_size(u64::MAX).build()).is_err());
}
