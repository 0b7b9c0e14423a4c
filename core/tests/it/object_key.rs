use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use s3_dispatch_core::{Notification, ObjectKey, S3EventRecord};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};

#[track_caller]
fn check(sent: &str, decoded: &str) {
    let key = ObjectKey::decode(sent);
    assert_eq!(key.as_str(), decoded);
    assert_eq!(key.as_sent(), sent);
}

#[test]
fn keys_are_form_decoded_once() {
    check("HappyFace.jpg", "HappyFace.jpg");
    check("my+photo.jpg", "my photo.jpg");
    check("a%2Bb", "a+b");
    check("a%2bb", "a+b");
    check("a%252Bb", "a%2Bb");
    check("holiday/2026/a+b", "holiday/2026/a b");
    check("holiday%2Fa", "holiday/a");
    check("%F0%9F%98%80", "😀");
    check("%f0%9f%98%80", "😀");
    check("caf%C3%A9", "café");
    check("line%0Abreak%00", "line\nbreak\0");
    check("😀+é", "😀 é");
    check("", "");
}

#[test]
fn a_stray_percent_sign_stays() {
    check("100%", "100%");
    check("100%+sure", "100% sure");
    check("%2", "%2");
    check("%zz%41", "%zzA");
    check("%%41", "%A");
}

#[test]
fn a_key_that_does_not_decode_to_utf8_stays_as_sent() {
    check("%FF", "%FF");
    check("a+b%C3", "a+b%C3");
    check("%ED%A0%80+", "%ED%A0%80+");
}

#[test]
fn a_verbatim_key_is_not_decoded() {
    let key = ObjectKey::verbatim("a+b%20c");
    assert_eq!((key.as_str(), key.as_sent()), ("a+b%20c", "a+b%20c"));
    assert_eq!(key, ObjectKey::decode("a%2Bb%2520c"));
}

