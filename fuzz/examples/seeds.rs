//! Writes the seed corpus: `cargo run --example seeds`.

use std::path::Path;
use std::{fs, io};

use s3_dispatch_core::EventName;
use s3_dispatch_testing::{
    BatchJobBuilder, NotificationBuilder, RecordBuilder, ReplicationData, SnsBatchBuilder,
    SnsMessageBuilder, SqsBatchBuilder, SqsMessageBuilder,
};

fn main() -> io::Result<()> {
    for (name, bytes) in payloads() {
        write("payload", &name, bytes.as_bytes())?;
    }

    // The bytes are only choices, so any will do if there are enough.
    for seed in 0..24u32 {
        let mut state = seed.wrapping_mul(2_654_435_769).wrapping_add(1);
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(600)
        .collect();

        write("payload_structured", &format!("noise-{seed:02}"), &bytes)?;
    }

    for (name, key) in KEYS {
        write("key", name, key.as_bytes())?;
    }

    for (name, texts) in SEQUENCERS {
        write("sequencer", name, texts.as_bytes())?;
    }

    for (name, texts) in PATTERNS {
        write("pattern", name, texts.as_bytes())?;
    }

    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder)?;

    fs::write(folder.join(name), bytes)
}

fn payloads() -> Vec<(String, String)> {
    let put =
        || RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key("holiday/my photo+1 é.jpg");
    let mut payloads = Vec::new();

    for name in EventName::KNOWN {
        let replication = ReplicationData::new("r", "arn:aws:s3:::c")
            .with_threshold(15)
            .with_replication_time(16);
        let mut record = RecordBuilder::new(name.clone())
            .with_key("k")
            .with_version_id("v")
            .with_tag("t", "v");

        if name.is_replication() {
            record = record.with_replication(replication.with_failure_reason("f"));
        }

        if name.is_object_retention() {
            record = record.with_event_hold(90);
        }

        if *name == EventName::OBJECT_CREATED_COPY {
            record = record.with_has_annotation(true);
        }

        let file = name.as_str().replace(':', "-");
        payloads.extend(
            record
                .to_eventbridge_json()
                .map(|event| (format!("eventbridge-{file}"), event)),
        );

        payloads.push((
            format!("s3-{file}"),
            NotificationBuilder::from(record).to_json(),
        ));
    }

    for sender in ["minio:s3", "rustfs:s3", "ceph:s3"] {
        let file = sender.replace(':', "-");
        let record = put().with_event_source(sender);
        payloads.push((
            format!("sender-{file}"),
            NotificationBuilder::from(record).to_json(),
        ));
    }

    let notification = NotificationBuilder::new()
        .with_record(put())
        .with_record(put().without_size());
    let mut in_sns = notification.to_json();

    for depth in 1..=5 {
        in_sns = SnsMessageBuilder::new(in_sns).to_json();
        payloads.push((format!("sns-{depth}"), in_sns.clone()));
    }

    let message = |id: &str| SqsMessageBuilder::new(id).with_record(put());
    let sqs = SqsBatchBuilder::new()
        .with_message(
            message("1")
                .with_receive_count(3)
                .with_group_id("g")
                .with_trace_header("Root=1"),
        )
        .with_body("2", notification.to_sns_json())
        .with_body("3", "no JSON")
        .with_notification("4", NotificationBuilder::test_event("b"))
        .with_body("5", put().to_eventbridge_json().unwrap_or_default());

    payloads.push((String::from("sqs"), sqs.to_json()));

    payloads.push((
        String::from("sqs-fifo"),
        SqsBatchBuilder::new()
            .on_fifo_queue()
            .with_message(message("1"))
            .to_json(),
    ));

    let no_id = SqsBatchBuilder::new()
        .with_message(message("1"))
        .with_message(SqsMessageBuilder::without_id());
    payloads.push((String::from("sqs-without-id"), no_id.to_json()));
    let sns = SnsBatchBuilder::new()
        .with_record("1", put())
        .with_body("2", "no JSON");
    payloads.push((String::from("sns-batch"), sns.to_json()));
    payloads.push((
        String::from("test-event"),
        NotificationBuilder::test_event("b").to_json(),
    ));

    let job = BatchJobBuilder::new()
        .with_user_argument("eventName", "s3:ObjectCreated:Copy")
        .with_task("1", "b", "holiday/my photo+1 é.jpg")
        .with_version_task("2", "b", "k", "v");
    payloads.push((String::from("batch-job"), job.to_json()));
    payloads.push((
        String::from("batch-job-schema-1"),
        job.with_schema_1().to_json(),
    ));

    for depth in [128, 129] {
        let nested = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        payloads.push((
            format!("nesting-{depth}"),
            format!(r#"{{"x":{nested},"Records":[]}}"#),
        ));
    }

    payloads.extend(
        BY_HAND
            .iter()
            .map(|(name, json)| (String::from(*name), String::from(*json))),
    );

    payloads
}

const BY_HAND: &[(&str, &str)] = &[
    (
        "empty-texts",
        concat!(
            r#"{"Records":[{"eventName":"X","awsRegion":"","requestParameters":{"#,
            r#""sourceIPAddress":""},"s3":{"bucket":{"name":"b","arn":""},"object":{"key":"k","#,
            r#""size":"","versionId":"","hasObjectAnnotation":""}}}]}"#,
        ),
    ),
    ("empty", ""),
    ("empty-object", "{}"),
    ("empty-records", r#"{"Records":[]}"#),
    ("null-records", r#"{"Records":null}"#),
    (
        "numbers-in-an-unread-field",
        concat!(
            r#"{"x":[1e999,-0,1E-9],"Records":[{"eventName":"X","s3":{"bucket":{"name":"b"},"#,
            r#""object":{"key":"k","size":"0"}}}]}"#,
        ),
    ),
    (
        "lone-surrogate-in-an-unread-field",
        concat!(
            r#"{"\ud800":"\udc00","Records":[{"eventName":"X","s3":{"bucket":{"name":"b"},"#,
            r#""object":{"key":"k"}}}]}"#,
        ),
    ),
    (
        "lone-surrogate-in-a-key",
        concat!(
            r#"{"Records":[{"messageId":"1","body":"{\"Records\":[{\"eventName\":\"X\",\"s3\":{"#,
            r#"\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"\\ud83d\\ude00\\ud83d\"}}}]}"}]}"#,
        ),
    ),
    (
        "duplicates",
        concat!(
            r#"{"Records":7,"Rec\u006frds":[{"eventName":1,"eventName":"X","s3":{"bucket":{"#,
            r#""name":"a","name":"b"},"object":{"key":"k","size":"many","size":null}}}]}"#,
        ),
    ),
    (
        "bodies-that-are-json",
        concat!(
            r#"{"Records":[{"messageId":"1","body":{"Type":"Notification","Message":{"#,
            r#""Records":[]}}}]}"#,
        ),
    ),
    (
        "annotations-in-s3",
        concat!(
            r#"{"Records":[{"eventName":"X","objectAnnotation":null,"s3":{"bucket":{"#,
            r#""name":"b"},"object":{"key":"k"},"objectAnnotation":[{"name":"one","size":24,"#,
            r#""eTag":"e"},{"name":"two","etag":"f"}]}}]}"#,
        ),
    ),
    (
        "test-event-in-records",
        r#"{"Records":[{"Service":"NooBaa","Event":"s3:TestEvent","Bucket":"b"}]}"#,
    ),
    ("white-space", " \t\r\n{ \"Records\" :\n[ ] } \n"),
    ("byte-order-mark", "\u{feff}{}"),
];

const KEYS: &[(&str, &str)] = &[
    ("plain", "holiday/2026/photo.jpg"),
    ("encoded", "holiday/my+photo%2B1%20%C3%A9%f0%9f%98%80.jpg"),
    ("stray", "100%+%zz%4%%41%"),
    ("not-utf8", "a+b%FF%C3"),
    ("surrogate", "%ED%A0%80"),
    ("control", "a%0A2026%1B%5B2J%00\u{202e}\u{85}"),
];

const SEQUENCERS: &[(&str, &str)] = &[
    ("shorter", "9\n10\nA"),
    (
        "padded",
        "0055AED6DCD90281E5\n55aed6dcd90281e6\n0055AED6DCD90281E7",
    ),
    ("zeros", "0\n000\n1"),
    ("not-hexadecimal", "EXAMPLE\n0x12\n"),
    (
        "longer-than-a-number",
        concat!(
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n1\n",
            "0000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        ),
    ),
];

const PATTERNS: &[(&str, &str)] = &[
    ("name-category-all", "ObjectCreated:Put\nObjectCreated:*\n*"),
    ("prefixed", "s3:ObjectCreated:*\ns3:s3:*\ns3:"),
    (
        "without-an-action",
        "IntelligentTiering:*\nIntelligentTiering\nLifecycleTransition",
    ),
    (
        "unknown",
        "ObjectFrozen:*\nObjectSynced:Create:Remote\nObjectFrozen:Deep",
    ),
    ("malformed", "::\nObject*\nObject Created"),
];
