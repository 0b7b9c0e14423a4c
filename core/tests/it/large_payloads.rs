//! Payloads for which a careless reader takes quadratic time. With one, these tests would not end.

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{ErrorKind, Notification};
use s3_dispatch_testing::{SnsMessageBuilder, SqsBatchBuilder};

const SIZE: usize = 2_000_000;
const RECORD: &str = r#"{"eventName":"X","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#;

fn repeated(part: &str) -> String {
    let count = SIZE / (part.len() + 1);
    vec![part; count].join(",")
}

#[test]
fn many_records_take_linear_time() {
    let body = format!(r#"{{"Records":[{}]}}"#, repeated(RECORD));
    assert_eq!(crate::records(body).len(), SIZE / (RECORD.len() + 1));
}

#[test]
fn many_messages_without_a_body_take_linear_time() {
    let message = r#"{"messageId":"1"}"#;
    let delivery = Delivery::parse(format!(r#"{{"Records":[{}]}}"#, repeated(message))).unwrap();
    assert_eq!(delivery.messages().len(), SIZE / (message.len() + 1));
}

#[test]
fn many_elements_before_the_first_message_take_linear_time() {
    let payload = format!(
        r#"{{"Records":[{},{{"messageId":"1"}}]}}"#,
        repeated(r#"{"a":{}}"#)
    );
    assert_eq!(
        Delivery::parse(payload).unwrap_err().kind(),
        ErrorKind::MissingMessageId
    );
}

#[test]
fn many_fields_with_the_same_name_take_linear_time() {
    let body = format!(
        r#"{{{},"Records":[{RECORD}]}}"#,
        repeated(r#""Records":[{"s3":{"bucket":{}}}]"#)
    );
    assert_eq!(crate::only_record(body).object.key, "k");
}

#[test]
fn many_tags_take_nearly_linear_time() {
    let tags: Vec<_> = (0..SIZE / 16)
        .map(|index| format!(r#""{index:08}":"v""#))
        .collect();
    let tags = format!(r#"{{"awsGeneratedTags":{{{}}},"#, tags.join(","));
    let body = format!(
        r#"{{"Records":[{}]}}"#,
        RECORD.replacen(r#"{"name""#, &format!(r#"{tags}"name""#), 1)
    );
    assert_eq!(
        crate::only_record(body).bucket.tags.unwrap().iter().count(),
        SIZE / 16
    );
}

#[test]
fn a_long_text_of_escapes_takes_linear_time() {
    let key = r"\u0041".repeat(SIZE / 6);
    let body = format!(
        r#"{{"Records":[{}]}}"#,
        RECORD.replace(r#""key":"k""#, &format!(r#""key":"{key}""#))
    );
    let delivery = Delivery::parse(SqsBatchBuilder::new().with_body("1", body).to_bytes()).unwrap();
    assert_eq!(delivery.records()[0].object.key.as_str().len(), SIZE / 6);
}

#[test]
fn a_long_key_of_encoded_bytes_takes_linear_time() {
    let record = RECORD.replace(
        r#""key":"k""#,
        &format!(r#""key":"{}""#, "%2B".repeat(SIZE / 3)),
    );
    let record = record.replacen('{', r#"{"eventSource":"aws:s3","#, 1);

    assert_eq!(
        crate::only_record(format!(r#"{{"Records":[{record}]}}"#))
            .object
            .key
            .as_str()
            .len(),
        SIZE / 3
    );
}

#[test]
fn nested_envelopes_with_doubled_escapes_take_linear_time() {
    let mut body = format!(r#"{{"Records":[{RECORD}],"x":"{}"}}"#, "x".repeat(SIZE / 2));
    for _ in 0..4 {
        body = SnsMessageBuilder::new(body).to_json();
    }

    assert_eq!(crate::only_record(body).object.key, "k");
}

#[test]
fn repeated_deep_nesting_takes_linear_time() {
    let nested = format!("{}1{}", r#"{"a":["#.repeat(50), "]}".repeat(50));
    let body = format!(r#"{{"x":[{}],"Records":[{RECORD}]}}"#, repeated(&nested));
    assert_eq!(crate::only_record(body).object.key, "k");
}

#[test]
fn an_error_at_the_very_end_takes_linear_time() {
    let body = format!(r#"{{"Records":[{},{{"#, repeated(RECORD));
    assert_eq!(
        Notification::parse(body.clone()).unwrap_err().kind(),
        ErrorKind::InvalidJson
    );
    let delivery = Delivery::parse(SqsBatchBuilder::new().with_body("1", body).to_bytes()).unwrap();
    assert!(delivery.messages()[0].content.is_err());
}

#[test]
fn an_error_in_every_body_takes_linear_time() {
    let message = r#"{"messageId":"1","body":"{\"Records\":[{\"s3\":{}]}"}"#;
    let delivery = Delivery::parse(format!(r#"{{"Records":[{}]}}"#, repeated(message))).unwrap();

    assert!(
        delivery
            .messages()
            .iter()
            .all(|message| message.content.is_err())
    );

    assert_eq!(delivery.messages().len(), SIZE / (message.len() + 1));
}
