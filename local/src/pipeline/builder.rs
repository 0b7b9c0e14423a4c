//! The builder of a pipeline: what it consists of, and how it starts.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use s3_dispatch::{Dispatcher, Router};

use super::engine::Engine;
use super::log::ChangeLog;
use super::running::{LocalObjects, LocalPipeline};
use super::state::PipelineState;
use crate::aws::traces::Traces;
use crate::aws::web_access::Origin;
use crate::faults::Faults;
use crate::journal::clock::Clock;
use crate::journal::report::Recorder;
use crate::journal::{Journal, Observer, Step};
use crate::lambda::invoker::Invoker;
use crate::lambda::{Function, FunctionError, InProcess, Process, Remote, require_real_clock};
use crate::s3::{BodyStore, Buckets, StoreIndex};
use crate::sqs::endpoint::BoundSqsEndpoint;
use crate::topology::{FunctionSpec, PROCESSOR, Topology};
use crate::{Error, ErrorKind};

/// How many steps the journal remembers, and how many events the report.
const DEFAULT_CAPACITY: usize = 10_000;

/// The longest body of one request, in bytes ("Uploading objects", Amazon S3 User Guide, 2026).
const DEFAULT_MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;

/// How many bytes of objects are in memory, without a folder.
const DEFAULT_MAX_MEMORY: u64 = 256 * 1024 * 1024;

/// Builds a [`LocalPipeline`].
///
/// Without a topology it has [that of the examples](Topology::example). Each function of the
/// topology needs a program, or must be given here.
///
/// A test on a paused clock:
///
/// ```
/// use s3_dispatch::{ObjectKey, Routes};
/// use s3_dispatch_local::LocalPipeline;
///
/// fn routes() -> Routes<()> {
///     Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, std::io::Error>(()))
/// }
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() -> Result<(), s3_dispatch_local::Error> {
///     let pipeline = LocalPipeline::builder()
///         .with_router("put-processor", routes())
///         .with_router("copy-processor", routes())
///         .start()
///         .await?;
///     pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
///     pipeline.settle().await;
///     assert_eq!(pipeline.report().handled.len(), 1);
///     Ok(())
/// }
/// ```
#[must_use = "`start` makes it a pipeline"]
pub struct LocalPipelineBuilder {
    topology: Topology,
    functions: BTreeMap<String, Arc<dyn Function>>,
    programs: BTreeMap<String, PathBuf>,
    faults: Faults,
    folder: Option<PathBuf>,
    is_synced: bool,
    max_body: u64,
    max_memory: u64,
    sqs_address: Option<SocketAddr>,
    allowed_origins: Vec<Origin>,
    history_capacity: usize,
    report_capacity: usize,
    observers: Vec<Observer>,
    objects: Vec<LocalObjects>,
}

impl LocalPipeline {
    /// Starts to build the pipeline of a program with this router: the
    /// [topology of the router](Topology::of), whose function `processor` is the router itself.
    ///
    /// # Errors
    ///
    /// As for [`Topology::of`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{ObjectKey, Routes};
    /// use s3_dispatch_local::LocalPipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let routes = Routes::new(())
    /// #     .on_fn("ObjectCreated:*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));
    /// let pipeline = LocalPipeline::of(routes)?.start().await?;
    /// let id = pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
    /// pipeline.settle().await;
    ///
    /// assert_eq!(pipeline.report().events[&id].handled, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of<R: Router>(router: impl Into<Dispatcher<R>>) -> Result<LocalPipelineBuilder, Error> {
        let dispatcher = router.into();
        let topology = Topology::of(dispatcher.router())?;

        Ok(Self::builder()
            .with_topology(topology)
            .with_router(PROCESSOR, dispatcher))
    }

    /// Starts to build a pipeline.
    pub fn builder() -> LocalPipelineBuilder {
        LocalPipelineBuilder {
            topology: Topology::example(),
            functions: BTreeMap::new(),
            programs: BTreeMap::new(),
            faults: Faults::none(),
            folder: None,
            is_synced: true,
            max_body: DEFAULT_MAX_BODY,
            max_memory: DEFAULT_MAX_MEMORY,
            sqs_address: None,
            allowed_origins: Vec::new(),
            history_capacity: DEFAULT_CAPACITY,
            report_capacity: DEFAULT_CAPACITY,
            observers: Vec::new(),
            objects: Vec::new(),
        }
    }
}

