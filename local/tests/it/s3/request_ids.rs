//! The ids of requests: in headers, errors and events.

use super::client::Answer;
use super::setup::{BUCKET, Setup};

/// The ids in the headers of an answer.
fn ids(answer: &Answer) -> (&str, &str) {
    let id = answer.header("x-amz-request-id").unwrap();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    assert!(id.len() == 16 && id.bytes().all(is_digit), "{answer:?}");

    (id, answer.header("x-amz-id-2").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_ids_and_an_error_repeats_them() {
    let setup = Setup::start().await;
    let object = format!("/{BUCKET}/a.txt");
    setup.ok_with(&format!("PUT {object}"), "text");
    let answer = setup.ok(&format!("GET {object}"));
    let e_tag = format!("If-None-Match: {}", answer.header("etag").unwrap());

    let mut seen = Vec::new();
    for (host, request, headers, status) in [
        ("localhost", format!("GET {object}"), vec![], 200),
        ("localhost", format!("HEAD {object}"), vec![], 200),
        (
            "localhost",
            format!("GET {object}"),
            vec!["Range: bytes=1-2"],
            206,
        ),
        (
            "localhost",
            format!("GET {object}"),
            vec![e_tag.as_str()],
            304,
        ),
        ("localhost", format!("GET /{BUCKET}"), vec![], 200),
        ("localhost", format!("DELETE {object}"), vec![], 204),
        ("localhost", format!("HEAD {object}"), vec![], 404),
        ("localhost", format!("GET {object}"), vec![], 404),
        (
            "localhost",
            String::from("GET /missing-bucket"),
            vec![],
            404,
        ),
        (
            "localhost",
            String::from("GET /Not_A_Bucket/a"),
            vec![],
            400,
        ),
        ("localhost", format!("GET /{BUCKET}/%FF"), vec![], 400),
        ("localhost", format!("GET /{BUCKET}?policy"), vec![], 404),
        ("localhost", format!("POST /{BUCKET}"), vec![], 412),
        (
            "localhost",
            format!("GET {object}"),
            vec!["Authorization: x"],
            400,
        ),
        ("evil.example", format!("GET {object}"), vec![], 403),
        (
            "localhost",
            format!("GET {object}"),
            vec!["Origin: http://evil.example"],
            403,
        ),
    ] {
        let answer = setup.send_to(host, &request, &headers, b"");
        assert_eq!(answer.status, status, "{request} {headers:?}: {answer:?}");

        let (id, host_id) = ids(&answer);
        seen.push(id.to_owned());
        if status >= 400 && !request.starts_with("HEAD") {
            assert_eq!(answer.texts("RequestId"), [id], "{request}: {answer:?}");
            assert_eq!(answer.texts("HostId"), [host_id], "{request}: {answer:?}");
            assert!(answer.body.ends_with("</HostId></Error>"), "{answer:?}");
        }
    }

    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_the_ids_of_the_request_that_caused_it() {
    let mut setup = Setup::start().await;
    let object = format!("/{BUCKET}/a.txt");
    let copied = format!("x-amz-copy-source: {object}");
    let tags = "<Tagging><TagSet></TagSet></Tagging>";
    let deleted = "<Delete><Object><Key>b.txt</Key></Object><Object><Key>c.txt</Key></Object>\
                   </Delete>";
    setup.ok_with(&format!("PUT /{BUCKET}/c.txt"), "text");
    setup.records().await;

    let started = setup.ok(&format!("POST {object}?uploads"));
    let upload = started.text("UploadId").unwrap().to_owned();
    let part = setup.ok_with(
        &format!("PUT {object}?partNumber=1&uploadId={upload}"),
        "text",
    );
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
         </CompleteMultipartUpload>",
        part.header("etag").unwrap()
    );

    for (request, headers, body, count) in [
        (format!("PUT {object}"), vec![], "text", 1),
        (format!("PUT {object}?tagging"), vec![], tags, 1),
        (format!("DELETE {object}?tagging"), vec![], "", 1),
        (format!("PUT /{BUCKET}/b.txt"), vec![copied.as_str()], "", 1),
        (
            format!("POST {object}?uploadId={upload}"),
            vec![],
            parts.as_str(),
            1,
        ),
        (format!("POST /{BUCKET}?delete"), vec![], deleted, 2),
        (format!("DELETE {object}"), vec![], "", 1),
    ] {
        let answer = setup.send(&request, &headers, body);
        assert!(answer.is_success(), "{request}: {answer:?}");

        let (id, host_id) = ids(&answer);
        let records = setup.records().await;
        assert_eq!(records.len(), count, "{request}: {records:?}");
        for record in records {
            let elements = &record["responseElements"];
            assert_eq!(elements["x-amz-request-id"], id, "{request}: {record}");
            assert_eq!(elements["x-amz-id-2"], host_id, "{request}: {record}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_has_a_message() {
    let setup = Setup::start().await;
    let object = format!("/{BUCKET}/a.txt");
    setup.ok_with(&format!("PUT {object}"), "text");
    let long = "k".repeat(1025);

    for (request, headers, message) in [
        (
            String::from("GET /missing-bucket"),
            vec![],
            "bucket does not exist",
        ),
        (
            format!("GET /{BUCKET}/b.txt"),
            vec![],
            "key does not exist.",
        ),
        (
            format!("GET /{BUCKET}/%FF"),
            vec![],
            "Couldn't parse the specified URI.",
        ),
        (
            format!("GET /{BUCKET}/{long}"),
            vec![],
            "Your key is too long",
        ),
        (
            String::from("GET /Not_A_Bucket/a"),
            vec![],
            "bucket is not valid.",
        ),
        (
            format!("GET {object}?uploadId=1"),
            vec![],
            "upload does not exist.",
        ),
        (
            format!("GET {object}"),
            vec!["If-Match: \"x\""],
            "pre-conditions",
        ),
        (
            format!("GET {object}"),
            vec!["Range: bytes=9-"],
            "range is not satisfiable",
        ),
        (
            format!("GET {object}?versionId={}", "0".repeat(32)),
            vec![],
            "version does not exist.",
        ),
        (format!("POST /{BUCKET}?delete"), vec![], ""),
        (
            format!("GET {object}?AWSAccessKeyId=test&Expires=4000000000&Signature=0"),
            vec![],
            "Check your key and signing method.",
        ),
    ] {
        let answer = setup.send(&request, &headers, "");
        let text = answer
            .text("Message")
            .unwrap_or_else(|| panic!("{request}: {answer:?}"));
        assert!(
            !text.is_empty() && text.contains(message),
            "{request}: {answer:?}"
        );
    }
}