#[test]
fn debug_escapes_control_characters() {
    let key = ObjectKey::decode("a%0A2026+ERROR%1B%5B2J%22");
    assert_eq!(format!("{key:?}"), r#""a\n2026 ERROR\u{1b}[2J\"""#);
    assert_eq!(key.to_string(), "a\n2026 ERROR\u{1b}[2J\"");
}

#[test]
fn the_sender_decides_whether_a_key_is_encoded() {
    let check = |json: &str, decoded: &str| {
        assert_eq!(crate::only_record(json).object.key, decoded, "{json}")
    };
    for source in ["aws:s3", "minio:s3", "rustfs:s3", "storj:s3"] {
        check(&body(&format!(r#""eventSource":"{source}","#)), "a b/c");
    }

    for source in [
        "ceph:s3",
        "hostname1:s3",
        "scality:s3",
        "aws:s3x",
        "unheard-of",
        "",
    ] {
        check(&body(&format!(r#""eventSource":"{source}","#)), "a+b%2Fc");
    }

    check(&body(""), "a+b%2Fc");
    check(&body(r#""eventSource":null,"#), "a+b%2Fc");
}

fn body(source: &str) -> String {
    format!(
        r#"{{"Records":[{{{source}"eventName":"ObjectCreated:Put",
            "s3":{{"bucket":{{"name":"b"}},"object":{{"key":"a+b%2Fc"}}}}}}]}}"#
    )
}

/// S3's rule, written a second time in the simplest way.
pub(crate) fn encode(key: &str) -> String {
    key.bytes()
        .map(|byte| match byte {
            b' ' => String::from("+"),
            b'/' | b'-' | b'_' | b'.' | b'*' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

proptest! {
    #[test]
    fn encoding_then_decoding_a_key_changes_nothing(key: String) {
        let read = ObjectKey::decode(&encode(&key));
        prop_assert_eq!(read.as_str(), &key);
        prop_assert_eq!(read.as_sent(), encode(&key));
    }

    #[test]
    fn any_text_can_be_a_key(sent in any::<Vec<char>>()) {
        let sent: String = sent.into_iter().collect();
        let key = ObjectKey::decode(&sent);
        prop_assert_eq!(key.as_sent(), &sent);
        let shown = format!("{key:?}");
        prop_assert!(!shown.contains(char::is_control));
    }

    #[test]
    fn the_builder_encodes_as_s3_does(key in "[^\u{0}]{1,30}") {
        let record = RecordBuilder::new("ObjectCreated:Put").with_key(&*key).build();
        prop_assert_eq!(record.object.key.as_sent(), encode(&key));
    }
}

/// A payload that tells when its memory is freed.
struct Payload {
    json: String,
    _alive: Arc<()>,
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.json.as_bytes()
    }
}

/// Returns whether the payload is still in memory when only `keep` of its record is.
fn holds_payload<T>(key: &str, keep: impl FnOnce(&S3EventRecord) -> T) -> bool {
    let alive = Arc::new(());
    let record = RecordBuilder::new("ObjectFrozen:Put").with_key(key);
    let payload = Payload {
        json: NotificationBuilder::from(record).to_json(),
        _alive: Arc::clone(&alive),
    };

    let notification = Notification::parse(Bytes::from_owner(payload)).unwrap();
    let Notification::Records(records) = notification else {
        panic!("no records")
    };
    let kept = keep(&records[0]);
    drop(records);

    let holds = Arc::strong_count(&alive) > 1;
    drop(kept);
    assert_eq!(Arc::strong_count(&alive), 1, "nothing is kept");

    holds
}

#[test]
fn a_clone_holds_the_payload_and_a_detached_text_does_not() {
    for key in ["a.jpg", "a b.jpg"] {
        assert!(holds_payload(key, |record| record.object.key.clone()));
        assert!(!holds_payload(key, |record| record
            .object
            .key
            .to_detached()));
    }

    assert!(holds_payload("a", |record| record.event_name.clone()));
    assert!(!holds_payload("a", |record| record
        .event_name
        .to_detached()));
    assert!(holds_payload("a", |record| record.bucket.name.clone()));
    assert!(!holds_payload("a", |record| record
        .bucket
        .name
        .to_detached()));
    assert!(!holds_payload("a", |record| {
        let detached = record.object.sequencer.as_ref().unwrap().to_detached();
        assert_eq!(Some(&detached), record.object.sequencer.as_ref());
        detached
    }));
}

#[test]
fn a_detached_key_is_the_same_key() {
    let key = ObjectKey::decode("a+b%2F");
    let detached = key.to_detached();
    assert_eq!(detached, key);
    assert_eq!((detached.as_str(), detached.as_sent()), ("a b/", "a+b%2F"));
}

/// The decoded keys of a payload share pieces of memory, which grow.
#[test]
fn each_key_of_a_payload_is_decoded_like_a_single_one() {
    let encoded = [
        "a+b",
        "%C3%BC",
        "100%25",
        "plain",
        "50%",
        "%FF",
        "x%2Fy+z%3D",
        "%",
        "+",
        "%25",
    ];
    let sent: Vec<String> = (0..400)
        .map(|number: usize| {
            let part = encoded[number % encoded.len()];
            format!(
                "{}{number}{part}{}",
                part.repeat(number / 4),
                "~".repeat(number % 23)
            )
        })
        .collect();

    let records: Vec<_> = sent
        .iter()
        .map(|key| {
            format!(
                r#"{{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
            "s3": {{"bucket": {{"name": "b"}}, "object": {{"key": "{key}"}}}}}}"#
            )
        })
        .collect();
    let json = format!(r#"{{"Records": [{}]}}"#, records.join(","));
    let Notification::Records(records) = Notification::parse(json).unwrap() else {
        panic!("a test notification");
    };

    assert_eq!(records.len(), sent.len());
    let keys: Vec<ObjectKey> = records
        .iter()
        .map(|record| record.object.key.clone())
        .collect();
    drop(records);

    for (key, sent) in keys.iter().zip(&sent) {
        assert_eq!(key.as_sent(), sent);
        assert_eq!(key.as_str(), ObjectKey::decode(sent).as_str());
        assert_eq!(key.to_detached(), *key);
    }
}
