//! The built program, as a function behind `local` that runs in several processes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use s3_dispatch::EventPattern;
use s3_dispatch_local::{
    BucketSpec, Destination, FunctionSpec, LocalPipeline, MappingSpec, NotificationSpec, QueueSpec,
    S3Endpoint, StepKind, Topology,
};

use crate::BUCKET;
use crate::chaos::sizes;

fn topology(endpoint: SocketAddr, file: &Path) -> Topology {
    let timeout = Duration::from_secs(30);
    let events = ["ObjectCreated:*", "ObjectRemoved:*"].map(EventPattern::from_static);
    let notification = NotificationSpec::new(events, Destination::Queue("changes".into()));
    let function = FunctionSpec::new("mirror")
        .with_timeout(timeout)
        .with_variable("INDEX_FILE", file.to_str().unwrap())
        .with_variable("AWS_ENDPOINT_URL", format!("http://{endpoint}"));

    Topology::new()
        .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
        .with_queue(QueueSpec::new("changes").with_visibility_timeout(6 * timeout))
        .with_function(function)
        .with_mapping(MappingSpec::new("changes", "mirror").with_batch_size(2))
}

fn client(endpoint: SocketAddr) -> Client {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://{endpoint}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());

    mirror::client(&config.build())
}

/// The size and the entity tag of each object in the bucket.
async fn objects(client: &Client) -> BTreeMap<String, (u64, Option<String>)> {
    let list = client.list_objects_v2().bucket(BUCKET).send().await;
    let objects = list.unwrap().contents.unwrap_or_default().into_iter();
    objects
        .map(|object| {
            let e_tag = object.e_tag.map(|tag| tag.trim_matches('"').to_owned());
            (object.key.unwrap(), (object.size.unwrap() as u64, e_tag))
        })
        .collect()
}

#[tokio::test]
async fn processes_that_share_a_file_keep_it_like_the_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.sqlite");
    let bound = S3Endpoint::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let address = bound.address();
    let pipeline = LocalPipeline::builder()
        .with_topology(topology(address, &file))
        .with_binary("mirror", env!("CARGO_BIN_EXE_mirror"))
        .start()
        .await
        .unwrap();
    let _endpoint = bound.serve(Arc::clone(pipeline.buckets()));
    let client = client(address);

    for round in 1..=3 {
        for key in ["a.txt", "my file+1.txt", "c.txt"] {
            pipeline.put(BUCKET, key, "x".repeat(round)).await.unwrap();
        }
        pipeline
            .copy((BUCKET, "a.txt"), (BUCKET, "copy.txt"))
            .await
            .unwrap();
        pipeline.delete(BUCKET, "c.txt").await.unwrap();
    }
    pipeline.settle().await;

    let objects = objects(&client).await;
    assert_eq!(
        Vec::from_iter(objects.keys()),
        ["a.txt", "copy.txt", "my file+1.txt"]
    );
    assert_eq!(sizes(&file).await, objects);

    let history = pipeline.journal().history();
    let processes = history.iter().filter_map(|step| match step.kind {
        StepKind::FunctionStarted { process, .. } => Some(process),
        _ => None,
    });
    assert!(BTreeSet::from_iter(processes).len() > 1);
    pipeline.stop().await;
}
