//! The pipeline of `local.toml` with the built program, as a function or as a worker.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_local::{FunctionSpec, LocalPipeline, S3Endpoint, StepKind, Topology};

use crate::{BUCKET, SHA_256_OF_ABC};

/// The queue of the program.
pub(crate) const QUEUE: &str = "uploads";

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Starts the pipeline, after `change` was applied to the description of the program.
pub(crate) async fn start(change: impl FnOnce(&mut FunctionSpec)) -> (LocalPipeline, S3Endpoint) {
    let bound = S3Endpoint::bind(ANY_PORT).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut topology = Topology::from_toml_file(&folder.join("local.toml")).unwrap();

    let function = &mut topology.functions[0];
    function.program = Some(env!("CARGO_BIN_EXE_worker-service").into());
    let endpoint = format!("http://{}", bound.address());
    function
        .environment
        .extend([("AWS_ENDPOINT_URL_S3".into(), endpoint)]);
    change(function);

    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_sqs_endpoint(ANY_PORT)
        .start()
        .await
        .unwrap();
    let endpoint = bound.serve(Arc::clone(pipeline.buckets()));

    (pipeline, endpoint)
}

/// The keys of the checksums.
pub(crate) fn checksums(pipeline: &LocalPipeline) -> Vec<String> {
    let objects = pipeline.objects(BUCKET).unwrap().into_iter();
    objects
        .map(|object| object.key)
        .filter(|key| key.starts_with("checksums/"))
        .collect()
}

/// Uploads two files, and checks what the program has written when all is done.
pub(crate) async fn check_uploads(pipeline: &LocalPipeline) {
    for key in ["uploads/a.txt", "uploads/my file+1.txt"] {
        pipeline.put(BUCKET, key, "abc").await.unwrap();
    }
    pipeline.settle().await;

    let checksums = checksums(pipeline);
    let [first, second] = &checksums[..] else {
        panic!("{checksums:?}")
    };
    assert!(first.starts_with("checksums/uploads/a.txt/"), "{first}");
    assert!(
        second.starts_with("checksums/uploads/my file+1.txt/"),
        "{second}"
    );
    for key in &checksums {
        let checksum = pipeline.get_object(BUCKET, key).await.unwrap();
        assert_eq!(checksum, Some(SHA_256_OF_ABC.into()));
    }
}

/// Waits until something is true, which is asked after each step of the pipeline.
pub(crate) async fn wait_for(pipeline: &LocalPipeline, is_true: impl Fn(&StepKind) -> bool) {
    let (history, mut steps) = pipeline.journal().history_and_watch();
    if history.iter().any(|step| is_true(&step.kind)) {
        return;
    }

    let search = async { while !is_true(&steps.next().await.unwrap().kind) {} };
    tokio::time::timeout(Duration::from_secs(60), search)
        .await
        .unwrap();
}
