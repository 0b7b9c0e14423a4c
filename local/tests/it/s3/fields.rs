//! Fields of requests that the endpoint would have to ignore, and what it answers instead.

use super::client::Answer;
use super::setup::{BUCKET, Setup};

/// Each request with its headers, and the status and the code of the answer.
const REFUSED: &str = include_str!("fields/refused.tsv");

/// Each request with its headers.
const ACCEPTED: &str = include_str!("fields/accepted.tsv");

/// The columns of a table.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = table.lines().filter(|row| !row.starts_with('#'));
    rows.map(|row| row.split('\t').collect())
}

/// `B` stands for the bucket, `U` for the id of an upload, and `|` for the end of a header.
fn send(s3: &Setup, upload: &str, request: &str, headers: &str) -> Answer {
    let request = request
        .replace("/B", &format!("/{BUCKET}"))
        .replace("=U", &format!("={upload}"));
    let headers = headers.replace(" B/", &format!(" {BUCKET}/"));
    let headers: Vec<_> = headers.split('|').filter(|it| !it.is_empty()).collect();

    s3.send(&request, &headers, "")
}

async fn start() -> (Setup, String) {
    let s3 = Setup::start().await;
    for key in ["key", "key2"] {
        s3.ok_with(&format!("PUT /{BUCKET}/{key}"), "a body");
    }
    let started = s3.ok(&format!("POST /{BUCKET}/k?uploads"));
    let upload = started.text("UploadId").unwrap().to_owned();

    (s3, upload)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_ignored_is_refused_and_changes_nothing() {
    let (mut s3, upload) = start().await;
    s3.events().await;

    for row in rows(REFUSED) {
        let [request, headers, status, code] = row[..] else {
            panic!("{row:?}");
        };
        let answer = send(&s3, &upload, request, headers);
        let actual = (answer.status.to_string(), answer.text("Code"));
        let expected = (status.to_owned(), Some(code));
        assert_eq!(actual, expected, "{request} {headers}: {answer:?}");

        // A text says what to do instead, and not only the name of the header.
        let text = answer.text("Message").unwrap_or_default();
        let is_helpful = code != "NotImplemented" || text.contains("the pipeline");
        assert!(is_helpful || text.contains("signed request"), "{answer:?}");
    }

    assert_eq!(s3.events().await, []);
    let listed = s3.ok(&format!("GET /{BUCKET}"));
    assert_eq!(listed.texts("Key"), ["key", "key2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_effect_in_s3_either_is_accepted() {
    let (s3, upload) = start().await;

    for row in rows(ACCEPTED) {
        let [request, headers] = row[..] else {
            panic!("{row:?}");
        };
        let answer = send(&s3, &upload, request, headers);
        assert!(answer.is_success(), "{request} {headers}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_that_objects_are_encrypted_as_s3_does_by_itself() {
    let (s3, upload) = start().await;
    let requests = [
        format!("PUT /{BUCKET}/key"),
        format!("GET /{BUCKET}/key"),
        format!("HEAD /{BUCKET}/key"),
        format!("POST /{BUCKET}/key?uploads"),
        format!("PUT /{BUCKET}/k?partNumber=1&uploadId={upload}"),
    ];

    for request in requests {
        let answer = s3.ok(&request);
        let encryption = answer.header("x-amz-server-side-encryption");
        assert_eq!(encryption, Some("AES256"), "{request}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_an_xml_body_is_checked() {
    let (s3, _) = start().await;
    let body = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let put = format!("PUT /{BUCKET}/key?tagging");
    let right = [
        "Content-MD5: jqzPL3CP1xqTN8blcrX3gg==",
        "x-amz-checksum-crc32: 5y4GWw==",
    ];
    let wrong = [
        ("Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"),
        ("Content-MD5: short", "InvalidDigest"),
        ("x-amz-checksum-crc32: AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc32: short", "InvalidRequest"),
    ];

    for (header, code) in wrong {
        let answer = s3.send(&put, &[header], body);
        assert_eq!(
            (answer.status, answer.text("Code")),
            (400, Some(code)),
            "{answer:?}"
        );
    }
    let tags = format!("GET /{BUCKET}/key?tagging");
    assert_eq!(s3.ok(&tags).texts("Key"), [""; 0]);

    for header in right {
        let answer = s3.send(&put, &[header], body);
        assert!(answer.is_success(), "{answer:?}");
    }
    assert_eq!(s3.ok(&tags).texts("Key"), ["a"]);
}
