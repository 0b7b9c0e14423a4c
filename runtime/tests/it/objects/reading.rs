use std::collections::BTreeMap;

use std::error::Error;
use std::path::Path;
use std::task::Poll;

use futures_util::{StreamExt, TryStreamExt, stream};
use s3_dispatch::objects::{
    ObjectError, ObjectErrorKind, ObjectHead, ObjectStore, Objects, OpenedObject, PutRequest,
    ReadRequest, WrittenObject,
};
use s3_dispatch::{Object, async_trait};
use s3_dispatch_testing::{Fault, MemoryObjects};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};

use super::{BUCKET, content, object};

#[tokio::test]
async fn every_way_to_read_gives_the_whole_content() {
    let memory = MemoryObjects::new();
    let content = content(100_000);
    let event = memory.put(BUCKET, "a", content.clone());
    let object = object(&memory, &event);

    assert_eq!(object.bytes().await.unwrap(), content);
    let pieces: Vec<_> = object.stream().await.unwrap().try_collect().await.unwrap();
    assert!(pieces.len() > 1 && pieces.iter().all(|piece| !piece.is_empty()));
    assert_eq!(pieces.concat(), content);

    let mut read = Vec::new();
    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.fill_buf().await.unwrap(), pieces[0]);
    reader.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, content);

    let mut chunks = object.stream().await.unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = chunks.chunk().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert_eq!(read, content);
}

#[tokio::test]
async fn an_empty_object_is_read_in_every_way() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "");
    let object = object(&memory, &event);

    assert_eq!(object.bytes().await.unwrap(), "");
    assert_eq!(object.text().await.unwrap(), "");
    assert_eq!(object.range(..).await.unwrap(), "");
    assert_eq!(object.stream().await.unwrap().chunk().await.unwrap(), None);
    let mut lines = object.lines().await.unwrap();
    assert_eq!(lines.next_line().await.unwrap(), None);
    let mut read = Vec::new();
    let mut reader = object.reader().await.unwrap();
    assert_eq!(reader.read_to_end(&mut read).await.unwrap(), 0);
}

#[tokio::test]
async fn text_and_json_are_read() {
    let memory = MemoryObjects::new();
    let text = object(&memory, &memory.put(BUCKET, "a", "caf\u{e9}"));
    assert_eq!(text.text().await.unwrap(), "caf\u{e9}");
    let error = text.json::<u8>().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Content);

    let json = object(&memory, &memory.put(BUCKET, "b", r#"{"a": 1}"#));
    let read: BTreeMap<String, u8> = json.json().await.unwrap();
    assert_eq!(read["a"], 1);

    let bytes = object(&memory, &memory.put(BUCKET, "c", &b"\xff"[..]));
    let error = bytes.text().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Content);
    assert_eq!(
        error.to_string(),
        r#""c" in bucket "amzn-s3-demo-bucket": the content is not UTF-8"#
    );
}

async fn check_lines(content: impl Into<bytes::Bytes>, expected: &[&str]) {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", content);
    let mut lines = object(&memory, &event).lines().await.unwrap();

    let mut read = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        read.push(line);
    }
    assert_eq!(read, expected);
    assert_eq!(lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn lines_end_with_a_line_feed_or_the_object() {
    check_lines("a\nb\r\n\nc", &["a", "b", "", "c"]).await;
    check_lines("a\n", &["a"]).await;
    check_lines("\n", &[""]).await;
    check_lines("a\rb\r", &["a\rb"]).await;

    let (long, longer) = ("x".repeat(40_000), "\u{e9}".repeat(30_000));
    let content = format!("{long}\n{longer}\nend");
    check_lines(content, &[&long, &longer, "end"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_line_of_a_body_that_breaks_off_is_never_returned() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "first\nsecond");
    memory.fail_next(Fault::BodyEndsAfter(8));
    for _ in 0..5 {
        memory.fail_next(Fault::Unavailable);
    }

    let mut lines = object(&memory, &event).lines().await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("first"));
    let error = lines.next_line().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Unavailable);
}

#[tokio::test]
async fn a_range_is_the_part_that_the_object_has() {
    let memory = MemoryObjects::new();
    let content = content(1000);
    let object = object(&memory, &memory.put(BUCKET, "a", content.clone()));

    assert_eq!(object.range(10..20).await.unwrap(), content[10..20]);
    assert_eq!(object.range(10..=20).await.unwrap(), content[10..=20]);
    assert_eq!(object.range(..).await.unwrap(), content);
    assert_eq!(object.range(990..).await.unwrap(), content[990..]);
    assert_eq!(object.range(990..u64::MAX).await.unwrap(), content[990..]);
    assert_eq!(object.range(..=u64::MAX).await.unwrap(), content);
    assert_eq!(object.range(5..5).await.unwrap(), "");
    assert_eq!(object.range(1000..2000).await.unwrap(), "");
}

#[tokio::test]
async fn the_version_of_the_event_is_read_though_there_is_a_newer_one() {
    let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
    let event = memory.put(BUCKET, "a", "first");
    memory.put(BUCKET, "a", "second");
    memory.delete(BUCKET, "a");

    let object = object(&memory, &event);
    assert_eq!(object.bytes().await.unwrap(), "first");
    assert_eq!(object.range(1..3).await.unwrap(), "ir");
    let ObjectHead { size, .. } = object.head().await.unwrap();
    assert_eq!(size, 5);
}

