//! The client of the AWS SDK as a store of objects, on the local pipeline's S3.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use bytes::Bytes;
use s3_dispatch::objects::{Current, ObjectErrorKind, Objects, PutBody, PutOutcome, WrittenObject};
use s3_dispatch::{BucketName, ETag, ObjectKey, S3EventRecord, VersionId};
use s3_dispatch_local::{BucketSpec, LocalPipeline, Origin, S3Endpoint, Topology};
use s3_dispatch_testing::RecordBuilder;
use s3_dispatch_testing::conformance::{ObjectChanges, check_object_store};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

const BUCKET: &str = "amzn-s3-demo-bucket";

struct S3 {
    client: Client,
    /// The same endpoint behind connections that break.
    proxy: Proxy,
    _endpoint: S3Endpoint,
    /// Keeps the buckets.
    _pipeline: LocalPipeline,
}

impl S3 {
    async fn start() -> Self {
        let pipeline = LocalPipeline::builder()
            .with_topology(Topology::new().with_bucket(BucketSpec::new(BUCKET)))
            .start()
            .await
            .unwrap();

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bound = S3Endpoint::bind(address).await.unwrap();
        let proxy = Proxy::start(bound.address()).await;
        let origin = Origin::parse(&format!("http://{}", proxy.address)).unwrap();
        let endpoint = bound
            .with_allowed_origin(origin)
            .serve(Arc::clone(pipeline.buckets()));

        Self {
            client: client(endpoint.address()),
            proxy,
            _endpoint: endpoint,
            _pipeline: pipeline,
        }
    }
}

fn client(address: SocketAddr) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(crate::credentials())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .retry_config(RetryConfig::standard())
        .http_client(aws_smithy_http_client::Builder::new().build_http());

    Client::from_conf(config.build())
}

#[async_trait]
impl ObjectChanges for S3 {
    async fn new_bucket(&self, is_versioned: bool) -> BucketName {
        let name = crate::unique("objects");
        let create = self.client.create_bucket().bucket(&name).send().await;
        create.unwrap();

        if is_versioned {
            let versioning = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            let put = self.client.put_bucket_versioning().bucket(&name);
            put.versioning_configuration(versioning)
                .send()
                .await
                .unwrap();
        }

        BucketName::from(name)
    }

    async fn overwrite(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        content: Bytes,
    ) -> WrittenObject {
        let put = self
            .client
            .put_object()
            .bucket(bucket.as_str())
            .key(key.as_str())
            .body(content.into())
            .send()
            .await
            .unwrap();

        let e_tag = put.e_tag.map(|tag| ETag::from(tag.trim_matches('"')));
        WrittenObject::new(e_tag, put.version_id.map(VersionId::from))
    }

    async fn delete(&self, bucket: &BucketName, key: &ObjectKey) -> Option<VersionId> {
        let delete = self.client.delete_object().bucket(bucket.as_str());
        let deleted = delete.key(key.as_str()).send().await.unwrap();
        deleted.version_id.map(VersionId::from)
    }

    async fn delete_version(&self, bucket: &BucketName, key: &ObjectKey, version: &VersionId) {
        let delete = self.client.delete_object().bucket(bucket.as_str());
        let delete = delete.key(key.as_str()).version_id(version.as_str());
        delete.send().await.unwrap();
    }
}

/// The record of an object that was put.
fn record(written: &WrittenObject, key: &str, size: usize) -> S3EventRecord {
    let mut record = RecordBuilder::new("ObjectCreated:Put")
        .with_bucket(BUCKET)
        .with_key(key)
        .with_size(size as u64)
        .with_e_tag(written.e_tag.as_ref().unwrap().as_str());
    if let Some(version) = &written.version_id {
        record = record.with_version_id(version.as_str());
    }
    record.build()
}

fn content(len: usize) -> Bytes {
    (0..len).map(|place| (place % 251) as u8).collect()
}