impl LocalPipelineBuilder {
    /// Sets the topology: the parts that the pipeline consists of.
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
    /// assert_eq!(pipeline.topology().buckets[0].name, "photos");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// Gives the implementation of a function of the topology.
    ///
    /// # Examples
    ///
    /// A function that answers every batch with "all succeeded":
    ///
    /// ```
    /// use async_trait::async_trait;
    /// use bytes::Bytes;
    /// use s3_dispatch_local::{Function, FunctionError, Invocation, LocalPipeline};
    ///
    /// struct Succeed;
    ///
    /// #[async_trait]
    /// impl Function for Succeed {
    ///     async fn invoke(&self, _: Invocation) -> Result<Bytes, FunctionError> {
    ///         Ok(Bytes::from_static(b"{}"))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let pipeline = LocalPipeline::builder()
    ///     .with_function("put-processor", Succeed)
    ///     .with_function("copy-processor", Succeed)
    ///     .start()
    ///     .await?;
    /// let id = pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].handled, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_function(mut self, name: impl Into<String>, function: impl Function) -> Self {
        self.functions.insert(name.into(), Arc::new(function));
        self
    }

    /// Gives a router or a dispatcher as the implementation of a function.
    ///
    /// Its router is [prepared](Dispatcher::prepare) when the pipeline starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{ObjectKey, Routes};
    /// use s3_dispatch_local::LocalPipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let routes = || {
    ///     Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
    ///         println!("{key}");
    ///         Ok::<_, std::io::Error>(())
    ///     })
    /// };
    /// let pipeline = LocalPipeline::builder()
    ///     .with_router("put-processor", routes())
    ///     .with_router("copy-processor", routes())
    ///     .start()
    ///     .await?;
    /// # pipeline.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_router<R: Router>(
        self,
        name: impl Into<String>,
        router: impl Into<Dispatcher<R>>,
    ) -> Self {
        self.with_function(name, InProcess::new(router))
    }

    /// Gives a program as the implementation of a function. It runs in separate processes that use
    /// the real clock, so the pipeline does not start while Tokio's clock is paused.
    ///
    /// # Examples
    ///
    /// The program must exist when the pipeline starts:
    ///
    /// ```
    /// use s3_dispatch_local::{
    ///     ErrorKind, FunctionSpec, LocalPipeline, MappingSpec, QueueSpec, Topology,
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let topology = Topology::new()
    ///     .with_queue(QueueSpec::new("thumbnails"))
    ///     .with_function(FunctionSpec::new("thumbnails"))
    ///     .with_mapping(MappingSpec::new("thumbnails", "thumbnails"));
    /// let started = LocalPipeline::builder()
    ///     .with_topology(topology)
    ///     .with_binary("thumbnails", "target/debug/thumbnails")
    ///     .start()
    ///     .await;
    /// assert_eq!(started.unwrap_err().kind(), ErrorKind::Program);
    /// # }
    /// ```
    pub fn with_binary(mut self, name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        self.programs.insert(name.into(), program.into());
        self
    }

    /// Sets which faults are injected. Their seed is also the seed of all ids.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{ObjectKey, Routes};
    /// use s3_dispatch_local::{Fault, Faults, Hop, LocalPipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// # let routes =
    /// #     || Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));
    /// let pipeline = LocalPipeline::builder()
    ///     .with_router("put-processor", routes())
    ///     .with_router("copy-processor", routes())
    ///     .with_faults(Faults::none().with_rate(Hop::Deliver, Fault::Duplicate, 1.0))
    ///     .start()
    ///     .await?;
    /// let id = pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].handled, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Keeps the state in this folder, so that a restart loses nothing that was acknowledged. Only
    /// one pipeline at a time may use a folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Message, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let builder = || {
    ///     let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    ///     LocalPipeline::builder().with_topology(topology).with_data(folder)
    /// };
    ///
    /// let pipeline = builder().start().await?;
    /// pipeline.send("uploads", Message::new("1", "hello")).await?;
    /// pipeline.stop().await;
    /// drop(pipeline);
    ///
    /// let pipeline = builder().start().await?;
    /// assert_eq!(pipeline.queue("uploads")?.messages.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets whether objects and messages are on disk, and not only handed to the operating system,
    /// before they are acknowledged. The default is `true`.
    ///
    /// Without it, what was acknowledged still survives the end of the process at any moment, but
    /// not a crash of the machine. Puts are several times as fast. Only a pipeline [with a
    /// folder](Self::with_data) writes anything to disk.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_data(folder)
    ///     .with_sync(false)
    ///     .start()
    ///     .await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_sync(mut self, is_synced: bool) -> Self {
        self.is_synced = is_synced;
        self
    }

    /// Sets the maximum number of bytes in the body of one request. The default is 5 GiB, as in S3.
    /// A multipart upload can be larger in total.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, ErrorKind, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_max_body(4)
    ///     .start()
    ///     .await?;
    /// let put = pipeline.put("photos", "1.jpg", "an image").await;
    /// assert_eq!(put.unwrap_err().kind(), ErrorKind::S3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets how many bytes of objects are kept in memory, if there is no
    /// [folder](Self::with_data). The default is 256 MiB. Other objects, and those of more than
    /// 1 MiB, are files in the system's temporary folder, which the environment variable `TMPDIR`
    /// names on Unix. The files are removed with the pipeline; those of a process that was killed
    /// are removed by the next pipeline that needs such files.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_max_memory(4)
    ///     .start()
    ///     .await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.copy(("photos", "1.jpg"), ("photos", "2.jpg")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_max_memory(mut self, bytes: u64) -> Self {
        self.max_memory = bytes;
        self
    }

    /// Serves SQS at this address of the loopback interface, for clients and for functions that
    /// acknowledge their messages themselves. Port 0 means any free port, which
    /// [`queue_url`](LocalPipeline::queue_url) names.
    ///
    /// The processes of functions find the address in `AWS_ENDPOINT_URL_SQS`, unless their own
    /// environment sets it. Requests need no valid signature. Clients use the real clock. While
    /// Tokio's clock is paused, it jumps ahead as soon as the runtime waits for a client, unless a
    /// task of `spawn_blocking` runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    ///
    /// use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_queue(QueueSpec::new("uploads")))
    ///     .with_sqs_endpoint(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    ///     .start()
    ///     .await?;
    /// assert!(pipeline.queue_url("uploads")?.ends_with("/123456789012/uploads"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_sqs_endpoint(mut self, address: SocketAddr) -> Self {
        self.sqs_address = Some(address);
        self
    }

    /// Lets the pages of this origin use the SQS endpoint, with CORS: a web application under
    /// development, for example. Requests of other pages are refused. Can be called several times.
    ///
    /// An endpoint of S3 has its own
    /// [`with_allowed_origin`](crate::BoundS3Endpoint::with_allowed_origin).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    ///
    /// use s3_dispatch_local::{LocalPipeline, Origin, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_queue(QueueSpec::new("uploads")))
    ///     .with_sqs_endpoint(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    ///     .with_allowed_origin(Origin::parse("http://localhost:5173")?)
    ///     .start()
    ///     .await?;
    /// assert!(pipeline.sqs_address().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_allowed_origin(mut self, origin: Origin) -> Self {
        self.allowed_origins.push(origin);
        self
    }

    /// Sets how many steps the journal remembers. The default is 10,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(topology)
    ///     .with_history(1)
    ///     .start()
    ///     .await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.put("photos", "2.jpg", "an image").await?;
    /// assert_eq!(pipeline.journal().history().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_history(mut self, steps: usize) -> Self {
        self.history_capacity = steps;
        self
    }

    /// Sets how many events the report remembers, and how many handled messages. The default is
    /// 10,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(topology)
    ///     .with_report(1)
    ///     .start()
    ///     .await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// let newest = pipeline.put("photos", "2.jpg", "an image").await?;
    /// assert!(pipeline.report().events.keys().eq([&newest]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_report(mut self, events: usize) -> Self {
        self.report_capacity = events;
        self
    }

    /// Calls a function with each step, in order and without a gap. The pipeline waits for the
    /// function, which must not call the pipeline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let steps = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&steps);
    ///
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::new().with_bucket(BucketSpec::new("photos")))
    ///     .with_observer(move |_| drop(counter.fetch_add(1, Ordering::Relaxed)))
    ///     .start()
    ///     .await?;
    /// pipeline.put("photos", "1.jpg", "an image").await?;
    /// assert_eq!(steps.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_observer(mut self, observe: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        self.observers.push(Box::new(observe));
        self
    }

    /// Gives handlers in this process the buckets as their store. [`LocalObjects`] says how.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::objects::{Object, ObjectError, Objects};
    /// use s3_dispatch::Routes;
    /// use s3_dispatch_local::{LocalObjects, LocalPipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let objects = LocalObjects::new();
    /// let state = Objects::new(objects.clone());
    /// let routes = Routes::new(state).on_fn("ObjectCreated:*", async |object: Object| {
    ///     assert_eq!(object.text().await?, "three short words");
    ///     Ok::<_, ObjectError>(())
    /// });
    ///
    /// let pipeline = LocalPipeline::of(routes)?.with_objects(&objects).start().await?;
    /// let id = pipeline.put("amzn-s3-demo-bucket", "a.txt", "three short words").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].handled, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_objects(mut self, objects: &LocalObjects) -> Self {
        self.objects.push(objects.clone());
        self
    }

    /// Starts the pipeline. The queues are restored, the functions start, and S3 sends its test
    /// notifications unless it has sent them before.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`] when the topology contradicts itself, when AWS would reject
    ///   it, when a part of it could never do anything, or when the address of the SQS endpoint is
    ///   not on the loopback interface.
    /// - [`ErrorKind::Address`] when the address of the SQS endpoint is not available.
    /// - [`ErrorKind::UnknownName`] when a function has no implementation, or when one is given for
    ///   a function that the topology does not have.
    /// - [`ErrorKind::Program`] when a program cannot be started, when the router of a function
    ///   cannot be prepared, or when Tokio's clock is paused and a function is a program or runs
    ///   elsewhere.
    /// - [`ErrorKind::Storage`] when the folder cannot be used. A retry may help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, ErrorKind, FunctionSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.stop().await;
    ///
    /// // Nothing invokes the function.
    /// let useless = Topology::new().with_function(FunctionSpec::new("index"));
    /// let started = LocalPipeline::builder().with_topology(useless).start().await;
    /// assert_eq!(started.unwrap_err().kind(), ErrorKind::Configuration);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(mut self) -> Result<LocalPipeline, Error> {
        self.topology.check()?;
        self.check_names()?;
        let sqs = self.bind_sqs().await?;

        let clock = Clock::start();
        let recorder = Recorder::new(self.report_capacity, self.topology.workers());
        let recorder = Arc::new(Mutex::new(recorder));
        let journal = Journal::new(clock, self.history_capacity, self.observers(&recorder));

        let mut state = PipelineState::new(&self.topology);
        let was_used = match &self.folder {
            Some(folder) => state.attach(ChangeLog::open(folder, self.is_synced)?)?,
            None => false,
        };

        let sources = state.configure_buckets(&self.topology.buckets, clock.now())?;
        let bodies = self.open_bodies(&state.store)?;

        let traces = Traces::default();
        let invokers = self.start_functions(&journal, &traces).await?;
        let engine = Arc::new(Engine::new(
            &self.topology,
            clock,
            journal,
            self.faults,
            state,
            traces,
        ));

        engine.announce_stored_buckets(&self.topology);
        if !was_used {
            engine.publish_test_notifications().await?;
        }

        // Before a function is invoked that needs them.
        let buckets = Arc::new(Buckets::new(bodies, Arc::clone(&engine) as _));
        self.objects
            .iter()
            .for_each(|objects| objects.serve(&buckets));

        let pipeline = LocalPipeline::run(
            engine,
            self.topology,
            sources,
            buckets,
            invokers,
            recorder,
            sqs,
        );
        pipeline.start_workers()?;

        Ok(pipeline)
    }

    /// Binds the address of the SQS endpoint, and tells the functions.
    async fn bind_sqs(&mut self) -> Result<Option<BoundSqsEndpoint>, Error> {
        let Some(address) = self.sqs_address else {
            return Ok(None);
        };

        let bound = BoundSqsEndpoint::bind(address)
            .await?
            .with_allowed_origins(&self.allowed_origins);
        for function in &mut self.topology.functions {
            function
                .environment
                .entry("AWS_ENDPOINT_URL_SQS".into())
                .or_insert(format!("http://{}", bound.address()));
        }

        Ok(Some(bound))
    }

    /// Rejects functions that the topology does not have: a name may be misspelled.
    fn check_names(&self) -> Result<(), Error> {
        let mut names = self.functions.keys().chain(self.programs.keys());
        let is_unknown = |name: &&String| {
            let mut functions = self.topology.functions.iter();
            !functions.any(|spec| spec.name == **name)
        };

        if let Some(name) = names.find(is_unknown) {
            return Err(Error::unknown_name("function", name));
        }

        let mut functions = self.topology.functions.iter();
        let is_given = |spec: &&FunctionSpec| self.functions.contains_key(&spec.name);
        match functions.find(|spec| spec.is_worker && is_given(spec)) {
            Some(spec) => {
                let message = format!("the worker `{}` must be a program", spec.name);
                Err(Error::new(ErrorKind::Configuration, message))
            }
            None => Ok(()),
        }
    }

    /// The observers of the journal: those that were given, and the report.
    fn observers(&mut self, recorder: &Arc<Mutex<Recorder>>) -> Vec<Observer> {
        let mut observers = std::mem::take(&mut self.observers);
        let recorder = Arc::clone(recorder);

        observers.push(Box::new(move |step| {
            recorder
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .observe(step);
        }));

        observers
    }

    async fn start_functions(
        &mut self,
        journal: &Journal,
        traces: &Traces,
    ) -> Result<BTreeMap<String, Arc<Invoker>>, Error> {
        let mut invokers = BTreeMap::new();

        for spec in self.topology.functions.clone() {
            if spec.is_worker {
                self.prepare_worker(&spec)?;
                continue;
            }

            let function = self.start_function(&spec, journal, traces).await?;
            let invoker = Arc::new(Invoker::new(&spec, function));
            invokers.insert(spec.name, invoker);
        }

        Ok(invokers)
    }

    /// Sets the program of a worker, which is started when its queue is served.
    fn prepare_worker(&mut self, worker: &FunctionSpec) -> Result<(), Error> {
        require_real_clock().map_err(|error| cannot_start(&worker.name, &error))?;

        if let Some(program) = self.programs.remove(&worker.name) {
            let mut functions = self.topology.functions.iter_mut();
            if let Some(spec) = functions.find(|spec| spec.name == worker.name) {
                spec.program = Some(program);
            }
        }

        if self.sqs_address.is_none() {
            let name = &worker.name;
            let message =
                format!("the worker `{name}` needs an SQS endpoint; `with_sqs_endpoint` adds one");
            return Err(Error::new(ErrorKind::Configuration, message));
        }

        Ok(())
    }

    async fn start_function(
        &mut self,
        spec: &FunctionSpec,
        journal: &Journal,
        traces: &Traces,
    ) -> Result<Arc<dyn Function>, Error> {
        if let Some(function) = self.functions.remove(&spec.name) {
            let prepared = function.prepare().await;
            prepared.map_err(|error| cannot_start(&spec.name, &error))?;

            return Ok(function);
        }

        let mut spec = spec.clone();
        if let Some(program) = self.programs.remove(&spec.name) {
            spec = spec.with_program(program);
        }

        if let Some(url) = spec.invoke_url {
            let remote = Remote::new(&*spec.name, url);
            let prepared = remote.prepare().await;
            prepared.map_err(|error| cannot_start(&spec.name, &error))?;

            return Ok(Arc::new(remote));
        }

        if spec.program.is_none() {
            let name = &spec.name;
            let message = format!(
                "the function `{name}` has no program: give it a `command`, a `url` or a router"
            );
            let message = spec.program_error(&message);
            return Err(Error::new(ErrorKind::UnknownName, message));
        }

        // Before a process is started.
        require_real_clock().map_err(|error| cannot_start(&spec.name, &error))?;

        let process = Process::start_in(spec, journal.clone(), traces.clone()).await?;
        Ok(Arc::new(process))
    }

    fn open_bodies(&self, store: &StoreIndex) -> Result<BodyStore, Error> {
        let Some(folder) = &self.folder else {
            return Ok(BodyStore::temporary(self.max_memory, self.max_body));
        };

        let folder = folder.join("bodies");
        let bodies = BodyStore::open(
            folder.clone(),
            store.bodies(),
            self.is_synced,
            self.max_body,
        );

        bodies.map_err(|error| {
            let text = format!("the objects in `{}` cannot be opened", folder.display());
            Error::new(ErrorKind::Storage, text).with_source(error)
        })
    }
}

fn cannot_start(function: &str, error: &FunctionError) -> Error {
    let text = format!("the function `{function}` cannot be started: {error}");
    Error::new(ErrorKind::Program, text)
}

impl fmt::Debug for LocalPipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPipelineBuilder")
            .field("topology", &self.topology)
            .field("faults", &self.faults)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
