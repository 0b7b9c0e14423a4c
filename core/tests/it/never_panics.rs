use proptest::prelude::*;
use proptest::sample::Index;
use s3_dispatch_core::delivery::{Delivery, Envelope};
use s3_dispatch_core::{EventPattern, Notification, ObjectCreated};
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder, SqsBatchBuilder,
};
use serde_json::{Value, json};

/// Reads the bytes in every way, uses everything that was read, and checks the invariants.
fn check(bytes: &[u8]) {
    match Notification::parse(bytes.to_vec()) {
        Ok(notification) => drop(format!("{notification:?}")),
        Err(error) => assert!(
            error.path().unwrap().starts_with('$') && !error.is_retryable(),
            "{error:?}"
        ),
    }

    let delivery = match Delivery::parse(bytes.to_vec()) {
        Ok(delivery) => delivery,
        Err(error) => {
            assert!(
                error.path().unwrap().starts_with('$') && !error.is_retryable(),
                "{error:?}"
            );
            return;
        }
    };

    let mut records = 0;

    for message in delivery.messages() {
        records += delivery.records_of(message).len();
        assert!(message.content.is_ok() || delivery.records_of(message).is_empty());
        if delivery.envelope() == Envelope::Sqs {
            assert!(!message.context.message_id().unwrap().as_str().is_empty());
        }
    }

    assert_eq!(records, delivery.records().len());
    for record in delivery.records() {
        assert!(
            serde_json::from_str::<Value>(&record.raw_json()).is_ok()
                || record.raw_json().contains("\\u")
        );
        assert!(!record.bucket.name.as_str().is_empty() && !record.object.key.as_sent().is_empty());
        drop((
            format!("{record:?}"),
            ObjectCreated::try_from(record).is_ok(),
        ));
        let _ = record.event_time.as_ref().map(|time| time.to_system_time());
        assert!(EventPattern::ANY.matches(&record.event_name));
    }
}

fn payloads() -> Vec<String> {
    let record = || {
        RecordBuilder::new("ObjectCreated:Put")
            .with_key("a b/😀.jpg")
            .with_tag("a", "b")
    };

    let notification = NotificationBuilder::from(record());
    let event = record().to_eventbridge_json().unwrap();

    vec![
        notification.to_json(),
        notification.to_sns_json(),
        SnsMessageBuilder::new(&*event).to_json(),
        event,
        NotificationBuilder::test_event("b").to_json(),
        SqsBatchBuilder::new()
            .with_record("1", record())
            .with_body("2", notification.to_sns_json())
            .to_json(),
        SnsBatchBuilder::new().with_record("1", record()).to_json(),
        include_str!("payloads/every-field.json").to_owned(),
        include_str!("payloads/every-eventbridge-field.json").to_owned(),
        include_str!("payloads/lone-surrogates-in-two-of-four-bodies.json").to_owned(),
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(payloads()).prop_map(String::into_bytes)
}

/// JSON made of the words of S3, SNS, SQS and EventBridge, in any arrangement.
fn vocabulary() -> impl Strategy<Value = Value> {
    let word = proptest::sample::select(vec![
        "Records",
        "s3",
        "bucket",
        "name",
        "object",
        "key",
        "size",
        "eventName",
        "eventSource",
        "messageId",
        "body",
        "Sns",
        "Message",
        "Type",
        "Event",
        "detail",
        "detail-type",
        "source",
        "resources",
        "awsGeneratedTags",
        "objectAnnotation",
        "glacierEventData",
        "restoreEventData",
        "attributes",
        "userIdentity",
    ]);

    let text = prop_oneof![
        proptest::sample::select(vec![
            "aws:s3",
            "aws:sqs",
            "aws.s3",
            "Notification",
            "s3:TestEvent",
            "ObjectCreated:Put",
            "",
            "{}",
            "a+b%20",
            r#"{"Records":[{"eventName":"X","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#,
        ])
        .prop_map(String::from),
        any::<String>(),
    ];

    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];

    leaf.prop_recursive(6, 64, 6, move |inner| {
        let members = proptest::collection::btree_map(
            word.clone().prop_map(String::from),
            inner.clone(),
            0..6,
        );

        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
            inner.prop_map(|inner| json!({"messageId": "1", "body": inner.to_string()})),
        ]
    })
}

#[test]
fn the_sample_payloads_are_valid() {
    for payload in payloads() {
        assert!(Delivery::parse(payload.clone()).is_ok(), "{payload}");
        check(payload.as_bytes());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        check(&bytes);
    }

    #[test]
    fn any_json_is_read_without_panic(value in vocabulary(), in_records: bool) {
        check(value.to_string().as_bytes());
        let records = if in_records { json!([value]) } else { value };
        check(json!({"Records": records}).to_string().as_bytes());
    }

    #[test]
    fn any_replaced_value_is_read_without_panic(pick: Index, value in vocabulary()) {
        for payload in payloads() {
            let Ok(mut changed) = serde_json::from_str::<Value>(&payload) else { continue };
            let mut places = Vec::new();
            collect(&changed, String::new(), &mut places);
            *changed.pointer_mut(&places[pick.index(places.len())]).unwrap() = value.clone();
            check(changed.to_string().as_bytes());
        }
    }

    #[test]
    fn any_truncated_payload_is_read_without_panic(payload in payload(), end: Index) {
        check(&payload[..end.index(payload.len() + 1)]);
    }

    #[test]
    fn any_changed_bytes_are_read_without_panic(
        mut payload in payload(),
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        for (place, byte) in changes {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        check(&payload);
    }

    #[test]
    fn any_change_within_json_is_read_without_panic(
        mut payload in payload(),
        place: Index,
        byte in proptest::sample::select(b"\"\\{}[]:,0nt ".to_vec()),
    ) {
        let place = place.index(payload.len());
        payload[place] = byte;
        check(&payload);
    }
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| {
                collect(
                    value,
                    format!("{place}/{}", name.replace('/', "~1")),
                    places,
                )
            });
        }
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(index, value)| collect(value, format!("{place}/{index}"), places));
        }
        _ => {}
    }

    places.push(place);
}