/// A proxy that cuts connections.
struct Proxy {
    address: SocketAddr,
    /// After how many bytes of the answers each next connection is cut.
    cuts: Arc<Mutex<VecDeque<u64>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::<Mutex<VecDeque<u64>>>::default();
        let next = Arc::clone(&cuts);

        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let cut = next.lock().unwrap().pop_front().unwrap_or(u64::MAX);
                tokio::spawn(forward(socket, target, cut));
            }
        });

        Self {
            address,
            cuts,
            task,
        }
    }

    fn cut_next(&self, after: u64) {
        self.cuts.lock().unwrap().push_back(after);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards a connection, and closes it once the answer has this many bytes.
async fn forward(mut near: TcpStream, target: SocketAddr, cut: u64) {
    let mut far = TcpStream::connect(target).await.unwrap();
    let (mut near_read, mut near_write) = near.split();
    let (far_read, mut far_write) = far.split();

    let answers = async {
        // At least the first byte, so that the request has had its effect.
        let mut first = [0];
        let mut far_read = far_read;
        let Ok(1) = far_read.read(&mut first).await else {
            return;
        };
        if cut > 0 {
            let _ = near_write.write_all(&first).await;
            let _ = copy(&mut far_read.take(cut - 1), &mut near_write).await;
        }
    };

    tokio::select! {
        _ = copy(&mut near_read, &mut far_write) => {}
        () = answers => {}
    }
}

#[tokio::test]
async fn the_client_is_a_store_of_objects() {
    let s3 = S3::start().await;
    check_object_store(&s3.client, &s3).await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_resumed_in_the_same_content() {
    let s3 = S3::start().await;
    let (bucket, key) = (BucketName::from(BUCKET), ObjectKey::verbatim("a b"));
    let content = content(3_000_000);
    let written = s3.overwrite(&bucket, &key, content.clone()).await;

    for after in [2_000_000, 300, 10_000, 700_000] {
        s3.proxy.cut_next(after);
    }
    let object = Objects::new(client(s3.proxy.address)).object(&record(&written, "a b", 3_000_000));
    assert!(object.bytes().await.unwrap() == content);
    assert!(s3.proxy.cuts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_object_that_is_overwritten_while_it_is_read_is_superseded() {
    let s3 = S3::start().await;
    let (bucket, key) = (BucketName::from(BUCKET), ObjectKey::verbatim("a"));
    let written = s3.overwrite(&bucket, &key, content(3_000_000)).await;

    s3.proxy.cut_next(1_000_000);
    let object = Objects::new(client(s3.proxy.address)).object(&record(&written, "a", 3_000_000));
    let mut stream = object.stream().await.unwrap();
    stream.chunk().await.unwrap().unwrap();
    s3.overwrite(&bucket, &key, vec![7; 3_000_000].into()).await;

    let error = loop {
        match stream.chunk().await {
            Ok(chunk) => assert!(chunk.is_some(), "it must not look complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ObjectErrorKind::Superseded);
}

#[tokio::test]
async fn the_object_of_an_event_is_the_one_that_was_announced() {
    let s3 = S3::start().await;
    let (bucket, key) = (BucketName::from(BUCKET), ObjectKey::verbatim("a"));
    let objects = Objects::new(s3.client.clone());
    let written = s3.overwrite(&bucket, &key, "old!".into()).await;
    let object = objects.object(&record(&written, "a", 4));
    assert_eq!(object.text().await.unwrap(), "old!");
    assert_eq!(object.range(1..3).await.unwrap(), "ld");
    assert_eq!(object.head().await.unwrap().size, 4);

    let newer = s3.overwrite(&bucket, &key, "newer".into()).await;
    let error = object.text().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Superseded);
    let Current::Present { size, e_tag, .. } = objects.current(BUCKET, key.clone()).await.unwrap()
    else {
        panic!("the object is there");
    };
    assert_eq!((size, e_tag), (5, newer.e_tag));

    s3.delete(&bucket, &key).await;
    let error = object.text().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Gone);
    let current = objects.current(BUCKET, key).await.unwrap();
    assert_eq!(current, Current::Absent);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_recognised() {
    let s3 = S3::start().await;
    let objects = Objects::new(client(s3.proxy.address));

    s3.proxy.cut_next(0);
    let put = objects.put_once(BUCKET, "a", "text");
    assert!(matches!(put.await.unwrap(), PutOutcome::Written(_)));
    assert!(s3.proxy.cuts.lock().unwrap().is_empty());

    let put = objects.put_once(BUCKET, "a", "text");
    assert!(matches!(
        put.await.unwrap(),
        PutOutcome::AlreadyThere(Some(_))
    ));
}

#[tokio::test]
async fn a_file_is_written() {
    let s3 = S3::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, content(2_000_000)).unwrap();

    let put = Objects::new(s3.client.clone())
        .put_once(BUCKET, "a", PutBody::file(&path))
        .with_content_type("application/octet-stream");
    let PutOutcome::Written(written) = put.await.unwrap() else {
        panic!("nothing was there");
    };

    let object = Objects::new(s3.client.clone()).object(&record(&written, "a", 2_000_000));
    let copy = folder.path().join("copy.bin");
    assert_eq!(object.download(&copy).await.unwrap(), 2_000_000);
    assert!(std::fs::read(copy).unwrap() == content(2_000_000));
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_unavailable() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let objects = Objects::new(client(address));
    let current = objects.current(BUCKET, ObjectKey::verbatim("a")).await;
    let error = current.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Unavailable);
}
