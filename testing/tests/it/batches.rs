use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder, SqsBatchBuilder,
    SqsMessageBuilder,
};
use serde_json::Value;

fn record() -> RecordBuilder {
    RecordBuilder::new("ObjectCreated:Put")
}

/// The names of the members of an object, in the order of the JSON.
fn names(json: &str) -> Vec<String> {
    let members: Value = serde_json::from_str(json).unwrap();
    let mut names: Vec<_> = members.as_object().unwrap().keys().cloned().collect();

    names.sort_by_key(|name| {
        json.find(&format!("\"{name}\":"))
            .or_else(|| json.find(&format!("\"{name}\" :")))
            .unwrap()
    });

    names
}

fn first(json: &str) -> Value {
    serde_json::from_str::<Value>(json).unwrap()["Records"][0].clone()
}

#[test]
fn an_sqs_message_has_every_field_that_lambda_sends() {
    let json = SqsBatchBuilder::new()
        .with_body("059f36b4-87a3-44ab-83d2-661975830a7d", "hello")
        .to_json();
    let message = json
        .strip_prefix(r#"{"Records":["#)
        .unwrap()
        .strip_suffix("]}")
        .unwrap();

    let expected = [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ];

    assert_eq!(names(message), expected);
    let message = first(&json);
    assert_eq!(message["body"], "hello");
    assert_eq!(message["receiptHandle"].as_str().unwrap().len(), 410);
    assert_eq!(message["md5OfBody"].as_str().unwrap().len(), 32);
    assert_eq!(
        (&message["eventSource"], &message["awsRegion"]),
        (&"aws:sqs".into(), &"us-east-1".into())
    );

    let attributes = [
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    ];

    assert_eq!(
        names(&message["attributes"].to_string()).len(),
        attributes.len()
    );

    assert!(
        attributes
            .iter()
            .all(|name| message["attributes"][name].is_string())
    );

    assert_eq!(message["messageAttributes"], serde_json::json!({}));
}

#[test]
fn a_message_has_its_receive_count_group_and_trace_header() {
    let message = SqsMessageBuilder::new("1")
        .with_receive_count(4)
        .with_group_id("g")
        .with_trace_header("Root=1");
    let attributes =
        first(&SqsBatchBuilder::new().with_message(message).to_json())["attributes"].clone();
    assert_eq!(attributes["ApproximateReceiveCount"], "4");
    assert_eq!(
        (&attributes["MessageGroupId"], &attributes["AWSTraceHeader"]),
        (&"g".into(), &"Root=1".into())
    );
    assert!(attributes.get("SequenceNumber").is_none());
}

#[test]
fn a_message_of_a_fifo_queue_has_a_group_and_a_sequence_number() {
    let attributes = first(
        &SqsBatchBuilder::new()
            .on_fifo_queue()
            .with_record("1", record())
            .to_json(),
    )["attributes"]
        .clone();

    for name in ["MessageGroupId", "SequenceNumber", "MessageDeduplicationId"] {
        assert!(attributes[name].is_string(), "{name}");
    }

    let batch = SqsBatchBuilder::new()
        .with_queue_arn("arn:aws:sqs:eu-west-3:1:q")
        .with_record("1", record());
    assert_eq!(first(&batch.to_json())["awsRegion"], "eu-west-3");
}

#[test]
fn the_bytes_are_the_json() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", record())
        .with_message(SqsMessageBuilder::without_id());
    assert_eq!(batch.to_bytes(), batch.to_json());
    assert_eq!(SqsBatchBuilder::default().to_json(), r#"{"Records":[]}"#);
    let batch = SnsBatchBuilder::new().with_record("1", record());
    assert_eq!(batch.to_bytes(), batch.to_json());
}

/// SNS sends queues one member per line.
#[test]
fn an_sns_envelope_is_written_as_sns_writes_it() {
    let json = SnsMessageBuilder::new("a\"b")
        .with_message_id("1")
        .with_topic_arn("arn")
        .to_json();
    let head = concat!(
        "{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"1\",\n",
        "  \"TopicArn\" : \"arn\",\n  \"Subject\" : \"Amazon S3 Notification\",\n",
        "  \"Message\" : \"a\\\"b\",\n  \"Timestamp\" : ",
    );
    assert!(json.starts_with(head), "{json}");
    assert!(json.ends_with("\"\n}"), "{json}");

    let rest = [
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    ];

    assert_eq!(names(&json)[5..], rest);
    let later = SnsMessageBuilder::new("a")
        .with_timestamp("2026-04-07T14:30:00.123Z")
        .to_json();
    assert!(
        later.contains("\"Timestamp\" : \"2026-04-07T14:30:00.123Z\""),
        "{later}"
    );
    let notification = NotificationBuilder::from(record());
    let envelope: Value = serde_json::from_str(&notification.to_sns_json()).unwrap();
    assert_eq!(envelope["Message"], notification.to_json());
}

#[test]
fn sns_spells_urls_differently_for_functions() {
    let record = first(&SnsBatchBuilder::new().with_body("1", "hello").to_json());
    assert_eq!(
        (&record["EventSource"], &record["EventVersion"]),
        (&"aws:sns".into(), &"1.0".into())
    );
    assert!(record["EventSubscriptionArn"].is_string());
    let sns = &record["Sns"];
    assert_eq!(
        (&sns["MessageId"], &sns["Message"]),
        (&"1".into(), &"hello".into())
    );
    assert!(sns["SigningCertUrl"].is_string() && sns["UnsubscribeUrl"].is_string());
    assert!(sns.get("SigningCertURL").is_none());
    assert_eq!(sns["MessageAttributes"], serde_json::json!({}));
}

/// Returns the last digits of each sequencer.
fn sequencers(payload: String) -> Vec<String> {
    let delivery = Delivery::parse(payload).unwrap();
    let records = delivery.records().iter();
    let sequencers = records.map(|record| record.object.sequencer.as_ref());

    sequencers
        .map(|sequencer| sequencer.map_or_else(String::new, |text| text.as_str()[15..].to_owned()))
        .collect()
}

#[test]
fn the_records_of_a_payload_have_increasing_sequencers() {
    let two = || {
        NotificationBuilder::new()
            .with_record(record())
            .with_record(record())
    };
    assert_eq!(sequencers(two().to_json()), ["1E5", "1E6"]);

    let sqs = SqsBatchBuilder::new()
        .with_record("1", record())
        .with_notification("2", two())
        .with_body("3", record().to_json())
        .with_message(SqsMessageBuilder::new("4").with_record(record()));
    assert_eq!(sequencers(sqs.to_json()), ["1E5", "1E6", "1E7", "1E8"]);
    assert_eq!(sqs.to_json(), sqs.to_json());

    let sns = SnsBatchBuilder::new()
        .with_record("1", record())
        .with_notification("2", two())
        .with_record("3", record());
    assert_eq!(sequencers(sns.to_json()), ["1E5", "1E6", "1E7", "1E8"]);
}

#[test]
fn a_sequencer_that_was_set_or_removed_stays() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", record())
        .with_record("2", record().with_sequencer("0055AED6DCD9028000"))
        .with_record("3", record().without_sequencer())
        .with_record("4", RecordBuilder::new("ObjectTagging:Put"))
        .with_record("5", record());
    assert_eq!(sequencers(batch.to_json()), ["1E5", "000", "", "", "1E9"]);
}
