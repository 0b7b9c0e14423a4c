//! Serves a queue outside Lambda.

mod options;
pub(crate) mod served;
mod report;
mod batch;
mod receive;
mod leases;
mod calls;
mod handlers;
mod control;
mod health;
#[cfg_attr(
    not(feature = "replay"),
    expect(dead_code, reason = "only commands that catch up observe")
)]
pub(crate) mod observer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_core::{Error, ErrorKind, Router};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use crate::Dispatcher;
use crate::queue::Receive;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics;
use crate::worker::control::Control;
use crate::worker::handlers::Shared;
use crate::worker::health::{Health, HealthServer, HealthState};
use crate::worker::observer::Observer;
use crate::worker::options::Options;
use crate::worker::served::Served;

pub use report::WorkerReport;

/// Serves a queue outside Lambda, until it is told to stop, or until the queue [has ended].
///
/// [has ended]: crate::queue::Receive::has_ended
///
/// It receives messages, runs the handlers of a [`Dispatcher`], and settles each message the moment
/// its last record is done. Any number of workers share one queue, on ECS, Kubernetes or a plain
/// machine.
///
/// # What a worker promises
///
/// 1. Every message that it received ends exactly once: it is deleted, returned or handed back. If
///    the process dies, it comes again when its visibility timeout ends.
/// 2. Only what succeeded is deleted, ten messages a call. A deletion that fails is tried again
///    alone.
/// 3. It receives only what it has a place for, [`with_in_flight`](Worker::with_in_flight).
/// 4. At half of its visibility timeout, everything that is held is extended, what waits as well as
///    what runs, up to SQS's 12 hours. A message that is not ours anymore, because an extension was
///    refused or came too late, has its handlers cancelled at once, and is never deleted.
/// 5. The order is that of Lambda: one record of a bucket and key at a time, and one message of a
///    FIFO group, whenever they were received. After a failure in a FIFO group, the messages of the
///    group that are held are handed back untouched.
/// 6. A message that failed returns when the [`Backoff`](crate::Backoff) says, else after its
///    [`retry_after`](crate::HandlerError::retry_after), else when its visibility timeout ends. A
///    permanent failure goes to the dead-letter sink.
/// 7. When it is told to stop, no receive begins, and what runs may go on for the drain time. What
///    has not begun, and what a late receive still brings, is handed back once no receive of its
///    own could get it again. What still runs after the drain time is cancelled and handed back.
/// 8. After errors it receives less and less often, and logs the first of them. A queue that cannot
///    be used at all ends the worker, if it never could.
/// 9. Full receives add another one beside them, up to [`with_receivers`](Worker::with_receivers);
///    empty ones take one away. An idle worker makes three requests a minute.
/// 10. A message costs no other message anything, whatever its handler does: fail, panic, hang, or
///     end the process. Messages that came back without an answer run one by one beside the others;
///     for each sixteen that ended well, one more runs beside them.
///
/// # Threads
///
/// On a multi-thread Tokio runtime, receives, extensions and deletions have a thread of their own,
/// which handlers cannot block. A queue of the worker's own client is best, because the connections
/// of a client that handlers share may live on the threads of the handlers. On a current-thread
/// runtime, a handler that blocks the thread delays extensions too, and for longer than half of the
/// visibility timeout it loses its messages.
///
/// # Examples
///
/// ```no_run
/// use s3_dispatch::{Dispatcher, Routes, SqsQueue, Worker};
///
/// # use aws_sdk_sqs::Client;
/// # async fn example(client: Client, queue_url: &str) -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
/// let worker = Worker::new(Dispatcher::new(routes), SqsQueue::new(client, queue_url));
///
/// let report = worker
///     .run(async { drop(tokio::signal::ctrl_c().await) })
///     .await?;
/// println!("{} messages done", report.deleted());
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing before `run`"]
pub struct Worker<R, Q> {
    dispatcher: Dispatcher<R>,
    queue: Q,
    options: Options,
    served: Option<Served>,
    observer: Option<Arc<dyn Observer>>,
}

impl<R: Router, Q: Receive> Worker<R, Q> {
    /// A worker that runs the handlers of this router or dispatcher for the messages of a queue.
    pub fn new(dispatcher: impl Into<Dispatcher<R>>, queue: Q) -> Self {
        Self {
            dispatcher: dispatcher.into(),
            queue,
            options: Options::default(),
            served: None,
            observer: None,
        }
    }

