use s3_dispatch_core::S3EventRecord;
use s3_dispatch_core::event_data::Retention;
use serde_json::{Value, json};

/// A field's JSON pointer, its value in the fixture, and how to read it.
type Field = (
    &'static str,
    &'static str,
    fn(&S3EventRecord) -> Option<String>,
);

/// Checks that each field is read, and that it is `None` if it is absent, `null` or empty, without
/// an effect on the other fields.
fn check(payload: &str, prefix: &str, fields: &[Field]) {
    let whole: Value = serde_json::from_str(payload).unwrap();
    for (place, expected, read) in fields {
        assert_eq!(
            read(&crate::only_record(payload)).as_deref(),
            Some(*expected),
            "{place}"
        );

        let pointer = format!("{prefix}{place}");

        for change in ["absent", "null", "empty"] {
            let mut changed = whole.clone();
            let value = changed.pointer_mut(&pointer).unwrap();

            match change {
                "null" => *value = Value::Null,
                "empty" if value.is_object() => *value = json!({}),
                "empty" if value.is_array() => *value = json!([]),
                "empty" => *value = json!(""),
                _ => remove(&mut changed, &pointer),
            }

            let record = crate::only_record(changed.to_string());
            assert_eq!(read(&record), None, "{place} is {change}");
            let others = fields
                .iter()
                .filter(|(other, ..)| !other.starts_with(place) && !place.starts_with(other));

            for (other, expected, read) in others {
                assert_eq!(
                    read(&record).as_deref(),
                    Some(*expected),
                    "{other} when {place} is {change}"
                );
            }
        }
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name)
        .unwrap();
}

fn text(text: Option<impl ToString>) -> Option<String> {
    text.map(|text| text.to_string())
}

fn retention(record: &S3EventRecord) -> Retention {
    record.retention.as_deref().cloned().unwrap_or_default()
}

