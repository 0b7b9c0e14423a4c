use s3_dispatch_core::EventName;
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, ReplicationData};
use serde_json::Value;

/// In the same order, without white space.
#[test]
fn a_record_is_written_as_s3_writes_it() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_key("a b/ü*~.jpg")
        .with_version_id("v");
    let expected = concat!(
        r#"{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"us-east-1","#,
        r#""eventTime":"1970-01-01T00:00:00.000Z","#,
        r#""eventName":"ObjectCreated:Put","userIdentity":{"#,
        r#""principalId":"AWS:AIDAJDPLRKLG7UEXAMPLE"},"#,
        r#""requestParameters":{"sourceIPAddress":"172.16.0.1"},"#,
        r#""responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","#,
        r#""x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},"#,
        r#""s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","#,
        r#""bucket":{"name":"amzn-s3-demo-bucket","ownerIdentity":{"#,
        r#""principalId":"A3NL1KOZZKExample"},"#,
        r#""arn":"arn:aws:s3:::amzn-s3-demo-bucket"},"#,
        r#""object":{"key":"a+b/%C3%BC*%7E.jpg","size":1024,"#,
        r#""eTag":"d41d8cd98f00b204e9800998ecf8427e","#,
        r#""versionId":"v","sequencer":"0055AED6DCD90281E5"}}}"#,
    );

    assert_eq!(record.to_json(), expected);
    assert_eq!(
        NotificationBuilder::from(record).to_json(),
        format!(r#"{{"Records":[{expected}]}}"#)
    );
    assert_eq!(NotificationBuilder::new().to_json(), r#"{"Records":[]}"#);
}

#[test]
fn an_object_has_the_fields_that_s3_sends_for_its_event() {
    let check = |event: &str, expected: [bool; 3]| {
        let record: Value = serde_json::from_str(&RecordBuilder::new(event).to_json()).unwrap();
        let found =
            ["size", "eTag", "sequencer"].map(|name| record["s3"]["object"].get(name).is_some());
        assert_eq!(found, expected, "{event}");
    };

    for name in EventName::KNOWN
        .iter()
        .filter(|name| name.is_object_created() || name.is_replication())
    {
        check(name.as_str(), [true, true, true]);
    }

    for name in ["ObjectRestore:Post", "ObjectRestore:Completed"] {
        check(name, [true, true, true]);
    }

    check("ObjectRemoved:Delete", [false, false, true]);
    check("ObjectRemoved:DeleteMarkerCreated", [false, true, true]);
    check("LifecycleExpiration:Delete", [false, false, true]);

    for name in ["ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put"] {
        check(name, [false, true, false]);
    }

    check("IntelligentTiering", [true, true, false]);
}

#[test]
fn the_extra_data_of_an_event_follows_the_field_s3() {
    let check = |record: RecordBuilder, expected: &str| {
        let json = record.to_json();
        assert!(json.ends_with(&format!("}}}},{expected}}}")), "{json}");
        assert!(!record.without_event_data().to_json().contains("EventData"));
    };

    check(
        RecordBuilder::new(EventName::OBJECT_RESTORE_COMPLETED)
            .with_restore("1970-01-01T00:01:00.000Z", "GLACIER"),
        concat!(
            r#""glacierEventData":{"restoreEventData":{"#,
            r#""lifecycleRestorationExpiryTime":"1970-01-01T00:01:00.000Z","#,
            r#""lifecycleRestoreStorageClass":"GLACIER"}}"#,
        ),
    );

    check(
        RecordBuilder::new(EventName::REPLICATION_OPERATION_MISSED_THRESHOLD)
            .with_replication(ReplicationData::new("r", "d").with_threshold(15)),
        concat!(
            r#""replicationEventData":{"replicationRuleId":"r","destinationBucket":"d","#,
            r#""s3Operation":"OBJECT_PUT","requestTime":"1970-01-01T00:00:00.000Z","#,
            r#""threshold":"15"}"#,
        ),
    );

    check(
        RecordBuilder::new(EventName::INTELLIGENT_TIERING).with_tiering("ARCHIVE_ACCESS"),
        r#""intelligentTieringEventData":{"destinationAccessTier":"ARCHIVE_ACCESS"}"#,
    );
    check(
        RecordBuilder::new(EventName::LIFECYCLE_TRANSITION).with_transition("GLACIER"),
        r#""lifecycleEventData":{"transitionEventData":{"destinationStorageClass":"GLACIER"}}"#,
    );
    check(
        RecordBuilder::new(EventName::OBJECT_ANNOTATION_PUT).with_annotation("n", 24, Some("e")),
        r#""objectAnnotation":[{"name":"n","size":24,"eTag":"e"}]"#,
    );

    check(
        RecordBuilder::new(EventName::OBJECT_RETENTION_PUT)
            .with_retention("COMPLIANCE", "2026")
            .with_event_hold(90),
        concat!(
            r#""objectRetentionEventData":{"mode":"COMPLIANCE","retainUntilDate":"2026","#,
            r#""eventHold":"ON","eventHoldDuration":{"days":90}}"#,
        ),
    );
}

#[test]
fn s3_is_the_principal_of_what_it_does_by_itself() {
    for (event, principal) in [
        (EventName::LIFECYCLE_EXPIRATION_DELETE, "s3.amazonaws.com"),
        (
            EventName::OBJECT_REMOVED_DELETE,
            "AWS:AIDAJDPLRKLG7UEXAMPLE",
        ),
    ] {
        assert_eq!(
            RecordBuilder::new(event).build().principal_id.unwrap(),
            principal
        );
    }
}

#[test]
fn the_arn_contains_the_partition_of_the_region() {
    let arn = |region: &str| {
        RecordBuilder::new("ObjectCreated:Put")
            .with_region(region)
            .build()
            .bucket
            .arn
            .unwrap()
    };

    assert_eq!(arn("eu-central-1"), "arn:aws:s3:::amzn-s3-demo-bucket");
    assert_eq!(arn("cn-north-1"), "arn:aws-cn:s3:::amzn-s3-demo-bucket");
    assert_eq!(
        arn("us-gov-west-1"),
        "arn:aws-us-gov:s3:::amzn-s3-demo-bucket"
    );
}

#[test]
fn each_sender_encodes_keys_differently() {
    let sent = |source: &str| {
        let record = RecordBuilder::new("ObjectCreated:Put")
            .with_event_source(source)
            .with_key("a b/c+")
            .build();
        record.object.key.as_sent().to_owned()
    };

    assert_eq!(sent("aws:s3"), "a+b/c%2B");
    assert_eq!(sent("minio:s3"), "a+b%2Fc%2B");
    assert_eq!(sent("rustfs:s3"), "a+b%2Fc%2B");
    assert_eq!(sent("ceph:s3"), "a b/c+");
}

#[test]
#[should_panic(expected = "s3.object.key")]
fn a_record_without_a_key_cannot_be_built() {
    let _ = RecordBuilder::new("ObjectCreated:Put").with_key("").build();
}

#[test]
fn a_test_event_is_written_as_s3_writes_it() {
    let expected = concat!(
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"1970-01-01T00:00:00.000Z","#,
        r#""Bucket":"holiday","#,
        r#""RequestId":"C3D13FE58DE4C810","#,
        r#""HostId":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"}"#,
    );

    let test = NotificationBuilder::test_event("holiday");
    assert_eq!(test.to_json(), expected);
    let own = test
        .with_test_request("2026-04-07T14:30:00.123Z", "AAAA")
        .to_json();
    let expected = expected.replace("1970-01-01T00:00:00.000Z", "2026-04-07T14:30:00.123Z");
    assert_eq!(own, expected.replace("C3D13FE58DE4C810", "AAAA"));
}

#[test]
fn the_request_id_can_be_set() {
    let record = RecordBuilder::new("ObjectTagging:Put")
        .with_request_id("AAAA")
        .build();
    assert_eq!(record.request_id.unwrap(), "AAAA");
}
