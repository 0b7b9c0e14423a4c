//! The buckets of the local pipeline, used through the AWS SDK.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, EncodingType, ObjectIdentifier, Tag, Tagging,
};
use bytes::Bytes;
use proptest::prelude::*;
use s3_dispatch_local::{
    BucketSpec, ErrorKind, LocalPipeline, LocalPipelineBuilder, ObjectEvent, S3Endpoint, StepKind,
    Topology,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BUCKET: &str = "amzn-s3-demo-bucket";
const PART: usize = 5 * 1024 * 1024;

type Shared<T> = Arc<Mutex<Vec<T>>>;

struct S3 {
    endpoint: S3Endpoint,
    /// The events since the last time.
    events: Shared<Arc<ObjectEvent>>,
    /// Why objects could not be stored.
    failures: Shared<String>,
    client: Client,
}

impl S3 {
    async fn start() -> Self {
        Self::with(LocalPipeline::builder()).await
    }

    async fn with(builder: LocalPipelineBuilder) -> Self {
        let (events, failures) = (Shared::default(), Shared::default());
        let (seen, failed) = (Shared::clone(&events), Shared::clone(&failures));

        let pipeline = builder
            .with_topology(Topology::new().with_bucket(BucketSpec::new(BUCKET)))
            .with_observer(move |step| match &step.kind {
                StepKind::ObjectEvent(event) => seen.lock().unwrap().push(Arc::clone(event)),
                StepKind::StorageFailed { reason } => failed.lock().unwrap().push(reason.clone()),
                _ => {}
            })
            .start()
            .await
            .unwrap();

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = S3Endpoint::bind(address)
            .await
            .unwrap()
            .serve(Arc::clone(pipeline.buckets()));
        let client = client(endpoint.address());

        Self {
            endpoint,
            events,
            failures,
            client,
        }
    }

    /// Ends the pipeline, so that another one can use its folder.
    async fn stop(mut self) {
        self.endpoint.stop().await;
    }

    /// What happened since the last time, as name, key and size.
    fn events(&self) -> Vec<(String, String, Option<u64>)> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        events
            .iter()
            .map(|event| {
                let name = event.event_name.as_str().to_owned();
                (name, event.key.clone(), event.size)
            })
            .collect()
    }

    async fn put(&self, key: &str, body: impl Into<Bytes>) {
        let body = ByteStream::from(body.into());
        let put = self
            .client
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(body)
            .send()
            .await;

        put.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
    }

    async fn get(&self, key: &str) -> Bytes {
        let object = self
            .client
            .get_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();

        object.body.collect().await.unwrap().into_bytes()
    }

    async fn keys(&self) -> Vec<String> {
        let pages = self
            .client
            .list_objects_v2()
            .bucket(BUCKET)
            .max_keys(3)
            .encoding_type(EncodingType::Url);

        let mut pages = pages.into_paginator().send();
        let mut keys = Vec::new();

        while let Some(page) = pages.next().await {
            keys.extend(page.unwrap().contents().iter().map(|object| {
                percent_encoding::percent_decode_str(object.key().unwrap())
                    .decode_utf8()
                    .unwrap()
                    .into_owned()
            }));
        }

        keys
    }

    async fn upload(&self, key: &str) -> CreateMultipartUploadOutput {
        self.client
            .create_multipart_upload()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap()
    }

    async fn upload_part(
        &self,
        upload: &CreateMultipartUploadOutput,
        number: i32,
        body: Vec<u8>,
    ) -> CompletedPart {
        let part = self
            .client
            .upload_part()
            .bucket(BUCKET)
            .key(upload.key().unwrap())
            .part_number(number);

        let part = part
            .upload_id(upload.upload_id().unwrap())
            .body(body.into())
            .send()
            .await
            .unwrap();

        CompletedPart::builder()
            .part_number(number)
            .e_tag(part.e_tag().unwrap())
            .build()
    }

    async fn complete(
        &self,
        upload: &CreateMultipartUploadOutput,
        parts: Vec<CompletedPart>,
    ) -> Result<String, String> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let complete = self
            .client
            .complete_multipart_upload()
            .bucket(BUCKET)
            .key(upload.key().unwrap());

        match complete
            .upload_id(upload.upload_id().unwrap())
            .multipart_upload(parts)
            .send()
            .await
        {
            Ok(output) => Ok(output.e_tag().unwrap().to_owned()),
            Err(error) => Err(error.code().unwrap().to_owned()),
        }
    }
}