#[test]
fn an_optional_field_of_a_notification_may_be_absent_null_or_empty() {
    let fields: &[Field] = &[
        ("/eventVersion", "2.6", |record| {
            text(record.event_version.as_ref())
        }),
        ("/awsRegion", "eu-central-1", |record| {
            text(record.region.as_ref())
        }),
        ("/eventTime", "2026-04-07T14:30:00.123Z", |record| {
            text(record.event_time.as_ref())
        }),
        ("/userIdentity", "AWS:AROAEXAMPLE:session", |record| {
            text(record.principal_id.as_ref())
        }),
        (
            "/userIdentity/principalId",
            "AWS:AROAEXAMPLE:session",
            |record| text(record.principal_id.as_ref()),
        ),
        ("/requestParameters", "2001:db8::1", |record| {
            text(record.source_ip.as_ref())
        }),
        (
            "/requestParameters/sourceIPAddress",
            "2001:db8::1",
            |record| text(record.source_ip.as_ref()),
        ),
        ("/responseElements", "REQUESTEXAMPLE", |record| {
            text(record.request_id.as_ref())
        }),
        (
            "/responseElements/x-amz-request-id",
            "REQUESTEXAMPLE",
            |record| text(record.request_id.as_ref()),
        ),
        ("/responseElements/x-amz-id-2", "hostExample=", |record| {
            text(record.host_id.as_ref())
        }),
        ("/s3/configurationId", "uploads", |record| {
            text(record.configuration_id.as_ref())
        }),
        (
            "/s3/bucket/arn",
            "arn:aws:s3:::amzn-s3-demo-bucket",
            |record| text(record.bucket.arn.as_ref()),
        ),
        ("/s3/bucket/ownerIdentity", "OWNEREXAMPLE", |record| {
            text(record.bucket.owner.as_ref())
        }),
        (
            "/s3/bucket/ownerIdentity/principalId",
            "OWNEREXAMPLE",
            |record| text(record.bucket.owner.as_ref()),
        ),
        ("/s3/bucket/awsGeneratedTags", "demo", |record| {
            text(
                record
                    .bucket
                    .tags
                    .as_ref()
                    .and_then(|tags| tags.get("aws:cloudformation:stack-name")),
            )
        }),
        ("/s3/object/size", "1024", |record| text(record.object.size)),
        ("/s3/object/eTag", "0123456789abcdef-2", |record| {
            text(record.object.e_tag.as_ref())
        }),
        ("/s3/object/versionId", "versionExample", |record| {
            text(record.object.version_id.as_ref())
        }),
        ("/s3/object/sequencer", "0055AED6DCD90281E5", |record| {
            text(record.object.sequencer.as_ref())
        }),
        ("/glacierEventData", "GLACIER", |record| {
            text(record.restore.as_ref()?.storage_class.as_ref())
        }),
        ("/glacierEventData/restoreEventData", "GLACIER", |record| {
            text(record.restore.as_ref()?.storage_class.as_ref())
        }),
        (
            "/glacierEventData/restoreEventData/lifecycleRestorationExpiryTime",
            "2026-05-07T00:00:00.000Z",
            |record| text(record.restore.as_ref()?.expiry_time.as_ref()),
        ),
        (
            "/glacierEventData/restoreEventData/lifecycleRestoreStorageClass",
            "GLACIER",
            |record| text(record.restore.as_ref()?.storage_class.as_ref()),
        ),
        ("/replicationEventData", "rule-1", |record| {
            text(record.replication.as_ref()?.rule_id.as_ref())
        }),
        (
            "/replicationEventData/replicationRuleId",
            "rule-1",
            |record| text(record.replication.as_ref()?.rule_id.as_ref()),
        ),
        (
            "/replicationEventData/destinationBucket",
            "arn:aws:s3:::amzn-s3-demo-copy",
            |record| text(record.replication.as_ref()?.destination_bucket.as_ref()),
        ),
        (
            "/replicationEventData/s3Operation",
            "OBJECT_PUT",
            |record| text(record.replication.as_ref()?.operation.as_ref()),
        ),
        (
            "/replicationEventData/requestTime",
            "2026-04-07T14:29:00.000Z",
            |record| text(record.replication.as_ref()?.request_time.as_ref()),
        ),
        (
            "/replicationEventData/failureReason",
            "AssumeRoleNotPermitted",
            |record| text(record.replication.as_ref()?.failure_reason.as_ref()),
        ),
        ("/replicationEventData/threshold", "15", |record| {
            text(record.replication.as_ref()?.threshold.as_ref())
        }),
        ("/replicationEventData/replicationTime", "16", |record| {
            text(record.replication.as_ref()?.time.as_ref())
        }),
        (
            "/intelligentTieringEventData",
            "DEEP_ARCHIVE_ACCESS",
            |record| text(record.tiering.as_ref()?.destination_access_tier.as_ref()),
        ),
        (
            "/intelligentTieringEventData/destinationAccessTier",
            "DEEP_ARCHIVE_ACCESS",
            |record| text(record.tiering.as_ref()?.destination_access_tier.as_ref()),
        ),
        ("/lifecycleEventData", "GLACIER_IR", |record| {
            text(
                record
                    .transition
                    .as_ref()?
                    .destination_storage_class
                    .as_ref(),
            )
        }),
        (
            "/lifecycleEventData/transitionEventData",
            "GLACIER_IR",
            |record| {
                text(
                    record
                        .transition
                        .as_ref()?
                        .destination_storage_class
                        .as_ref(),
                )
            },
        ),
        (
            "/lifecycleEventData/transitionEventData/destinationStorageClass",
            "GLACIER_IR",
            |record| {
                text(
                    record
                        .transition
                        .as_ref()?
                        .destination_storage_class
                        .as_ref(),
                )
            },
        ),
        ("/objectAnnotation", "summary", |record| {
            text(record.annotations.first().map(|first| &first.name))
        }),
        ("/objectAnnotation/0/size", "24", |record| {
            text(record.annotations.first()?.size)
        }),
        ("/objectAnnotation/0/eTag", "fedcba", |record| {
            text(record.annotations.first()?.e_tag.as_ref())
        }),
        ("/objectRetentionEventData", "COMPLIANCE", |record| {
            text(retention(record).mode)
        }),
        ("/objectRetentionEventData/mode", "COMPLIANCE", |record| {
            text(retention(record).mode)
        }),
        (
            "/objectRetentionEventData/retainUntilDate",
            "2026-07-06T14:30:00Z",
            |record| text(retention(record).retain_until),
        ),
        ("/objectRetentionEventData/eventHold", "ON", |record| {
            text(retention(record).event_hold)
        }),
        (
            "/objectRetentionEventData/eventHoldDuration",
            "90",
            |record| text(retention(record).event_hold_duration?.days),
        ),
        (
            "/objectRetentionEventData/eventHoldDuration/days",
            "90",
            |record| text(retention(record).event_hold_duration?.days),
        ),
        (
            "/objectRetentionEventData/eventHoldDuration/years",
            "7",
            |record| text(retention(record).event_hold_duration?.years),
        ),
    ];

    check(
        include_str!("payloads/every-field.json"),
        "/Records/0",
        fields,
    );
}

