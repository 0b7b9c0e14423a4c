//! The built program, as a function behind `local`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use s3_dispatch::Routes;
use s3_dispatch_local::{LocalPipeline, S3Endpoint, Topology};
use thumbnailer::{App, make_thumbnail, remove_thumbnail, shrink};

use crate::{BUCKET, photo};

fn topology(endpoint: SocketAddr) -> Topology {
    let routes = Routes::prepared_by(App::from_env)
        .on::<make_thumbnail>()
        .on::<remove_thumbnail>();
    let mut topology = Topology::of(&routes).unwrap();

    let function = &mut topology.functions[0];
    function.reserved_concurrency = Some(1);
    let variable = ("AWS_ENDPOINT_URL".into(), format!("http://{endpoint}"));
    function.environment.extend([variable]);
    topology
}

/// The objects of the bucket, by key.
async fn objects(pipeline: &LocalPipeline) -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    for object in pipeline.objects(BUCKET).unwrap() {
        let bytes = pipeline.get_object(BUCKET, &object.key).await.unwrap();
        objects.insert(object.key, bytes.unwrap().to_vec());
    }
    objects
}

#[tokio::test]
async fn thumbnails_follow_their_photos() {
    let bound = S3Endpoint::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let address = bound.address();
    let pipeline = LocalPipeline::builder()
        .with_topology(topology(address))
        .with_binary("processor", env!("CARGO_BIN_EXE_thumbnailer"))
        .start()
        .await
        .unwrap();
    let _endpoint = bound.serve(Arc::clone(pipeline.buckets()));

    let key = "photos/my photo+1.jpg";
    for number in [1, 200] {
        pipeline.put(BUCKET, key, photo(number)).await.unwrap();
        pipeline.settle().await;

        let thumbnail = shrink(&photo(number)).unwrap();
        let expected = [
            (key.to_owned(), photo(number)),
            (format!("thumbnails/{key}"), thumbnail),
        ];
        assert!(objects(&pipeline).await == BTreeMap::from(expected));
    }

    pipeline.delete(BUCKET, key).await.unwrap();
    pipeline.settle().await;
    assert_eq!(objects(&pipeline).await, BTreeMap::new());
    pipeline.stop().await;
}