pub(crate) fn client(address: SocketAddr) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());

    Client::from_conf(config.build())
}

fn event(name: &str, key: &str, size: u64) -> (String, String, Option<u64>) {
    (name.to_owned(), key.to_owned(), Some(size))
}

fn removed(key: &str) -> (String, String, Option<u64>) {
    (String::from("ObjectRemoved:Delete"), key.to_owned(), None)
}

#[tokio::test]
async fn an_object_can_be_put_read_copied_and_deleted() {
    let s3 = S3::start().await;
    let put = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("holiday/my photo.jpg")
        .body(ByteStream::from_static(b"hello"));

    let put = put
        .content_type("image/jpeg")
        .metadata("camera", "old")
        .send()
        .await
        .unwrap();

    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(s3.get("holiday/my photo.jpg").await, "hello");

    let part = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key("holiday/my photo.jpg")
        .range("bytes=1-3")
        .send()
        .await
        .unwrap();

    assert_eq!(part.content_range(), Some("bytes 1-3/5"));
    assert_eq!(part.body.collect().await.unwrap().into_bytes(), "ell");

    let source = format!("{BUCKET}/holiday/my%20photo.jpg");

    s3.client
        .copy_object()
        .bucket(BUCKET)
        .key("copy")
        .copy_source(source)
        .send()
        .await
        .unwrap();

    let head = s3
        .client
        .head_object()
        .bucket(BUCKET)
        .key("copy")
        .send()
        .await
        .unwrap();

    assert_eq!(head.content_type(), Some("image/jpeg"));
    assert_eq!(head.metadata().unwrap()["camera"], "old");
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(s3.keys().await, ["copy", "holiday/my photo.jpg"]);

    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("copy")
        .send()
        .await
        .unwrap();

    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("was never there")
        .send()
        .await
        .unwrap();

    assert_eq!(s3.keys().await, ["holiday/my photo.jpg"]);

    assert_eq!(
        s3.events(),
        [
            event("ObjectCreated:Put", "holiday/my photo.jpg", 5),
            event("ObjectCreated:Copy", "copy", 5),
            removed("copy"),
        ]
    );
}

#[tokio::test]
async fn every_event_has_the_fields_that_s3_sends() {
    let s3 = S3::start().await;
    s3.put("a", "1").await;

    let tags = Tagging::builder().tag_set(
        Tag::builder()
            .key("colour")
            .value("red & blue")
            .build()
            .unwrap(),
    );

    s3.client
        .put_object_tagging()
        .bucket(BUCKET)
        .key("a")
        .tagging(tags.build().unwrap())
        .send()
        .await
        .unwrap();

    let tagged = s3
        .client
        .get_object_tagging()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();

    assert_eq!(tagged.tag_set()[0].value(), "red & blue");

    s3.client
        .delete_object_tagging()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();

    s3.put("a", "22").await;

    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap();

    let events = std::mem::take(&mut *s3.events.lock().unwrap());
    let names: Vec<_> = events
        .iter()
        .map(|event| event.event_name.as_str())
        .collect();

    assert_eq!(
        names,
        [
            "ObjectCreated:Put",
            "ObjectTagging:Put",
            "ObjectTagging:Delete",
            "ObjectCreated:Put",
            "ObjectRemoved:Delete"
        ]
    );

    let has_size: Vec<_> = events.iter().map(|event| event.size.is_some()).collect();
    assert_eq!(has_size, [true, false, false, true, false]);
    let has_e_tag: Vec<_> = events.iter().map(|event| event.e_tag.is_some()).collect();
    assert_eq!(has_e_tag, [true, true, true, true, false]);
    let sequencers: Vec<_> = events
        .iter()
        .filter_map(|event| event.sequencer.clone())
        .collect();
    assert_eq!(sequencers.len(), 3);
    assert!(
        sequencers.is_sorted_by(|before, after| before < after),
        "{sequencers:?}"
    );

    for sequencer in sequencers {
        assert_eq!(sequencer.len(), 18);
        assert!(
            sequencer
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)),
            "{sequencer}"
        );
    }
}

