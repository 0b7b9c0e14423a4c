use s3_dispatch_core::delivery::{Content, Delivery, Envelope};
use s3_dispatch_core::{ErrorKind, EventName, Notification};
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder, SqsBatchBuilder,
};
use serde_json::{Value, json};

/// Checks that the payload has one message in these envelopes, which holds either one record with
/// this key or a test notification.
#[track_caller]
fn check(payload: impl Into<String>, envelopes: &str, outermost: Envelope) {
    let payload: String = payload.into();
    let delivery = Delivery::parse(payload).unwrap();
    assert_eq!(delivery.envelope(), outermost);
    let [message] = delivery.messages() else {
        panic!("not one message")
    };

    assert_eq!(message.envelopes.to_string(), envelopes);
    assert_eq!(message.envelopes.outermost(), Some(outermost));

    match message.content.as_ref().unwrap() {
        Content::Test(test) => assert_eq!(test.bucket.as_ref().unwrap(), "holiday"),
        _ => {
            let [record] = delivery.records_of(message) else {
                panic!("not one record")
            };

            assert_eq!(
                (record.bucket.name.as_str(), record.object.key.as_str()),
                ("holiday", "my photo.jpg")
            );
        }
    }
}

fn record() -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_bucket("holiday")
        .with_key("my photo.jpg")
}

fn notification() -> String {
    NotificationBuilder::from(record()).to_json()
}

fn test_event() -> String {
    NotificationBuilder::test_event("holiday").to_json()
}

fn in_sns(mut body: String, times: usize) -> String {
    for _ in 0..times {
        body = SnsMessageBuilder::new(body).to_json();
    }
    body
}

fn in_sqs(body: String) -> String {
    SqsBatchBuilder::new().with_body("1", body).to_json()
}

fn in_sns_batch(body: String) -> String {
    SnsBatchBuilder::new().with_body("1", body).to_json()
}

#[test]
fn every_envelope_may_hold_a_notification_or_a_test_notification() {
    for body in [notification(), test_event()] {
        check(&*body, "s3", Envelope::S3);
        check(in_sns(body.clone(), 1), "sns>s3", Envelope::Sns);
        check(in_sqs(body.clone()), "sqs>s3", Envelope::Sqs);
        check(in_sqs(in_sns(body.clone(), 1)), "sqs>sns>s3", Envelope::Sqs);
        check(in_sns_batch(body), "sns>s3", Envelope::Sns);
    }
}

#[test]
fn every_envelope_may_hold_an_eventbridge_event() {
    let event = record().to_eventbridge_json().unwrap();
    check(&*event, "eventbridge", Envelope::EventBridge);
    check(in_sns(event.clone(), 1), "sns>eventbridge", Envelope::Sns);
    check(in_sqs(event.clone()), "sqs>eventbridge", Envelope::Sqs);

    check(
        in_sqs(in_sns(event.clone(), 1)),
        "sqs>sns>eventbridge",
        Envelope::Sqs,
    );

    check(in_sns_batch(event), "sns>eventbridge", Envelope::Sns);
}

#[test]
fn four_nested_envelopes_are_opened() {
    for body in [notification(), test_event()] {
        check(in_sns(body.clone(), 4), "sns>sns>sns>sns>s3", Envelope::Sns);
        check(
            in_sqs(in_sns(body.clone(), 4)),
            "sqs>sns>sns>sns>sns>s3",
            Envelope::Sqs,
        );

        check(
            in_sns_batch(in_sns(body, 3)),
            "sns>sns>sns>sns>s3",
            Envelope::Sns,
        );
    }
}

