use s3_dispatch_core::EventName;
use s3_dispatch_testing::RecordBuilder;
use serde_json::Value;

#[test]
fn an_event_is_written_as_eventbridge_writes_it() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_key("a b+%20")
        .with_version_id("v")
        .with_size(5);
    let expected = concat!(
        r#"{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","#,
        r#""detail-type":"Object Created","#,
        r#""source":"aws.s3","account":"123456789012","time":"1970-01-01T00:00:00Z","#,
        r#""region":"us-east-1","#,
        r#""resources":["arn:aws:s3:::amzn-s3-demo-bucket"],"detail":{"version":"0","#,
        r#""event-version":"1.2","#,
        r#""bucket":{"name":"amzn-s3-demo-bucket"},"object":{"key":"a b+%20","size":5,"#,
        r#""etag":"d41d8cd98f00b204e9800998ecf8427e","version-id":"v","#,
        r#""sequencer":"55aed6dcd90281e5"},"#,
        r#""request-id":"C3D13FE58DE4C810","requester":"123456789012","#,
        r#""source-ip-address":"172.16.0.1","#,
        r#""reason":"PutObject"}}"#,
    );

    assert_eq!(record.to_eventbridge_json().unwrap(), expected);
}

#[test]
fn an_event_that_s3_causes_has_no_source_address() {
    let json = RecordBuilder::new(EventName::LIFECYCLE_EXPIRATION_DELETE)
        .to_eventbridge_json()
        .unwrap();
    let event: Value = serde_json::from_str(&json).unwrap();
    let detail = &event["detail"];
    assert_eq!(
        (&detail["requester"], detail.get("source-ip-address")),
        (&Value::from("s3.amazonaws.com"), None)
    );

    assert_eq!(
        (&detail["reason"], &detail["deletion-type"]),
        (
            &"Lifecycle Expiration".into(),
            &"Permanently Deleted".into()
        )
    );
}

#[test]
fn an_event_that_s3_does_not_send_to_eventbridge_has_no_json() {
    for name in EventName::KNOWN {
        let is_sent = !name.is_replication() && !name.is_reduced_redundancy_lost_object();
        assert_eq!(
            RecordBuilder::new(name.clone())
                .to_eventbridge_json()
                .is_some(),
            is_sent,
            "{name}"
        );
    }

    assert_eq!(
        RecordBuilder::new("ObjectFrozen:Put").to_eventbridge_json(),
        None
    );
}
