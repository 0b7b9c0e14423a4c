//! The buckets as handlers in this process use them, without HTTP.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::objects::{
    ObjectError, ObjectErrorKind, ObjectHead, ObjectStore, OpenedObject, PutRequest, ReadRequest,
    WrittenObject,
};

use crate::s3::Buckets;

/// The buckets of a [`LocalPipeline`](crate::LocalPipeline), as the store of handlers in the same
/// process.
///
/// Make it first, because the handlers need it: it is the store of their
/// [`Objects`](s3_dispatch::objects::Objects). The pipeline that starts
/// [with it](crate::LocalPipelineBuilder::with_objects) is the one that it serves. Handlers then
/// read what was put, and what they write causes events, as in S3. So a test sees whether the
/// handlers of a program call each other without end.
///
/// Before the start and after the end of the pipeline, all requests are
/// [`Unavailable`](ObjectErrorKind::Unavailable). If several pipelines start with it, it serves the
/// one that started last. It does not keep a pipeline running. It has no faults: for those, see
/// `MemoryObjects` in `s3-dispatch-testing`.
///
/// It waits only on Tokio's clock. Clones serve the same pipeline.
///
/// ```
/// use s3_dispatch::objects::{Object, ObjectError, Objects, derived_key};
/// use s3_dispatch::{Routes, S3EventRecord, State, s3_handler};
/// use s3_dispatch_local::{LocalObjects, LocalPipeline};
///
/// #[s3_handler("ObjectCreated:*", prefix = "in/", reads, writes = "out/")]
/// async fn shout(
///     record: &S3EventRecord,
///     text: Object,
///     State(objects): State<Objects>,
/// ) -> Result<(), ObjectError> {
///     let loud = text.text().await?.to_uppercase();
///     let key = derived_key("out/", &record.object.key);
///     objects.put_once(record.bucket.name.clone(), key, loud).await?;
///     Ok(())
/// }
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() -> Result<(), s3_dispatch_local::Error> {
///     let objects = LocalObjects::new();
///     let routes = Routes::new(Objects::new(objects.clone())).on::<shout>();
///     let pipeline = LocalPipeline::of(routes)?.with_objects(&objects).start().await?;
///
///     pipeline.put("amzn-s3-demo-bucket", "in/a.txt", "hello").await?;
///     pipeline.settle().await;
///
///     let bytes = pipeline.get_object("amzn-s3-demo-bucket", "out/in/a.txt").await?;
///     assert_eq!(bytes, Some("HELLO".into()));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct LocalObjects {
    buckets: Arc<RwLock<Weak<Buckets>>>,
    latency: Duration,
}

impl LocalObjects {
    /// Creates a store that serves no pipeline yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long each request takes, half of it before its effect and half of it after. The
    /// default is no time at all.
    ///
    /// A handler that is killed or times out in the second half has written something, and does not
    /// know it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::ObjectKey;
    /// use s3_dispatch::objects::{ObjectStore, PutRequest};
    /// use s3_dispatch_local::{BucketSpec, LocalObjects, LocalPipeline, Topology};
    /// use tokio::time::timeout;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let objects = LocalObjects::new().with_latency(Duration::from_secs(2));
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_objects(&objects)
    ///     .start()
    ///     .await?;
    ///
    /// let key = ObjectKey::verbatim("1.jpg");
    /// let request = PutRequest::new("photos".into(), key, "an image".into());
    /// let put = timeout(Duration::from_millis(1_500), objects.put(&request)).await;
    /// assert!(put.is_err());
    /// assert_eq!(pipeline.objects("photos")?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Deletes an object, for handlers that do so with a client of their own. In a bucket with
    /// versioning, this adds a delete marker. If there is nothing to delete, nothing happens.
    ///
    /// # Errors
    ///
    /// [`NoSuchBucket`](ObjectErrorKind::NoSuchBucket) if there is no such bucket, and
    /// [`Unavailable`](ObjectErrorKind::Unavailable) if no pipeline runs with this store, or when
    /// the disk fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalObjects, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let objects = LocalObjects::new();
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_objects(&objects)
    ///     .start()
    ///     .await?;
    ///
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// objects.delete("photos", "1.jpg").await?;
    /// assert!(pipeline.objects("photos")?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectError> {
        self.begin().await;
        let buckets = self.buckets()?;
        let deleted = buckets.delete_for(bucket, key).await;
        self.end().await;
        deleted
    }

    /// From now on, these are the buckets.
    pub(in crate::pipeline) fn serve(&self, buckets: &Arc<Buckets>) {
        let mut served = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        *served = Arc::downgrade(buckets);
    }

    fn buckets(&self) -> Result<Arc<Buckets>, ObjectError> {
        let served = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        served.upgrade().ok_or_else(|| {
            let text = "no pipeline runs with these objects; a pipeline has them from its start, \
                        by `with_objects`, until its end";
            ObjectError::new(ObjectErrorKind::Unavailable).with_source(text)
        })
    }

    /// The first half of a request.
    async fn begin(&self) {
        wait(self.latency / 2).await;
    }

    /// The second half of a request.
    async fn end(&self) {
        wait(self.latency - self.latency / 2).await;
    }
}

/// Each request also gives the executor a turn before and after it has an effect, so that a test
/// can drop it there.
#[async_trait]
impl ObjectStore for LocalObjects {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        self.begin().await;
        let opened = self.buckets()?.open_for(request);
        self.end().await;
        opened
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        self.begin().await;
        let head = self.buckets()?.look_for(request);
        self.end().await;
        head
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        self.begin().await;
        let buckets = self.buckets()?;
        let written = buckets.write_for(request).await;
        self.end().await;
        written
    }
}

async fn wait(time: Duration) {
    match time.is_zero() {
        true => tokio::task::yield_now().await,
        false => tokio::time::sleep(time).await,
    }
}
