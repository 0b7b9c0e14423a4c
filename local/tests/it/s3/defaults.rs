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
        ("analytics&id=1", "NoSuchConfiguration"),
        ("intelligent-tiering&id=1", "NoSuchConfiguration"),
        ("inventory&id=1", "NoSuchConfiguration"),
        ("metrics&id=1", "NoSuchConfiguration"),
    ] {
        s3.check_fails(&format!("GET /{BUCKET}?{query}"), "", 404, code);
        s3.check_fails(&format!("GET /absent?{query}"), "", 404, "NoSuchBucket");
    }
}

/// What Terraform's `aws` provider and others read of a new bucket.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_configured_is_listed_as_empty() {
    let s3 = Setup::start().await;
    for (query, root) in [
        ("accelerate", "AccelerateConfiguration"),
        ("logging", "BucketLoggingStatus"),
        ("versioning", "VersioningConfiguration"),
        ("analytics", "ListBucketAnalyticsConfigurationResult"),
        (
            "intelligent-tiering",
            "ListBucketIntelligentTieringConfigurationsOutput",
        ),
        ("inventory", "ListInventoryConfigurationsResult"),
        ("metrics", "ListMetricsConfigurationsResult"),
    ] {
        let answer = s3.ok(&format!("GET /{BUCKET}?{query}"));
        assert!(answer.body.contains(&format!("<{root}")), "{answer:?}");
        assert_eq!(answer.texts("Id"), [""; 0]);
        s3.check_fails(&format!("GET /absent?{query}"), "", 404, "NoSuchBucket");
    }

    let notifications = s3.ok(&format!("GET /{BUCKET}?notification"));
    assert_eq!(notifications.texts("Event").len(), 3);
    s3.ok("PUT /amzn-s3-demo-plain");
    let notifications = s3.ok("GET /amzn-s3-demo-plain?notification");
    assert!(notifications.body.contains("<NotificationConfiguration"));
    assert_eq!(notifications.texts("Event"), [""; 0]);

    s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");
    for query in ["retention", "legal-hold"] {
        let target = format!("GET /{BUCKET}/key?{query}");
        let answer = s3.check_fails(&target, "", 400, "InvalidRequest");
        let text = "Bucket is missing Object Lock Configuration";
        assert_eq!(answer.text("Message"), Some(text));
    }
}

