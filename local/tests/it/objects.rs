//! Objects as a test reads them from a pipeline.

use s3_dispatch_local::{BucketSpec, ErrorKind, LocalPipeline, ObjectSnapshot, Topology};

async fn pipeline() -> LocalPipeline {
    let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    let builder = LocalPipeline::builder().with_topology(topology);
    builder.start().await.unwrap()
}

fn ids(versions: &[ObjectSnapshot]) -> Vec<&str> {
    let ids = versions.iter().map(|version| version.version_id.as_deref());
    ids.map(Option::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn an_object_has_the_bytes_that_were_put_last() {
    let pipeline = pipeline().await;
    let key = "ÜñΩ+%/x y";
    pipeline.put("photos", key, "an image").await.unwrap();
    pipeline.put("photos", key, "another").await.unwrap();
    pipeline.put("photos", "empty", "").await.unwrap();

    let get = |key| pipeline.get_object("photos", key);
    assert_eq!(get(key).await.unwrap(), Some("another".into()));
    assert_eq!(get("empty").await.unwrap(), Some("".into()));
    assert_eq!(get("absent").await.unwrap(), None);

    pipeline.delete("photos", key).await.unwrap();
    assert_eq!(get(key).await.unwrap(), None);
    assert_eq!(pipeline.objects("photos").unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn objects_longer_than_a_block_are_whole_in_memory_and_in_files() {
    let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.with_max_memory(4).start().await.unwrap();
    let long: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_be_bytes).collect();
    for body in [&long[..], &long[..900_000], b"short"] {
        pipeline.put("photos", "1", body.to_vec()).await.unwrap();
        let read = pipeline.get_object("photos", "1").await.unwrap().unwrap();
        assert!(read == body, "{} bytes", body.len());
    }
}

#[tokio::test(start_paused = true)]
async fn objects_are_listed_by_key_with_what_s3_knows_about_them() {
    let pipeline = pipeline().await;
    for key in ["b", "a/2", "a/1"] {
        pipeline.put("photos", key, "a body").await.unwrap();
    }
    pipeline
        .copy(("photos", "b"), ("photos", "c"))
        .await
        .unwrap();

    let objects = pipeline.objects("photos").unwrap();
    let keys: Vec<_> = objects.iter().map(|object| &*object.key).collect();
    assert_eq!(keys, ["a/1", "a/2", "b", "c"]);
    let first = &objects[0];
    // `printf 'a body' | md5sum`
    assert_eq!(first.e_tag, "75fd989981509958777cdfcdc66e21b5");
    assert_eq!((first.size, first.is_delete_marker), (6, false));
    assert_eq!((&first.version_id, &first.content_type), (&None, &None));
    assert!(first.metadata.is_empty() && first.tags.is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_version_can_be_read_and_removed() {
    let pipeline = pipeline().await;
    pipeline.put("photos", "1", "zero").await.unwrap();
    pipeline.enable_versioning("photos").await.unwrap();
    pipeline.put("photos", "1", "one").await.unwrap();
    pipeline.delete("photos", "1").await.unwrap();

    let versions = pipeline.versions("photos", "1").unwrap();
    let markers: Vec<_> = versions
        .iter()
        .map(|version| version.is_delete_marker)
        .collect();
    assert_eq!(markers, [true, false, false]);
    let (marker, one, zero) = match ids(&versions)[..] {
        [marker, one, zero] => (marker, one, zero),
        _ => unreachable!("there are three versions"),
    };
    assert_eq!(zero, "null");

    let unknown = "0".repeat(32);
    let get = |id| pipeline.get_object_version("photos", "1", id);
    assert_eq!(get(one).await.unwrap(), Some("one".into()));
    assert_eq!(get(zero).await.unwrap(), Some("zero".into()));
    assert_eq!(get(marker).await.unwrap(), None);
    assert_eq!(get(&unknown).await.unwrap(), None);
    assert_eq!(get("not an id").await.unwrap_err().kind(), ErrorKind::S3);
    assert_eq!(pipeline.objects("photos").unwrap(), []);

    let remove = |id| pipeline.delete_version("photos", "1", id);
    assert!(remove(marker).await.unwrap().is_some());
    assert_eq!(remove(marker).await.unwrap(), None);
    assert_eq!(
        pipeline.get_object("photos", "1").await.unwrap(),
        Some("one".into())
    );
    assert!(remove(one).await.unwrap().is_some());
    assert_eq!(
        pipeline.get_object("photos", "1").await.unwrap(),
        Some("zero".into())
    );
    assert_eq!(ids(&pipeline.versions("photos", "1").unwrap()), ["null"]);
    assert_eq!(pipeline.versions("photos", "absent").unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_does_not_exist_is_an_error() {
    let pipeline = pipeline().await;
    let missing = "amzn-s3-demo-missing";
    let errors = [
        pipeline.objects(missing).unwrap_err(),
        pipeline.versions(missing, "1").unwrap_err(),
        pipeline.get_object(missing, "1").await.unwrap_err(),
        pipeline.enable_versioning(missing).await.unwrap_err(),
        pipeline
            .delete_version(missing, "1", "null")
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::S3);
        assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    }
}
