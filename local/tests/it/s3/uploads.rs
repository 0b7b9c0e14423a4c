//! Multipart uploads: how they end, and how they are listed.

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

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_an_upload_are_listed_in_pages() {
    let s3 = Setup::start().await;
    let class = "x-amz-storage-class: STANDARD_IA";
    let started = s3.send(&format!("POST /{BUCKET}/key?uploads"), &[class], "");
    let id = started.text("UploadId").unwrap();
    for number in [2, 5, 7, 10_000] {
        s3.ok(&format!(
            "PUT /{BUCKET}/key?partNumber={number}&uploadId={id}"
        ));
    }

    let list = format!("GET /{BUCKET}/key?uploadId={id}");
    let cases: [(&str, &[&str], &str, &str); 6] = [
        ("", &["2", "5", "7", "10000"], "false", "10000"),
        ("&max-parts=2", &["2", "5"], "true", "5"),
        (
            "&max-parts=2&part-number-marker=5",
            &["7", "10000"],
            "false",
            "10000",
        ),
        ("&part-number-marker=6", &["7", "10000"], "false", "10000"),
        ("&part-number-marker=10000", &[], "false", "10000"),
        ("&max-parts=0", &[], "false", "0"),
    ];
    for (query, numbers, is_truncated, next) in cases {
        let page = s3.ok(&format!("{list}{query}"));
        assert_eq!(page.texts("PartNumber"), numbers, "{query}: {page:?}");
        assert_eq!(page.text("IsTruncated"), Some(is_truncated), "{query}");
        assert_eq!(page.text("NextPartNumberMarker"), Some(next), "{query}");
        assert_eq!(page.text("StorageClass"), Some("STANDARD_IA"));
    }
    assert_eq!(
        s3.ok(&format!("{list}&max-parts=5000")).text("MaxParts"),
        Some("1000")
    );
}

/// Follows the pages of a listing of uploads. Returns the keys and the common prefixes of each.
fn upload_pages(s3: &Setup, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut markers = String::new();

    loop {
        let page = s3.ok(&format!("GET /{BUCKET}?uploads&{query}{markers}"));
        // The prefix of the request comes first, if there is one.
        let skipped = usize::from(query.contains("prefix="));
        let entries = page.texts("Key").into_iter();
        let entries = entries.chain(page.texts("Prefix").into_iter().skip(skipped));
        pages.push(entries.map(str::to_owned).collect());

        if page.text("IsTruncated") == Some("false") {
            return pages;
        }
        let key = page.text("NextKeyMarker").unwrap();
        let id = page.text("NextUploadIdMarker").unwrap_or_default();
        markers = format!("&key-marker={key}&upload-id-marker={id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_listed_in_pages_with_prefixes_and_delimiters() {
    let s3 = Setup::start().await;
    for key in ["a", "b/1", "b/1", "b/2", "c", "d/1", "d/2"] {
        start(&s3, key);
    }

    assert_eq!(
        upload_pages(&s3, "max-uploads=3"),
        [
            vec!["a", "b/1", "b/1"],
            vec!["b/2", "c", "d/1"],
            vec!["d/2"]
        ]
    );
    assert_eq!(
        upload_pages(&s3, "max-uploads=2"),
        [
            vec!["a", "b/1"],
            vec!["b/1", "b/2"],
            vec!["c", "d/1"],
            vec!["d/2"]
        ]
    );
    assert_eq!(
        upload_pages(&s3, "max-uploads=1&delimiter=/"),
        [["a"], ["b/"], ["c"], ["d/"]]
    );
    assert_eq!(
        upload_pages(&s3, "prefix=b/&max-uploads=2"),
        [vec!["b/1", "b/1"], vec!["b/2"]]
    );
    assert_eq!(upload_pages(&s3, "key-marker=c"), [["d/1", "d/2"]]);
    assert_eq!(
        upload_pages(&s3, "delimiter=/&key-marker=b/"),
        [["c", "d/"]]
    );

    // Without a key S3 ignores the id.
    let all = upload_pages(&s3, "upload-id-marker=upload-FFFF");
    assert_eq!(all[0].len(), 7);
    let encoded = s3.ok(&format!(
        "GET /{BUCKET}?uploads&encoding-type=url&prefix=b/%C3%A4"
    ));
    assert_eq!(encoded.text("Prefix"), Some("b/%C3%A4"));
}
