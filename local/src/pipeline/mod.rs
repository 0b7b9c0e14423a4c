//! The whole.

pub(crate) mod builder;
pub(crate) mod engine;
pub(crate) mod state;
pub(crate) mod transit;
pub(crate) mod arrivals;
pub(crate) mod log;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::JoinSet;

use crate::journal::report::Recorder;
use crate::lambda::invoker::Invoker;
use crate::lambda::mapping::Mapping;
use crate::pipeline::arrivals::carry;
use crate::pipeline::engine::{Engine, unknown};
use crate::s3::store::error_of;
use crate::{
    Buckets, Error, EventId, Faults, Journal, LocalPipelineBuilder, Message, ObjectEvent,
    ObjectEvents, QueueSnapshot, Report, Topology,
};

/// S3, SNS, SQS and Lambda in this process, with the faults of the real ones: for tests and
/// development.
///
/// ```
/// use s3_dispatch::Routes;
/// use s3_dispatch_local::{LocalPipeline, ObjectEvent, Topology};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// let routes = || Routes::new(()).on_fn("ObjectCreated:*", || async { Ok::<_, std::io::Error>(()) });
/// let pipeline = LocalPipeline::builder()
///     .with_topology(Topology::example())
///     .with_router("put-processor", routes())
///     .with_router("copy-processor", routes())
///     .start()
///     .await?;
/// let event = ObjectEvent::new("ObjectCreated:Put", "amzn-s3-demo-bucket", "holiday/my photo.jpg").with_size(1024);
/// let id = pipeline.publish(event).await?;
/// pipeline.settle().await;
/// assert_eq!(pipeline.report().events[&id].handled, 1);
/// # Ok::<_, s3_dispatch_local::Error>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// All its waiting is done by Tokio's clock: where that is paused, minutes of visibility timeouts
/// pass at once, and what happens is the same each time. Nothing of it is safe against strangers,
/// and nothing is meant for production.
///
/// Cheap to clone. Dropping the last clone ends it; [`stop`](Self::stop) does so in an orderly way,
/// and ends the processes of functions.
#[derive(Clone)]
pub struct LocalPipeline(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    topology: Topology,
    buckets: Arc<Buckets>,
    invokers: Vec<Arc<Invoker>>,
    recorder: Arc<Mutex<Recorder>>,
    tasks: Mutex<JoinSet<()>>,
}

impl LocalPipeline {
    /// A pipeline to be.
    pub fn builder() -> LocalPipelineBuilder {
        LocalPipelineBuilder::new()
    }

    pub(crate) fn run(
        engine: Arc<Engine>,
        topology: Topology,
        buckets: Buckets,
        invokers: Vec<(Arc<str>, Arc<Invoker>)>,
        recorder: Arc<Mutex<Recorder>>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(carry(Arc::clone(&engine)));

        for spec in &topology.mappings {
            let invoker = invokers.iter().find(|(name, _)| **name == *spec.function);
            if let Some((_, invoker)) = invoker {
                tasks.spawn(
                    Mapping::new(Arc::clone(&engine), spec.clone(), Arc::clone(invoker)).run(),
                );
            }
        }

        let invokers = invokers.into_iter().map(|(_, invoker)| invoker).collect();
        let buckets = Arc::new(buckets);

        Self(Arc::new(Inner {
            engine,
            topology,
            buckets,
            invokers,
            recorder,
            tasks: Mutex::new(tasks),
        }))
    }

