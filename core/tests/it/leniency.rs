use s3_dispatch_core::{EventName, Notification};

#[test]
fn the_last_of_duplicate_names_wins_even_if_escaped() {
    let record = crate::only_record(include_str!("payloads/duplicate-and-escaped-names.json"));
    assert_eq!(record.event_name, EventName::OBJECT_CREATED_PUT);
    assert_eq!(record.bucket.name, "last");
    assert_eq!(
        (record.object.key.as_str(), record.object.size),
        ("a b", Some(7))
    );
    assert_eq!((record.object.sequencer, record.region), (None, None));
}

#[test]
fn escaped_texts_are_unescaped() {
    let body = r#"{"Records":[{"eventName":"ObjectCre\u0061ted:Put","eventSource":"aws:s\u0033",
        "s3":{"bucket":{"name":"b\/c"},
        "object":{"key":"\ud83d\ude00+\"\\\n%2b","size":"\u0031"}}}]}"#;
    let record = crate::only_record(body);
    assert_eq!(record.event_name, EventName::OBJECT_CREATED_PUT);
    assert_eq!(
        (record.bucket.name.as_str(), record.object.size),
        ("b/c", Some(1))
    );
    assert_eq!(record.object.key, "😀 \"\\\n+");
    assert_eq!(record.object.key.as_sent(), "😀+\"\\\n%2b");
}

#[test]
fn a_size_may_be_a_number_or_a_text() {
    let check = |size: &str, expected: Option<u64>| {
        let body = format!(
            r#"{{"Records":[{{"eventName":"X",
                "s3":{{"bucket":{{"name":"b"}},"object":{{"key":"k","size":{size}}}}}}}]}}"#
        );
        assert_eq!(crate::only_record(body).object.size, expected, "{size}");
    };

    check("0", Some(0));
    check("\"0\"", Some(0));
    check("\"1024\"", Some(1024));
    check("18446744073709551615", Some(u64::MAX));
    check("\"18446744073709551615\"", Some(u64::MAX));
    check("null", None);
    check("\"\"", None);
}

#[test]
fn unknown_fields_of_any_type_are_ignored() {
    let body = r#" {"x":[{"Records":1}],"Records":[{"eventName":"X",
        "s3":{"bucket":{"name":"b","y":{}},
        "object":{"key":"k","z":1e999}},"versionId":[["\ud800"]]}],"Event":17,"Type":[]} "#;
    assert_eq!(crate::only_record(body).object.key, "k");
}

#[test]
fn a_test_event_needs_no_other_fields() {
    let Ok(Notification::Test(test)) =
        Notification::parse(r#"{"Event":"s3:TestEvent","Bucket":""}"#)
    else {
        panic!("no test notification")
    };

    assert!(test.bucket.is_none() && test.service.is_none() && test.time.is_none());
    assert!(test.request_id.is_none() && test.host_id.is_none());
}

#[test]
fn a_test_event_keeps_its_fields() {
    let body = s3_dispatch_testing::NotificationBuilder::test_event("holiday").to_json();
    let Ok(Notification::Test(test)) = Notification::parse(body) else {
        panic!("no test notification")
    };

    assert_eq!(
        (
            test.service.unwrap().as_str(),
            test.bucket.unwrap().as_str()
        ),
        ("Amazon S3", "holiday")
    );

    assert_eq!(test.time.unwrap(), "1970-01-01T00:00:00.000Z");
    assert!(test.request_id.is_some() && test.host_id.is_some());
}

#[test]
fn a_test_event_among_records_does_not_replace_them() {
    let body = r#"{"Records":[{"Event":"s3:TestEvent"},
        {"eventName":"X","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#;
    assert_eq!(crate::only_record(body).object.key, "k");
}
