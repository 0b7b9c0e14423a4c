use arbitrary::Unstructured;
use s3_dispatch_core::delivery::{Content, Delivery, Envelope, Message, TestEvent};
use s3_dispatch_core::{Error, Notification, S3EventRecord};
use serde_json::json;

use crate::generate;
use crate::oracle::{self, Fields, Mistake, Reading};

/// Checks that any bytes are read as the oracle reads them: to the same records, or to an error.
pub fn payload(data: &[u8]) {
    let delivery = Delivery::parse(data.to_vec());
    same_as_plain(&delivery, data);
    let expected = oracle::read(data);

    match (&delivery, &expected) {
        (_, Reading::Doubtful) => {}
        (Ok(delivery), Reading::Delivery(envelope, messages)) => {
            same_delivery(delivery, *envelope, messages)
        }
        (Err(error), Reading::Refused(mistakes)) => same_error(error, mistakes),
        _ => panic!("read {delivery:#?}\nexpected {expected:#?}"),
    }

    let notification = Notification::parse(data.to_vec());
    if let Ok(delivery) = &delivery
        && let (Envelope::S3 | Envelope::EventBridge, [message]) =
            (delivery.envelope(), delivery.messages())
    {
        same_notification(&notification, delivery, message, "");
    }

    if let Ok(text) = std::str::from_utf8(data) {
        let batch = json!({"Records": [{"messageId": "1", "body": text}]}).to_string();
        let delivery = Delivery::parse(batch).expect("a message with an id can be read");

        same_notification(
            &notification,
            &delivery,
            &delivery.messages()[0],
            ".Records[0].body",
        );
    }
}

/// Checks that the fast reading and the plain one agree in every detail.
fn same_as_plain(delivery: &Result<Delivery, Error>, data: &[u8]) {
    let plain = s3_dispatch_core::__private::read_explaining(data.to_vec());
    match (delivery, &plain) {
        (Ok(delivery), Ok(plain)) => {
            assert_eq!(delivery.envelope(), plain.envelope());
            assert_eq!(
                format!("{:#?}", delivery.messages()),
                format!("{:#?}", plain.messages())
            );
            assert_eq!(
                format!("{:#?}", delivery.records()),
                format!("{:#?}", plain.records())
            );
        }
        (Err(error), Err(plain)) => assert_eq!(format!("{error:?}"), format!("{plain:?}")),
        _ => panic!("read {delivery:#?}\nplainly {plain:#?}"),
    }
}

/// Checks the payload that these bytes generate: a plausible one, perhaps broken somewhere.
pub fn payload_structured(data: &[u8]) {
    if let Some(bytes) = generated(data) {
        payload(&bytes);
    }
}

/// The payload that these bytes generate, which can be kept as a finding of `payload`.
///
/// `None` if there are too few bytes.
#[must_use]
pub fn generated(data: &[u8]) -> Option<Vec<u8>> {
    generate::payload(&mut Unstructured::new(data)).ok()
}

fn same_delivery(delivery: &Delivery, envelope: Envelope, expected: &[oracle::Message]) {
    assert_eq!(delivery.envelope(), envelope);
    assert_eq!(delivery.messages().len(), expected.len());
    let mut records = 0;

    for (message, expected) in delivery.messages().iter().zip(expected) {
        assert_eq!(context(message), expected.context);
        let is_certain =
            |mistakes: &Vec<Mistake>| mistakes.iter().all(|mistake| !mistake.is_doubtful);

        if expected.content.as_ref().err().is_none_or(is_certain) {
            assert_eq!(
                message.envelopes.iter().collect::<Vec<_>>(),
                expected.envelopes,
                "{message:?}"
            );
        }

        if let Some(body) = &expected.body {
            assert_eq!(message.body().as_deref(), Some(&**body));
        }

        let read = delivery.records_of(message);
        match (&message.content, &expected.content) {
            (Err(error), Err(mistakes)) => same_error(error, mistakes),
            (Ok(_), Err(mistakes)) if mistakes.iter().all(|mistake| mistake.is_doubtful) => {
                records += read.len()
            }
            (Ok(Content::Test(test)), Ok(oracle::Content::Test(expected))) => {
                assert_eq!(test_fields(test), *expected);
            }
            (Ok(Content::Other(_)), Ok(oracle::Content::Other)) => {}
            (Ok(Content::Records(_)), Ok(oracle::Content::Records(expected))) => {
                assert_eq!(read.len(), expected.len());
                let is_bridged = message
                    .envelopes
                    .iter()
                    .any(|layer| layer == Envelope::EventBridge);

                for (record, expected) in read.iter().zip(expected) {
                    assert_eq!(fields(record), expected.fields);
                    let raw = record.raw_json();
                    assert!(expected.is_raw(&raw), "{raw}");
                    same_when_read_again(record, is_bridged);
                }

                records += read.len();
            }
            _ => panic!("read {message:#?}\nexpected {expected:#?}"),
        }
    }

    assert_eq!(records, delivery.records().len());
}