#[tokio::test]
async fn parts_are_assembled_into_an_object() {
    let s3 = S3::start().await;
    s3.put("source", vec![b's'; 100]).await;
    let upload = s3.upload("large file").await;
    let first = s3.upload_part(&upload, 1, vec![b'1'; PART]).await;
    // Replaced by a later part of the same number.
    s3.upload_part(&upload, 2, vec![b'x'; 7]).await;

    let copied = s3
        .client
        .upload_part_copy()
        .bucket(BUCKET)
        .key("large file")
        .part_number(2);

    let copied = copied
        .upload_id(upload.upload_id().unwrap())
        .copy_source(format!("{BUCKET}/source"));

    let copied = copied
        .copy_source_range("bytes=10-19")
        .send()
        .await
        .unwrap();

    let e_tag = copied.copy_part_result().unwrap().e_tag().unwrap();
    let second = CompletedPart::builder().part_number(2).e_tag(e_tag).build();

    let listed = s3
        .client
        .list_parts()
        .bucket(BUCKET)
        .key("large file")
        .upload_id(upload.upload_id().unwrap());

    let sizes: Vec<_> = listed
        .send()
        .await
        .unwrap()
        .parts()
        .iter()
        .map(|part| part.size().unwrap())
        .collect();

    assert_eq!(sizes, [PART as i64, 10]);

    let e_tag = s3.complete(&upload, vec![first, second]).await.unwrap();
    assert!(e_tag.ends_with("-2\""), "{e_tag}");
    let body = s3.get("large file").await;
    assert_eq!(body.len(), PART + 10);
    assert!(
        body[..PART].iter().all(|byte| *byte == b'1')
            && body[PART..].iter().all(|byte| *byte == b's')
    );

    assert_eq!(
        s3.events(),
        [
            event("ObjectCreated:Put", "source", 100),
            event(
                "ObjectCreated:CompleteMultipartUpload",
                "large file",
                PART as u64 + 10
            ),
        ]
    );
}

#[tokio::test]
async fn an_upload_that_cannot_be_completed_causes_no_event() {
    let s3 = S3::start().await;
    let upload = s3.upload("a").await;
    let small = s3.upload_part(&upload, 1, vec![0; PART - 1]).await;
    let last = s3.upload_part(&upload, 2, vec![0; 1]).await;
    let check = |parts| s3.complete(&upload, parts);
    assert_eq!(
        check(vec![small.clone(), last.clone()]).await.unwrap_err(),
        "EntityTooSmall"
    );
    assert_eq!(
        check(vec![last.clone(), small.clone()]).await.unwrap_err(),
        "InvalidPartOrder"
    );
    let unknown = CompletedPart::builder()
        .part_number(3)
        .e_tag("\"0\"")
        .build();
    assert_eq!(check(vec![unknown]).await.unwrap_err(), "InvalidPart");

    let abort = s3
        .client
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key("a")
        .upload_id(upload.upload_id().unwrap());

    abort.send().await.unwrap();
    assert_eq!(check(vec![last]).await.unwrap_err(), "NoSuchUpload");
    assert_eq!(s3.events(), []);
}

#[tokio::test]
async fn a_batch_delete_causes_one_event_for_each_existing_object() {
    let s3 = S3::start().await;
    for key in ["a b", "ü", "c"] {
        s3.put(key, "").await;
    }

    s3.events();
    let keys = ["a b", "never there", "ü"]
        .map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder()
        .set_objects(Some(keys.to_vec()))
        .build()
        .unwrap();

    let deleted = s3
        .client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();

    assert_eq!(deleted.deleted().len(), 3);
    assert!(deleted.errors().is_empty());
    assert_eq!(s3.events(), [removed("a b"), removed("ü")]);
    assert_eq!(s3.keys().await, ["c"]);
}

