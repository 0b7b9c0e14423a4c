use s3_dispatch_core::{EventName, S3EventRecord};
use s3_dispatch_testing::RecordBuilder;

fn event(detail_type: &str, detail: &str) -> S3EventRecord {
    crate::only_record(format!(
        r#"{{"detail-type":"{detail_type}","source":"aws.s3",
            "detail":{{"bucket":{{"name":"b"}},"object":{{"key":"k"}}{detail}}}}}"#
    ))
}

#[track_caller]
fn check(detail_type: &str, detail: &str, name: &str) {
    assert_eq!(
        event(detail_type, detail).event_name,
        EventName::parse(name),
        "{detail_type} {detail}"
    );
}

#[test]
fn the_reason_of_a_creation_gives_its_name() {
    check(
        "Object Created",
        r#","reason":"PutObject""#,
        "ObjectCreated:Put",
    );

    check(
        "Object Created",
        r#","reason":"POST Object""#,
        "ObjectCreated:Post",
    );

    check(
        "Object Created",
        r#","reason":"CopyObject""#,
        "ObjectCreated:Copy",
    );

    check(
        "Object Created",
        r#","reason":"CompleteMultipartUpload""#,
        "ObjectCreated:CompleteMultipartUpload",
    );
}

#[test]
fn an_unknown_or_missing_reason_is_still_a_creation() {
    for detail in [
        r#","reason":"Teleport""#,
        r#","reason":null"#,
        r#","reason":"""#,
        "",
    ] {
        let name = event("Object Created", detail).event_name;
        assert!(name.is_object_created() && !name.is_known(), "{name}");
    }
}

