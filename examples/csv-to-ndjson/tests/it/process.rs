//! The built program, as a function behind `local`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use csv_to_ndjson::{convert_csv, objects};
use s3_dispatch::Routes;
use s3_dispatch_local::{LocalPipeline, ObjectEvent, S3Endpoint, Topology};

use crate::{BUCKET, decompressed};

fn topology(endpoint: SocketAddr) -> Topology {
    let timeout = Duration::from_secs(900);
    let routes = Routes::prepared_by(objects).on::<convert_csv>();
    let mut topology = Topology::of(&routes).unwrap();

    topology.queues[0].visibility_timeout = timeout;
    let function = &mut topology.functions[0];
    function.timeout = timeout;
    let variable = ("AWS_ENDPOINT_URL".into(), format!("http://{endpoint}"));
    function.environment.extend([variable]);
    topology
}

/// A pipeline with the program, and its S3.
pub(crate) async fn start() -> (LocalPipeline, S3Endpoint) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = S3Endpoint::bind(any_port).await.unwrap();
    let pipeline = LocalPipeline::builder()
        .with_topology(topology(bound.address()))
        .with_binary("processor", env!("CARGO_BIN_EXE_csv-to-ndjson"))
        .start()
        .await
        .unwrap();
    let endpoint = bound.serve(Arc::clone(pipeline.buckets()));

    (pipeline, endpoint)
}

/// The keys of the results.
pub(crate) fn results(pipeline: &LocalPipeline) -> Vec<String> {
    let objects = pipeline.objects(BUCKET).unwrap().into_iter();
    objects
        .map(|object| object.key)
        .filter(|key| key.starts_with("ndjson/"))
        .collect()
}

#[tokio::test]
async fn an_event_that_comes_twice_has_one_result() {
    let (pipeline, _endpoint) = start().await;
    pipeline.enable_versioning(BUCKET).await.unwrap();
    let key = "csv/my orders+1.csv";
    pipeline
        .put(BUCKET, key, "id,name\n1,\"Doe, Jane\"\n")
        .await
        .unwrap();
    pipeline.settle().await;

    let csv = pipeline.versions(BUCKET, key).unwrap().remove(0);
    let mut again = ObjectEvent::new("ObjectCreated:Put", BUCKET, key);
    again.size = Some(csv.size);
    again.e_tag = Some(csv.e_tag);
    again.version_id = csv.version_id;
    let again = pipeline.publish(again).await.unwrap();
    pipeline.settle().await;
    assert_eq!(pipeline.report().events[&again].handled, 1);

    let [result] = &results(&pipeline)[..] else {
        panic!("{:?}", results(&pipeline))
    };
    assert_eq!(pipeline.versions(BUCKET, result).unwrap().len(), 1);
    let ndjson = pipeline.get_object(BUCKET, result).await.unwrap().unwrap();
    assert_eq!(
        decompressed(&ndjson),
        "{\"id\":\"1\",\"name\":\"Doe, Jane\"}\n"
    );
    pipeline.stop().await;
}