    /// What it is made of.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.0.topology
    }

    /// All that happens in it.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.0.engine.journal
    }

    /// Its buckets: what [`put`](Self::put) and its siblings change, and what an
    /// [`S3Endpoint`](crate::S3Endpoint) serves.
    #[must_use]
    pub fn buckets(&self) -> &Arc<Buckets> {
        &self.0.buckets
    }

    /// What goes wrong on purpose from now on.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::clone(&self.0.engine.faults())
    }

    /// Changes what goes wrong on purpose from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.0.engine.set_faults(faults);
    }

    /// Puts an object into a bucket.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::S3`](crate::ErrorKind::S3) when S3 refuses it: there is no such bucket,
    /// perhaps; otherwise as for [`publish`](Self::publish).
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: impl Into<Bytes>,
    ) -> Result<EventId, Error> {
        let event = self.0.buckets.put(bucket, key, body.into()).await;
        self.publish(event.map_err(|error| error_of(&error))?).await
    }

    /// Copies an object: first the source's bucket and key, then those of the copy.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put); also when there is no such object.
    pub async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Result<EventId, Error> {
        let event = self.0.buckets.copy(from, to).await;
        self.publish(event.map_err(|error| error_of(&error))?).await
    }

    /// Deletes an object. `None` when there was none: then there is no event.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<Option<EventId>, Error> {
        match self
            .0
            .buckets
            .delete(bucket, key)
            .map_err(|error| error_of(&error))?
        {
            Some(event) => self.publish(event).await.map(Some),
            None => Ok(None),
        }
    }

    /// Has S3 notify of this event, if the bucket is configured so. An event that should have a
    /// sequencer and has none gets the next one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when it cannot be written down; then it is
    /// not sent. A retry may help.
    pub async fn publish(&self, event: ObjectEvent) -> Result<EventId, Error> {
        self.0.engine.publish(event).await
    }

    /// Sends a message straight to a queue, as a publisher other than S3 may do.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when there is no such queue,
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) or
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) when it does not take the message,
    /// and [`ErrorKind::Storage`](crate::ErrorKind::Storage) when that cannot be written down.
    pub async fn send(&self, queue: &str, message: Message) -> Result<crate::Sent, Error> {
        self.0.engine.send(queue, message).await
    }

    /// A sequencer that is greater than all before: whoever changes objects takes it while nobody
    /// else changes the same object.
    #[must_use]
    pub fn next_sequencer(&self) -> String {
        self.0.engine.next_sequencer()
    }

    /// Returns when nothing is under way: no notification, no message in any queue that a function
    /// is invoked from, and no invocation.
    pub async fn settle(&self) {
        let engine = &self.0.engine;
        let mut version = engine.watch();

        let is_settled = || {
            engine.read(|state| {
                let mut mapped = self
                    .0
                    .topology
                    .mappings
                    .iter()
                    .filter_map(|spec| state.queues.get(&*spec.queue));

                state.parcels() == 0
                    && state.invocations == 0
                    && mapped.all(|queue| queue.is_empty())
            })
        };

        // The sender lives as long as the engine.
        drop(version.wait_for(|_| is_settled()).await);
    }

    /// What became of the events so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0
            .recorder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .report()
    }

    /// What sits in a queue.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when there is none of this name.
    pub fn queue(&self, name: &str) -> Result<QueueSnapshot, Error> {
        let now = self.0.engine.clock.now();
        let snapshot = self
            .0
            .engine
            .read(|state| Some(QueueSnapshot::of(state.queues.get(name)?, now)));

        snapshot.ok_or_else(|| unknown("queue", name))
    }

    /// Ends everything: what is invoked is cut off, processes are ended. What was not handled stays
    /// in the queues, and, with a folder, on the disk.
    pub async fn stop(&self) {
        let mut tasks =
            std::mem::take(&mut *self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;

        for invoker in &self.0.invokers {
            invoker.stop().await;
        }
    }
}

#[async_trait]
impl ObjectEvents for LocalPipeline {
    async fn take(&self, event: ObjectEvent) -> Result<(), Error> {
        self.publish(event).await.map(drop)
    }

    fn cannot_store(&self, reason: &str) {
        self.journal().append(
            None,
            crate::StepKind::StorageFailed {
                reason: reason.to_owned(),
            },
        );
    }
}

impl fmt::Debug for LocalPipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPipeline")
            .field("journal", self.journal())
            .finish_non_exhaustive()
    }
}
