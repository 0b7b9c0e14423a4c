//! The running pipeline.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio::task::JoinSet;

use crate::faults::Faults;
use crate::journal::report::Recorder;
use crate::journal::{Journal, Report};
use crate::lambda::Worker;
use crate::lambda::invoker::Invoker;
use crate::lambda::mapping::Mapping;
use crate::pipeline::arrivals::deliver_in_transit;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::PipelineState;
use crate::s3::{Buckets, EventId, ObjectEvent};
use crate::sqs::endpoint::{BoundSqsEndpoint, SqsEndpoint, queue_url};
use crate::sqs::{Message, QueueSnapshot, Sent};
use crate::topology::{NotificationSource, Topology};
use crate::{Error, ErrorKind};

/// S3, SNS, SQS and Lambda in this process, with the faults of the real services.
///
/// ```
/// use s3_dispatch::Routes;
/// use s3_dispatch_local::{LocalPipeline, ObjectEvent, Topology};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), s3_dispatch_local::Error> {
/// let routes =
///     || Routes::new(()).on_fn("ObjectCreated:*", || async { Ok::<_, std::io::Error>(()) });
/// let pipeline = LocalPipeline::builder()
///     .with_topology(Topology::example())
///     .with_router("put-processor", routes())
///     .with_router("copy-processor", routes())
///     .start()
///     .await?;
///
/// let event = ObjectEvent::new("ObjectCreated:Put", "amzn-s3-demo-bucket", "photo.jpg");
/// let id = pipeline.publish(event.with_size(1024)).await?;
/// pipeline.settle().await;
/// assert_eq!(pipeline.report().events[&id].handled, 1);
/// # Ok(())
/// # }
/// ```
///
/// It waits only on Tokio's clock. While that clock is paused, minutes of visibility timeouts pass
/// at once, and each run is the same. It is for development and tests. It has no access control, so
/// never use it in production.
///
/// Cheap to clone. The pipeline ends when the last clone is dropped. [`stop`](Self::stop) ends it
/// gracefully, including the processes of functions.
#[derive(Clone)]
pub struct LocalPipeline(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    topology: Topology,
    /// The buckets that a client had configured before the start, and whose configuration counts.
    sources: Vec<(String, NotificationSource)>,
    buckets: Arc<Buckets>,
    /// By the name of the function.
    invokers: BTreeMap<String, Arc<Invoker>>,
    recorder: Arc<Mutex<Recorder>>,
    tasks: Mutex<JoinSet<()>>,
    /// Where SQS is or was served. `None` if it never was.
    sqs_address: Option<SocketAddr>,
    sqs: Mutex<Option<SqsEndpoint>>,
    workers: Mutex<Vec<Arc<Worker>>>,
}

impl LocalPipeline {
    pub(in crate::pipeline) fn run(
        engine: Arc<Engine>,
        topology: Topology,
        sources: Vec<(String, NotificationSource)>,
        buckets: Arc<Buckets>,
        invokers: BTreeMap<String, Arc<Invoker>>,
        recorder: Arc<Mutex<Recorder>>,
        sqs: Option<BoundSqsEndpoint>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(deliver_in_transit(Arc::clone(&engine)));

        for spec in &topology.mappings {
            if let Some(invoker) = invokers.get(&spec.function) {
                let mapping = Mapping::new(Arc::clone(&engine), spec.clone(), Arc::clone(invoker));
                tasks.spawn(mapping.run());
            }
        }

        let sqs_address = sqs.as_ref().map(BoundSqsEndpoint::address);
        let sqs = sqs.map(|bound| bound.serve(Arc::clone(&engine)));

        Self(Arc::new(Inner {
            engine,
            topology,
            sources,
            buckets,
            invokers,
            recorder,
            tasks: Mutex::new(tasks),
            sqs_address,
            sqs: Mutex::new(sqs),
            workers: Mutex::default(),
        }))
    }