fn same_error(error: &Error, mistakes: &[Mistake]) {
    let path = error.path().expect("a reading error has a path");
    let is_that =
        |mistake: &Mistake| mistake.kind == error.kind() && path.starts_with(&mistake.path);
    assert!(
        mistakes.iter().any(is_that),
        "read {error:?}\nexpected {mistakes:?}"
    );
    assert!(
        !error.is_retryable() && !error.to_string().contains(char::is_control),
        "{error}"
    );
}

/// Checks that a body is read in the same way alone and in a delivery, where it has this path.
fn same_notification(
    alone: &Result<Notification, Error>,
    delivery: &Delivery,
    message: &Message,
    path: &str,
) {
    match (alone, &message.content) {
        (Ok(Notification::Records(records)), Ok(Content::Records(_))) => {
            let alone: Vec<_> = records
                .iter()
                .map(|record| (fields(record), record.raw_json()))
                .collect();
            let read = delivery.records_of(message).iter();

            assert_eq!(
                alone,
                read.map(|record| (fields(record), record.raw_json()))
                    .collect::<Vec<_>>()
            );
        }
        (Ok(Notification::Test(alone)), Ok(Content::Test(read))) => assert_eq!(alone, read),
        (Ok(Notification::Other(alone)), Ok(Content::Other(read))) => assert_eq!(alone, read),
        (Err(alone), Err(read)) => {
            assert_eq!(alone.kind(), read.kind(), "{alone} {read}");
            let expected = alone.path().and_then(|alone| alone.strip_prefix('$'));
            let read_path = read
                .path()
                .and_then(|read| read.strip_prefix('$')?.strip_prefix(path));
            assert_eq!(read_path, expected, "{alone} {read}");
        }
        (alone, read) => panic!("alone {alone:?}\nin a delivery {read:?}"),
    }
}

