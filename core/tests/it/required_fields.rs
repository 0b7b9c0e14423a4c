use s3_dispatch_core::{ErrorKind, Notification};
use serde_json::{Value, json};

/// Checks that the field counts as missing, at this path, if it is absent, `null` or an empty text.
#[track_caller]
fn check(payload: &str, pointer: &str, path: &str) {
    let whole: Value = serde_json::from_str(payload).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let is_text = whole.pointer(pointer).unwrap().is_string();

    for change in [None, Some(Value::Null), is_text.then(|| json!(""))] {
        let mut changed = whole.clone();
        let members = changed
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();

        members.remove(name).unwrap();
        members.extend(change.map(|value| (name.to_owned(), value)));
        assert_missing(&changed, path);
    }
}

#[track_caller]
fn assert_missing(payload: &Value, path: &str) {
    let error = Notification::parse(payload.to_string()).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::MissingField, Some(path)),
        "{payload}"
    );
    assert!(!error.is_retryable());
}

#[test]
fn a_missing_field_of_a_notification_is_named() {
    let payload = include_str!("payloads/every-field.json");
    check(payload, "/Records/0/eventName", "$.Records[0].eventName");
    check(payload, "/Records/0/s3/bucket", "$.Records[0].s3.bucket");
    check(payload, "/Records/0/s3/object", "$.Records[0].s3.object");

    for (name, parent) in [("name", "bucket"), ("key", "object")] {
        check(
            payload,
            &format!("/Records/0/s3/{parent}/{name}"),
            &format!("$.Records[0].s3.{parent}.{name}"),
        );
    }
}

#[test]
fn a_missing_field_of_an_eventbridge_event_is_named() {
    let payload = include_str!("payloads/every-eventbridge-field.json");
    check(payload, "/detail/bucket", "$.detail.bucket");
    check(payload, "/detail/object", "$.detail.object");
    check(payload, "/detail/object/key", "$.detail.object.key");
    let error = Notification::parse(payload.replace("\"detail-type\"", "\"detail\"")).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::MissingField, Some("$[\"detail-type\"]"))
    );
}

#[test]
fn fields_of_the_wrong_type_are_named() {
    let payload = include_str!("payloads/every-field.json");
    let check = |from: &str, to: &str, path: &str| {
        assert!(payload.contains(from), "{from}");
        let error = Notification::parse(payload.replace(from, to)).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::InvalidField, Some(path)),
            "{to}"
        );
    };

    check(
        r#""size": 1024"#,
        r#""size": -1"#,
        "$.Records[0].s3.object.size",
    );

    check(
        r#""size": 1024"#,
        r#""size": 1.5"#,
        "$.Records[0].s3.object.size",
    );

    check(
        r#""size": 1024"#,
        r#""size": "many""#,
        "$.Records[0].s3.object.size",
    );

    check(
        r#""size": 1024"#,
        r#""size": 18446744073709551616"#,
        "$.Records[0].s3.object.size",
    );

    check(
        r#""key": "a+b.jpg""#,
        r#""key": 7"#,
        "$.Records[0].s3.object.key",
    );

    check(
        r#""eventName": "#,
        r#""eventName": {}, "x": "#,
        "$.Records[0].eventName",
    );

    check(
        r#"{"principalId": "OWNEREXAMPLE"}"#,
        "[]",
        "$.Records[0].s3.bucket.ownerIdentity",
    );

    check(
        r#""x-amz-id-2": "hostExample=""#,
        r#""x-amz-id-2": 2"#,
        r#"$.Records[0].responseElements["x-amz-id-2"]"#,
    );
}