#[test]
fn five_nested_envelopes_are_rejected() {
    let five = in_sns(notification(), 5);
    assert_eq!(
        Notification::parse(five.clone()).unwrap_err().kind(),
        ErrorKind::TooDeep
    );

    for payload in [
        five.clone(),
        in_sqs(five),
        in_sns_batch(in_sns(notification(), 4)),
    ] {
        let delivery = Delivery::parse(payload).unwrap();
        let error = delivery.messages()[0].content.as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooDeep);

        assert!(
            error
                .path()
                .unwrap()
                .ends_with(".Message.Message.Message.Message"),
            "{error}"
        );

        assert!(delivery.records().is_empty());
    }
}

#[test]
fn a_message_may_be_json_instead_of_text() {
    let payload = format!(r#"{{"Type":"Notification","Message":{}}}"#, notification());
    check(payload, "sns>s3", Envelope::Sns);
    let payload = format!(
        r#"{{"Records":[{{"messageId":"1","body":{}}}]}}"#,
        notification()
    );
    check(payload, "sqs>s3", Envelope::Sqs);
}

#[test]
fn a_notification_may_hold_any_number_of_records() {
    let mut notification = NotificationBuilder::new();
    for count in 0..4 {
        let body = notification.to_json();
        assert_eq!(crate::records(&*body).len(), count);
        assert_eq!(
            Delivery::parse(in_sqs(body)).unwrap().records().len(),
            count
        );
        notification = notification.with_record(record());
    }
}

#[test]
fn an_envelope_without_an_s3_event_is_rejected() {
    let check = |body: &str, kind| {
        assert_eq!(
            Notification::parse(body.to_owned()).unwrap_err().kind(),
            kind,
            "{body}"
        );

        let delivery = Delivery::parse(in_sqs(body.to_owned())).unwrap();

        assert_eq!(
            delivery.messages()[0].content.as_ref().unwrap_err().kind(),
            kind,
            "{body}"
        );
    };

    check("{}", ErrorKind::NotAnS3Event);
    check("[]", ErrorKind::NotAnS3Event);
    check("null", ErrorKind::NotAnS3Event);
    check("\"text\"", ErrorKind::NotAnS3Event);
    check(r#"{"Records":[{}]}"#, ErrorKind::NotAnS3Event);
    check(r#"{"Records":[null]}"#, ErrorKind::NotAnS3Event);
    check(r#"{"Records":null}"#, ErrorKind::NotAnS3Event);
    check(r#"{"Event":"s3:OtherEvent"}"#, ErrorKind::NotAnS3Event);
    check(
        r#"{"Type":"SubscriptionConfirmation","Message":"{}"}"#,
        ErrorKind::NotAnS3Event,
    );
    check(
        r#"{"source":"aws.ec2","detail":{}}"#,
        ErrorKind::NotAnS3Event,
    );
    check(
        r#"{"Type":"Notification","Message":"hello"}"#,
        ErrorKind::InvalidJson,
    );
    check(
        r#"{"Type":"Notification","Message":"{}"}"#,
        ErrorKind::NotAnS3Event,
    );
    check("", ErrorKind::InvalidJson);
    check("hello", ErrorKind::InvalidJson);
}

#[test]
fn the_answer_of_sqs_to_a_receive_is_read() {
    let payload = json!({"Messages": [
        {
            "MessageId": "m-1",
            "ReceiptHandle": "AQEB",
            "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "Body": notification(),
            "Attributes": {"ApproximateReceiveCount": "3", "MessageGroupId": "g"},
        },
        {"MessageId": "m-2", "Body": "no JSON"},
    ]});
    let delivery = Delivery::parse(payload.to_string()).unwrap();
    assert_eq!(delivery.envelope(), Envelope::Sqs);
    let [first, second] = delivery.messages() else {
        panic!("not two messages")
    };

    assert_eq!(first.envelopes.to_string(), "sqs>s3");
    assert_eq!(first.context.message_id().unwrap(), "m-1");
    assert_eq!(first.context.receive_count(), Some(3));
    assert_eq!(first.context.group_id().unwrap(), "g");
    assert_eq!(delivery.records_of(first)[0].object.key, "my photo.jpg");

    let error = second.content.as_ref().unwrap_err();
    assert_eq!(error.path(), Some("$.Messages[1].Body"));

    let without_id = json!({"Messages": [{"Body": notification()}]}).to_string();
    let error = Delivery::parse(without_id).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::MissingMessageId, Some("$.Messages[0].MessageId"))
    );
}

#[test]
fn the_messages_of_a_pipe_are_a_batch() {
    let batch: Value = serde_json::from_str(&in_sqs(notification())).unwrap();
    let payload = batch["Records"].to_string();
    check(payload, "sqs>s3", Envelope::Sqs);

    let error = Delivery::parse(r#"[{"body": "{}", "eventSource": "aws:sqs"}]"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::MissingMessageId, Some("$[0].messageId"))
    );
}

#[test]
fn the_event_in_the_record_of_a_lambda_destination_is_read() {
    let of_destination = |event: String| {
        let event: Value = serde_json::from_str(&event).unwrap();
        json!({
            "version": "1.0",
            "timestamp": "2026-04-07T14:30:00.123Z",
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": event,
            "responsePayload": {"errorMessage": "3 of 5 records failed"},
        })
        .to_string()
    };

    check(
        of_destination(in_sqs(notification())),
        "sqs>s3",
        Envelope::Sqs,
    );
    check(of_destination(notification()), "s3", Envelope::S3);
    check(
        of_destination(record().to_eventbridge_json().unwrap()),
        "eventbridge",
        Envelope::EventBridge,
    );

    // The same in a queue.
    let in_queue = in_sqs(of_destination(in_sqs(notification())));
    check(in_queue, "sqs>sqs>s3", Envelope::Sqs);
}

#[test]
fn an_sns_event_in_a_queue_is_read() {
    let event = SnsBatchBuilder::new().with_record("1", record()).to_json();
    check(in_sqs(event), "sqs>sns>s3", Envelope::Sqs);
}

#[test]
fn a_mistake_in_a_batch_in_a_body_has_a_path() {
    let event = SnsBatchBuilder::new()
        .with_record("1", record())
        .with_message(SnsMessageBuilder::new("{}"))
        .to_json();
    let delivery = Delivery::parse(in_sqs(event)).unwrap();
    let error = delivery.messages()[0].content.as_ref().unwrap_err();
    assert_eq!(
        error.path(),
        Some("$.Records[0].body.Records[1].Sns.Message")
    );
}

#[test]
fn batches_inside_each_other_are_opened_to_a_depth_of_four() {
    let nested = |times| (0..times).fold(notification(), |body, _| in_sqs(body));
    check(nested(5), "sqs>sqs>sqs>sqs>sqs>s3", Envelope::Sqs);
    let delivery = Delivery::parse(nested(6)).unwrap();
    let error = delivery.messages()[0].content.as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooDeep);
}

#[test]
fn a_confirmation_of_sns_is_not_an_error_and_names_its_topic() {
    for (kind, text) in [
        (
            "SubscriptionConfirmation",
            "the subscription to the topic \"arn:aws:sns:eu-central-1:123456789012:uploads\" is \
             not confirmed: no events come until it is",
        ),
        (
            "UnsubscribeConfirmation",
            "the subscription to the topic \"arn:aws:sns:eu-central-1:123456789012:uploads\" was \
             deleted: no more events come",
        ),
    ] {
        let body = json!({
            "Type": kind,
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:uploads",
            "Message": "You have chosen to subscribe to the topic",
            "SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
        });
        let delivery = Delivery::parse(in_sqs(body.to_string())).unwrap();
        let Ok(Content::Other(other)) = &delivery.messages()[0].content else {
            panic!("{delivery:#?}")
        };
        assert_eq!(other.to_string(), text);
        assert!(matches!(
            Notification::parse(body.to_string()),
            Ok(Notification::Other(_))
        ));
    }

    let error = Notification::parse(r#"{"Type":"SubscriptionConfirmation"}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAnS3Event);
}
