//! What of an object a client reads, and under which conditions.

use super::setup::{BUCKET, Setup};

const PAST: &str = "Thu, 01 Jan 2015 00:00:00 GMT";
const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_dates_and_entity_tags_are_checked_together() {
    let s3 = Setup::start().await;
    let put = s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");
    let e_tag = put.header("etag").unwrap().to_owned();
    let date = s3.ok(&format!("HEAD /{BUCKET}/key"));
    let date = date.header("last-modified").unwrap().to_owned();

    let cases: &[(&[String], u16)] = &[
        (&[format!("If-Modified-Since: {PAST}")], 200),
        (&[format!("If-Modified-Since: {date}")], 304),
        (&[format!("If-Modified-Since: {FUTURE}")], 200),
        (&[format!("If-Unmodified-Since: {PAST}")], 412),
        (&[format!("If-Unmodified-Since: {date}")], 200),
        (&[format!("If-Unmodified-Since: {FUTURE}")], 200),
        (&["If-Match: \"other\"".into()], 412),
        (&[format!("If-None-Match: {e_tag}")], 304),
        // An entity tag overrules a date.
        (
            &[
                format!("If-Match: {e_tag}"),
                format!("If-Unmodified-Since: {PAST}"),
            ],
            200,
        ),
        (
            &[
                "If-None-Match: \"other\"".into(),
                format!("If-Modified-Since: {date}"),
            ],
            200,
        ),
    ];

    for (headers, status) in cases {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        for method in ["GET", "HEAD"] {
            let answer = s3.send(&format!("{method} /{BUCKET}/key"), &headers, "");
            assert_eq!(answer.status, *status, "{method} {headers:?}");
            if *status == 304 {
                assert_eq!(
                    answer.header("etag"),
                    Some(e_tag.as_str()),
                    "{method} {headers:?}"
                );
                assert_eq!(answer.header("last-modified"), Some(date.as_str()));
            }
        }

        let source = format!("x-amz-copy-source: /{BUCKET}/key");
        let copied: Vec<_> = headers
            .iter()
            .map(|header| format!("x-amz-copy-source-{header}"))
            .chain([source])
            .collect();
        let copied: Vec<_> = copied.iter().map(String::as_str).collect();
        let answer = s3.send(&format!("PUT /{BUCKET}/copy"), &copied, "");
        let expected = if *status == 304 { 412 } else { *status };
        assert_eq!(answer.status, expected, "{copied:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_answered_to_get_and_to_head() {
    let s3 = Setup::start().await;
    s3.ok_with(&format!("PUT /{BUCKET}/key"), "0123456789");

    for (range, body, content_range) in [
        ("0-0", "0", "bytes 0-0/10"),
        ("7-", "789", "bytes 7-9/10"),
        ("-2", "89", "bytes 8-9/10"),
        ("8-99", "89", "bytes 8-9/10"),
    ] {
        let header = format!("Range: bytes={range}");
        let got = s3.send(&format!("GET /{BUCKET}/key"), &[&header], "");
        assert_eq!((got.status, got.body.as_str()), (206, body), "{range}");
        let head = s3.send(&format!("HEAD /{BUCKET}/key"), &[&header], "");
        assert_eq!(head.status, 206, "{range}");

        for answer in [got, head] {
            assert_eq!(answer.header("content-range"), Some(content_range));
            let length = answer.header("content-length").unwrap();
            assert_eq!(length, body.len().to_string(), "{range}");
        }
    }

    for method in ["GET", "HEAD"] {
        let answer = s3.send(
            &format!("{method} /{BUCKET}/key"),
            &["Range: bytes=10-"],
            "",
        );
        assert_eq!(answer.status, 416);
    }
}

/// Completes an upload of these parts.
fn upload(s3: &Setup, key: &str, parts: &[(i32, &str)]) {
    let started = s3.ok(&format!("POST /{BUCKET}/{key}?uploads"));
    let id = started.text("UploadId").unwrap();
    let mut body = String::from("<CompleteMultipartUpload>");
    for (number, part) in parts {
        let put = format!("PUT /{BUCKET}/{key}?partNumber={number}&uploadId={id}");
        let e_tag = s3.ok_with(&put, part);
        let e_tag = e_tag.header("etag").unwrap();
        body += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{e_tag}</ETag></Part>");
    }

    body += "</CompleteMultipartUpload>";
    s3.ok_with(&format!("POST /{BUCKET}/{key}?uploadId={id}"), &body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_read_by_its_number() {
    let s3 = Setup::start().await;
    let first = "a".repeat(5 * 1024 * 1024);
    upload(&s3, "parts", &[(1, &first), (2, "the end")]);
    s3.ok_with(&format!("PUT /{BUCKET}/whole"), "body");

    let second = s3.ok(&format!("GET /{BUCKET}/parts?partNumber=2"));
    assert_eq!((second.status, second.body.as_str()), (206, "the end"));
    assert_eq!(
        second.header("content-range"),
        Some("bytes 5242880-5242886/5242887")
    );
    let head = s3.ok(&format!("HEAD /{BUCKET}/parts?partNumber=1"));
    assert_eq!(head.status, 206);
    assert_eq!(head.header("content-length"), Some("5242880"));
    for answer in [second, head] {
        assert_eq!(answer.header("x-amz-mp-parts-count"), Some("2"));
    }

    let whole = s3.ok(&format!("GET /{BUCKET}/whole?partNumber=1"));
    assert_eq!(whole.body, "body");
    assert_eq!(whole.header("x-amz-mp-parts-count"), None);

    for (target, status, code) in [
        ("parts?partNumber=3", 416, "InvalidPartNumber"),
        ("whole?partNumber=2", 416, "InvalidPartNumber"),
        ("parts?partNumber=0", 400, "InvalidArgument"),
        ("parts?partNumber=10001", 400, "InvalidArgument"),
    ] {
        s3.check_fails(&format!("GET /{BUCKET}/{target}"), "", status, code);
    }

    let both = s3.send(
        &format!("GET /{BUCKET}/parts?partNumber=1"),
        &["Range: bytes=0-1"],
        "",
    );
    assert_eq!(
        (both.status, both.text("Code")),
        (400, Some("InvalidRequest"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_can_choose_headers_of_its_answer() {
    let s3 = Setup::start().await;
    s3.send(
        &format!("PUT /{BUCKET}/key"),
        &["Content-Type: text/css"],
        "body",
    );
    let parameters = "response-cache-control=no-store&response-content-disposition=inline\
                      &response-content-encoding=gzip&response-content-language=de\
                      &response-content-type=text%2Fplain\
                      &response-expires=Thu%2C%2001%20Jan%202026%2000%3A00%3A00%20GMT";
    let expected = [
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "gzip"),
        ("content-language", "de"),
        ("content-type", "text/plain"),
        ("expires", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ];

    for method in ["GET", "HEAD"] {
        let answer = s3.signed(&format!("{method} /{BUCKET}/key?{parameters}"));
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{method}: {answer:?}");
        }

        let plain = s3.signed(&format!("{method} /{BUCKET}/key"));
        assert_eq!(plain.header("content-type"), Some("text/css"), "{plain:?}");
    }
}
