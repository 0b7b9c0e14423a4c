//! What S3 answers for a bucket and an object that nobody has configured.

use super::setup::{BUCKET, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_has_the_settings_that_aws_gives_a_new_one() {
    let s3 = Setup::start().await;
    let text = |query: &str, element: &str| {
        let answer = s3.ok(&format!("GET /{BUCKET}?{query}"));
        answer.text(element).map(str::to_owned)
    };

    assert_eq!(text("acl", "Permission").as_deref(), Some("FULL_CONTROL"));
    assert_eq!(
        text("ownershipControls", "ObjectOwnership").as_deref(),
        Some("BucketOwnerEnforced")
    );
    assert_eq!(
        text("publicAccessBlock", "BlockPublicAcls").as_deref(),
        Some("true")
    );
    assert_eq!(
        text("encryption", "SSEAlgorithm").as_deref(),
        Some("AES256")
    );
    assert_eq!(
        text("requestPayment", "Payer").as_deref(),
        Some("BucketOwner")
    );
    for query in ["versioning", "accelerate"] {
        assert_eq!(text(query, "Status"), None);
    }
    assert_eq!(text("logging", "LoggingEnabled"), None);

    for (query, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("cors", "NoSuchCORSConfiguration"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("tagging", "NoSuchTagSet"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ] {
        s3.check_fails(&format!("GET /{BUCKET}?{query}"), "", 404, code);
        s3.check_fails(&format!("GET /absent?{query}"), "", 404, "NoSuchBucket");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_have_grants() {
    let s3 = Setup::start().await;
    s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");

    for target in [format!("/{BUCKET}?acl"), format!("/{BUCKET}/key?acl")] {
        let acl = s3.ok(&format!("GET {target}"));
        assert_eq!(acl.texts("Permission"), ["FULL_CONTROL"]);

        let private = s3.send(&format!("PUT {target}"), &["x-amz-acl: private"], "");
        assert_eq!(private.status, 200, "{private:?}");
        let same = s3.send(&format!("PUT {target}"), &[], &acl.body);
        assert_eq!(same.status, 200, "{same:?}");

        for header in ["x-amz-acl: public-read", "x-amz-grant-read: id=1"] {
            let refused = s3.send(&format!("PUT {target}"), &[header], "");
            assert_eq!(refused.text("Code"), Some("AccessControlListNotSupported"));
            assert_eq!(refused.status, 400);
        }
    }

    let absent = format!("GET /{BUCKET}/absent?acl");
    s3.check_fails(&absent, "", 404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attributes_of_an_object_can_be_asked_for() {
    let s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let put = s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");
    let version = put.header("x-amz-version-id").unwrap();
    s3.ok(&format!("DELETE /{BUCKET}/key"));

    let target = format!("GET /{BUCKET}/key?attributes&versionId={version}");
    let ask = |names: &str| {
        let header = format!("x-amz-object-attributes: {names}");
        s3.send(&target, &[&header], "")
    };

    let answer = ask("ETag,ObjectSize,StorageClass,ObjectParts");
    assert_eq!(
        answer.header("x-amz-version-id"),
        Some(version),
        "{answer:?}"
    );
    assert!(answer.header("last-modified").is_some());
    assert!(
        answer
            .text("ETag")
            .unwrap()
            .contains("841a2d689ad86bd1611447453c22c6fc")
    );
    assert_eq!(answer.text("ObjectSize"), Some("4"));
    assert_eq!(answer.text("StorageClass"), Some("STANDARD"));
    assert_eq!(answer.text("ObjectParts"), None);
    assert_eq!(ask("ObjectSize").text("ETag"), None);
    assert_eq!(ask("Colour").text("Code"), Some("InvalidArgument"));

    let started = s3.ok(&format!("POST /{BUCKET}/large?uploads"));
    let id = started.text("UploadId").unwrap();
    let part = format!("PUT /{BUCKET}/large?partNumber=1&uploadId={id}");
    let part = s3.ok_with(&part, "a part");
    let body = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
         </CompleteMultipartUpload>",
        part.header("etag").unwrap()
    );
    s3.ok_with(&format!("POST /{BUCKET}/large?uploadId={id}"), &body);
    let parts = s3.send(
        &format!("GET /{BUCKET}/large?attributes"),
        &["x-amz-object-attributes: ObjectParts"],
        "",
    );
    assert_eq!(parts.text("PartsCount"), Some("1"), "{parts:?}");
}
