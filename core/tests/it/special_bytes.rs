//! The end of a text is found wherever it is: the search looks at many bytes at once, and at the
//! last ones of a document in another way.

use proptest::prelude::*;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Error, Notification, ObjectKey};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder};

/// Longer than two of the longest pieces that are looked at at once.
const LONG: usize = 150;

/// The request id of a notification in which it is written like this, with spaces behind it.
fn request_id(written: &[u8], spaces: usize) -> Result<String, Error> {
    let json = [
        br#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"#,
        br#""object":{"key":"k"}},"responseElements":{"x-amz-request-id":""#.as_slice(),
        written,
        br#""}}]}"#,
        &vec![b' '; spaces],
    ]
    .concat();

    let Notification::Records(records) = Notification::parse(json)? else {
        panic!("a notification has records");
    };
    let id = records[0].request_id.as_ref();

    Ok(id.map_or(String::new(), |id| id.as_str().to_owned()))
}

#[test]
fn every_ascii_byte_is_plain_or_special_at_every_place() {
    for place in (0..LONG).filter(|place| place % 16 < 2 || place % 16 == 15) {
        for byte in 0..0x80_u8 {
            let mut written = vec![b'x'; LONG];
            written[place] = byte;

            // Far from the end of the document, and near to it.
            for spaces in [0, LONG] {
                let read = request_id(&written, spaces);

                if byte < 0x20 || byte == b'"' || byte == b'\\' {
                    assert!(read.is_err(), "{byte:#x} at {place}: {read:?}");
                } else {
                    let text = String::from_utf8(written.clone()).unwrap();
                    assert_eq!(read.unwrap(), text, "{byte:#x} at {place}");
                }
            }
        }
    }
}

/// Parts of keys as they are sent, the last one malformed.
const ENCODED: &[&str] = &["+", "%20", "%C3%BC", "%2"];

proptest! {
    #[test]
    fn a_text_of_any_length_ends_at_its_quote(len in 0..400_usize, spaces in 0..100_usize) {
        let text = "x".repeat(len);
        prop_assert_eq!(request_id(text.as_bytes(), spaces).unwrap(), text);
    }

    #[test]
    fn the_first_of_several_special_bytes_counts(
        plain in 0..LONG,
        between in 0..LONG,
        special in prop::sample::select(b"\"\\/bfnrt".to_vec()),
    ) {
        let (start, end) = ("x".repeat(plain), " !".repeat(between));
        let written = format!("{start}\\{}{end}\\n", char::from(special));
        let unescaped: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();

        prop_assert_eq!(request_id(written.as_bytes(), LONG).unwrap(), unescaped);
    }

    #[test]
    fn a_key_is_decoded_wherever_it_is_encoded(
        plain in "[a-z/]{0,40}",
        encoded in prop::collection::vec(prop::sample::select(ENCODED), 0..4),
        // No triplet is made of the parts.
        end in "(/[a-z/]{0,40})?",
    ) {
        let sent = format!("{plain}{}{end}", encoded.concat());
        let decoded = sent.replace("%20", " ").replace("%C3%BC", "ü").replace('+', " ");

        let key = ObjectKey::decode(&sent);
        prop_assert_eq!(key.as_str(), decoded);
    }
}

#[test]
fn a_message_is_read_whose_sources_are_unusual() {
    let record = RecordBuilder::new("ObjectCreated:Put").with_key("a+b");
    let body = NotificationBuilder::new().with_record(record).to_json();
    let read = |body: String| {
        let batch = SqsBatchBuilder::new().with_body("1", body).to_json();
        let batch = batch.replace("\"aws:sqs\"", "\"aws:sqs2\"");
        Delivery::parse(batch).unwrap().records()[0].clone()
    };

    for source in ["aws:s3", "aws:s3x", "aws:s", "minio:s3", "ceph:s3"] {
        let written = body.replace("\"aws:s3\"", &format!("{source:?}"));
        assert_eq!(read(written).event_source.unwrap(), source);
    }

    let written = body.replace("\"s3SchemaVersion\":\"1.0\"", "\"s3SchemaVersion\":\"2\"");
    assert_eq!(read(written).bucket.name, read(body).bucket.name);
}
