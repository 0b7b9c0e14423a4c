//! Deletions that depend on the state of the object.

use super::setup::{BUCKET, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_takes_place_only_if_its_conditions_are_met() {
    let mut s3 = Setup::start().await;
    let key = format!("/{BUCKET}/key");
    let put = s3.ok_with(&format!("PUT {key}"), "body");
    let e_tag = format!("If-Match: {}", put.header("etag").unwrap());
    let date = s3.ok(&format!("HEAD {key}"));
    let date = date.header("last-modified").unwrap();
    let date = format!("x-amz-if-match-last-modified-time: {date}");
    let old = "x-amz-if-match-last-modified-time: Thu, 01 Jan 2015 00:00:00 GMT";
    let (size, other_size) = ("x-amz-if-match-size: 4", "x-amz-if-match-size: 5");
    s3.events().await;

    let delete = format!("DELETE {key}");
    for unmet in [
        &["If-Match: \"other\""][..],
        &[other_size],
        &[old],
        &[&e_tag, other_size],
    ] {
        let answer = s3.send(&delete, unmet, "");
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (412, Some("PreconditionFailed")), "{unmet:?}");
    }
    assert_eq!(s3.events().await, []);

    for met in [&[e_tag.as_str()][..], &[size], &[&date], &["If-Match: *"]] {
        s3.ok_with(&format!("PUT {key}"), "body");
        let head = s3.ok(&format!("HEAD {key}"));
        let now = head.header("last-modified").unwrap();
        let now = format!("x-amz-if-match-last-modified-time: {now}");
        let met: Vec<_> = met
            .iter()
            .map(|m| if *m == date { &now } else { *m })
            .collect();
        assert_eq!(s3.send(&delete, &met, "").status, 204, "{met:?}");
    }

    let missing = s3.send(&delete, &["If-Match: *"], "");
    assert_eq!(
        (missing.status, missing.text("Code")),
        (404, Some("NoSuchKey"))
    );
    assert_eq!(s3.send(&delete, &[], "").status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conditions_of_a_batch_are_those_of_each_object() {
    let s3 = Setup::start().await;
    for key in ["kept", "deleted", "any"] {
        s3.ok_with(&format!("PUT /{BUCKET}/{key}"), "body");
    }
    let e_tag = s3.ok(&format!("HEAD /{BUCKET}/deleted"));
    let e_tag = e_tag.header("etag").unwrap();

    let body = format!(
        "<Delete><Object><Key>kept</Key><Size>5</Size></Object>\
         <Object><Key>deleted</Key><ETag>{e_tag}</ETag></Object>\
         <Object><Key>any</Key><ETag>*</ETag></Object>\
         <Object><Key>missing</Key><ETag>*</ETag></Object></Delete>"
    );
    let answer = s3.ok_with(&format!("POST /{BUCKET}?delete"), &body);
    assert_eq!(answer.texts("Code"), ["PreconditionFailed", "NoSuchKey"]);
    assert_eq!(s3.ok(&format!("GET /{BUCKET}")).texts("Key"), ["kept"]);
}
