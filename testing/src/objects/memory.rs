//! The memory, as tests use it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use s3_dispatch::objects::ObjectHead;

use super::fault::Fault;
use super::state::{Content, State};
use crate::RecordBuilder;

/// A memory of objects with versions, in place of S3.
///
/// It behaves like S3 where a handler can see it: entity tags, versions and delete markers,
/// conditions, ranges, and what is denied. One suite checks it and the AWS SDK's client alike.
/// Changes return the record of their event. Its clones share the objects.
///
/// A bucket exists once something was put into it. It has no versioning, unless
/// [`with_versioned_bucket`](Self::with_versioned_bucket) made it.
///
/// # Examples
///
/// ```
/// use s3_dispatch::objects::{ObjectErrorKind, Objects};
/// use s3_dispatch_testing::MemoryObjects;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let memory = MemoryObjects::new();
/// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "old").build();
/// memory.put("amzn-s3-demo-bucket", "a.txt", "new");
///
/// let object = Objects::new(memory).object(&record);
/// assert_eq!(object.bytes().await.unwrap_err().kind(), ObjectErrorKind::Superseded);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects {
    state: Arc<Mutex<State>>,
}

impl MemoryObjects {
    /// Creates an empty memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bucket with versioning.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new().with_versioned_bucket("amzn-s3-demo-bucket");
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "text").build();
    /// assert!(record.object.version_id.is_some());
    /// ```
    #[must_use]
    pub fn with_versioned_bucket(self, bucket: &str) -> Self {
        self.state().add_versioned_bucket(bucket);
        self
    }

    /// Answers requests for what does not exist with 403 and not with 404, as S3 does for a role
    /// without `s3:ListBucket`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::ObjectKey;
    /// use s3_dispatch::objects::{ObjectErrorKind, Objects};
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let memory = MemoryObjects::new().without_list_bucket();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "text");
    ///
    /// let key = ObjectKey::verbatim("b.txt");
    /// let error = Objects::new(memory).current("amzn-s3-demo-bucket", key).await.unwrap_err();
    /// assert_eq!(error.kind(), ObjectErrorKind::Denied);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn without_list_bucket(self) -> Self {
        self.state().is_listing_denied = true;
        self
    }

    /// Puts an object, whatever is there, and returns the record `ObjectCreated:Put`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "my photo.jpg", "abc").build();
    /// assert_eq!(record.object.key, "my photo.jpg");
    /// assert_eq!(record.object.size, Some(3));
    /// ```
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> RecordBuilder {
        let content = Content {
            bytes: bytes.into(),
            ..Content::default()
        };
        let mut state = self.state();
        let head = state.put(bucket, key, content).head();

        let mut record = RecordBuilder::new("ObjectCreated:Put")
            .with_bucket(bucket)
            .with_key(key)
            .with_size(head.size)
            .with_sequencer(state.sequencer());
        if let Some(e_tag) = head.e_tag {
            record = record.with_e_tag(e_tag.as_str());
        }
        match head.version_id {
            Some(version) => record.with_version_id(version.as_str()),
            None => record,
        }
    }

    /// Deletes the object at a key, and returns the record of the event: `ObjectRemoved:Delete`, or
    /// `ObjectRemoved:DeleteMarkerCreated` in a bucket with versioning.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::EventName;
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "text");
    /// let record = memory.delete("amzn-s3-demo-bucket", "a.txt").build();
    ///
    /// assert_eq!(record.event_name, EventName::OBJECT_REMOVED_DELETE);
    /// assert_eq!(memory.get("amzn-s3-demo-bucket", "a.txt"), None);
    /// ```
    pub fn delete(&self, bucket: &str, key: &str) -> RecordBuilder {
        let mut state = self.state();
        let marker = state.delete(bucket, key);
        let event = match marker {
            Some(_) => "ObjectRemoved:DeleteMarkerCreated",
            None => "ObjectRemoved:Delete",
        };

        let record = RecordBuilder::new(event)
            .with_bucket(bucket)
            .with_key(key)
            .with_sequencer(state.sequencer());
        match marker {
            Some(version) => record.with_version_id(version.as_str()),
            None => record,
        }
    }

    /// Deletes one version for good, and returns the record `ObjectRemoved:Delete`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new().with_versioned_bucket("amzn-s3-demo-bucket");
    /// let first = memory.put("amzn-s3-demo-bucket", "a.txt", "first").build();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "second");
    ///
    /// let version = first.object.version_id.unwrap();
    /// memory.delete_version("amzn-s3-demo-bucket", "a.txt", version.as_str());
    /// assert_eq!(memory.versions("amzn-s3-demo-bucket", "a.txt"), 1);
    /// ```
    pub fn delete_version(&self, bucket: &str, key: &str, version: &str) -> RecordBuilder {
        let mut state = self.state();
        state.delete_version(bucket, key, version);

        RecordBuilder::new("ObjectRemoved:Delete")
            .with_bucket(bucket)
            .with_key(key)
            .with_version_id(version)
            .with_sequencer(state.sequencer())
    }

    /// Lets the next request fail that this fault can strike. Several faults strike one after
    /// another.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{ObjectErrorKind, Objects};
    /// use s3_dispatch_testing::{Fault, MemoryObjects};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let memory = MemoryObjects::new();
    /// let record = memory.put("amzn-s3-demo-bucket", "a.txt", "text").build();
    /// memory.fail_next(Fault::Throttled(None));
    ///
    /// let object = Objects::new(memory).object(&record);
    /// assert_eq!(object.bytes().await.unwrap_err().kind(), ObjectErrorKind::Throttled);
    /// assert_eq!(object.bytes().await.unwrap(), "text");
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn fail_next(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// The content at a key now. `None` if there is none.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let state = self.state();
        let current = state.current(bucket, key)?;
        Some(current.content.bytes.clone())
    }

    /// What is known about the object at a key now. `None` if there is none.
    #[must_use]
    pub fn head(&self, bucket: &str, key: &str) -> Option<ObjectHead> {
        let state = self.state();
        Some(state.current(bucket, key)?.head())
    }

    /// The keys of a bucket, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::MemoryObjects;
    ///
    /// let memory = MemoryObjects::new();
    /// memory.put("amzn-s3-demo-bucket", "b.txt", "");
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "");
    /// assert_eq!(memory.keys("amzn-s3-demo-bucket"), ["a.txt", "b.txt"]);
    /// ```
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.state().keys(bucket)
    }

    /// How many versions of an object there are, without delete markers.
    #[must_use]
    pub fn versions(&self, bucket: &str, key: &str) -> usize {
        self.state().versions(bucket, key)
    }

    /// How many requests there have been, without those of the test itself.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state().requests
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A change is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
