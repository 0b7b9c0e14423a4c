//! A function with several instances, on a pipeline with faults.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use s3_dispatch::objects::{
    ObjectError, ObjectHead, ObjectStore, OpenedObject, PutRequest, ReadRequest, WrittenObject,
};
use s3_dispatch::{EventPattern, Router};
use s3_dispatch_local::{
    BucketSpec, Destination, Faults, Function, FunctionError, FunctionErrorKind, FunctionSpec,
    InProcess, Invocation, LocalPipeline, MappingSpec, NotificationSpec, QueueSpec, Topology,
};
use s3_dispatch_testing::MemoryObjects;
use tokio::time::sleep;

use crate::BUCKET;
use crate::bucket::Bucket;

/// What a run is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) is_versioned: bool,
    pub(crate) instances: usize,
    pub(crate) is_slow: bool,
}

impl Circumstances {
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for is_versioned in [false, true] {
            for instances in [1, 5] {
                for is_slow in [false, true] {
                    all.push(Self {
                        is_versioned,
                        instances,
                        is_slow,
                    });
                }
            }
        }
        all
    }

    /// Changes a bucket, lets the instances handle the events, and returns it.
    pub(crate) async fn run<R: Router>(
        self,
        seed: u64,
        instance: impl Fn(&MemoryObjects, Pause) -> R,
    ) -> Bucket {
        let mut bucket = Bucket::new(self.is_versioned, seed);
        let mut rng = Rng::with_seed(seed);
        let instances = (0..self.instances).map(|_| {
            let pause = match self.is_slow {
                true => Pause::Random(Arc::new(Mutex::new(rng.fork()))),
                false => Pause::No,
            };
            InProcess::new(instance(&bucket.memory, pause))
        });

        let pipeline = LocalPipeline::builder()
            .with_topology(topology(self.instances))
            .with_function("mirror", Fleet::new(instances))
            .with_faults(Faults::chaos(0.1).with_seed(seed))
            .start()
            .await
            .unwrap();
        for _ in 0..40 {
            if let Some(event) = bucket.step() {
                pipeline.publish(event).await.unwrap();
            }
            // Some changes of a key follow each other while the first event is still handled.
            let longest = if rng.bool() { 1_500 } else { 20_000 };
            sleep(Duration::from_millis(rng.u64(..longest))).await;
        }
        pipeline.settle().await;
        bucket
    }
}

fn topology(instances: usize) -> Topology {
    let timeout = Duration::from_secs(30);
    let events = [
        "ObjectCreated:*",
        "ObjectRemoved:*",
        "LifecycleExpiration:*",
    ];
    let events = events.map(EventPattern::from_static);
    let notification = NotificationSpec::new(events, Destination::Queue("changes".into()));
    let function = FunctionSpec::new("mirror")
        .with_timeout(timeout)
        .with_reserved_concurrency(instances);

    Topology::new()
        .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
        .with_queue(QueueSpec::new("changes").with_visibility_timeout(6 * timeout))
        .with_function(function)
        .with_mapping(MappingSpec::new("changes", "mirror"))
}

/// The instances that are idle. Each serves one invocation at a time, as in Lambda.
struct Fleet<R>(Mutex<Vec<Arc<InProcess<R>>>>);

impl<R> Fleet<R> {
    fn new(instances: impl Iterator<Item = InProcess<R>>) -> Self {
        Self(Mutex::new(instances.map(Arc::new).collect()))
    }
}

/// Gives an instance back, also if its invocation is killed.
struct Busy<'f, R>(&'f Fleet<R>, Arc<InProcess<R>>);

impl<R> Drop for Busy<'_, R> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(Arc::clone(&self.1));
    }
}

#[async_trait]
impl<R: Router> Function for Fleet<R> {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let Some(idle) = self.0.lock().unwrap().pop() else {
            let message = "every instance is busy";
            return Err(FunctionError::new(FunctionErrorKind::Throttled, message));
        };

        let busy = Busy(self, idle);
        busy.1.invoke(invocation).await
    }
}

/// How long a handler takes before it writes what it has seen.
#[derive(Clone)]
pub(crate) enum Pause {
    No,
    Fixed(Duration),
    /// Up to eight seconds.
    Random(Arc<Mutex<Rng>>),
}

impl Pause {
    pub(crate) async fn take(&self) {
        match self {
            Self::No => {}
            Self::Fixed(duration) => sleep(*duration).await,
            Self::Random(rng) => {
                let milliseconds = rng.lock().unwrap().u64(..8_000);
                sleep(Duration::from_millis(milliseconds)).await;
            }
        }
    }
}

/// A store that answers late, and knows what was true a while ago.
pub(crate) struct Slow(pub(crate) MemoryObjects, pub(crate) Pause);

#[async_trait]
impl ObjectStore for Slow {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        ObjectStore::get(&self.0, request).await
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        let head = ObjectStore::head(&self.0, request).await;
        self.1.take().await;
        head
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        ObjectStore::put(&self.0, request).await
    }
}
