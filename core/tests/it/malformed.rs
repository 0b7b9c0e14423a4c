use s3_dispatch_core::delivery::{Delivery, Message};
use s3_dispatch_core::{ErrorKind, EventName, Notification};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SnsMessageBuilder, SqsBatchBuilder};

/// Checks that the body alone is an error, and that in a batch it fails only its message. Both
/// errors have the path to the mistake.
#[track_caller]
fn check(body: impl Into<String>, kind: ErrorKind, path: &str) {
    let body = body.into();
    assert_eq!(Notification::parse(body.clone()).unwrap_err().kind(), kind);
    let good = || NotificationBuilder::from(RecordBuilder::new(EventName::OBJECT_CREATED_PUT));
    let batch = SqsBatchBuilder::new()
        .with_notification("1", good())
        .with_body("2", body)
        .with_notification("3", good());
    let delivery = Delivery::parse(batch.to_bytes()).unwrap();
    let [first, second, third] = delivery.messages() else {
        panic!("not three messages")
    };

    assert!(first.content.is_ok() && third.content.is_ok());

    assert_eq!(
        (
            delivery.records_of(first).len(),
            delivery.records_of(third).len()
        ),
        (1, 1)
    );

    assert_eq!(
        (delivery.records().len(), delivery.records_of(second).len()),
        (2, 0)
    );
    let error = second.content.as_ref().unwrap_err();
    assert_eq!((error.kind(), error.path()), (kind, Some(path)));
    assert!(
        error.to_string().ends_with(&format!(" at `{path}`")),
        "{error}"
    );
    assert!(!error.is_retryable());
}

