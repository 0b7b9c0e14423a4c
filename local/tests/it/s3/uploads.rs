//! Multipart uploads that a client ends more than once.

use super::setup::{BUCKET, Setup, event};

/// Starts an upload with one part. Returns its id and the body that completes it.
fn start(s3: &Setup, key: &str) -> (String, String) {
    let started = s3.ok(&format!("POST /{BUCKET}/{key}?uploads"));
    let id = started.text("UploadId").unwrap().to_owned();
    let part = format!("PUT /{BUCKET}/{key}?partNumber=1&uploadId={id}");
    let part = s3.ok_with(&part, "a part");
    let e_tag = part.header("etag").unwrap();

    let body = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{e_tag}</ETag></Part>\
         </CompleteMultipartUpload>"
    );

    (id, body)
}

/// The first answer may have been lost.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_completed_again_gets_the_same_answer() {
    let mut s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let (id, body) = start(&s3, "key");
    let complete = format!("POST /{BUCKET}/key?uploadId={id}");

    let first = s3.ok_with(&complete, &body);
    let version = first.header("x-amz-version-id").unwrap();
    let completed = "ObjectCreated:CompleteMultipartUpload";
    assert_eq!(s3.events().await, [event(completed, "key", Some(version))]);

    s3.ok_with(&format!("PUT /{BUCKET}/key"), "newer");
    s3.events().await;
    let second = s3.ok_with(&complete, &body);
    assert_eq!(second.text("ETag"), first.text("ETag"));
    assert_eq!(second.header("x-amz-version-id"), Some(version));
    assert_eq!(s3.get(&format!("/{BUCKET}/key")), "newer");
    assert_eq!(s3.events().await, []);

    let other = format!("POST /{BUCKET}/other?uploadId={id}");
    s3.check_fails(&other, &body, 404, "NoSuchUpload");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_has_ended_can_be_aborted_without_an_effect() {
    let mut s3 = Setup::start().await;
    let (aborted, body) = start(&s3, "aborted");
    for _ in 0..2 {
        let target = format!("DELETE /{BUCKET}/aborted?uploadId={aborted}");
        assert_eq!(s3.ok(&target).status, 204);
    }
    let target = format!("POST /{BUCKET}/aborted?uploadId={aborted}");
    s3.check_fails(&target, &body, 404, "NoSuchUpload");

    let (completed, body) = start(&s3, "completed");
    s3.ok_with(
        &format!("POST /{BUCKET}/completed?uploadId={completed}"),
        &body,
    );
    let target = format!("DELETE /{BUCKET}/completed?uploadId={completed}");
    assert_eq!(s3.ok(&target).status, 204);
    assert_eq!(s3.get(&format!("/{BUCKET}/completed")), "a part");
    assert_eq!(s3.events().await.len(), 1);

    let unknown = format!("DELETE /{BUCKET}/key?uploadId=unknown");
    s3.check_fails(&unknown, "", 404, "NoSuchUpload");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_on_an_object_that_does_not_exist_is_not_met() {
    let mut s3 = Setup::start().await;
    let put = format!("PUT /{BUCKET}/key");
    let (id, body) = start(&s3, "key");
    let complete = format!("POST /{BUCKET}/key?uploadId={id}");

    for versioning in ["Suspended", "Enabled"] {
        for condition in ["If-Match: *", "If-Match: \"other\""] {
            for (request, body) in [(&put, "body"), (&complete, body.as_str())] {
                let answer = s3.send(request, &[condition], body);
                let actual = (answer.status, answer.text("Code"));
                assert_eq!(actual, (404, Some("NoSuchKey")), "{request} {condition}");
            }
        }

        // The next round meets a delete marker.
        s3.set_versioning(versioning);
        s3.ok(&format!("DELETE /{BUCKET}/key"));
    }

    s3.events().await;
    let e_tag = s3.ok_with(&complete, &body);
    let condition = format!(
        "If-Match: {}",
        e_tag.text("ETag").unwrap().replace("&quot;", "\"")
    );
    assert!(s3.send(&put, &[&condition], "body").is_success());
    assert_eq!(s3.send(&put, &[&condition], "body").status, 412);
    assert_eq!(s3.events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_name_the_owner() {
    let s3 = Setup::start().await;
    s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");
    let (id, _) = start(&s3, "large");
    let owner = |query: &str| {
        let answer = s3.ok(&format!("GET /{BUCKET}{query}"));
        assert_eq!(answer.text("StorageClass"), Some("STANDARD"), "{query}");
        answer.text("ID").map(str::to_owned)
    };

    let expected = s3.ok(&format!("GET /{BUCKET}?acl"));
    let expected = expected.text("ID").map(str::to_owned);
    for query in [
        "",
        "?list-type=2&fetch-owner=true",
        "?versions",
        "?uploads",
        &format!("/large?uploadId={id}"),
    ] {
        assert_eq!(owner(query), expected, "{query}");
    }
    assert_eq!(owner("?list-type=2"), None);
}