#[test]
fn reason_and_deletion_type_of_a_deletion_give_its_name() {
    let check = |reason: &str, deletion: &str, name: &str| {
        check(
            "Object Deleted",
            &format!(r#","reason":"{reason}","deletion-type":"{deletion}""#),
            name,
        );
    };

    check(
        "DeleteObject",
        "Permanently Deleted",
        "ObjectRemoved:Delete",
    );

    check(
        "DeleteObject",
        "Delete Marker Created",
        "ObjectRemoved:DeleteMarkerCreated",
    );

    check(
        "Lifecycle Expiration",
        "Permanently Deleted",
        "LifecycleExpiration:Delete",
    );

    check(
        "Lifecycle Expiration",
        "Delete Marker Created",
        "LifecycleExpiration:DeleteMarkerCreated",
    );

    check("Unheard of", "Unheard of", "ObjectRemoved:Delete");
    crate::eventbridge::check("Object Deleted", "", "ObjectRemoved:Delete");
}

#[test]
fn every_other_detail_type_has_one_name() {
    check("Object Restore Initiated", "", "ObjectRestore:Post");
    check("Object Restore Completed", "", "ObjectRestore:Completed");
    check("Object Restore Expired", "", "ObjectRestore:Delete");
    check("Object Storage Class Changed", "", "LifecycleTransition");
    check("Object Access Tier Changed", "", "IntelligentTiering");
    check("Object ACL Updated", "", "ObjectAcl:Put");
    check("Object Tags Added", "", "ObjectTagging:Put");
    check("Object Tags Deleted", "", "ObjectTagging:Delete");
    check("Object Annotation Created", "", "ObjectAnnotation:Put");
    check("Object Annotation Removed", "", "ObjectAnnotation:Delete");
    check("Object Retention Updated", "", "ObjectRetention:Put");
}

#[test]
fn an_unknown_detail_type_is_kept() {
    let name = event("Object Frozen", "").event_name;
    assert_eq!(name, "Object Frozen");
    assert!(!name.is_known());
}

#[test]
fn the_key_is_not_decoded() {
    let record = crate::only_record(include_str!("payloads/every-eventbridge-field.json"));
    assert_eq!(
        (record.object.key.as_str(), record.object.key.as_sent()),
        ("a+b%20c.jpg", "a+b%20c.jpg")
    );
}

#[test]
fn fields_that_eventbridge_does_not_send_are_none() {
    let record = crate::only_record(include_str!("payloads/every-eventbridge-field.json"));
    assert_eq!(record.event_source.unwrap(), "aws.s3");

    assert_eq!(
        (
            record.event_version,
            record.host_id,
            record.configuration_id
        ),
        (None, None, None)
    );

    assert_eq!(record.bucket.owner, None);
    assert!(record.replication.is_none());
    let duration = record.retention.unwrap().event_hold_duration.unwrap();
    assert_eq!((duration.days, duration.years), (Some(90), Some(7)));
    assert_eq!(
        (record.annotations.len(), record.object.has_annotation),
        (1, Some(false))
    );
    assert_eq!(record.annotations[0].name, "summary");
}

#[test]
fn a_notification_and_its_eventbridge_event_give_the_same_record() {
    for name in EventName::KNOWN {
        let builder = RecordBuilder::new(name.clone())
            .with_version_id("v1")
            .with_tag("a", "b")
            .with_event_hold(3);
        let Some(json) = builder.to_eventbridge_json() else {
            assert!(
                name.is_replication() || name.is_reduced_redundancy_lost_object(),
                "{name}"
            );
            continue;
        };

        let (bridged, notified) = (crate::only_record(json), builder.build());
        assert_eq!(bridged.event_name, *name);
        assert_eq!(bridged.bucket.name, notified.bucket.name);
        assert_eq!(
            (bridged.bucket.arn, bridged.bucket.tags),
            (notified.bucket.arn, notified.bucket.tags)
        );
        assert_eq!(
            (&bridged.object.key, bridged.object.size),
            (&notified.object.key, notified.object.size)
        );
        assert_eq!(
            (bridged.object.e_tag, bridged.object.version_id),
            (notified.object.e_tag, notified.object.version_id)
        );

        assert_eq!(
            (bridged.restore, bridged.retention),
            (notified.restore, notified.retention),
            "{name}"
        );

        assert_eq!(
            (bridged.tiering, bridged.transition),
            (notified.tiering, notified.transition),
            "{name}"
        );

        assert_eq!(
            (bridged.annotations, bridged.region),
            (notified.annotations, notified.region),
            "{name}"
        );
    }
}

/// "Sample object notification message", Amazon Security Lake User Guide.
#[test]
fn security_lake_announces_created_objects() {
    let body = r#"{
        "source": "aws.s3",
        "time": "2021-11-12T00:00:00Z",
        "account": "123456789012",
        "region": "ca-central-1",
        "resources": ["arn:aws:s3:::amzn-s3-demo-bucket"],
        "detail": {
            "bucket": {"name": "amzn-s3-demo-bucket"},
            "object": {
                "key": "ext/a+b%20c=1.parquet",
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184"
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "securitylake.amazonaws.com"
        }
    }"#;
    let record = crate::only_record(body);
    assert!(record.event_name.is_object_created());
    assert_eq!(record.object.key, "ext/a+b%20c=1.parquet");
    assert!(s3_dispatch_core::ObjectCreated::try_from(&record).is_ok());

    // With an id it is an event of EventBridge, whose detail type is missing.
    let damaged = body.replace(r#""account""#, r#""id": "1", "account""#);
    let error = s3_dispatch_core::Notification::parse(damaged).unwrap_err();
    assert_eq!(error.path(), Some(r#"$["detail-type"]"#));
}

#[test]
fn an_event_of_cloud_trail_is_not_an_s3_event_and_not_an_error() {
    let body = r#"{
        "version": "0",
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "detail": {"eventName": "PutObject", "requestParameters": {"bucketName": "b", "key": "k"}}
    }"#;
    match s3_dispatch_core::Notification::parse(body).unwrap() {
        s3_dispatch_core::Notification::Other(other) => assert_eq!(
            other.to_string(),
            r#""AWS API Call via CloudTrail" is not an S3 event, and no route matches it"#
        ),
        other => panic!("{other:?}"),
    }
}