#[tokio::test]
async fn listings_are_grouped_by_a_delimiter() {
    let s3 = S3::start().await;
    for key in ["a", "a/1", "a/2", "b/1", "c"] {
        s3.put(key, "").await;
    }

    let mut names = Vec::new();
    let list = s3
        .client
        .list_objects_v2()
        .bucket(BUCKET)
        .delimiter("/")
        .max_keys(2);

    let mut pages = list.into_paginator().send();

    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        names.extend(
            page.contents()
                .iter()
                .map(|object| object.key().unwrap().to_owned()),
        );

        names.extend(
            page.common_prefixes()
                .iter()
                .map(|prefix| prefix.prefix().unwrap().to_owned()),
        );
    }

    names.sort();
    assert_eq!(names, ["a", "a/", "b/", "c"]);
}

#[tokio::test]
async fn a_put_can_require_that_the_key_is_new() {
    let s3 = S3::start().await;
    let put = || {
        s3.client
            .put_object()
            .bucket(BUCKET)
            .key("a")
            .if_none_match("*")
            .send()
    };

    put().await.unwrap();
    assert_eq!(put().await.unwrap_err().code(), Some("PreconditionFailed"));
    assert_eq!(s3.events().len(), 1);
}

#[tokio::test]
async fn a_missing_object_or_bucket_gives_the_error_code_of_s3() {
    let s3 = S3::start().await;
    let error = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.code(), Some("NoSuchKey"));

    let error = s3
        .client
        .put_object()
        .bucket("amzn-s3-demo-other")
        .key("a")
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.code(), Some("NoSuchBucket"));

    let error = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("k".repeat(1025))
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.code(), Some("KeyTooLongError"));
}

#[tokio::test]
async fn a_folder_keeps_objects_and_uploads() {
    let folder = tempfile::tempdir().unwrap();
    let open = || LocalPipeline::builder().with_data(folder.path());
    let s3 = S3::with(open()).await;
    s3.put("a/../b ü", "first").await;
    s3.put("replaced", "old").await;
    s3.put("replaced", "new").await;
    s3.put("deleted", "").await;

    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("deleted")
        .send()
        .await
        .unwrap();

    let upload = s3.upload("large").await;
    let part = s3.upload_part(&upload, 1, vec![b'1'; PART]).await;

    let last = s3.events.lock().unwrap().last().unwrap().sequencer.clone();

    s3.stop().await;

    let s3 = S3::with(open()).await;
    assert_eq!(s3.keys().await, ["a/../b ü", "replaced"]);
    assert_eq!(s3.get("replaced").await, "new");
    s3.complete(&upload, vec![part]).await.unwrap();
    s3.put("deleted", "again").await;
    assert!(s3.events.lock().unwrap().last().unwrap().sequencer > last);
    s3.stop().await;

    let s3 = S3::with(open()).await;
    assert_eq!(s3.get("large").await.len(), PART);
    assert_eq!(s3.get("a/../b ü").await, "first");
    s3.stop().await;
    let files = std::fs::read_dir(folder.path().join("bodies"))
        .unwrap()
        .count();
    assert_eq!(files, 4, "one for each object, and none that is not needed");
}

#[tokio::test]
async fn a_body_that_is_too_long_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let builder = LocalPipeline::builder()
        .with_data(folder.path())
        .with_max_body(10);
    let s3 = S3::with(builder).await;
    s3.put("a", vec![b'a'; 10]).await;

    let put = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .body(vec![b'b'; 11].into())
        .send();

    assert_eq!(put.await.unwrap_err().code(), Some("EntityTooLarge"));
    assert_eq!(s3.get("a").await, "aaaaaaaaaa");
    assert_eq!(s3.events(), [event("ObjectCreated:Put", "a", 10)]);

    assert_eq!(
        std::fs::read_dir(folder.path().join("bodies"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test]
async fn a_storage_failure_is_reported_to_the_client_and_the_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = S3::with(LocalPipeline::builder().with_data(folder.path())).await;

    std::fs::remove_dir_all(folder.path().join("bodies")).unwrap();

    let error = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("a")
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.code(), Some("InternalError"));
    let failures = s3.failures.lock().unwrap().clone();
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].starts_with("the object cannot be stored: "),
        "{failures:?}"
    );
    assert_eq!(s3.events(), []);
}

