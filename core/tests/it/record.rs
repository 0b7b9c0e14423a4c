use s3_dispatch_core::{BucketName, EventName, S3EventRecord, VersionId};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};

#[test]
fn a_record_is_send_and_outlives_its_payload() {
    fn check<T: Send + Sync + 'static>(value: T) -> T {
        value
    }

    let payload = SqsBatchBuilder::new()
        .with_record("1", RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
        .to_bytes();
    let delivery = s3_dispatch_core::delivery::Delivery::parse(payload).unwrap();
    let record: S3EventRecord = check(delivery.records()[0].clone());
    drop(delivery);

    assert_eq!(
        std::thread::spawn(move || record.object.key.to_string())
            .join()
            .unwrap(),
        "HappyFace.jpg"
    );
}

#[test]
fn the_raw_json_is_what_was_sent() {
    let builder = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key("a b\n");
    let sent = builder.to_json();
    assert_eq!(builder.build().raw_json(), sent);
    let in_sns = NotificationBuilder::from(builder.clone()).to_sns_json();
    assert_eq!(crate::only_record(in_sns).raw_json(), sent);
    let event = builder.to_eventbridge_json().unwrap();
    assert_eq!(crate::only_record(format!(" {event}\n")).raw_json(), event);
}

#[test]
fn newtypes_compare_with_str() {
    let name = BucketName::from("holiday");
    assert_eq!(name, "holiday");
    assert_eq!("holiday", name);
    assert_eq!(name, *"holiday");
    assert_ne!(name, "other");
    assert_eq!(
        (name.as_str(), name.as_ref(), &*name.to_string()),
        ("holiday", "holiday", "holiday")
    );
    assert_eq!(name, BucketName::from(String::from("holiday")));
    assert_eq!(
        format!("{name:>9}|{:?}", VersionId::from("a\n\"")),
        "  holiday|\"a\\n\\\"\""
    );
}
