//! Buckets that are created and removed while the pipeline runs.

use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
use tempfile::TempDir;

use super::client::serve;
use super::setup::{BUCKET, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_can_be_created_used_and_removed() {
    let s3 = Setup::start().await;
    let other = "amzn-s3-demo-other";
    s3.check_fails(
        &format!("GET /{other}?list-type=2"),
        "",
        404,
        "NoSuchBucket",
    );

    // The second time it exists, which S3's oldest region does not mind.
    for _ in 0..2 {
        let created = s3.ok(&format!("PUT /{other}"));
        assert_eq!(created.header("location"), Some("/amzn-s3-demo-other"));
    }

    s3.ok_with(&format!("PUT /{other}/key"), "body");
    let buckets = s3.ok("GET /");
    assert_eq!(buckets.texts("Name"), [BUCKET, other]);
    assert!(!buckets.texts("CreationDate")[1].starts_with("1970"));

    s3.check_fails(&format!("DELETE /{other}"), "", 409, "BucketNotEmpty");
    s3.ok(&format!("DELETE /{other}/key"));
    s3.ok(&format!("POST /{other}/unfinished?uploads"));
    assert_eq!(s3.ok(&format!("DELETE /{other}")).status, 204);
    s3.check_fails(&format!("DELETE /{other}"), "", 404, "NoSuchBucket");
    assert_eq!(s3.send(&format!("HEAD /{other}"), &[], "").status, 404);
    assert_eq!(s3.ok("GET /").texts("Name"), [BUCKET]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_delete_markers_keep_a_bucket() {
    let s3 = Setup::start().await;
    s3.set_versioning("Enabled");
    let target = format!("/{BUCKET}/key");
    let put = s3.ok_with(&format!("PUT {target}"), "body");
    let version = put.header("x-amz-version-id").unwrap().to_owned();
    let deleted = s3.ok(&format!("DELETE {target}"));
    let marker = deleted.header("x-amz-version-id").unwrap().to_owned();

    for id in [version, marker] {
        s3.check_fails(&format!("DELETE /{BUCKET}"), "", 409, "BucketNotEmpty");
        s3.ok(&format!("DELETE {target}?versionId={id}"));
    }

    s3.ok(&format!("DELETE /{BUCKET}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_has_the_location_that_its_creator_chose() {
    let s3 = Setup::start().await;
    let location = s3.ok(&format!("GET /{BUCKET}?location"));
    assert!(location.body.contains("LocationConstraint"), "{location:?}");
    assert_eq!(location.text("LocationConstraint").unwrap_or_default(), "");
    let head = s3.ok(&format!("HEAD /{BUCKET}"));
    assert_eq!(head.header("x-amz-bucket-region"), Some("us-east-1"));

    let configuration = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint>\
             </CreateBucketConfiguration>"
        )
    };
    let create = "PUT /amzn-s3-demo-europe";
    s3.ok_with(create, &configuration("eu-central-1"));
    let location = s3.ok("GET /amzn-s3-demo-europe?location");
    assert!(location.body.contains(">eu-central-1<"), "{location:?}");
    let head = s3.ok("HEAD /amzn-s3-demo-europe");
    assert_eq!(head.header("x-amz-bucket-region"), Some("eu-central-1"));

    let again = configuration("eu-central-1");
    s3.check_fails(create, &again, 409, "BucketAlreadyOwnedByYou");
    let default = configuration("us-east-1");
    s3.check_fails(create, &default, 400, "InvalidLocationConstraint");
    s3.check_fails("PUT /No_Bucket", "", 400, "InvalidBucketName");
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_listed_in_pages() {
    let s3 = Setup::start().await;
    for name in ["photos-1", "photos-2", "photos-3"] {
        s3.ok(&format!("PUT /{name}"));
    }

    let first = s3.ok("GET /?prefix=photos-&max-buckets=2");
    assert_eq!(first.texts("Name"), ["photos-1", "photos-2"]);
    let token = first.text("ContinuationToken").unwrap();
    let target = format!("GET /?prefix=photos-&max-buckets=2&continuation-token={token}");
    let second = s3.ok(&target);
    assert_eq!(second.texts("Name"), ["photos-3"]);
    assert_eq!(second.text("ContinuationToken"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_buckets_and_versions() {
    let folder = TempDir::new().unwrap();
    let start = || {
        let topology = Topology::new().with_bucket(BucketSpec::new(BUCKET));
        let builder = LocalPipeline::builder().with_topology(topology);
        builder.with_data(folder.path()).start()
    };

    let pipeline = start().await.unwrap();
    let (mut endpoint, client) = serve(&pipeline).await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let id = tokio::task::block_in_place(|| {
        assert!(client.call("PUT", "/created").is_success());
        let versioning = client.send("PUT", "/created?versioning", &[], enabled.as_bytes());
        assert!(versioning.unwrap().is_success());
        let put = client.send("PUT", "/created/key", &[], b"body").unwrap();
        assert!(client.call("DELETE", "/created/key").is_success());
        put.header("x-amz-version-id").unwrap().to_owned()
    });
    endpoint.stop().await;
    pipeline.stop().await;
    drop((endpoint, pipeline));

    let pipeline = start().await.unwrap();
    let (_endpoint, client) = serve(&pipeline).await;
    tokio::task::block_in_place(|| {
        assert_eq!(client.call("GET", "/created/key").status, 404);
        let version = client.call("GET", &format!("/created/key?versionId={id}"));
        assert_eq!(version.body, "body");
        let versions = client.call("GET", "/created?versions");
        assert_eq!(versions.texts("DeleteMarker").len(), 1);
        assert_eq!(client.call("GET", "/").texts("Name"), [BUCKET, "created"]);
    });
}