/// Requests that set what a bucket has anyway, and what they are when they set something else.
const FIXED: [(&str, &str, &str, &str); 4] = [
    (
        "ownershipControls",
        "<OwnershipControls><Rule><ObjectOwnership>VALUE</ObjectOwnership></Rule>\
         </OwnershipControls>",
        "BucketOwnerEnforced",
        "ObjectWriter",
    ),
    (
        "publicAccessBlock",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
         <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>VALUE</BlockPublicPolicy>\
         <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        "true",
        "false",
    ),
    (
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
         <SSEAlgorithm>VALUE</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>\
         </ServerSideEncryptionConfiguration>",
        "AES256",
        "aws:kms",
    ),
    (
        "requestPayment",
        "<RequestPaymentConfiguration><Payer>VALUE</Payer></RequestPaymentConfiguration>",
        "BucketOwner",
        "Requester",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bucket_has_anyway_can_be_set_and_nothing_else() {
    let s3 = Setup::start().await;

    for (query, body, default, other) in FIXED {
        let target = format!("{BUCKET}?{query}");
        let before = s3.ok(&format!("GET /{target}")).body;
        s3.ok_with(&format!("PUT /{target}"), &body.replace("VALUE", default));
        let refused = body.replace("VALUE", other);
        let answer = s3.check_fails(&format!("PUT /{target}"), &refused, 501, "NotImplemented");
        assert!(
            answer
                .text("Message")
                .unwrap()
                .contains("leave the setting out"),
            "{answer:?}"
        );
        assert_eq!(s3.ok(&format!("GET /{target}")).body, before);
        s3.check_fails(
            &format!("PUT /absent?{query}"),
            &refused,
            404,
            "NoSuchBucket",
        );
    }

    // What no bucket has can be removed.
    for query in [
        "policy",
        "lifecycle",
        "website",
        "replication",
        "encryption",
        "cors",
        "tagging",
    ] {
        assert_eq!(s3.ok(&format!("DELETE /{BUCKET}?{query}")).status, 204);
        s3.check_fails(&format!("DELETE /absent?{query}"), "", 404, "NoSuchBucket");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_pipeline_does_not_have_is_refused_with_what_to_do() {
    let s3 = Setup::start().await;
    s3.ok_with(&format!("PUT /{BUCKET}/key"), "body");
    let enabled = |root: &str| format!("<{root}><Status>Enabled</Status></{root}>");
    let lifecycle = "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter></Filter>\
                     <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
    let metrics = "<MetricsConfiguration><Id>1</Id></MetricsConfiguration>";

    for (request, body, text) in [
        (
            "PUT /BUCKET?policy",
            String::from("{}"),
            "leave the policy out",
        ),
        (
            "PUT /BUCKET?lifecycle",
            lifecycle.into(),
            "`LocalPipeline::publish`",
        ),
        (
            "PUT /BUCKET?website",
            "<WebsiteConfiguration/>".into(),
            "read the objects",
        ),
        (
            "PUT /BUCKET?logging",
            "<BucketLoggingStatus/>".into(),
            "the console and the page",
        ),
        (
            "PUT /BUCKET?accelerate",
            enabled("AccelerateConfiguration"),
            "leave the configuration",
        ),
        (
            "PUT /BUCKET?metrics&id=1",
            metrics.into(),
            "leave the configuration out",
        ),
        (
            "DELETE /BUCKET?publicAccessBlock",
            String::new(),
            "leave the setting as it is",
        ),
        (
            "DELETE /BUCKET?ownershipControls",
            String::new(),
            "leave the setting as it is",
        ),
        (
            "PUT /BUCKET?object-lock",
            "<ObjectLockConfiguration/>".into(),
            "there is no object lock here",
        ),
        (
            "PUT /BUCKET/key?legal-hold",
            "<LegalHold><Status>ON</Status></LegalHold>".into(),
            "there is no object lock here",
        ),
        (
            "POST /BUCKET/key?restore",
            "<RestoreRequest><Days>1</Days></RestoreRequest>".into(),
            "objects are never archived here",
        ),
        (
            "GET /BUCKET/key?torrent",
            String::new(),
            "there are no torrents here",
        ),
    ] {
        let target = request.replace("BUCKET", BUCKET);
        let answer = s3.check_fails(&target, &body, 501, "NotImplemented");
        let message = answer.text("Message").unwrap();
        assert!(message.contains(text), "{request}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_its_tags() {
    let s3 = Setup::start().await;
    let target = format!("/{BUCKET}?tagging");
    let tag = |key: &str, value: &str| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
    let set = |tags: &[String]| format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.concat());
    let put = s3.ok_with(
        &format!("PUT {target}"),
        &set(&[tag("Hello", "World"), tag("a", "")]),
    );
    assert_eq!(put.body, "");
    let read = s3.ok(&format!("GET {target}"));
    assert_eq!(read.texts("Key"), ["Hello", "a"]);
    assert_eq!(read.texts("Value"), ["World", ""]);

    let many: Vec<_> = (0..51).map(|number| tag(&number.to_string(), "")).collect();
    for (tags, code) in [
        (&many[..], "BadRequest"),
        (&[tag("a", "1"), tag("a", "2")], "InvalidTag"),
        (&[tag("", "1")], "InvalidTag"),
    ] {
        s3.check_fails(&format!("PUT {target}"), &set(tags), 400, code);
    }
    s3.ok_with(&format!("PUT {target}"), &set(&many[..50]));
    assert_eq!(s3.ok(&format!("GET {target}")).texts("Key").len(), 50);
    assert_eq!(s3.ok(&format!("DELETE {target}")).status, 204);
    s3.check_fails(&format!("GET {target}"), "", 404, "NoSuchTagSet");
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
