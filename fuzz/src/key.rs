use s3_dispatch_core::ObjectKey;
use s3_dispatch_testing::RecordBuilder;

use crate::oracle::form_decode;

/// Checks that a key is decoded as a simple decoder decodes it, and that an encoded key is decoded
/// to the original.
pub fn key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let decoded = ObjectKey::decode(&text);
    assert_eq!(decoded.as_sent(), text);
    assert_eq!(decoded.as_str(), form_decode(&text));
    assert_eq!(decoded, ObjectKey::verbatim(decoded.as_str()));

    let verbatim = ObjectKey::verbatim(&text);
    assert_eq!((verbatim.as_str(), verbatim.as_sent()), (&*text, &*text));

    for key in [&decoded, &verbatim] {
        let shown = format!("{key:?}");
        assert!(!shown.contains(char::is_control), "{shown}");
        assert_eq!(key.to_string(), key.as_str());
    }

    if text.is_empty() {
        return;
    }

    for sender in ["aws:s3", "minio:s3", "ceph:s3"] {
        let record = RecordBuilder::new("ObjectCreated:Put")
            .with_event_source(sender)
            .with_key(&*text)
            .build();
        assert_eq!(record.object.key.as_str(), text, "from {sender}");

        if sender != "ceph:s3" {
            let sent = record.object.key.as_sent();
            assert!(sent.bytes().all(|byte| byte.is_ascii_graphic()), "{sent}");
            assert_eq!(ObjectKey::decode(sent).as_str(), text);
        }
    }
}