#[tokio::test]
async fn a_body_that_does_not_match_its_checksum_is_rejected() {
    let s3 = S3::start().await;
    let put = || {
        s3.client
            .put_object()
            .bucket(BUCKET)
            .key("a")
            .body(ByteStream::from_static(b"hello"))
    };

    let error = put()
        .content_md5("1B2M2Y8AsgTpgAmY7PhCfg==")
        .send()
        .await
        .unwrap_err();

    assert_eq!(error.code(), Some("BadDigest"));
    let error = put().checksum_crc32("AAAAAA==").send().await.unwrap_err();
    assert_eq!(error.code(), Some("BadDigest"));

    put()
        .content_md5("XUFAKrxLKna5cZ2REBfFkg==")
        .send()
        .await
        .unwrap();

    assert_eq!(s3.events(), [event("ObjectCreated:Put", "a", 5)]);
}

#[tokio::test]
async fn a_port_in_use_is_reported() {
    let s3 = S3::start().await;
    let error = S3Endpoint::bind(s3.endpoint.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address);
    assert_eq!(
        error.to_string(),
        format!("`{}` is in use by another program", s3.endpoint.address())
    );
}

#[tokio::test]
async fn an_unsigned_request_is_allowed_unless_a_web_page_sends_it() {
    let s3 = S3::start().await;
    assert_eq!(put_unsigned(&s3, "").await, "HTTP/1.1 200 OK");
    assert_eq!(s3.events(), [event("ObjectCreated:Put", "my photo", 5)]);
    assert_eq!(
        put_unsigned(&s3, "Origin: https://example.com\r\n").await,
        "HTTP/1.1 403 Forbidden"
    );
    assert_eq!(s3.events(), []);
}

/// Puts an object as `curl -T` does, and gives the first line of the answer.
async fn put_unsigned(s3: &S3, header: &str) -> String {
    let address = s3.endpoint.address();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "PUT /{BUCKET}/my%20photo HTTP/1.1\r\nHost: {address}\r\n{header}Content-Length: 5\r\n\
         Connection: close\r\n\r\nhello"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    answer.lines().next().unwrap().to_owned()
}

/// Puts, reads, lists, copies and deletes objects of these keys, all there at the same time.
async fn check_keys(keys: &[String]) {
    let s3 = S3::start().await;
    for key in keys {
        s3.put(key, key.clone()).await;
    }

    let mut sorted = keys.to_vec();
    sorted.sort();
    sorted.dedup();
    assert_eq!(s3.keys().await, sorted);

    for key in &sorted {
        assert_eq!(s3.get(key).await, key.as_bytes(), "{key:?}");
        let source = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);

        let copy = s3
            .client
            .copy_object()
            .bucket(BUCKET)
            .key("target")
            .copy_source(format!("{BUCKET}/{source}"));

        copy.send().await.unwrap();
        assert_eq!(s3.get("target").await, key.as_bytes(), "{key:?}");
    }

    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("target")
        .send()
        .await
        .unwrap();

    s3.events();

    for key in &sorted {
        s3.client
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
    }

    assert_eq!(
        s3.events(),
        sorted.iter().map(|key| removed(key)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn keys_that_are_not_valid_file_names_can_be_stored() {
    let long = "ü".repeat(512);
    let keys = [
        "a",
        "a/b",
        "a/b/",
        "a//b",
        "a/",
        "/a",
        "//",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "A",
        "my photo.jpg",
        "1+1",
        "100%",
        "%2F",
        "%zz",
        "?versionId=1",
        "#",
        "&amp;<key>",
        "ключ/写真 📷.jpg",
        "e\u{301}",
        "é",
        "\u{1}",
        "a\nb",
        "a\\b",
        "CON",
        "nul.",
        &long,
    ];

    check_keys(&keys.map(str::to_owned)).await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_key_can_be_stored(
        keys in proptest::collection::vec("\\PC{1,60}|[a/.%+ ü]{1,12}", 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The SDK treats a key of only white space as missing.
        let is_key = |key: &String| key != "target" && !key.trim().is_empty();
        let keys: Vec<_> = keys.into_iter().filter(is_key).collect();
        runtime.block_on(check_keys(&keys));
    }
}