    /// Starts the workers, now that their queues are served.
    pub(in crate::pipeline) fn start_workers(&self) -> Result<(), Error> {
        for (spec, queue) in self.0.topology.workers() {
            let queue_url = self.queue_url(queue)?;
            let worker = Worker::start(spec.clone(), queue_url, self.journal().clone())?;
            self.workers().push(Arc::new(worker));
        }

        Ok(())
    }

    /// The function with this name, unless it is a worker.
    pub(super) fn invoker(&self, function: &str) -> Option<Arc<Invoker>> {
        self.0.invokers.get(function).cloned()
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.0
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.0.engine
    }

    /// What the pipeline was started with. Clients can add buckets and queues, and change what the
    /// buckets publish.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.0.topology
    }

    /// Everything that happens in the pipeline.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.0.engine.journal
    }

    /// The buckets, for an [`S3Endpoint`](crate::S3Endpoint). They are the same ones that
    /// [`put`](Self::put), [`copy`](Self::copy) and [`delete`](Self::delete) change.
    #[must_use]
    pub fn buckets(&self) -> &Arc<Buckets> {
        &self.0.buckets
    }

    /// The faults that are injected now.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::clone(&self.0.engine.faults())
    }

    /// Changes which faults are injected from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.0.engine.set_faults(faults);
    }

    /// Publishes an event without changing an object, if the notification configuration of its
    /// bucket matches. An event without a sequencer gets one if S3 would give it one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when the event cannot be written to disk.
    /// The event is then not published. A retry may help.
    pub async fn publish(&self, event: ObjectEvent) -> Result<EventId, Error> {
        self.0.engine.publish(event).await
    }

    /// Sends a message directly to a queue, as a publisher other than S3 may do.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the queue does not exist.
    /// - [`ErrorKind::Refused`](crate::ErrorKind::Refused) or
    ///   [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) when the queue rejects the message.
    /// - [`ErrorKind::Storage`](crate::ErrorKind::Storage) when the message cannot be written to
    ///   disk. A retry may help.
    pub async fn send(&self, queue: &str, message: Message) -> Result<Sent, Error> {
        self.0.engine.send(queue, message).await
    }

    /// Waits until nothing is in transit, no function is running, and every queue that a function
    /// is invoked from is empty.
    pub async fn settle(&self) {
        let engine = &self.0.engine;
        let mut changes = engine.watch();
        let is_settled = |_: &u64| engine.read(|state| self.is_settled(state));

        // The sender lives as long as the engine.
        drop(changes.wait_for(is_settled).await);
    }

    fn is_settled(&self, state: &PipelineState) -> bool {
        let mappings = self.0.topology.mappings.iter();
        let mut queues = mappings.filter_map(|spec| state.queues.get(&*spec.queue));

        state.in_transit_count() == 0
            && state.invocations == 0
            && queues.all(|queue| queue.is_empty())
    }

    /// What happened to the events so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0
            .recorder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .report()
    }

    /// What a queue contains now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the queue does not exist.
    pub fn queue(&self, name: &str) -> Result<QueueSnapshot, Error> {
        let now = self.0.engine.clock.now();
        let snapshot = self
            .0
            .engine
            .read(|state| Some(QueueSnapshot::of(state.queues.get(name)?, now)));
        snapshot.ok_or_else(|| Error::unknown_name("queue", name))
    }

    /// The queues that the topology does not have and that the folder contains messages of, with
    /// the number of messages: `[("thumbnails", 12)]`. They were renamed or left out. Their
    /// messages stay until the topology has the queue again. Queues that SQS clients have created
    /// do not count.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{LocalPipeline, Message, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let start = |queue| {
    ///     let topology = Topology::new().with_queue(QueueSpec::new(queue));
    ///     let builder = LocalPipeline::builder().with_topology(topology);
    ///     builder.with_data(folder).start()
    /// };
    ///
    /// let pipeline = start("uploads").await?;
    /// pipeline.send("uploads", Message::new("1", "hello")).await?;
    /// pipeline.stop().await;
    /// drop(pipeline);
    ///
    /// let pipeline = start("new-uploads").await?;
    /// assert_eq!(pipeline.left_out_queues(), [("uploads".into(), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn left_out_queues(&self) -> Vec<(String, usize)> {
        let specs = &self.0.topology.queues;

        self.0.engine.read(|state| {
            let is_configured = |name: &str| specs.iter().any(|spec| spec.name == name);
            let is_clients = |name: &str| {
                let settings = state.settings.get(name);
                settings.is_some_and(|settings| settings.configured.is_none())
            };

            let queues = state.queues.iter();
            queues
                .filter(|(name, queue)| {
                    !queue.is_empty() && !is_configured(name) && !is_clients(name)
                })
                .map(|(name, queue)| (String::from(&**name), queue.len()))
                .collect()
        })
    }

    /// The buckets of the topology for which a client of S3 has put another notification
    /// configuration before the start, and whose configuration counts since then: `[("photos",
    /// NotificationSource::Client)]`.
    ///
    /// With a [folder](crate::LocalPipelineBuilder::with_data), a configuration that a client has
    /// put survives restarts. It counts until the topology says something else about the bucket
    /// than when it was put.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// assert_eq!(pipeline.notification_sources(), []);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn notification_sources(&self) -> &[(String, NotificationSource)] {
        &self.0.sources
    }

    /// The address of the SQS endpoint. `None` if the pipeline has none: see
    /// [`with_sqs_endpoint`](crate::LocalPipelineBuilder::with_sqs_endpoint).
    #[must_use]
    pub fn sqs_address(&self) -> Option<SocketAddr> {
        self.0.sqs_address
    }

    /// The URL of a queue at the SQS endpoint: `http://127.0.0.1:9092/123456789012/uploads`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::UnknownName`] when the queue does not exist.
    /// - [`ErrorKind::Configuration`] when the pipeline has no SQS endpoint.
    pub fn queue_url(&self, name: &str) -> Result<String, Error> {
        if !self.0.engine.has_queue(name) {
            return Err(Error::unknown_name("queue", name));
        }

        self.0
            .sqs_address
            .map(|address| queue_url(address, name))
            .ok_or_else(|| {
                let message = "the pipeline has no SQS endpoint; `with_sqs_endpoint` adds one";
                Error::new(ErrorKind::Configuration, message)
            })
    }

    /// Lets the workers finish what they do, while everything else still runs: each gets SIGTERM,
    /// and is killed if it still runs after the timeout of its function.
    ///
    /// SQS clients that wait for a message are answered at once, and wait for a second at most from
    /// now on. So a worker that does nothing ends soon.
    ///
    /// Call it before [`stop`](Self::stop), which kills workers at once.
    pub async fn stop_workers(&self) {
        let workers = self.workers().clone();
        if !workers.is_empty() {
            let sqs = self.0.sqs.lock().unwrap_or_else(PoisonError::into_inner);
            sqs.iter().for_each(SqsEndpoint::end_waits);
        }

        join_all(workers.iter().map(|worker| worker.drain())).await;
    }

    /// Stops the pipeline: running invocations are cut off, and processes are killed. Messages that
    /// were not handled stay in the queues and, with a folder, on disk.
    pub async fn stop(&self) {
        let workers = std::mem::take(&mut *self.workers());
        join_all(workers.iter().map(|worker| worker.end())).await;

        let sqs = self
            .0
            .sqs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut sqs) = sqs {
            sqs.stop().await;
        }

        let mut tasks =
            std::mem::take(&mut *self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;

        for invoker in self.0.invokers.values() {
            invoker.stop().await;
        }
    }
}

impl fmt::Debug for LocalPipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPipeline")
            .field("journal", self.journal())
            .finish_non_exhaustive()
    }
}