    /// Names the queue in the log.
    #[cfg(feature = "cli")]
    pub(crate) fn with_served(mut self, served: Served) -> Self {
        self.served = Some(served);
        self
    }

    /// Tells this observer what becomes of each message.
    #[cfg(feature = "replay")]
    pub(crate) fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets how many messages the worker holds at most: those whose handlers run, those that wait
    /// for one, and those that are being deleted. At least 1.
    ///
    /// If [`Dispatcher::with_concurrency`] was not called, as many handlers run at once. Otherwise
    /// the messages beyond that number wait in memory, so that a handler which becomes free has the
    /// next one at once.
    ///
    /// By default 10 handlers run at once, and twice as many messages and 10 more are held.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::queue::Receive;
    /// use s3_dispatch::{Dispatcher, Routes, Worker};
    ///
    /// fn worker<Q: Receive>(queue: Q) -> Worker<Routes<()>, Q> {
    ///     let dispatcher = Dispatcher::new(Routes::new(())).with_concurrency(50);
    ///     Worker::new(dispatcher, queue).with_in_flight(100)
    /// }
    /// ```
    pub fn with_in_flight(mut self, messages: usize) -> Self {
        self.options.set_in_flight(messages);
        self
    }

    /// Sets how many receives run at once, at most: 1 to 8, and 4 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::queue::Receive;
    /// use s3_dispatch::{Routes, Worker};
    ///
    /// fn worker<Q: Receive>(queue: Q) -> Worker<Routes<()>, Q> {
    ///     Worker::new(Routes::new(()), queue).with_receivers(8)
    /// }
    /// ```
    pub fn with_receivers(mut self, receivers: usize) -> Self {
        self.options.receivers = receivers.clamp(1, 8);
        self
    }

    /// Sets for how long a message is hidden from other workers before it must be extended: 2
    /// seconds to 12 hours, and 30 seconds by default.
    ///
    /// It is also how long the messages of a worker that died stay hidden. The visibility timeout
    /// of the queue is not used.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::Receive;
    /// use s3_dispatch::{Routes, Worker};
    ///
    /// fn worker<Q: Receive>(queue: Q) -> Worker<Routes<()>, Q> {
    ///     Worker::new(Routes::new(()), queue).with_visibility(Duration::from_secs(120))
    /// }
    /// ```
    pub fn with_visibility(mut self, visibility: Duration) -> Self {
        self.options.visibility = visibility.clamp(Duration::from_secs(2), leases::LONGEST);
        self
    }