#[test]
fn an_optional_field_of_an_eventbridge_event_may_be_absent_null_or_empty() {
    let fields: &[Field] = &[
        ("/time", "2026-04-07T14:30:00Z", |record| {
            text(record.event_time.as_ref())
        }),
        ("/region", "eu-central-1", |record| {
            text(record.region.as_ref())
        }),
        ("/resources", "arn:aws:s3:::amzn-s3-demo-bucket", |record| {
            text(record.bucket.arn.as_ref())
        }),
        ("/detail/bucket/aws-generated-tags", "demo", |record| {
            text(
                record
                    .bucket
                    .tags
                    .as_ref()
                    .and_then(|tags| tags.get("aws:cloudformation:stack-name")),
            )
        }),
        ("/detail/object/size", "1024", |record| {
            text(record.object.size)
        }),
        ("/detail/object/etag", "0123456789abcdef-2", |record| {
            text(record.object.e_tag.as_ref())
        }),
        ("/detail/object/version-id", "versionExample", |record| {
            text(record.object.version_id.as_ref())
        }),
        ("/detail/object/sequencer", "55aed6dcd90281e5", |record| {
            text(record.object.sequencer.as_ref())
        }),
        ("/detail/request-id", "REQUESTEXAMPLE", |record| {
            text(record.request_id.as_ref())
        }),
        ("/detail/requester", "111122223333", |record| {
            text(record.principal_id.as_ref())
        }),
        ("/detail/source-ip-address", "192.0.2.1", |record| {
            text(record.source_ip.as_ref())
        }),
        (
            "/detail/restore-expiry-time",
            "2026-05-07T00:00:00Z",
            |record| text(record.restore.as_ref()?.expiry_time.as_ref()),
        ),
        ("/detail/source-storage-class", "GLACIER", |record| {
            text(record.restore.as_ref()?.storage_class.as_ref())
        }),
        (
            "/detail/destination-storage-class",
            "GLACIER_IR",
            |record| {
                text(
                    record
                        .transition
                        .as_ref()?
                        .destination_storage_class
                        .as_ref(),
                )
            },
        ),
        (
            "/detail/destination-access-tier",
            "DEEP_ARCHIVE_ACCESS",
            |record| text(record.tiering.as_ref()?.destination_access_tier.as_ref()),
        ),
        ("/detail/object-annotation/size", "24", |record| {
            text(record.annotations.first()?.size)
        }),
        ("/detail/object-annotation/etag", "fedcba", |record| {
            text(record.annotations.first()?.e_tag.as_ref())
        }),
        (
            "/detail/object-retention-event-data",
            "COMPLIANCE",
            |record| text(retention(record).mode),
        ),
        (
            "/detail/object-retention-event-data/mode",
            "COMPLIANCE",
            |record| text(retention(record).mode),
        ),
        (
            "/detail/object-retention-event-data/retain-until-date",
            "2026-07-06T14:30:00Z",
            |record| text(retention(record).retain_until),
        ),
        (
            "/detail/object-retention-event-data/event-hold",
            "ON",
            |record| text(retention(record).event_hold),
        ),
        (
            "/detail/object-retention-event-data/event-hold-duration",
            "7",
            |record| text(retention(record).event_hold_duration?.years),
        ),
    ];

    // The storage class of a restoration comes only together with its expiry time.
    let fields: Vec<_> = fields
        .iter()
        .copied()
        .filter(|(place, ..)| *place != "/detail/restore-expiry-time")
        .collect();

    check(
        include_str!("payloads/every-eventbridge-field.json"),
        "",
        &fields,
    );
}

#[test]
fn the_annotation_flag_is_read() {
    let check = |value: &str, expected| {
        let payload = include_str!("payloads/every-field.json");
        let changed = payload.replace(r#""hasObjectAnnotation": true"#, value);
        assert_eq!(
            crate::only_record(changed).object.has_annotation,
            expected,
            "{value}"
        );
    };

    check(r#""hasObjectAnnotation": true"#, Some(true));
    check(r#""hasObjectAnnotation": false"#, Some(false));
    check(r#""hasObjectAnnotation": null"#, None);
    check(r#""other": true"#, None);
}

#[test]
fn an_empty_annotation_flag_is_none() {
    let payload = include_str!("payloads/every-field.json");
    let changed = payload.replace(
        r#""hasObjectAnnotation": true"#,
        r#""hasObjectAnnotation": """#,
    );
    assert_eq!(crate::only_record(changed).object.has_annotation, None);
}

#[test]
fn a_tag_without_a_value_is_left_out() {
    let payload = include_str!("payloads/every-field.json");
    let record = crate::only_record(payload.replace(r#": "demo"}"#, ": null}"));

    assert_eq!(
        record
            .bucket
            .tags
            .unwrap()
            .get("aws:cloudformation:stack-name"),
        None
    );
}