fn same_when_read_again(record: &S3EventRecord, is_bridged: bool) {
    let raw = record.raw_json();
    let body = if is_bridged {
        raw.to_string()
    } else {
        format!(r#"{{"Records":[{raw}]}}"#)
    };

    match Notification::parse(body) {
        Ok(Notification::Records(again)) => {
            assert_eq!(again.len(), 1);
            assert_eq!(fields(&again[0]), fields(record));
            assert_eq!(again[0].raw_json(), raw);
        }
        again => panic!("{raw}: {again:?}"),
    }
}

/// The values that exist, by name.
fn told(values: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Fields {
    values
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn text(text: &Option<impl ToString>) -> Option<String> {
    text.as_ref().map(ToString::to_string)
}

fn context(message: &Message) -> Fields {
    let context = &message.context;
    assert!(context.request_id().is_none() && context.deadline().is_none());

    told([
        ("message_id", text(&context.message_id())),
        ("receipt_handle", text(&context.receipt_handle())),
        ("receive_count", text(&context.receive_count())),
        ("group_id", text(&context.group_id())),
        ("queue_arn", text(&context.queue_arn())),
        ("trace_header", text(&context.trace_header())),
    ])
}

fn test_fields(test: &TestEvent) -> Fields {
    told([
        ("service", text(&test.service)),
        ("bucket", text(&test.bucket)),
        ("time", text(&test.time)),
        ("request_id", text(&test.request_id)),
        ("host_id", text(&test.host_id)),
    ])
}

/// Every public field.
fn fields(record: &S3EventRecord) -> Fields {
    let there = |is_there: bool| is_there.then(String::new);
    let (bucket, object) = (&record.bucket, &record.object);

    let mut fields = told([
        ("event_name", Some(record.event_name.to_string())),
        ("event_time", text(&record.event_time)),
        ("event_version", text(&record.event_version)),
        ("event_source", text(&record.event_source)),
        ("region", text(&record.region)),
        ("principal_id", text(&record.principal_id)),
        ("source_ip", text(&record.source_ip)),
        ("request_id", text(&record.request_id)),
        ("host_id", text(&record.host_id)),
        ("configuration_id", text(&record.configuration_id)),
        ("bucket.name", Some(bucket.name.to_string())),
        ("bucket.arn", text(&bucket.arn)),
        ("bucket.owner", text(&bucket.owner)),
        ("bucket.tags", there(bucket.tags.is_some())),
        ("object.key", Some(object.key.to_string())),
        ("object.key.sent", Some(object.key.as_sent().to_owned())),
        ("object.size", text(&object.size)),
        ("object.e_tag", text(&object.e_tag)),
        ("object.version_id", text(&object.version_id)),
        ("object.sequencer", text(&object.sequencer)),
        ("object.has_annotation", text(&object.has_annotation)),
        ("restore", there(record.restore.is_some())),
        ("replication", there(record.replication.is_some())),
        ("tiering", there(record.tiering.is_some())),
        ("transition", there(record.transition.is_some())),
        ("retention", there(record.retention.is_some())),
    ]);

    for (name, value) in bucket.tags.iter().flat_map(|tags| tags.iter()) {
        fields.insert(format!("bucket.tags.{name}"), value.to_string());
        assert_eq!(
            bucket
                .tags
                .as_ref()
                .and_then(|tags| tags.get(name.as_str())),
            Some(value)
        );
    }

    for (index, annotation) in record.annotations.iter().enumerate() {
        let told = [
            ("name", Some(annotation.name.to_string())),
            ("size", text(&annotation.size)),
            ("e_tag", text(&annotation.e_tag)),
        ];

        let told = told
            .into_iter()
            .filter_map(|(name, value)| Some((format!("annotations.{index}.{name}"), value?)));
        fields.extend(told);
    }

    fields.extend(data(record));
    fields
}

fn data(record: &S3EventRecord) -> Fields {
    let mut fields = Fields::new();
    if let Some(restore) = &record.restore {
        fields.extend(told([
            ("restore.expiry_time", text(&restore.expiry_time)),
            ("restore.storage_class", text(&restore.storage_class)),
        ]));
    }

    if let Some(replication) = &record.replication {
        fields.extend(told([
            ("replication.rule_id", text(&replication.rule_id)),
            (
                "replication.destination_bucket",
                text(&replication.destination_bucket),
            ),
            ("replication.operation", text(&replication.operation)),
            ("replication.request_time", text(&replication.request_time)),
            (
                "replication.failure_reason",
                text(&replication.failure_reason),
            ),
            ("replication.threshold", text(&replication.threshold)),
            ("replication.time", text(&replication.time)),
        ]));
    }

    if let Some(tiering) = &record.tiering {
        fields.extend(told([(
            "tiering.destination_access_tier",
            text(&tiering.destination_access_tier),
        )]));
    }

    if let Some(transition) = &record.transition {
        let class = text(&transition.destination_storage_class);
        fields.extend(told([("transition.destination_storage_class", class)]));
    }

    if let Some(retention) = &record.retention {
        fields.extend(told([
            ("retention.mode", text(&retention.mode)),
            ("retention.retain_until", text(&retention.retain_until)),
            ("retention.event_hold", text(&retention.event_hold)),
            (
                "retention.event_hold_duration",
                retention.event_hold_duration.map(|_| String::new()),
            ),
        ]));

        if let Some(duration) = &retention.event_hold_duration {
            fields.extend(told([
                ("retention.event_hold_duration.days", text(&duration.days)),
                ("retention.event_hold_duration.years", text(&duration.years)),
            ]));
        }
    }

    fields
}