    /// Sets how long handlers may run on after the worker was told to stop. 25 seconds by default,
    /// because ECS and Kubernetes end a container after 30.
    ///
    /// In this time it also waits for receives that have begun, which take up to 20 seconds. It
    /// hands back what waits when they have ended, because they would get it again, and each
    /// receive counts towards the `maxReceiveCount` of the queue. With a shorter drain, it hands
    /// back earlier, and the messages stay hidden until the receives have ended at the queue.
    ///
    /// Up to 4 more seconds pass until everything else is handed back. With the feature `otel`, a
    /// last export of traces may follow, as long as `Dispatcher::with_trace_limit` says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::Receive;
    /// use s3_dispatch::{Routes, Worker};
    ///
    /// fn worker<Q: Receive>(queue: Q) -> Worker<Routes<()>, Q> {
    ///     Worker::new(Routes::new(()), queue).with_drain(Duration::from_secs(110))
    /// }
    /// ```
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.options.drain = drain;
        self
    }

    /// Serves `/livez`, `/readyz` and `/metrics` over HTTP on this address.
    ///
    /// - `/livez` is 200 while the worker makes progress. It is 503 if it has made none for 60
    ///   seconds, because a handler blocks its thread or a call hangs.
    /// - `/readyz` is 200 while the worker receives. It is 503 before the first receive has
    ///   succeeded, after one has failed until another succeeds, and while the worker stops.
    /// - `/metrics` has the metrics in the text format of Prometheus, with the feature
    ///   `prometheus`. It installs a recorder of the crate `metrics`, unless the program has set
    ///   one: then the metrics go there.
    ///
    /// Whatever is not 200 says why on one line. The server has a thread of its own, so it also
    /// answers while handlers block every thread of the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use s3_dispatch::queue::Receive;
    /// use s3_dispatch::{Routes, Worker};
    ///
    /// fn worker<Q: Receive>(queue: Q) -> Worker<Routes<()>, Q> {
    ///     Worker::new(Routes::new(()), queue).with_health((Ipv4Addr::UNSPECIFIED, 8080))
    /// }
    /// ```
    pub fn with_health(mut self, address: impl Into<SocketAddr>) -> Self {
        self.options.health = Some(address.into());
        self
    }

    /// Serves the queue until `shutdown` ends and the worker has stopped. One line in the log says
    /// how, when it begins to receive.
    ///
    /// If the queue [has ended](crate::queue::Receive::has_ended) before, it returns once every
    /// message that the worker holds has ended, however long that takes.
    ///
    /// The router is [prepared](Dispatcher::prepare) first. If the returned future is dropped,
    /// everything stops at once, and what was held comes again when its visibility timeout ends.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NotPrepared`] if the router cannot be prepared.
    /// - [`ErrorKind::Queue`] if the queue cannot be used, and could not from the start: it does
    ///   not exist, the credentials are missing or refused or nobody can be asked for them, or the
    ///   region is wrong.
    /// - [`ErrorKind::Runtime`] if the address of [`with_health`](Self::with_health) cannot be
    ///   used, or the system has no thread left.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<WorkerReport, Error> {
        let health = Arc::new(HealthState::new());
        let _server = self.serve_health(&health)?;

        #[cfg(feature = "metrics")]
        {
            metrics::describe();
            metrics::worker::describe();
        }
        self.dispatcher.start();
        self.dispatcher.prepare().await?;

        let runtime = Handle::current();
        let has_own_thread = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread;
        let shared = Arc::new(Shared::new(self.dispatcher.exporting_traces().into_parts()));
        if self.observer.is_none() {
            let concurrency = shared.parts.settings.concurrency;
            served::log(self.served.as_ref(), &self.options, concurrency);
        }
        let traces = shared.parts.settings.traces.export_in_background();
        let queue = Arc::new(self.queue);
        let control =
            Control::new(shared, queue, self.options, health, runtime).with_observer(self.observer);

        let (stop, stopped) = oneshot::channel();
        let run = async {
            if has_own_thread {
                on_a_thread(control, stopped).await
            } else {
                control.run(stopped).await
            }
        };
        let stop = async {
            shutdown.await;
            // The worker may have ended by itself.
            let _ = stop.send(());
            std::future::pending::<()>().await;
        };

        let report = tokio::select! {
            report = run => report,
            () = stop => unreachable!("it never ends"),
        };
        traces.end().await;

        report
    }
}

impl<R, Q> Worker<R, Q> {
    /// Tells over HTTP how the worker is, if it was asked to.
    fn serve_health(&self, state: &Arc<HealthState>) -> Result<Option<HealthServer>, Error> {
        let Some(address) = self.options.health else {
            return Ok(None);
        };

        let server = Health::bind(address).and_then(|health| {
            tracing::info!(address = %health.local_addr(), "health checks are answered");
            health.serve(Arc::clone(state))
        });
        let server = server.map_err(|error| Error::new(ErrorKind::Runtime, error.to_string()))?;

        Ok(Some(server))
    }
}

/// Runs the loop on a thread of its own, with a runtime of its own.
async fn on_a_thread<R: Router, Q: Receive>(
    control: Control<R, Q>,
    stopped: oneshot::Receiver<()>,
) -> Result<WorkerReport, Error> {
    let (send, report) = oneshot::channel();
    let run = move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let report = match runtime {
            Ok(runtime) => runtime.block_on(control.run(stopped)),
            Err(error) => Err(no_thread(error)),
        };
        // Nobody may wait for it anymore.
        drop(send.send(report));
    };

    let thread = std::thread::Builder::new().name("s3-dispatch-queue".to_owned());
    thread.spawn(run).map_err(no_thread)?;

    report.await.unwrap_or_else(|_| {
        let text = "the thread that serves the queue ended: please report this";
        Err(Error::new(ErrorKind::Runtime, text))
    })
}

fn no_thread(error: std::io::Error) -> Error {
    let text = "the thread that serves the queue could not be started";
    Error::new(ErrorKind::Runtime, text).with_source(error)
}
