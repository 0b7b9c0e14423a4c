//! The suite for an [`ObjectStore`].

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{TryStreamExt, stream};
use s3_dispatch::objects::{
    ObjectError, ObjectErrorKind, ObjectHead, ObjectStore, PutBody, PutCondition, PutRequest,
    ReadRequest, WrittenObject,
};
use s3_dispatch::{BucketName, ETag, ObjectKey, VersionId};

/// What others do to the objects of a store, for [`check_object_store`].
#[async_trait]
pub trait ObjectChanges: Sync {
    /// Makes a new, empty bucket.
    async fn new_bucket(&self, is_versioned: bool) -> BucketName;

    /// Puts an object, whatever is there.
    async fn overwrite(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        content: Bytes,
    ) -> WrittenObject;

    /// Deletes the object at a key. In a bucket with versioning, returns the version of the delete
    /// marker.
    async fn delete(&self, bucket: &BucketName, key: &ObjectKey) -> Option<VersionId>;

    /// Deletes one version, or one delete marker, for good.
    async fn delete_version(&self, bucket: &BucketName, key: &ObjectKey, version: &VersionId);
}

/// Checks every promise of [`ObjectStore`].
///
/// # Panics
///
/// Panics if the store breaks a promise, with a message that names the promise.
pub async fn check_object_store(store: &impl ObjectStore, changes: &impl ObjectChanges) {
    for is_versioned in [false, true] {
        let bucket = changes.new_bucket(is_versioned).await;
        let suite = Suite {
            store,
            changes,
            bucket,
        };

        suite.what_is_written_is_read().await;
        suite.a_stream_is_written_whole_or_not_at_all().await;
        suite.every_key_is_its_own().await;
        suite.nothing_is_written_over_an_object().await;
        suite.only_the_named_object_is_replaced().await;
        suite.one_of_many_writes_succeeds().await;
        suite.a_range_is_clipped().await;
        suite.another_entity_tag_is_superseded().await;
        suite.what_was_deleted_is_gone().await;
        if is_versioned {
            suite.versions_stay().await;
            suite.a_delete_marker_is_gone().await;
        }
    }

    a_missing_bucket_is_told_apart(store, changes).await;
}

struct Suite<'s, S, C> {
    store: &'s S,
    changes: &'s C,
    bucket: BucketName,
}

