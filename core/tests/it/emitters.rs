use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Notification, ObjectCreated, S3EventRecord};

#[track_caller]
fn check(payload: &str, expected: [&str; 4]) -> S3EventRecord {
    let record = crate::only_record(payload);
    let time = record
        .event_time
        .as_ref()
        .map(|time| time.to_system_time().unwrap());
    assert!(time.is_some());
    let object = &record.object;
    let size = object
        .size
        .map_or(String::from("none"), |size| size.to_string());

    assert_eq!(
        [
            record.event_name.as_str(),
            object.key.as_str(),
            object.key.as_sent(),
            &size
        ],
        expected
    );

    assert_eq!(record.bucket.name, "pictures");

    record
}

#[test]
fn minio_records_are_read() {
    let payload = include_str!("payloads/minio-empty-object-in-wrapper.json");
    let expected = [
        "ObjectCreated:Put",
        "holiday/my photo.jpg",
        "holiday%2Fmy+photo.jpg",
        "none",
    ];

    let record = check(payload, expected);
    assert_eq!(record.region, None);
    assert_eq!(ObjectCreated::try_from(&record).unwrap().size, 0);
}

#[test]
fn rustfs_records_are_read() {
    let payload = include_str!("payloads/rustfs-encoded-slash.json");
    let expected = [
        "ObjectCreated:CompleteMultipartUpload",
        "raw/a b+c",
        "raw%2Fa+b%2Bc",
        "9000000",
    ];

    let record = check(payload, expected);
    assert_eq!(record.object.version_id, None);
    assert_eq!(record.principal_id, None);
}

#[test]
fn storj_records_are_read() {
    let payload = include_str!("payloads/storj-without-e-tag.json");
    let expected = [
        "ObjectCreated:Put",
        "holiday photos/50%.jpg",
        "holiday+photos/50%25.jpg",
        "1024",
    ];

    let record = check(payload, expected);
    assert_eq!(record.object.e_tag, None);
    assert!(ObjectCreated::try_from(&record).is_ok());
}

#[test]
fn ceph_records_are_read() {
    let payload = include_str!("payloads/ceph-raw-key-three-part-name.json");
    let record = check(
        payload,
        ["ObjectSynced:Create:Remote", "a+b%20c", "a+b%20c", "5"],
    );
    assert_eq!(
        (record.event_name.category(), record.event_name.action()),
        ("ObjectSynced", Some("Create:Remote"))
    );
    assert_eq!((record.object.version_id, record.source_ip), (None, None));
}

#[test]
fn noobaa_records_are_read() {
    let payload = include_str!("payloads/noobaa-without-region.json");
    let record = check(
        payload,
        ["LifecycleExpiration:Delete", "100%+a", "100%+a", "0"],
    );
    assert_eq!((record.region, record.configuration_id), (None, None));
}

#[test]
fn a_noobaa_test_event_among_the_records_is_a_test_event() {
    let payload = include_str!("payloads/noobaa-test-event-in-records.json");
    let Ok(Notification::Test(test)) = Notification::parse(payload) else {
        panic!("no test notification")
    };

    assert_eq!(
        (
            test.service.unwrap().as_str(),
            test.bucket.unwrap().as_str()
        ),
        ("NooBaa", "pictures")
    );

    let delivery = Delivery::parse(payload).unwrap();
    assert_eq!(
        (delivery.messages().len(), delivery.records().len()),
        (1, 0)
    );
}

#[test]
fn scality_records_are_read() {
    let payload = include_str!("payloads/scality-size-as-text.json");
    let record = check(payload, ["ObjectCreated:Put", "a+b", "a+b", "1024"]);

    assert_eq!(
        (
            record.object.e_tag,
            record.object.sequencer,
            record.bucket.owner
        ),
        (None, None, None)
    );

    assert_eq!(
        (record.source_ip, record.request_id, record.host_id),
        (None, None, None)
    );
}