#[tokio::test]
async fn an_object_that_is_too_large_is_refused_before_it_is_read() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "0123456789");

    let exact = object(&memory, &event).at_most(10);
    assert_eq!(exact.bytes().await.unwrap(), "0123456789");

    let before = memory.requests();
    let refused = object(&memory, &event).at_most(9);
    let error = refused.stream().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::TooLarge);
    assert_eq!(memory.requests(), before, "the record has the size");
    assert_eq!(
        error.to_string(),
        r#""a" in bucket "amzn-s3-demo-bucket": 10 bytes are more than the limit of 9"#
    );

    let unknown = object(&memory, &event.without_size()).at_most(9);
    let error = unknown.bytes().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::TooLarge);
    assert_eq!(unknown.range(..9).await.unwrap(), "012345678");
    assert!(unknown.range(..10).await.is_err());
}

#[tokio::test]
async fn an_event_without_version_and_entity_tag_is_read_only_if_the_program_says_so() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "text").without_e_tag();

    let strict = object(&memory, &event);
    for error in [
        strict.bytes().await.unwrap_err(),
        strict.head().await.unwrap_err(),
        strict.range(..1).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ObjectErrorKind::Unidentified);
    }
    assert_eq!(memory.requests(), 0);

    let latest = object(&memory, &event).or_latest();
    assert_eq!(latest.text().await.unwrap(), "text");
    memory.put(BUCKET, "a", "TEXT");
    let error = latest.text().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ObjectErrorKind::Superseded,
        "one handle, one content"
    );

    let another_size = object(&memory, &event.with_size(5)).or_latest();
    let error = another_size.text().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Superseded);
}

#[tokio::test(start_paused = true)]
async fn a_download_appears_only_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let memory = MemoryObjects::new();
    let content = content(50_000);
    let event = memory.put(BUCKET, "a", content.clone());
    let entries = || std::fs::read_dir(folder.path()).unwrap().count();

    for _ in 0..6 {
        memory.fail_next(Fault::BodyBreaksAfter(0));
    }
    let error = object(&memory, &event).download(&path).await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Unavailable);
    assert_eq!(entries(), 0);

    memory.fail_next(Fault::BodyBreaksAfter(40_000));
    let written = object(&memory, &event).download(&path).await.unwrap();
    assert_eq!(written, 50_000);
    assert_eq!(std::fs::read(&path).unwrap(), content);

    let event = memory.put(BUCKET, "a", "new");
    object(&memory, &event).download(&path).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(entries(), 1);

    let nowhere = folder.path().join("missing/a.bin");
    let error = object(&memory, &event)
        .download(&nowhere)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::File);
}

/// Drops the download after this number of polls. Returns whether it was done before.
fn download_and_drop(object: &Object, path: &Path, polls: usize) -> bool {
    // Dropping the runtime waits for what threads for files have begun.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();

    runtime.block_on(async {
        let mut download = std::pin::pin!(object.download(path));
        let mut left = polls;
        std::future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            download.as_mut().poll(context).map(|_| true)
        })
        .await
    })
}

#[test]
fn a_download_that_is_dropped_leaves_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let memory = MemoryObjects::new();
    let content = content(100_000);
    let object = object(&memory, &memory.put(BUCKET, "a", content.clone()));

    for polls in 0.. {
        let is_done = download_and_drop(&object, &path, polls);
        let entries = std::fs::read_dir(folder.path()).unwrap().count();
        if path.exists() {
            assert_eq!(std::fs::read(&path).unwrap(), content);
            std::fs::remove_file(&path).unwrap();
            assert_eq!(entries, 1);
        } else {
            assert!(entries == 0 && !is_done);
        }

        if is_done {
            assert!(polls > 10, "the download was dropped between its steps");
            break;
        }
    }
}

/// A store whose bodies turn out to be damaged after their last byte, by a checksum.
struct Damaged(MemoryObjects);

#[async_trait]
impl ObjectStore for Damaged {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        let mut opened = ObjectStore::get(&self.0, request).await?;
        let damage = stream::iter([Err("the checksum does not match".into())]);
        opened.body = Box::pin(opened.body.chain(damage));
        Ok(opened)
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        ObjectStore::head(&self.0, request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        ObjectStore::put(&self.0, request).await
    }
}

#[tokio::test]
async fn a_download_takes_the_longest_name_of_a_file() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "text");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a".repeat(255));

    object(&memory, &event).download(&path).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
}

#[tokio::test]
async fn content_that_does_not_match_its_checksum_never_looks_complete() {
    for len in [0, 100, 100_000] {
        let memory = MemoryObjects::new();
        let record = memory.put(BUCKET, "a", content(len)).build();
        let object = Objects::new(Damaged(memory)).object(&record);

        let error = object.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ObjectErrorKind::Unavailable);
        assert_eq!(
            error.source().unwrap().to_string(),
            "the checksum does not match"
        );

        let pieces: Result<Vec<_>, _> = object.stream().await.unwrap().try_collect().await;
        assert!(pieces.is_err());
    }
}