impl<S: ObjectStore, C: ObjectChanges> Suite<'_, S, C> {
    async fn what_is_written_is_read(&self) {
        let content = Bytes::from((0..300_000_u32).map(|byte| byte as u8).collect::<Vec<_>>());
        for (name, content) in [("large", content), ("empty", Bytes::new())] {
            let mut request = self.put_request(name, content.clone());
            request.content_type = Some("application/x-photo".to_owned());
            request.metadata = [("source".to_owned(), "a b.jpg".to_owned())].into();
            let written = self.store.put(&request).await.expect("a new key is free");

            let (head, range, read) = self.read(&self.at(name)).await.expect("it was written");
            assert!(read == content, "the content is read as it was written");
            assert_eq!(
                range,
                0..content.len() as u64,
                "the range is that of the body"
            );
            assert_eq!(
                head,
                self.head(&self.at(name)).await,
                "a look tells the same"
            );

            assert_eq!(head.size, content.len() as u64, "the size is in bytes");
            assert_eq!(head.e_tag, written.e_tag, "a write tells the entity tag");
            assert_eq!(
                head.version_id, written.version_id,
                "a write tells the version"
            );
            assert_eq!(head.content_type, request.content_type, "the type is kept");
            assert_eq!(head.metadata, request.metadata, "metadata is kept");
            assert!(
                is_recent(head.last_modified),
                "the time is that of the write"
            );
            let tag = head.e_tag.expect("an object has an entity tag");
            assert!(!tag.as_str().contains('"'), "{tag} has no quotes");
        }
    }

    async fn a_stream_is_written_whole_or_not_at_all(&self) {
        let streamed = |name: &str, length, fails: bool| {
            let make = move || {
                let pieces = [Ok(Bytes::from("abc")), Ok(Bytes::from("def"))].into_iter();
                let failure = fails.then(|| Err("the source failed".into()));
                stream::iter(pieces.chain(failure))
            };
            self.put_request(name, PutBody::stream(length, make))
        };

        let put = self.store.put(&streamed("streamed", 6, false)).await;
        put.expect("the stream has the length that it announces");
        assert_eq!(
            self.content("streamed").await,
            "abcdef",
            "it is written in order"
        );

        for (length, fails) in [(5, false), (7, false), (6, true), (9, true)] {
            let put = self.store.put(&streamed("broken", length, fails)).await;
            assert!(put.is_err(), "six bytes for {length}, failure {fails}");
            self.expect_gone(&self.at("broken"), "nothing was written")
                .await;
        }
    }

    async fn every_key_is_its_own(&self) {
        let names = [
            "k", "k/", "k/a", "k+a", "k a", "k%20a", "k%2Fa", "K", "k\u{e9}", "k?a", "k#a",
        ];
        for name in names {
            self.write(name, name).await;
        }

        for name in names {
            let (_, _, read) = self.read(&self.at(name)).await.expect("it was written");
            assert_eq!(read, name, "a key can be any text: {name:?}");
        }
    }

    async fn nothing_is_written_over_an_object(&self) {
        self.write("taken", "first").await;
        let second = self.store.put(&self.put_request("taken", "second")).await;
        expect(second, ObjectErrorKind::Superseded, "there is an object");
        assert_eq!(self.content("taken").await, "first", "nothing was written");

        self.changes.delete(&self.bucket, &key("taken")).await;
        self.write("taken", "third").await;
        assert_eq!(
            self.content("taken").await,
            "third",
            "the key was free again"
        );
    }

    async fn only_the_named_object_is_replaced(&self) {
        let first = self.write("replaced", "first").await;
        let old = first.e_tag.expect("an object has an entity tag");
        let replace = |content: &'static str| {
            let mut request = self.put_request("replaced", content);
            request.condition = PutCondition::Matches(old.clone());
            request
        };

        let second = self.store.put(&replace("second")).await;
        let second = second.expect("the entity tag matches");
        assert_ne!(
            second.e_tag.as_ref(),
            Some(&old),
            "other content, other tag"
        );
        assert_eq!(self.content("replaced").await, "second", "it was replaced");

        let third = self.store.put(&replace("third")).await;
        expect(
            third,
            ObjectErrorKind::Superseded,
            "the tag is that of the first",
        );
        assert_eq!(
            self.content("replaced").await,
            "second",
            "nothing was written"
        );

        self.changes.delete(&self.bucket, &key("replaced")).await;
        let fourth = self.store.put(&replace("fourth")).await;
        expect(fourth, ObjectErrorKind::Gone, "there is nothing to replace");
        self.expect_gone(&self.at("replaced"), "nothing was written")
            .await;
    }

    async fn one_of_many_writes_succeeds(&self) {
        let requests: Vec<_> = (0..10)
            .map(|number| self.put_request("raced", number.to_string()))
            .collect();
        let puts = join_all(requests.iter().map(|request| self.store.put(request))).await;

        let mut winners = Vec::new();
        for (number, put) in puts.into_iter().enumerate() {
            match put.map_err(|error| error.kind()) {
                Ok(_) => winners.push(number.to_string()),
                Err(ObjectErrorKind::Superseded | ObjectErrorKind::Conflict) => {}
                Err(other) => panic!("a write that came second is {other:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "one of many simultaneous writes succeeds");
        assert_eq!(
            self.content("raced").await,
            *winners[0],
            "it is what is there"
        );
    }

    async fn a_range_is_clipped(&self) {
        self.write("ranged", "0123456789").await;
        for (asked, had) in [(0..1, 0..1), (3..7, 3..7), (9..10, 9..10), (7..1000, 7..10)] {
            let mut request = self.at("ranged");
            request.range = Some(asked.clone());
            let (head, range, read) = self.read(&request).await.expect("the range is there");

            assert_eq!(range, had, "{asked:?} is clipped to the object");
            let (start, end) = (had.start as usize, had.end as usize);
            assert_eq!(read, "0123456789"[start..end], "the body is the range");
            assert_eq!(head.size, 10, "the size is that of the whole object");
        }

        let mut behind = self.at("ranged");
        behind.range = Some(10..11);
        let read = self.read(&behind).await;
        expect(
            read,
            ObjectErrorKind::Rejected,
            "the range begins behind the end",
        );
    }

    async fn another_entity_tag_is_superseded(&self) {
        let old = self.write("tagged", "old").await;
        let request = self.tagged("tagged", old.e_tag);
        assert!(self.read(&request).await.is_ok(), "the entity tag matches");
        assert!(self.store.head(&request).await.is_ok(), "it matches a look");

        self.overwrite("tagged", "new").await;
        self.expect_both(&request, ObjectErrorKind::Superseded, "it was overwritten")
            .await;

        self.changes.delete(&self.bucket, &key("tagged")).await;
        self.expect_gone(&request, "a deleted object has no tag")
            .await;
    }

    async fn what_was_deleted_is_gone(&self) {
        self.expect_gone(&self.at("never"), "nothing was written")
            .await;

        self.write("deleted", "text").await;
        self.changes.delete(&self.bucket, &key("deleted")).await;
        self.expect_gone(&self.at("deleted"), "it was deleted")
            .await;
    }

    async fn versions_stay(&self) {
        let first = self.write("kept", "first").await;
        let second = self.overwrite("kept", "second").await;
        assert_ne!(
            first.version_id, second.version_id,
            "each write is a version"
        );
        self.changes.delete(&self.bucket, &key("kept")).await;
        self.overwrite("kept", "third").await;

        for (written, content) in [(&first, "first"), (&second, "second")] {
            let mut request = self.tagged("kept", written.e_tag.clone());
            request.version_id.clone_from(&written.version_id);
            let (head, _, read) = self.read(&request).await.expect("versions stay");
            assert_eq!(read, content, "each version keeps its content");
            assert_eq!(
                head.version_id, written.version_id,
                "a read tells the version"
            );
        }

        let mut request = self.tagged("kept", second.e_tag);
        request.version_id.clone_from(&first.version_id);
        self.expect_both(
            &request,
            ObjectErrorKind::Superseded,
            "the tag is of another version",
        )
        .await;

        let version = first.version_id.expect("the bucket has versions");
        self.changes
            .delete_version(&self.bucket, &key("kept"), &version)
            .await;
        let mut request = self.at("kept");
        request.version_id = Some(version);
        self.expect_gone(&request, "the version was deleted").await;
        assert_eq!(self.content("kept").await, "third", "the others stay");
    }

    async fn a_delete_marker_is_gone(&self) {
        self.write("marked", "text").await;
        let marker = self.changes.delete(&self.bucket, &key("marked")).await;
        let marker = marker.expect("a bucket with versions has delete markers");

        let mut request = self.at("marked");
        request.version_id = Some(marker.clone());
        self.expect_gone(&request, "a delete marker is no object")
            .await;

        self.changes
            .delete_version(&self.bucket, &key("marked"), &marker)
            .await;
        assert_eq!(self.content("marked").await, "text", "the marker is gone");
    }

    fn at(&self, name: &str) -> ReadRequest {
        ReadRequest::new(self.bucket.clone(), key(name))
    }

    fn tagged(&self, name: &str, e_tag: Option<ETag>) -> ReadRequest {
        let mut request = self.at(name);
        request.e_tag = e_tag;
        request
    }

    fn put_request(&self, name: &str, content: impl Into<PutBody>) -> PutRequest {
        PutRequest::new(self.bucket.clone(), key(name), content.into())
    }

    /// Writes where nothing is.
    async fn write(&self, name: &str, content: &str) -> WrittenObject {
        let request = self.put_request(name, content.to_owned());
        let written = self.store.put(&request).await;
        written.unwrap_or_else(|error| panic!("{name:?} is free: {error:?}"))
    }

    async fn overwrite(&self, name: &str, content: &str) -> WrittenObject {
        let content = Bytes::from(content.to_owned());
        self.changes
            .overwrite(&self.bucket, &key(name), content)
            .await
    }

    async fn head(&self, request: &ReadRequest) -> ObjectHead {
        let head = self.store.head(request).await;
        head.unwrap_or_else(|error| panic!("{request:?} is there: {error:?}"))
    }

    async fn content(&self, name: &str) -> Bytes {
        let read = self.read(&self.at(name)).await;
        read.unwrap_or_else(|error| panic!("{name:?} is there: {error:?}"))
            .2
    }

    async fn read(
        &self,
        request: &ReadRequest,
    ) -> Result<(ObjectHead, std::ops::Range<u64>, Bytes), ObjectError> {
        let opened = self.store.get(request).await?;
        let pieces: Vec<Bytes> = opened
            .body
            .try_collect()
            .await
            .unwrap_or_else(|error| panic!("the body of {request:?} breaks off: {error}"));
        Ok((opened.head, opened.range, pieces.concat().into()))
    }

    async fn expect_gone(&self, request: &ReadRequest, why: &str) {
        self.expect_both(request, ObjectErrorKind::Gone, why).await;
    }

    async fn expect_both(&self, request: &ReadRequest, kind: ObjectErrorKind, why: &str) {
        expect(self.store.get(request).await, kind, why);
        expect(self.store.head(request).await, kind, why);
    }
}

async fn a_missing_bucket_is_told_apart(store: &impl ObjectStore, changes: &impl ObjectChanges) {
    let bucket = changes.new_bucket(false).await;
    let missing = BucketName::from(format!("{bucket}-missing"));
    let read = store.get(&ReadRequest::new(missing, key("a"))).await;
    expect(read, ObjectErrorKind::NoSuchBucket, "there is no bucket");
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::verbatim(name)
}

#[track_caller]
fn expect<T>(result: Result<T, ObjectError>, kind: ObjectErrorKind, why: &str) {
    match result {
        Ok(_) => panic!("{why}, so the answer is {kind:?} and no success"),
        Err(error) => assert_eq!(error.kind(), kind, "{why}: {error:?}"),
    }
}

/// Whether a time is now, give or take the clocks of two machines.
fn is_recent(time: Option<SystemTime>) -> bool {
    const TOLERANCE: Duration = Duration::from_secs(15 * 60);

    let now = SystemTime::now();
    time.is_some_and(|time| time > now - TOLERANCE && time < now + TOLERANCE)
}
