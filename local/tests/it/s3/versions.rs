//! Versions and delete markers.

use super::setup::{BUCKET, Setup, event};

/// Puts an object, and returns the id of its version.
fn put(s3: &Setup, key: &str, body: &str) -> Option<String> {
    let answer = s3.ok_with(&format!("PUT /{BUCKET}/{key}"), body);
    answer.header("x-amz-version-id").map(str::to_owned)
}

/// The versions and delete markers of the bucket, each as `key id`.
fn listed(s3: &Setup, query: &str) -> (Vec<String>, Vec<String>) {
    let answer = s3.ok(&format!("GET /{BUCKET}?versions{query}"));
    let entries = |element| {
        let entries = answer.texts(element).into_iter();
        let entries = entries.map(|entry| {
            let text = |name: &str| {
                let (_, rest) = entry.split_once(&format!("<{name}>")).unwrap();
                rest.split('<').next().unwrap()
            };
            let latest = if text("IsLatest") == "true" {
                " latest"
            } else {
                ""
            };
            format!("{} {}{latest}", text("Key"), text("VersionId"))
        });
        entries.collect()
    };

    (entries("Version"), entries("DeleteMarker"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_put_into_a_versioned_bucket_adds_a_version() {
    let mut s3 = Setup::start().await;
    assert_eq!(put(&s3, "key", "before"), None);
    s3.set_versioning("Enabled");
    let status = s3.ok(&format!("GET /{BUCKET}?versioning"));
    assert_eq!(status.text("Status"), Some("Enabled"));

    let first = put(&s3, "key", "first").unwrap();
    let second = put(&s3, "key", "second").unwrap();
    assert_ne!(first, second);

    let current = s3.ok(&format!("GET /{BUCKET}/key"));
    assert_eq!(current.body, "second");
    assert_eq!(current.header("x-amz-version-id"), Some(&*second));
    let versions = [("null", "before"), (&*first, "first"), (&*second, "second")];
    for (id, body) in versions {
        assert_eq!(s3.get(&format!("/{BUCKET}/key?versionId={id}")), body);
        let head = s3.ok(&format!("HEAD /{BUCKET}/key?versionId={id}"));
        assert_eq!(head.header("x-amz-version-id"), Some(id));
    }

    let expected = [
        format!("key {second} latest"),
        format!("key {first}"),
        String::from("key null"),
    ];
    assert_eq!(listed(&s3, ""), (expected.to_vec(), vec![]));
    let put = "ObjectCreated:Put";
    assert_eq!(
        s3.events().await,
        [
            event(put, "key", None),
            event(put, "key", Some(&first)),
            event(put, "key", Some(&second))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_adds_a_delete_marker_that_can_be_removed() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let version = put(&s3, "key", "body").unwrap();
    s3.events().await;

    let deleted = s3.ok(&format!("DELETE /{BUCKET}/key"));
    let marker = deleted.header("x-amz-version-id").unwrap().to_owned();
    assert_eq!(deleted.header("x-amz-delete-marker"), Some("true"));

    let missing = s3.check_fails(&format!("GET /{BUCKET}/key"), "", 404, "NoSuchKey");
    assert_eq!(missing.header("x-amz-delete-marker"), Some("true"));
    assert_eq!(missing.header("x-amz-version-id"), Some(&*marker));
    let of_marker = format!("GET /{BUCKET}/key?versionId={marker}");
    let refused = s3.check_fails(&of_marker, "", 405, "MethodNotAllowed");
    assert_eq!(refused.header("allow"), Some("DELETE"));
    assert_eq!(
        s3.get(&format!("/{BUCKET}/key?versionId={version}")),
        "body"
    );
    assert_eq!(
        s3.ok(&format!("GET /{BUCKET}?list-type=2")).text("Key"),
        None
    );
    let expected = (
        vec![format!("key {version}")],
        vec![format!("key {marker} latest")],
    );
    assert_eq!(listed(&s3, ""), expected);

    let records = s3.records().await;
    let object = &records[0]["s3"]["object"];
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["eventName"], "ObjectRemoved:DeleteMarkerCreated");
    assert_eq!(object["versionId"], *marker);
    assert_eq!(object["eTag"], "d41d8cd98f00b204e9800998ecf8427e");
    assert!(object["sequencer"].is_string() && object.get("size").is_none());

    let removed = s3.ok(&format!("DELETE /{BUCKET}/key?versionId={marker}"));
    assert_eq!(removed.header("x-amz-delete-marker"), Some("true"));
    assert_eq!(s3.get(&format!("/{BUCKET}/key")), "body");
    let expected = event("ObjectRemoved:Delete", "key", Some(&marker));
    assert_eq!(s3.events().await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_version_uncovers_the_one_before_it() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let first = put(&s3, "key", "first").unwrap();
    let second = put(&s3, "key", "second").unwrap();
    s3.events().await;

    for _ in 0..2 {
        // The second time there is nothing to remove, which is no error and no event.
        let target = format!("DELETE /{BUCKET}/key?versionId={second}");
        let removed = s3.ok(&target);
        assert_eq!(removed.header("x-amz-version-id"), Some(&*second));
    }

    assert_eq!(s3.get(&format!("/{BUCKET}/key")), "first");
    s3.ok(&format!("DELETE /{BUCKET}/key?versionId={first}"));
    s3.check_fails(&format!("GET /{BUCKET}/key"), "", 404, "NoSuchKey");
    assert_eq!(listed(&s3, ""), (vec![], vec![]));
    let removed = "ObjectRemoved:Delete";
    assert_eq!(
        s3.events().await,
        [
            event(removed, "key", Some(&second)),
            event(removed, "key", Some(&first))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_bucket_has_one_version_without_an_id() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let kept = put(&s3, "key", "kept").unwrap();
    s3.set_versioning("Suspended");
    assert_eq!(put(&s3, "key", "one"), None);
    assert_eq!(put(&s3, "key", "two"), None);
    assert_eq!(s3.get(&format!("/{BUCKET}/key?versionId=null")), "two");
    assert_eq!(s3.get(&format!("/{BUCKET}/key?versionId={kept}")), "kept");
    let versions = vec![String::from("key null latest"), format!("key {kept}")];
    assert_eq!(listed(&s3, ""), (versions, vec![]));

    let deleted = s3.ok(&format!("DELETE /{BUCKET}/key"));
    assert_eq!(deleted.header("x-amz-version-id"), Some("null"));
    let expected = (
        vec![format!("key {kept}")],
        vec![String::from("key null latest")],
    );
    assert_eq!(listed(&s3, ""), expected);

    let put = "ObjectCreated:Put";
    assert_eq!(
        s3.events().await,
        [
            event(put, "key", Some(&kept)),
            event(put, "key", None),
            event(put, "key", None),
            event("ObjectRemoved:DeleteMarkerCreated", "key", None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_and_tags_can_name_a_version() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let old = put(&s3, "key", "old").unwrap();
    put(&s3, "key", "new");

    let source = format!("x-amz-copy-source: /{BUCKET}/key?versionId={old}");
    let copied = s3.send(&format!("PUT /{BUCKET}/copy"), &[&source], "");
    assert_eq!(copied.header("x-amz-copy-source-version-id"), Some(&*old));
    assert!(copied.header("x-amz-version-id").is_some());
    assert_eq!(s3.get(&format!("/{BUCKET}/copy")), "old");

    s3.events().await;
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let tagged = s3.ok_with(&format!("PUT /{BUCKET}/key?tagging&versionId={old}"), tags);
    assert_eq!(tagged.header("x-amz-version-id"), Some(&*old));
    let of_old = s3.ok(&format!("GET /{BUCKET}/key?tagging&versionId={old}"));
    assert_eq!(of_old.text("Value"), Some("b"));
    let of_new = s3.ok(&format!("GET /{BUCKET}/key?tagging"));
    assert_eq!(of_new.text("Value"), None);
    assert_eq!(s3.get(&format!("/{BUCKET}/key")), "new");
    let expected = event("ObjectTagging:Put", "key", Some(&old));
    assert_eq!(s3.events().await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_deletes_versions_and_adds_markers() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let version = put(&s3, "a", "body").unwrap();
    put(&s3, "b", "body");
    s3.events().await;

    let batch = format!(
        "<Delete><Object><Key>a</Key><VersionId>{version}</VersionId></Object>\
         <Object><Key>b</Key></Object>\
         <Object><Key>b</Key><VersionId>wrong</VersionId></Object></Delete>"
    );
    let answer = s3.ok_with(&format!("POST /{BUCKET}?delete"), &batch);
    let marker = answer.text("DeleteMarkerVersionId").unwrap().to_owned();
    assert_eq!(answer.texts("Deleted").len(), 2, "{answer:?}");
    assert_eq!(answer.texts("Code"), ["InvalidArgument"]);
    assert_eq!(
        s3.events().await,
        [
            event("ObjectRemoved:Delete", "a", Some(&version)),
            event("ObjectRemoved:DeleteMarkerCreated", "b", Some(&marker)),
        ]
    );

    let objects = "<Object><Key>a</Key></Object>".repeat(1001);
    let batch = format!("<Delete>{objects}</Delete>");
    s3.check_fails(
        &format!("POST /{BUCKET}?delete"),
        &batch,
        400,
        "MalformedXML",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_exist_is_not_found() {
    let s3 = Setup::start().await;
    put(&s3, "key", "body");
    let unknown = "0".repeat(32);
    for method in ["GET", "HEAD"] {
        let target = format!("{method} /{BUCKET}/key?versionId={unknown}");
        assert_eq!(s3.send(&target, &[], "").status, 404, "{method}");
    }

    let target = format!("/{BUCKET}/key?versionId=wrong");
    s3.check_fails(&format!("GET {target}"), "", 400, "InvalidArgument");
    s3.check_fails(&format!("DELETE {target}"), "", 400, "InvalidArgument");
    let of_marker = format!("GET /{BUCKET}?versions&version-id-marker={unknown}");
    s3.check_fails(&of_marker, "", 400, "InvalidArgument");
    let wrong = "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>";
    let code = "IllegalVersioningConfigurationException";
    s3.check_fails(&format!("PUT /{BUCKET}?versioning"), wrong, 400, code);
}

/// Pages of every size contain the same entries in the same order.
#[tokio::test(flavor = "multi_thread")]
async fn versions_are_listed_in_pages() {
    let s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    for key in ["a", "folder/1", "folder/2", "z"] {
        for body in ["1", "2"] {
            put(&s3, key, body);
        }
    }
    s3.ok(&format!("DELETE /{BUCKET}/a"));

    for (query, entries) in [("", 9), ("&prefix=folder/", 4), ("&delimiter=/", 6)] {
        let listed = |query: &str| {
            let answer = s3.ok(&format!("GET /{BUCKET}?versions{query}"));
            let mut ids: Vec<_> = answer
                .texts("VersionId")
                .iter()
                .map(|id| id.to_string())
                .collect();
            let prefixes = answer.texts("CommonPrefixes").into_iter();
            ids.extend(prefixes.map(|prefix| prefix.to_owned()));
            (ids, answer)
        };
        let (mut whole, _) = listed(query);
        whole.sort();
        assert_eq!(whole.len(), entries, "{query}");

        for size in 1..=entries {
            let (mut paged, mut marker) = (Vec::new(), String::new());
            loop {
                let (ids, answer) = listed(&format!("{query}&max-keys={size}{marker}"));
                assert!(ids.len() <= size);
                paged.extend(ids);
                let Some(key) = answer.text("NextKeyMarker") else {
                    break;
                };
                marker = format!("&key-marker={key}");
                if let Some(id) = answer.text("NextVersionIdMarker") {
                    marker += &format!("&version-id-marker={id}");
                }
            }

            paged.sort();
            assert_eq!(paged, whole, "{query} {size}");
        }
    }
}