fn record(object: &str) -> String {
    format!(r#"{{"eventName":"X","s3":{{"bucket":{{"name":"b"}},"object":{object}}}}}"#)
}

#[test]
fn errors_have_the_path_through_envelopes() {
    let body = format!(
        r#"{{"Records":[{},{}]}}"#,
        record(r#"{"key":"k"}"#),
        record(r#"{"key":7}"#)
    );

    check(
        &*body,
        ErrorKind::InvalidField,
        "$.Records[1].body.Records[1].s3.object.key",
    );

    let missing = format!(r#"{{"Records":[{}]}}"#, record("{}"));

    check(
        &*missing,
        ErrorKind::MissingField,
        "$.Records[1].body.Records[0].s3.object.key",
    );

    let in_sns = SnsMessageBuilder::new(body).to_json();

    check(
        in_sns,
        ErrorKind::InvalidField,
        "$.Records[1].body.Message.Records[1].s3.object.key",
    );

    check("{}", ErrorKind::NotAnS3Event, "$.Records[1].body");

    check(
        r#"{"Records":7}"#,
        ErrorKind::InvalidField,
        "$.Records[1].body.Records",
    );
}

#[test]
fn syntax_errors_have_a_path() {
    check("", ErrorKind::InvalidJson, "$.Records[1].body");
    check("no JSON", ErrorKind::InvalidJson, "$.Records[1].body");
    check("{} {}", ErrorKind::InvalidJson, "$.Records[1].body");

    check(
        r#"{"Records":[{"eventName":tru}]}"#,
        ErrorKind::InvalidJson,
        "$.Records[1].body.Records[0].eventName",
    );

    check(
        r#"{"Records":[{"eventName":"a"#,
        ErrorKind::InvalidJson,
        "$.Records[1].body.Records[0].eventName",
    );
}

#[test]
fn a_lone_surrogate_fails_only_its_message() {
    let delivery = Delivery::parse(include_str!(
        "payloads/lone-surrogates-in-two-of-four-bodies.json"
    ))
    .unwrap();
    let fate = |message: &Message| {
        let id = message.context.message_id().unwrap().to_string();
        (
            id,
            message
                .content
                .as_ref()
                .map(|_| ())
                .map_err(|error| error.kind()),
        )
    };

    let fates: Vec<_> = delivery.messages().iter().map(fate).collect();

    let expected = [
        ("good-1", Ok(())),
        ("surrogate-outside", Err(ErrorKind::InvalidJson)),
        ("surrogate-inside", Err(ErrorKind::InvalidJson)),
        ("good-2", Ok(())),
    ];

    assert_eq!(fates, expected.map(|(id, fate)| (id.to_owned(), fate)));

    let keys: Vec<_> = delivery
        .records()
        .iter()
        .map(|record| record.object.key.as_str())
        .collect();

    assert_eq!(keys, ["first", "😀"]);
}

#[test]
fn bytes_that_are_not_utf8_are_unreadable() {
    let mut bytes = NotificationBuilder::from(RecordBuilder::new("ObjectCreated:Put"))
        .to_json()
        .into_bytes();
    assert!(Delivery::parse(bytes.clone()).is_ok());
    let place = bytes
        .windows(9)
        .position(|window| window == b"HappyFace")
        .unwrap();
    bytes[place] = 0xFF;
    assert_eq!(
        Notification::parse(bytes.clone()).unwrap_err().kind(),
        ErrorKind::InvalidUtf8
    );
    assert_eq!(
        Delivery::parse(bytes).unwrap_err().kind(),
        ErrorKind::InvalidUtf8
    );
}

#[test]
fn a_payload_that_is_not_a_delivery_is_unreadable() {
    let check = |payload: &str, kind| {
        let error = Delivery::parse(payload.to_owned()).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, Some("$")), "{payload}");
    };
    check("", ErrorKind::InvalidJson);
    check("[", ErrorKind::InvalidJson);
    check("\u{feff}{}", ErrorKind::InvalidJson);
    check("{}", ErrorKind::NotAnS3Event);
    check("[]", ErrorKind::NotAnS3Event);
    check("1", ErrorKind::NotAnS3Event);
    check(r#"{"Records":null}"#, ErrorKind::NotAnS3Event);
}

#[test]
fn a_truncated_payload_has_the_path_of_the_innermost_named_value() {
    for (body, path) in [
        ("{", "$"),
        ("{\"Records\":[{", "$.Records[0]"),
        ("{\"a\":1,", "$"),
        ("{x}", "$"),
    ] {
        let error = Notification::parse(body).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::InvalidJson, Some(path)),
            "{body}"
        );
    }
}

#[test]
fn names_in_the_path_to_a_syntax_error_are_quoted_like_others() {
    let error = Notification::parse(r#"{"Records":[{"x-y":tru}]}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidJson, Some(r#"$.Records[0]["x-y"]"#))
    );
}

#[test]
fn a_hostile_name_in_a_path_cannot_forge_a_log_line() {
    let error = Notification::parse(r#"{"a\n2026 ERROR":tru}"#).unwrap_err();
    assert!(
        !error.to_string().contains('\n') && !error.path().unwrap().contains('\n'),
        "{error:?}"
    );
}

#[test]
fn the_error_for_a_text_that_is_not_json_shows_how_it_begins() {
    for (body, message) in [
        ("", "the text is not JSON: it is empty at `$`"),
        (
            "hello, world",
            "the text is not JSON: it begins with `hello, world` at `$`",
        ),
        (
            "a\n2026 ERROR b",
            r"the text is not JSON: it begins with `a\n2026 ERROR b` at `$`",
        ),
        (
            "<html>an error page that is a little longer</html>",
            "the text is not JSON: it begins with `<html>an error page that is a li...` at `$`",
        ),
        (
            "{} {}",
            "invalid JSON: unexpected `{` at line 1 column 4 at `$`",
        ),
        (
            "{\n\"a\": tru}",
            "invalid JSON: unexpected `t` at line 2 column 6 at `$.a`",
        ),
    ] {
        let error = Notification::parse(body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJson);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn endless_nesting_is_an_error() {
    for (open, close) in [
        ("[", "]"),
        (r#"{"a":"#, "}"),
        (r#"{"Records":["#, "]}"),
        (r#"[{"s3":"#, "}]"),
    ] {
        let closed = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for text in [open.repeat(100_000), closed] {
            assert_eq!(
                Delivery::parse(text.clone()).unwrap_err().kind(),
                ErrorKind::TooDeep
            );
            check(&*text, ErrorKind::TooDeep, "$.Records[1].body");
            let unknown = format!(r#"{{"Records":[{}],"x":{text}}}"#, record(r#"{"key":"k"}"#));
            check(unknown, ErrorKind::TooDeep, "$.Records[1].body");
        }
    }
}

#[test]
fn brackets_in_texts_do_not_count_as_nesting() {
    let key = "[{\"\\".repeat(200);
    let builder = RecordBuilder::new("ObjectCreated:Put")
        .with_event_source("ceph:s3")
        .with_key(&*key);
    assert_eq!(builder.build().object.key, *key);
}

/// If `Records` is an object, the payload must not pass as an empty batch. That would succeed and
/// lose whatever it was.
#[test]
fn records_that_are_not_an_array_are_rejected() {
    for payload in [
        r#"{"Records": {}}"#,
        r#"{"Records": {"0": {"messageId": "1", "body": "{}"}}}"#,
        r#"{"Records": "x"}"#,
    ] {
        let error = s3_dispatch_core::delivery::Delivery::parse(payload).unwrap_err();
        assert_eq!(
            error.kind(),
            s3_dispatch_core::ErrorKind::InvalidField,
            "{payload}"
        );
        assert_eq!(error.path(), Some("$.Records"));
    }
}
