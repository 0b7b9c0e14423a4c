use s3_dispatch_core::delivery::{Content, Delivery, Envelope};
use s3_dispatch_core::{ErrorKind, EventName, MessageContext};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SnsBatchBuilder, SqsBatchBuilder};

fn record(key: &str) -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key)
}

/// Checks the ids of the messages, and the keys of their records.
#[track_caller]
fn check(delivery: &Delivery, envelope: Envelope, messages: &[(Option<&str>, &[&str])]) {
    assert_eq!(delivery.envelope(), envelope);
    let found: Vec<(_, Vec<_>)> = delivery
        .messages()
        .iter()
        .map(|message| {
            let keys = delivery
                .records_of(message)
                .iter()
                .map(|record| record.object.key.as_str());
            (
                message.context.message_id().map(|id| id.as_str()),
                keys.collect(),
            )
        })
        .collect();

    let expected: Vec<_> = messages
        .iter()
        .map(|(id, keys)| (*id, keys.to_vec()))
        .collect();
    assert_eq!(found, expected);

    let all: Vec<_> = delivery
        .records()
        .iter()
        .map(|record| record.object.key.as_str())
        .collect();

    assert_eq!(
        all,
        expected
            .into_iter()
            .flat_map(|(_, keys)| keys)
            .collect::<Vec<_>>()
    );
}

#[test]
fn an_sqs_batch_gives_its_messages_in_order() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", record("a"))
        .with_notification("2", NotificationBuilder::test_event("b"))
        .with_notification(
            "3",
            NotificationBuilder::new()
                .with_record(record("b"))
                .with_record(record("c")),
        )
        .with_body("4", "no JSON")
        .with_record("5", record("d"));

    let delivery = Delivery::parse(batch.to_bytes()).unwrap();

    let messages: [(_, &[&str]); 5] = [
        (Some("1"), &["a"]),
        (Some("2"), &[]),
        (Some("3"), &["b", "c"]),
        (Some("4"), &[]),
        (Some("5"), &["d"]),
    ];

    check(&delivery, Envelope::Sqs, &messages);
    assert!(matches!(
        delivery.messages()[1].content,
        Ok(Content::Test(_))
    ));
    assert!(delivery.messages()[3].content.is_err());
}

#[test]
fn an_sns_batch_gives_its_messages_in_order() {
    let batch = SnsBatchBuilder::new()
        .with_record("1", record("a"))
        .with_body("2", "no JSON")
        .with_record("3", record("b"));
    let delivery = Delivery::parse(batch.to_bytes()).unwrap();

    check(
        &delivery,
        Envelope::Sns,
        &[(Some("1"), &["a"]), (Some("2"), &[]), (Some("3"), &["b"])],
    );

    let error = delivery.messages()[1].content.as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidJson, Some("$.Records[1].Sns.Message"))
    );
}

#[test]
fn an_sns_record_without_a_message_fails_alone() {
    let delivery = Delivery::parse(r#"{"Records":[{"Sns":{"MessageId":"1"}},{}]}"#).unwrap();
    let paths = ["$.Records[0].Sns.Message", "$.Records[1].Sns"];

    for (message, path) in delivery.messages().iter().zip(paths) {
        let error = message.content.as_ref().unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::MissingField, Some(path))
        );
    }
}

#[test]
fn an_element_that_is_not_an_object_makes_the_batch_unreadable() {
    let sns = SnsBatchBuilder::new()
        .with_record("1", record("a"))
        .to_json();
    let sqs = SqsBatchBuilder::new()
        .with_record("1", record("a"))
        .to_json();

    for batch in [sns, sqs] {
        let error = Delivery::parse(batch.replacen('[', "[7,", 1)).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::InvalidField, Some("$.Records[0]"))
        );
    }

    assert_eq!(
        Delivery::parse(r#"{"Records":[7]}"#).unwrap_err().kind(),
        ErrorKind::NotAnS3Event
    );
}

#[test]
fn a_single_event_is_one_message_without_an_id() {
    let notification = NotificationBuilder::new()
        .with_record(record("a"))
        .with_record(record("b"));
    check(
        &Delivery::parse(notification.to_json()).unwrap(),
        Envelope::S3,
        &[(None, &["a", "b"])],
    );

    check(
        &Delivery::parse(notification.to_sns_json()).unwrap(),
        Envelope::Sns,
        &[(None, &["a", "b"])],
    );

    let event = record("a").to_eventbridge_json().unwrap();

    check(
        &Delivery::parse(event).unwrap(),
        Envelope::EventBridge,
        &[(None, &["a"])],
    );

    let test = NotificationBuilder::test_event("b").to_json();

    check(
        &Delivery::parse(test).unwrap(),
        Envelope::S3,
        &[(None, &[])],
    );
}

#[test]
fn a_bad_record_of_a_single_event_fails_the_whole_event() {
    let notification = NotificationBuilder::new()
        .with_record(record("a"))
        .with_record(record(""));
    let delivery = Delivery::parse(notification.to_json()).unwrap();
    check(&delivery, Envelope::S3, &[(None, &[])]);
    let error = delivery.messages()[0].content.as_ref().unwrap_err();
    assert_eq!(error.path(), Some("$.Records[1].s3.object.key"));
}

#[test]
fn an_empty_batch_has_no_messages() {
    let delivery = Delivery::parse(r#"{"Records":[]}"#).unwrap();
    check(&delivery, Envelope::Sqs, &[]);
}

#[test]
fn an_sqs_batch_is_recognised_by_few_fields() {
    let messages = [
        r#"{"messageId":"1","body":"x"}"#,
        r#"{"messageId":"1","eventSource":"aws:sqs"}"#,
        r#"{"messageId":"1","receiptHandle":"r"}"#,
        r#"{"messageId":"1","eventSource":null,"body":null}"#,
    ];

    for message in messages {
        let delivery = Delivery::parse(format!(r#"{{"Records":[{message}]}}"#)).unwrap();
        check(&delivery, Envelope::Sqs, &[(Some("1"), &[])]);
    }

    let error = Delivery::parse(r#"{"Records":[{"messageId":"1","body":"x"},7]}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidField, Some("$.Records[1]"))
    );
}

#[test]
fn messages_received_by_a_worker_make_a_batch() {
    let context = |id: &str| MessageContext::new().with_message_id(id);
    let body = NotificationBuilder::from(record("a")).to_json();

    let messages = [
        (context("1"), Some(body)),
        (context("2"), None),
        (context("3"), Some(String::from("no JSON"))),
    ];

    let delivery = Delivery::from_sqs_messages(messages).unwrap();

    check(
        &delivery,
        Envelope::Sqs,
        &[(Some("1"), &["a"]), (Some("2"), &[]), (Some("3"), &[])],
    );

    let paths: Vec<_> = delivery.messages()[1..]
        .iter()
        .map(|message| message.content.as_ref().unwrap_err().path().unwrap())
        .collect();
    assert_eq!(paths, ["$.Records[1].body", "$.Records[2].body"]);

    for context in [MessageContext::new(), context("")] {
        let error = Delivery::from_sqs_messages([(context, Some(String::from("{}")))]).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::MissingMessageId, Some("$.Records[0].messageId"))
        );
    }
}
