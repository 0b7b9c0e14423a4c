//! What is stored with an object: its headers and its tags.

use super::setup::{BUCKET, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn aws_chunked_is_no_content_encoding() {
    let s3 = Setup::start().await;
    for (sent, stored) in [
        ("gzip", Some("gzip")),
        ("deflate, gzip", Some("deflate, gzip")),
        ("gzip, aws-chunked", Some("gzip")),
        ("aws-chunked,gzip", Some("gzip")),
        ("aws-chunked", None),
        ("AWS-Chunked, aws-chunked", None),
    ] {
        let header = format!("Content-Encoding: {sent}");
        let put = s3.send(&format!("PUT /{BUCKET}/key"), &[&header], "body");
        assert!(put.is_success(), "{put:?}");
        let head = s3.ok(&format!("HEAD /{BUCKET}/key"));
        assert_eq!(head.header("content-encoding"), stored, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_kept_by_puts_uploads_and_copies() {
    let s3 = Setup::start().await;
    let headers = [
        "Expires: Thu, 01 Dec 2050 16:00:00 GMT",
        "x-amz-storage-class: STANDARD_IA",
        "x-amz-website-redirect-location: /other",
        "Cache-Control: no-store",
    ];
    let source = format!("x-amz-copy-source: {BUCKET}/put");
    s3.send(&format!("PUT /{BUCKET}/put"), &headers, "body");
    let copied = [
        &[source.as_str(), "x-amz-metadata-directive: REPLACE"],
        &headers[..],
    ]
    .concat();
    s3.send(&format!("PUT /{BUCKET}/copy"), &copied, "");

    for key in ["put", "copy"] {
        for method in ["GET", "HEAD"] {
            let answer = s3.ok(&format!("{method} /{BUCKET}/{key}"));
            for header in headers {
                let (name, value) = header.split_once(": ").unwrap();
                assert_eq!(answer.header(name), Some(value), "{method} {key}");
            }
        }
    }

    // A copy keeps the headers, but not the storage class.
    s3.send(&format!("PUT /{BUCKET}/other"), &[&source], "");
    let other = s3.ok(&format!("HEAD /{BUCKET}/other"));
    assert_eq!(other.header("cache-control"), Some("no-store"));
    assert_eq!(other.header("x-amz-storage-class"), None);
    assert_eq!(other.header("x-amz-website-redirect-location"), None);

    for query in ["?list-type=2", "?versions", ""] {
        let listed = s3.ok(&format!("GET /{BUCKET}{query}"));
        let classes = listed.texts("StorageClass");
        assert_eq!(
            classes,
            ["STANDARD_IA", "STANDARD", "STANDARD_IA"],
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_class_that_cannot_be_had_is_refused() {
    let mut s3 = Setup::start().await;
    for (class, status, code) in [
        ("COLD", 400, "InvalidStorageClass"),
        ("GLACIER", 501, "NotImplemented"),
        ("DEEP_ARCHIVE", 501, "NotImplemented"),
    ] {
        let header = format!("x-amz-storage-class: {class}");
        for request in ["PUT /{}/key", "POST /{}/key?uploads"] {
            let answer = s3.send(&request.replace("{}", BUCKET), &[&header], "");
            assert_eq!(
                (answer.status, answer.text("Code")),
                (status, Some(code)),
                "{class}"
            );
        }
    }
    assert_eq!(s3.events().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_an_object_onto_itself_must_change_something() {
    let mut s3 = Setup::start().await;
    let put = format!("PUT /{BUCKET}/key");
    s3.ok_with(&put, "body");
    s3.events().await;
    let source = format!("x-amz-copy-source: {BUCKET}/key");

    for unchanged in [&[source.as_str()][..], &[&source, "x-amz-tagging: a=b"]] {
        let answer = s3.send(&put, unchanged, "");
        assert_eq!(
            (answer.status, answer.text("Code")),
            (400, Some("InvalidRequest"))
        );
    }
    assert_eq!(s3.events().await, []);

    for change in [
        "x-amz-metadata-directive: REPLACE",
        "x-amz-storage-class: STANDARD_IA",
        "x-amz-website-redirect-location: /other",
    ] {
        let answer = s3.send(&put, &[&source, change], "");
        assert!(answer.is_success(), "{change}: {answer:?}");
        assert_eq!(s3.get(&format!("/{BUCKET}/key")), "body");
    }
    assert_eq!(s3.events().await.len(), 3);

    s3.set_versioning("Enabled");
    let source = format!("x-amz-copy-source: {BUCKET}/key?versionId=null");
    let restored = s3.send(&put, &[&source], "");
    assert!(restored.is_success(), "{restored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_has_at_most_ten_tags_with_different_keys() {
    let mut s3 = Setup::start().await;
    let tags = |count: usize| -> Vec<_> {
        (0..count)
            .map(|n| (n.to_string(), "value".to_owned()))
            .collect()
    };
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let twice = [pair("a", "1"), pair("a", "2")].concat();

    for (tags, code) in [
        (tags(10), None),
        (tags(11), Some("BadRequest")),
        (pair(&"k".repeat(128), &"v".repeat(256)), None),
        (pair(&"k".repeat(129), ""), Some("InvalidTag")),
        (pair("k", &"v".repeat(257)), Some("InvalidTag")),
        (pair("", "v"), Some("InvalidTag")),
        (twice, Some("InvalidTag")),
    ] {
        let header: Vec<_> = tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let header = format!("x-amz-tagging: {}", header.join("&"));
        let tags = tags
            .iter()
            .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
        let body = format!(
            "<Tagging><TagSet>{}</TagSet></Tagging>",
            tags.collect::<String>()
        );

        s3.ok(&format!("PUT /{BUCKET}/key"));
        let put = s3.send(&format!("PUT /{BUCKET}/put"), &[&header], "");
        let tagged = s3.send(&format!("PUT /{BUCKET}/key?tagging"), &[], &body);
        for answer in [put, tagged] {
            assert_eq!(answer.text("Code"), code, "{header}: {answer:?}");
            assert_eq!(answer.status, if code.is_some() { 400 } else { 200 });
        }
        let events = s3.events().await.len();
        assert_eq!(events, if code.is_some() { 1 } else { 3 }, "{header}");
    }

    s3.send(&format!("PUT /{BUCKET}/key"), &["x-amz-tagging: b=2&a"], "");
    for method in ["GET", "HEAD"] {
        let answer = s3.ok(&format!("{method} /{BUCKET}/key"));
        assert_eq!(answer.header("x-amz-tagging-count"), Some("2"));
    }
    assert_eq!(
        s3.ok(&format!("GET /{BUCKET}/key?tagging")).texts("Key"),
        ["a", "b"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_is_none_is_not_called_a_wrong_one() {
    let s3 = Setup::start().await;
    for (digest, code) in [
        ("YWJyYWNhZGFicmE=", "InvalidDigest"),
        ("no digest", "InvalidDigest"),
        ("", "InvalidDigest"),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"),
    ] {
        let header = format!("Content-MD5: {digest}");
        let answer = s3.send(&format!("PUT /{BUCKET}/key"), &[&header], "body");
        assert_eq!(
            (answer.status, answer.text("Code")),
            (400, Some(code)),
            "{digest}"
        );
    }
}
