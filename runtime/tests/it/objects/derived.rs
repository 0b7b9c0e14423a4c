use std::collections::HashMap;

use proptest::prelude::*;
use s3_dispatch::ObjectKey;
use s3_dispatch::objects::derived_key;
use s3_dispatch_testing::{MemoryObjects, RecordBuilder};

use super::{BUCKET, object};

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(
        derived_key("thumbnails/", &ObjectKey::verbatim(source)),
        expected
    );
}

#[test]
fn a_result_has_the_decoded_key_of_its_source() {
    check("a/b.jpg", "thumbnails/a/b.jpg");
    check("a+b.jpg", "thumbnails/a+b.jpg");
    let sent = ObjectKey::decode("my+photo%2B1.jpg");
    assert_eq!(derived_key("t/", &sent), "t/my photo+1.jpg");
}

#[test]
fn a_result_that_would_be_too_long_ends_in_the_hash_of_the_whole_key() {
    let longest = "x".repeat(1024 - 1 - "thumbnails/".len());
    check(&longest, &format!("thumbnails/{longest}"));

    let source = format!("{longest}x");
    let result = derived_key("thumbnails/", &ObjectKey::verbatim(&source));
    assert_eq!(result.len(), 1024);
    assert!(result.starts_with("thumbnails/xxx"));
    let hash = result.rsplit('~').next().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn each_content_of_a_key_has_its_own_result() {
    for memory in [
        MemoryObjects::new(),
        MemoryObjects::new().with_versioned_bucket(BUCKET),
    ] {
        let first = object(&memory, &memory.put(BUCKET, "a", "first"));
        let second = object(&memory, &memory.put(BUCKET, "a", "second"));
        let (first, second) = (
            first.derived_from_content("t/").unwrap(),
            second.derived_from_content("t/").unwrap(),
        );
        assert!(first.starts_with("t/a/") && second.starts_with("t/a/"));
        assert_ne!(first, second);
    }

    let unknown = MemoryObjects::new().put(BUCKET, "a", "").without_e_tag();
    let unknown = object(&MemoryObjects::new(), &unknown);
    assert_eq!(unknown.derived_from_content("t/"), None);
}

#[test]
fn a_version_cannot_be_taken_for_a_part_of_the_key() {
    let result = |key: &str, version: &str| {
        let event = RecordBuilder::new("ObjectCreated:Put")
            .with_key(key)
            .with_version_id(version);
        object(&MemoryObjects::new(), &event).derived_from_content("t/")
    };
    assert_ne!(result("a", "b/c"), result("a/b", "c"));
    assert_ne!(result("a", "b%2Fc"), result("a", "b/c"));
}

/// Keys that are alike and around the limit.
fn any_key() -> impl Strategy<Value = String> {
    let long = (900..1024_usize, "[ax~\u{e9}\u{1f600}]{0,4}").prop_map(|(len, end)| {
        let mut key = "x".repeat(len);
        key.push_str(&end);
        while key.len() > 1024 {
            key.pop();
        }
        key
    });
    prop_oneof!["[a-b/~]{0,4}", long]
}

proptest! {
    #[test]
    fn two_sources_never_share_a_result(
        keys in prop::collection::hash_set(any_key(), 2..20),
        prefix in "[a-z/]{0,200}",
    ) {
        let mut results = HashMap::new();
        for key in keys {
            let source = ObjectKey::verbatim(&key);
            let result = derived_key(&prefix, &source);
            prop_assert!(result.len() <= 1024 && result.starts_with(&prefix));

            // A result of the cut form is no result of any other source, itself included.
            let again = ObjectKey::verbatim(&result[prefix.len()..]);
            if result.len() == 1024 {
                prop_assert_ne!(derived_key(&prefix, &again), result.clone());
            }
            prop_assert_eq!(results.insert(result, key), None);
        }
    }
}
