use s3_dispatch_core::EventName;
use s3_dispatch_testing::{RecordBuilder, ReplicationData};

#[test]
fn restore_data_is_read() {
    let record = RecordBuilder::new(EventName::OBJECT_RESTORE_COMPLETED)
        .with_restore("2026-05-07T00:00:00.000Z", "DEEP_ARCHIVE")
        .build();
    let restore = record.restore.unwrap();
    assert_eq!(restore.expiry_time.unwrap(), "2026-05-07T00:00:00.000Z");
    assert_eq!(restore.storage_class.unwrap(), "DEEP_ARCHIVE");
}

#[test]
fn replication_data_is_read() {
    let data = ReplicationData::new("rule", "arn:aws:s3:::copy")
        .with_operation("OBJECT_METADATA")
        .with_request_time("2026-05-07T00:00:00.000Z")
        .with_failure_reason("DstBucketNotFound")
        .with_threshold(15)
        .with_replication_time(17);

    let record = RecordBuilder::new(EventName::REPLICATION_OPERATION_FAILED_REPLICATION)
        .with_replication(data)
        .build();
    let replication = record.replication.unwrap();
    assert_eq!(replication.rule_id.unwrap(), "rule");
    assert_eq!(replication.destination_bucket.unwrap(), "arn:aws:s3:::copy");
    assert_eq!(replication.operation.unwrap(), "OBJECT_METADATA");
    assert_eq!(
        replication.request_time.unwrap(),
        "2026-05-07T00:00:00.000Z"
    );
    assert_eq!(replication.failure_reason.unwrap(), "DstBucketNotFound");

    assert_eq!(
        (
            replication.threshold.unwrap().as_str(),
            replication.time.unwrap().as_str()
        ),
        ("15", "17")
    );
}

#[test]
fn tiering_and_transition_data_are_read() {
    let record = RecordBuilder::new(EventName::INTELLIGENT_TIERING)
        .with_tiering("DEEP_ARCHIVE_ACCESS")
        .build();
    assert_eq!(
        record.tiering.unwrap().destination_access_tier.unwrap(),
        "DEEP_ARCHIVE_ACCESS"
    );
    let record = RecordBuilder::new(EventName::LIFECYCLE_TRANSITION)
        .with_transition("STANDARD_IA")
        .build();

    assert_eq!(
        record
            .transition
            .unwrap()
            .destination_storage_class
            .unwrap(),
        "STANDARD_IA"
    );
}

#[test]
fn a_retention_lasts_days_or_years() {
    let record = RecordBuilder::new(EventName::OBJECT_RETENTION_PUT)
        .with_retention("GOVERNANCE", "2026-07-06T14:30:00Z")
        .with_event_hold(90)
        .build();
    let retention = record.retention.unwrap();
    let duration = retention.event_hold_duration.unwrap();

    assert_eq!(
        (
            retention.mode.unwrap().as_str(),
            retention.event_hold.unwrap().as_str()
        ),
        ("GOVERNANCE", "ON")
    );

    assert_eq!(retention.retain_until.unwrap(), "2026-07-06T14:30:00Z");
    assert_eq!((duration.days, duration.years), (Some(90), None));

    let body = body(
        r#","objectRetentionEventData":{"eventHoldDuration":{"years":7}}"#,
        "",
    );

    let duration = crate::only_record(body)
        .retention
        .unwrap()
        .event_hold_duration
        .unwrap();

    assert_eq!((duration.days, duration.years), (None, Some(7)));
}

#[test]
fn bucket_tags_are_sorted_and_found_by_name() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_tag("aws:cloudformation:stack-name", "demo")
        .with_tag("aws:cloudformation:logical-id", "Bucket")
        .build();
    let tags = record.bucket.tags.unwrap();
    assert_eq!(tags.get("aws:cloudformation:stack-name").unwrap(), "demo");
    assert_eq!(tags.get("stack-name"), None);
    let all: Vec<_> = tags
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();

    assert_eq!(
        all,
        [
            ("aws:cloudformation:logical-id", "Bucket"),
            ("aws:cloudformation:stack-name", "demo")
        ]
    );
}

#[test]
fn a_copy_tells_whether_the_object_has_annotations() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_COPY)
        .with_has_annotation(true)
        .build();
    assert_eq!(record.object.has_annotation, Some(true));
}

#[test]
fn annotations_are_found_in_the_record_and_in_s3() {
    let check = |in_record: &str, in_s3: &str, expected: &[(&str, Option<u64>, Option<&str>)]| {
        let record = crate::only_record(body(in_record, in_s3));
        let annotations: Vec<_> = record
            .annotations
            .iter()
            .map(|found| {
                (
                    found.name.as_str(),
                    found.size,
                    found.e_tag.as_ref().map(|tag| tag.as_str()),
                )
            })
            .collect();

        assert_eq!(annotations, expected, "{in_record} {in_s3}");
    };

    let one = r#","objectAnnotation":{"name":"one","size":24,"eTag":"e1"}"#;
    let two = r#","objectAnnotation":[{"name":"one","size":24,"eTag":"e1"},{"name":"two"}]"#;
    check(one, "", &[("one", Some(24), Some("e1"))]);
    check("", one, &[("one", Some(24), Some("e1"))]);

    check(
        two,
        "",
        &[("one", Some(24), Some("e1")), ("two", None, None)],
    );

    check(
        "",
        two,
        &[("one", Some(24), Some("e1")), ("two", None, None)],
    );

    check(
        r#","objectAnnotation":[{"name":"kebab","etag":"e2"}]"#,
        "",
        &[("kebab", None, Some("e2"))],
    );

    check("", "", &[]);
    check(r#","objectAnnotation":[]"#, "", &[]);

    check(
        r#","objectAnnotation":null"#,
        one,
        &[("one", Some(24), Some("e1"))],
    );
}

#[test]
fn a_record_without_event_data_has_none() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).build();
    assert!(record.restore.is_none() && record.replication.is_none() && record.tiering.is_none());
    assert!(
        record.transition.is_none() && record.annotations.is_empty() && record.retention.is_none()
    );
    assert!(record.bucket.tags.is_none() && record.object.has_annotation.is_none());
}

fn body(in_record: &str, in_s3: &str) -> String {
    format!(
        r#"{{"Records":[{{"eventName":"ObjectAnnotation:Put",
            "s3":{{"bucket":{{"name":"b"}},"object":{{"key":"k"}}{in_s3}}}{in_record}}}]}}"#
    )
}
