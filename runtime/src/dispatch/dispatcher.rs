//! The dispatcher: the rules of delivery, and the methods that set them.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

#[cfg(doc)]
use s3_dispatch_core::Classify;
use s3_dispatch_core::{Class, Error, ErrorKind, EventName, EventPattern, Manifest, Route, Router};
use tracing::Level;

#[cfg(feature = "object-store")]
use crate::Objects;
use crate::dispatch::after_invocation::{AfterInvocation, Hooks};
use crate::dispatch::answered::Answered;
use crate::dispatch::batch::invocation::Invocation;
use crate::dispatch::batch::stop::Stop;
use crate::dispatch::payload::Payload;
use crate::dispatch::report::BatchReport;
use crate::dispatch::settings::{
    Acknowledge, AllFailed, FailedKey, Malformed, OwnWrite, Returned, Settings, Unreached, Unrouted,
};
use crate::guarded::Guarded;
use crate::lambda::layers::Layers;
use crate::queue::Queue;
use crate::telemetry::in_progress::InProgress;
use crate::{Backoff, DeadLetters};

/// Runs the records of a payload through a router, and reports the outcome of each message.
///
/// # Rules of delivery
///
/// 1. Every message is reported exactly once, as succeeded or failed. A dispatch can be cut off at
///    any point, and a record without an outcome counts as failed. If two messages have the same
///    id, that id fails if either of them failed.
/// 2. A message succeeds if each of its records was handled, skipped, or stored by the dead-letter
///    sink ([`with_dead_letters`](Self::with_dead_letters)). A failed record fails its message and
///    no other. If its handler ends the process, the whole batch comes back without an answer, and
///    is then kept apart so that it costs the others as little as possible; see
///    [`on_returned`](Self::on_returned).
/// 3. Ids are never invented. An SQS message without an id fails the invocation.
/// 4. A test notification succeeds. A malformed body fails its message, unless such messages are
///    dropped ([`on_malformed`](Self::on_malformed)).
/// 5. A record that no route matches is skipped with a warning, unless such records fail
///    ([`on_unrouted`](Self::on_unrouted)). Every record is checked against the routes, because a
///    filter policy lets a whole message pass if one of its records matches.
/// 6. The most specific route handles a record; see [`Routes`](crate::Routes).
/// 7. A handler that panics, or runs longer than [`with_record_timeout`](Self::with_record_timeout)
///    allows, fails its message. Near the deadline
///    ([`with_deadline_margin`](Self::with_deadline_margin)) nothing new starts, running handlers
///    are cancelled, and the remaining messages fail. Each receive brings them closer to the
///    queue's `maxReceiveCount`, so the messages that have been received most often start first,
///    and a warning names those that were not reached. A handler that blocks its thread cannot be
///    cancelled, so give such work to `tokio::task::spawn_blocking`.
/// 8. [`with_concurrency`](Self::with_concurrency) limits how many handlers run at once. On
///    standard queues, records of one bucket and key run one at a time: in the order of their
///    sequencers if those are reliable, otherwise as they arrived. On FIFO queues, each message
///    group runs in order and stops at its first failure. Different groups run concurrently, but
///    never two records of one bucket and key. All of this holds within a batch.
///    [`on_failed_key`](Self::on_failed_key) decides whether a failed record holds back the later
///    ones of its key.
/// 9. A task of an S3 Batch Operations job gets a result code of its own. In all other deliveries
///    outside SQS a single failure cannot be reported, so any failure fails the invocation.
///
/// # Misspelt patterns
///
/// A route whose patterns match no known event is never called. The first dispatch logs a warning
/// for each such pattern, with the nearest known one, and [`run`](crate::run) logs it before the
/// first invocation. See [`Manifest::unknown_events`].
///
/// # State
///
/// The state of [`Routes::prepared_by`](crate::Routes::prepared_by) is made by
/// [`prepare`](Self::prepare), or for the first record that needs it. A failure then fails the
/// record, and is worth a retry.
///
/// # Cancellation
///
/// Dropping the future of [`dispatch`](Self::dispatch) stops all handlers, because nothing is
/// spawned. No event is lost, because SQS delivers every message again if it gets no answer.
///
/// Under `panic = "abort"` a handler that panics ends the process, and the whole invocation fails.
///
/// # Examples
///
/// ```
/// use s3_dispatch::{Dispatcher, ObjectKey, Routes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch::Error> {
/// let routes = Routes::new(()).on_fn(
///     "ObjectCreated:*",
///     async |key: ObjectKey| -> Result<(), std::io::Error> {
///         println!("{key:?} was created");
///         Ok(())
///     },
/// );
/// let dispatcher = Dispatcher::new(routes).with_concurrency(10);
///
/// let event = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg"}}}]}"#;
/// let report = dispatcher.dispatch(event, None).await?;
/// assert_eq!(report.handled(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Dispatcher<R> {
    router: Arc<R>,
    settings: Settings,
    /// Shared by clones, so that only the first of them warns.
    started: Arc<Once>,
    /// Shared by clones, because they run in one process.
    answered: Arc<Answered>,
    hooks: Hooks,
    layers: Layers,
}

impl<R: Router> Dispatcher<R> {
    /// Creates a dispatcher with the default settings.
    ///
    /// It runs up to five handlers at once, stops 500 ms before the deadline and 200 ms after
    /// SIGTERM, and does not limit the time of a record. It skips unrouted records and fails
    /// malformed messages. It reports single failures even if everything failed. It has no
    /// dead-letter sink, no backoff and no queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Router, Routes};
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(()));
    /// assert!(dispatcher.router().routes().is_empty());
    /// ```
    #[must_use]
    pub fn new(router: R) -> Self {
        Self {
            router: Arc::new(router),
            settings: Settings::default(),
            started: Arc::new(Once::new()),
            answered: Arc::default(),
            hooks: Hooks::default(),
            layers: Layers::default(),
        }
    }

    /// Sets how many handlers may run at once. The default is 5, the minimum is 1.
    ///
    /// Records that must keep their order still run one at a time: those of one bucket and key on a
    /// standard queue, and those of one message group on a FIFO queue. All handlers of a dispatch
    /// run in one task, so running more of them helps only if they wait for something, such as the
    /// network. They take turns: one that always has work delays the others, but they still get
    /// their turns, unless it blocks the thread.
    ///
    /// # How large a batch may be
    ///
    /// A batch must fit into the invocation: batch size / handlers at once, rounded up, × seconds
    /// per record ≤ timeout − deadline margin. With 0.8 s per record, a timeout of 3 s and five at
    /// once, that is 15 messages. Messages that are not reached use up a receive, and after
    /// `maxReceiveCount` of them they are dead letters that no handler has seen. A higher
    /// `maxReceiveCount` only delays that. Keep it at 5 or more, and the visibility timeout at six
    /// times the function's timeout plus the batch window.
    ///
    /// Handlers that compute, or that fill the network, share one resource. For them, count one at
    /// a time and choose a small number: if all records of a batch have begun and none has finished
    /// in time, all of them are repeated. Each running handler also holds its own memory.
    ///
    /// # With a store
    ///
    /// A record that waits for the store of [`Deduplicated`](crate::Deduplicated) is not running.
    /// So if that is the outermost router, or only [`LatestOnly`](crate::LatestOnly) is around it,
    /// up to four times as many records of a batch are under way: while some wait for their claims
    /// and completions, the handlers of others run. A record that has its claim, and waits for its
    /// handler, does not use up its [timeout](Self::with_record_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).with_concurrency(10);
    /// ```
    #[must_use]
    pub fn with_concurrency(mut self, handlers: usize) -> Self {
        self.settings.concurrency = Some(handlers.max(1));
        self
    }

    /// Sets how long before the invocation's deadline the dispatcher stops. The default is 500 ms.
    ///
    /// The margin leaves time for the backoff and the answer. It has no effect without a deadline.
    /// If it is longer than the whole invocation, no handler starts and every message fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// let dispatcher =
    ///     Dispatcher::new(Routes::new(())).with_deadline_margin(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn with_deadline_margin(mut self, margin: Duration) -> Self {
        self.settings.deadline_margin = margin;
        self
    }

    /// Sets how long handlers may go on after the signal SIGTERM, in Lambda. The default is 200 ms.
    ///
    /// From the signal on nothing new starts. Handlers that run longer are cancelled, and every
    /// batch is answered: what has succeeded by then is not delivered again. Only
    /// [`run`](crate::run) and [`start`](crate::start) listen to the signal. A deadline that comes
    /// earlier still holds.
    ///
    /// The answers need some time as well. Lambda ends the process with SIGKILL after 300 ms if
    /// the function has an external extension, and after 500 ms if it has an internal one only
    /// ("Graceful shutdown with AWS Lambda", aws-samples on GitHub). AWS names no limit for Lambda
    /// Managed Instances, where invocations may be running when the signal comes. A process that
    /// is killed in its drain gives no answers, and its messages are delivered again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).with_drain(Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn with_drain(mut self, drain: Duration) -> Self {
        self.settings.drain = drain;
        self
    }

    /// Limits the time each record may take. By default, only the invocation's deadline limits it.
    ///
    /// A record that takes longer is cancelled and fails, and its message is delivered again. The
    /// time includes the routers around the routes, such as [`Deduplicated`](crate::Deduplicated).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let hangs = || std::future::pending::<Result<(), std::io::Error>>();
    /// let dispatcher = Dispatcher::new(Routes::new(()).on_fn("*", hangs))
    ///     .with_record_timeout(Duration::from_secs(10));
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// let batch = SqsBatchBuilder::new().with_record("1", record);
    /// let report = dispatcher.dispatch(batch.to_bytes(), None).await?;
    /// assert_eq!(report.failed(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_record_timeout(mut self, timeout: Duration) -> Self {
        self.settings.record_timeout = Some(timeout);
        self
    }

    /// Sets what to do with a record that no route matches. The default is [`Unrouted::Skip`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Routes, Unrouted};
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// let batch = SqsBatchBuilder::new().with_record("1", record);
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(()));
    /// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.skipped(), 1);
    ///
    /// let dispatcher = dispatcher.on_unrouted(Unrouted::Fail);
    /// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.failed(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_unrouted(mut self, choice: Unrouted) -> Self {
        self.settings.unrouted = choice;
        self
    }

    /// Sets what to do with a message whose body cannot be read. The default is
    /// [`Malformed::Fail`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Malformed, Routes};
    /// use s3_dispatch_testing::SqsBatchBuilder;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let batch = SqsBatchBuilder::new().with_body("1", "not JSON");
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(()));
    /// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.failed_messages(), 1);
    ///
    /// let dispatcher = dispatcher.on_malformed(Malformed::Drop);
    /// assert!(dispatcher.dispatch(batch.to_bytes(), None).await?.is_success());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_malformed(mut self, choice: Malformed) -> Self {
        self.settings.malformed = choice;
        self
    }

    /// Sets what to do when every message of an SQS batch failed. The default is
    /// [`AllFailed::Report`].
    ///
    /// A batch without messages has not failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{AllFailed, Dispatcher, ErrorKind, Routes};
    /// use s3_dispatch_testing::SqsBatchBuilder;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let batch = SqsBatchBuilder::new().with_body("1", "not JSON");
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(()));
    /// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.failed_messages(), 1);
    ///
    /// let dispatcher = dispatcher.on_all_failed(AllFailed::FailInvocation);
    /// let error = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvocationFailed);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_all_failed(mut self, choice: AllFailed) -> Self {
        self.settings.all_failed = choice;
        self
    }

    /// Gives permanent failures to this sink. By default they fail their message, like any failure.
    ///
    /// # Examples
    ///
    /// The sink of the feature `sqs` sends them to a queue:
    ///
    /// ```
    /// # #[cfg(feature = "sqs")]
    /// # mod example {
    /// use s3_dispatch::{Dispatcher, Routes, SqsDeadLetters};
    ///
    /// fn dispatcher(client: aws_sdk_sqs::Client) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(()))
    ///         .with_dead_letters(SqsDeadLetters::from_environment(client))
    /// }
    /// # }
    /// ```
    ///
    /// [`DeadLetters`] shows how to write your own sink.
    #[must_use]
    pub fn with_dead_letters(mut self, sink: impl DeadLetters) -> Self {
        self.settings.dead_letters = Some(Arc::new(sink));
        self
    }

    /// Delays failed SQS messages with this backoff. By default they are delivered again when the
    /// queue's visibility timeout ends.
    ///
    /// # Examples
    ///
    /// The backoff of the feature `sqs` changes the visibility timeout of each failed message:
    ///
    /// ```
    /// # #[cfg(feature = "sqs")]
    /// # mod example {
    /// use s3_dispatch::failure::ExponentialBackoff;
    /// use s3_dispatch::{Dispatcher, Routes, SqsBackoff};
    ///
    /// fn dispatcher(client: aws_sdk_sqs::Client) -> Dispatcher<Routes<()>> {
    ///     let backoff = SqsBackoff::from_environment(client, ExponentialBackoff::default());
    ///     Dispatcher::new(Routes::new(())).with_backoff(backoff)
    /// }
    /// # }
    /// ```
    ///
    /// [`Backoff`] shows how to write your own backoff.
    #[must_use]
    pub fn with_backoff(mut self, backoff: impl Backoff) -> Self {
        self.settings.backoff = Some(Arc::new(backoff));
        self
    }

    /// Sets which event the tasks of an S3 Batch Operations job stand for. The default is
    /// `ObjectCreated:Put`.
    ///
    /// A job that has the user argument `eventName` decides for itself. An empty name changes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, EventName, Routes};
    /// use s3_dispatch_testing::BatchJobBuilder;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let routes = Routes::new(()).on_fn("ObjectTagging:*", async || Ok::<_, std::io::Error>(()));
    /// let dispatcher = Dispatcher::new(routes).with_batch_event(EventName::OBJECT_TAGGING_PUT);
    ///
    /// let job = BatchJobBuilder::new().with_task("task-1", "amzn-s3-demo-bucket", "a.jpg");
    /// assert_eq!(dispatcher.dispatch(job.to_bytes(), None).await?.handled(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_batch_event(mut self, event: EventName) -> Self {
        self.settings.batch_event = Some(event);
        self
    }

    /// Asks S3 for the size and the entity tag of the object of each task of an S3 Batch Operations
    /// job, before the task is routed. By default nothing is asked.
    ///
    /// A task says neither. Without them a view that promises a size, such as
    /// [`ObjectCreated`](crate::ObjectCreated), is a permanent failure, and an
    /// [`Object`](crate::Object) does not know which content is meant unless the task names a
    /// version. It costs one `HeadObject` for each task that a route matches, within the time of
    /// the record. An object that does not exist any more is skipped. Tasks that stand for a
    /// removal are not looked up. What else is
    /// [backfilled](s3_dispatch_core::S3EventRecord::is_backfilled) without a size, from a list of
    /// keys, is looked up in the same way; other deliveries are not.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, HandlerError, ObjectCreated, Objects, Routes};
    /// use s3_dispatch_testing::{BatchJobBuilder, MemoryObjects};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let memory = MemoryObjects::new();
    /// memory.put("amzn-s3-demo-bucket", "a.txt", "text");
    ///
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", async |object: ObjectCreated| {
    ///     assert_eq!(object.size, 4);
    ///     Ok::<_, HandlerError>(())
    /// });
    /// let dispatcher = Dispatcher::new(routes).look_up_tasks(Objects::new(memory));
    ///
    /// let job = BatchJobBuilder::new().with_task("task-1", "amzn-s3-demo-bucket", "a.txt");
    /// assert_eq!(dispatcher.dispatch(job.to_bytes(), None).await?.handled(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "object-store")]
    #[must_use]
    pub fn look_up_tasks(mut self, objects: Objects) -> Self {
        self.settings.task_objects = Some(objects);
        self
    }

    /// Asks a classifier what the error of a handler means. By default, every error is retried.
    ///
    /// The classifier is called for the error that a handler returned through `?`, then for each of
    /// its causes, until it answers. `None` means that it does not know the error. If there are
    /// several classifiers, they are asked in the order in which they were added, and the first
    /// answer counts. [`Class::of`] makes one for a type that implements [`Classify`].
    ///
    /// What a handler said itself is final: an error made by
    /// [`HandlerError::permanent`](crate::HandlerError::permanent), `retry`, `skip` or
    /// `with_retry_after` is not classified. Neither are timeouts, panics, and failures of a store.
    ///
    /// The outcome has its kind before [`Deduplicated`](crate::Deduplicated) and other wrappers of
    /// the routes see it. Only an outcome that a [`Handler`](crate::Handler) without
    /// `#[s3_handler]`, or a router, made by itself gets its kind afterwards.
    ///
    /// If a classifier panics, the record is retried. The guide [Which failures come
    /// again](crate::guide::which_failures_come_again) has the whole picture.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    ///
    /// use s3_dispatch::{Class, Dispatcher, HandlerError, Routes};
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let routes = Routes::new(()).on_fn("*", async || -> Result<(), HandlerError> {
    ///     Err(Error::from(ErrorKind::NotFound))?
    /// });
    /// let dispatcher = Dispatcher::new(routes).classify(|error| {
    ///     let error = error.downcast_ref::<Error>()?;
    ///     (error.kind() == ErrorKind::NotFound).then_some(Class::Skip("nothing to read".into()))
    /// });
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// let batch = SqsBatchBuilder::new().with_record("1", record);
    /// assert_eq!(dispatcher.dispatch(batch.to_bytes(), None).await?.skipped(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn classify(
        mut self,
        classifier: impl Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync + 'static,
    ) -> Self {
        self.settings.classifiers.add(classifier);
        self.settings.classifier = self.settings.classifiers.classifier();
        self
    }

    /// Lets the dispatcher delete messages itself, and give them back.
    ///
    /// Without a queue, Lambda deletes messages after the answer. With one, what was acknowledged
    /// stays done even if the process ends before the answer. See [`Returned`],
    /// [`Acknowledge`] and [`Unreached`] for when the queue is used.
    ///
    /// # Examples
    ///
    /// The queue of the feature `sqs`:
    ///
    /// ```
    /// # #[cfg(feature = "sqs")]
    /// # mod example {
    /// use s3_dispatch::{Dispatcher, Routes, SqsQueue};
    ///
    /// fn dispatcher(client: aws_sdk_sqs::Client) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(())).with_queue(SqsQueue::from_environment(client))
    /// }
    /// # }
    /// ```
    ///
    /// [`Queue`] shows how to write your own.
    #[must_use]
    pub fn with_queue(mut self, queue: impl Queue) -> Self {
        self.settings.queue = Some(Arc::new(queue));
        self
    }

    /// Sets what to do with messages that came back after a receive without an answer.
    ///
    /// The default is [`Returned::Separately`] in Lambda and [`Returned::Together`] for
    /// [`dispatch`](Self::dispatch). [`Returned`] says what each needs and guarantees.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::{MessageFailure, MessageOutcome, Returned};
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
    /// use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let message = |key| {
    ///     let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
    ///     let notification = NotificationBuilder::new().with_record(record);
    ///     SqsMessageBuilder::new(key).with_notification(notification).with_receive_count(2)
    /// };
    /// let batch = SqsBatchBuilder::new().with_message(message("a")).with_message(message("b"));
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).on_returned(Returned::Separately);
    /// let report = dispatcher.dispatch(batch.to_bytes(), None).await?;
    ///
    /// // One of them was run, and the other is left for the next receive.
    /// let left_out = MessageOutcome::Failed(MessageFailure::LeftOut);
    /// let outcomes = report.messages().iter().map(|message| message.outcome());
    /// assert_eq!(outcomes.filter(|outcome| *outcome == left_out).count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_returned(mut self, choice: Returned) -> Self {
        self.settings.returned = Some(choice);
        self
    }

    /// Sets which messages the dispatcher deletes itself. It needs a
    /// [queue](Self::with_queue). The default is [`Acknowledge::Returned`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::Acknowledge;
    /// use s3_dispatch::queue::Queue;
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// fn dispatcher(queue: impl Queue) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(())).with_queue(queue).acknowledge(Acknowledge::All)
    /// }
    /// ```
    #[must_use]
    pub fn acknowledge(mut self, choice: Acknowledge) -> Self {
        self.settings.acknowledge = choice;
        self
    }

    /// Sets what to do with messages that were not reached before the deadline.
    /// [`Unreached::GiveBack`] needs a [queue](Self::with_queue). The default is
    /// [`Unreached::Wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::Unreached;
    /// use s3_dispatch::queue::Queue;
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// fn dispatcher(queue: impl Queue) -> Dispatcher<Routes<()>> {
    ///     Dispatcher::new(Routes::new(())).with_queue(queue).on_unreached(Unreached::GiveBack)
    /// }
    /// ```
    #[must_use]
    pub fn on_unreached(mut self, choice: Unreached) -> Self {
        self.settings.unreached = choice;
        self
    }

    /// Sets what to do with the later records of a key after one of them has failed. The default is
    /// [`FailedKey::Continue`].
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::FailedKey;
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let routes = Routes::new(())
    ///     .on_fn("ObjectCreated:*", async || Err::<(), _>("the index is locked"))
    ///     .on_fn("ObjectRemoved:*", async || Ok::<_, std::io::Error>(()));
    /// let dispatcher = Dispatcher::new(routes).on_failed_key(FailedKey::HoldBack);
    ///
    /// let put = RecordBuilder::new("ObjectCreated:Put").with_sequencer("0A");
    /// let delete = RecordBuilder::new("ObjectRemoved:Delete").with_sequencer("0B");
    /// let batch = SqsBatchBuilder::new().with_record("1", put).with_record("2", delete);
    ///
    /// let report = dispatcher.dispatch(batch.to_bytes(), None).await?;
    /// assert_eq!((report.handled(), report.failed_messages()), (0, 2));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_failed_key(mut self, choice: FailedKey) -> Self {
        self.settings.failed_key = choice;
        self
    }

    /// Sets what to do with events that the function itself caused, on routes that say
    /// [`skip_own_writes`](crate::Route::skip_own_writes). The default is [`OwnWrite::Skip`].
    ///
    /// A function is recognized by the principal of the event, `AWS:AROAEXAMPLE:function-name`: its
    /// role with the name of the function as the session. So this is for Lambda only, and for
    /// handlers that use the credentials of the function. A function of the same name in another
    /// region or account that writes to the same bucket is taken for this one.
    ///
    /// On routes without `skip_own_writes` nothing is skipped, whoever wrote it. One handler of a
    /// program may be waiting for what another one writes, and an event that is skipped is gone.
    /// A loop can be stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::dispatch::OwnWrite;
    /// use s3_dispatch::{Dispatcher, HandlerError, ObjectKey, Routes, s3_handler};
    ///
    /// /// Splits large files into smaller ones beside them, until all are small.
    /// #[s3_handler("ObjectCreated:*", prefix = "data/", writes = "data/", skip_own_writes)]
    /// async fn split(key: ObjectKey) -> Result<(), HandlerError> {
    ///     println!("split {key:?}");
    ///     Ok(())
    /// }
    ///
    /// let routes = Routes::new(()).on::<split>();
    /// let dispatcher = Dispatcher::new(routes).on_own_write(OwnWrite::Handle);
    /// ```
    #[must_use]
    pub fn on_own_write(mut self, choice: OwnWrite) -> Self {
        self.settings.own_write = choice;
        self
    }

    /// Sets the level of the line about each record that was handled. The default is `debug`.
    ///
    /// At `info` there is one line for each record, with its event name, bucket and key, and with
    /// `duration_ms`, the time that it spent in the router. In Lambda and on the command line, the
    /// environment variable `S3_DISPATCH_LOG_HANDLED` has precedence, so that somebody who looks
    /// for a file can switch the lines on without a new deployment:
    /// `S3_DISPATCH_LOG_HANDLED=info`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use tracing::Level;
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).log_handled_at(Level::INFO);
    /// ```
    #[must_use]
    pub fn log_handled_at(mut self, level: Level) -> Self {
        self.settings.log_levels.handled = level;
        self
    }

    /// Sets the level of the line about each record that no route matches and that is skipped. The
    /// default is `warn`.
    ///
    /// Lower it where such records are expected, for example because the queue gets more than the
    /// program handles. In Lambda and on the command line, the environment variable
    /// `S3_DISPATCH_LOG_UNROUTED` has precedence: `S3_DISPATCH_LOG_UNROUTED=debug`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use tracing::Level;
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).log_unrouted_at(Level::DEBUG);
    /// ```
    #[must_use]
    pub fn log_unrouted_at(mut self, level: Level) -> Self {
        self.settings.log_levels.unrouted = level;
        self
    }

    /// Lets the environment decide about the levels, where it names any.
    pub(crate) fn with_log_levels_of_environment(mut self) -> Self {
        self.settings.log_levels = self.settings.log_levels.with_environment();
        self
    }

    /// The event that the tasks of a batch job stand for, if the program has chosen it.
    #[cfg(feature = "replay")]
    pub(crate) fn batch_event(&self) -> Option<&EventName> {
        self.settings.batch_event.as_ref()
    }

    /// Leaves failures to whoever observes them: no sink stores them and no backoff delays them,
    /// and a message that cannot be read is a failure.
    #[cfg(feature = "replay")]
    pub(crate) fn without_sinks(mut self) -> Self {
        self.settings.dead_letters = None;
        self.settings.backoff = None;
        self.settings.queue = None;
        self.settings.malformed = Malformed::Fail;
        self
    }

    /// Returns whether the dispatcher changes when messages are visible again.
    #[cfg(feature = "cli")]
    pub(crate) fn changes_visibility(&self) -> bool {
        let gives_back =
            self.settings.queue.is_some() && self.settings.unreached == Unreached::GiveBack;
        self.settings.backoff.is_some() || gives_back
    }

    #[cfg(feature = "doctor")]
    pub(crate) fn concurrency(&self) -> usize {
        self.settings.handlers()
    }

    #[cfg(feature = "doctor")]
    pub(crate) fn deadline_margin(&self) -> Duration {
        self.settings.deadline_margin
    }

    #[cfg(feature = "cli")]
    pub(crate) fn has_dead_letters(&self) -> bool {
        self.settings.dead_letters.is_some()
    }

    /// Returns the name of the function if own writes have to be recognized.
    pub(crate) fn recognized_function(&self, name: &str) -> Option<Arc<str>> {
        let skips = self.settings.own_write == OwnWrite::Skip
            && !name.is_empty()
            && self.router.routes().iter().any(Route::skips_own_writes);

        skips.then(|| Arc::from(name))
    }

    /// Runs an async function after each invocation, for example to write metrics or traces.
    ///
    /// Lambda stops the process between invocations, so what is not written by then may be late or
    /// lost.
    ///
    /// - It runs when the outcome of every message is known and before the answer is sent, so its
    ///   time delays the answer. Its argument is what [`dispatch`](Self::dispatch) returns.
    /// - It also runs after an invocation that fails. It does not run if the future of `dispatch`
    ///   is dropped, or if the process ends.
    /// - It must end before the deadline: it may take half of the time that is left, and 5 seconds
    ///   at most. After that it is cut off, and the answer is sent. A function that blocks its
    ///   thread cannot be cut off.
    /// - With the default [margin](Self::with_deadline_margin) of 500 ms, little time is left once
    ///   a batch has been cut off. Set a longer margin for a function that makes calls.
    /// - If it fails, panics or is cut off, a warning says so. The result of the invocation stays
    ///   as it is.
    ///
    /// Called twice, both functions run, one after the other. It works wherever the dispatcher
    /// does: with [`start`](crate::start), [`run`](crate::run), `lambda_runtime::run`, `dispatch`,
    /// and in the functions of `s3-dispatch-local`.
    ///
    /// # Examples
    ///
    /// The example `cloudwatch_metrics` writes metrics. A closure must name the type of its
    /// argument:
    ///
    /// ```
    /// use s3_dispatch::{BatchReport, Dispatcher, Error, Routes};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// let dispatcher = Dispatcher::new(Routes::new(())).after_invocation(
    ///     async |result: &Result<BatchReport, Error>| {
    ///         if let Ok(report) = result {
    ///             println!("{} messages", report.messages().len());
    ///         }
    ///         Ok::<_, std::io::Error>(())
    ///     },
    /// );
    ///
    /// let report = dispatcher.dispatch(r#"{"Records": []}"#, None).await?;
    /// assert!(report.is_success());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after_invocation(mut self, function: impl for<'i> AfterInvocation<'i>) -> Self {
        self.hooks.add(function);
        self
    }

    /// Sends the spans of traces to this provider, and flushes it before each answer.
    ///
    /// The provider may have any exporter, sampler and resource. Without this method a dispatcher
    /// uses the provider that the program has installed with
    /// `opentelemetry::global::set_tracer_provider`, but cannot flush that one. A program without a
    /// provider needs neither: [`start`](crate::start) and [`run`](crate::run) read the `OTEL_*`
    /// variables. The guide [Traces](crate::dispatch#traces) has the whole picture.
    ///
    /// The flush runs on a thread of its own, after the functions of
    /// [`after_invocation`](Self::after_invocation), and delays the answer by no more than
    /// [`with_trace_limit`](Self::with_trace_limit) says. It needs a Tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// // With `with_batch_exporter` and an exporter that your backend wants.
    /// let provider = SdkTracerProvider::builder()
    ///     .with_sampler(Sampler::TraceIdRatioBased(0.1))
    ///     .build();
    /// let dispatcher = Dispatcher::new(Routes::new(())).with_tracer_provider(provider);
    /// ```
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn with_tracer_provider(
        mut self,
        provider: opentelemetry_sdk::trace::SdkTracerProvider,
    ) -> Self {
        self.settings.traces.set_provider(provider);
        self
    }

    /// Limits how long the export of traces may delay an answer. The default is the environment
    /// variable `OTEL_BSP_EXPORT_TIMEOUT` in milliseconds, or else one second.
    ///
    /// An export also gets no more than half of the time that is left until the deadline. What is
    /// not exported by then waits in memory for the next invocation, and a warning says so.
    ///
    /// A worker exports in the background. There, this is how long the last export may delay its
    /// end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// let dispatcher =
    ///     Dispatcher::new(Routes::new(())).with_trace_limit(Duration::from_millis(200));
    /// ```
    #[cfg(feature = "otel")]
    #[must_use]
    pub fn with_trace_limit(mut self, limit: Duration) -> Self {
        self.settings.traces.set_limit(limit);
        self
    }

    /// Exports traces if the environment asks for it and the program has no provider.
    pub(crate) fn exporting_traces(mut self) -> Self {
        self.settings.traces.export_by_environment();
        self
    }

    /// Changes the layers around the dispatcher's service in Lambda.
    pub(crate) fn with_layers(mut self, change: impl FnOnce(&mut Layers)) -> Self {
        change(&mut self.layers);
        self
    }

    /// Takes the layers off.
    pub(crate) fn take_layers(&mut self) -> Layers {
        std::mem::take(&mut self.layers)
    }

    /// Notes what is being handled while messages are kept apart that may end the process.
    pub(crate) fn with_in_progress(mut self, notes: Option<InProgress>) -> Self {
        self.settings.in_progress = notes.map(Arc::new);
        self
    }

    /// Ends the batches of this dispatcher when `stop` is told.
    pub(crate) fn with_stop(mut self, stop: Stop) -> Self {
        self.settings.stop = Some(stop);
        self
    }

    /// Returns how long handlers may go on when the process is told to end.
    pub(crate) fn drain(&self) -> Duration {
        self.settings.drain
    }

    /// Prepares the router: makes the state of
    /// [`Routes::prepared_by`](crate::Routes::prepared_by), and whatever other routers need. Then
    /// prepares the dead-letter sink, the backoff and the queue, for example checks their URLs.
    ///
    /// [`start`](crate::start) and [`run`](crate::run) call it. Call it in a function that serves
    /// the dispatcher in another way, such as `lambda_runtime::run(dispatcher)`, so that a missing
    /// setting ends the process at its start. Otherwise the first record prepares the router, and
    /// fails if that fails. What has been prepared is not prepared again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotPrepared`] if a part of the router, the dead-letter sink, the backoff or the
    /// queue fails or panics. The sources have the reason. A later call tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, ErrorKind, Routes};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let routes = Routes::<()>::prepared_by(async || Err("the table does not exist"));
    /// let error = Dispatcher::new(routes).prepare().await.unwrap_err();
    ///
    /// assert_eq!(error.kind(), ErrorKind::NotPrepared);
    /// # }
    /// ```
    pub async fn prepare(&self) -> Result<(), Error> {
        let prepared = Guarded::new(|| self.router.prepare()).await;
        let Err(error) = prepared.unwrap_or_else(|panicked| Err(panicked.into())) else {
            return self.settings.prepare().await;
        };

        let text = "the router could not be prepared";
        Err(match error.downcast::<Error>() {
            Ok(error) if error.kind() == ErrorKind::NotPrepared => *error,
            Ok(error) => Error::new(ErrorKind::NotPrepared, text).with_source(error as Box<_>),
            Err(error) => Error::new(ErrorKind::NotPrepared, text).with_source(error),
        })
    }

    /// Returns the router.
    #[must_use]
    pub fn router(&self) -> &R {
        &self.router
    }

    /// Returns the router, to be kept beside the dispatcher.
    #[cfg(feature = "audit")]
    pub(crate) fn shared_router(&self) -> Arc<R> {
        Arc::clone(&self.router)
    }

    /// Dispatches one payload. `deadline` is when the answer is due, or `None` for no limit.
    ///
    /// This works outside Lambda too. It needs a Tokio runtime only if there is a deadline, a
    /// record timeout, a backoff, a queue or a function that runs after the invocation.
    ///
    /// # Errors
    ///
    /// Returns an error if the whole invocation must fail. [`Error::kind`] says why:
    ///
    /// - `InvocationFailed`: anything failed outside SQS, where no single failure can be reported.
    ///   Or every message of an SQS batch failed, with [`AllFailed::FailInvocation`]. The source is
    ///   the first failure, if there is one. A retry may succeed.
    /// - `MissingMessageId`: an SQS message has no id. No handler has run, and a retry fails again.
    /// - Any other kind: the payload cannot be read. No handler has run, and a retry fails again.
    ///   [`Error::path`] is the place of the mistake in the JSON.
    ///
    /// [`Error::is_retryable`] is true for `InvocationFailed` and false for the others.
    ///
    /// # Panics
    ///
    /// Panics if there is a deadline, a record timeout, a backoff, a queue or a function that runs
    /// after the invocation, but no Tokio runtime with time enabled.
    pub async fn dispatch(
        &self,
        payload: impl Into<Payload>,
        deadline: Option<Instant>,
    ) -> Result<BatchReport, Error> {
        let invocation = Invocation {
            deadline,
            ..Invocation::default()
        };

        self.dispatch_invocation(payload.into(), invocation).await
    }

    pub(crate) async fn dispatch_invocation(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<BatchReport, Error> {
        self.start();

        let deadline = invocation.deadline;
        let traces = &self.settings.traces;
        let mut trace = invocation.trace(traces);
        let result = invocation
            .run(
                &*self.router,
                &self.settings,
                &self.answered,
                payload,
                &mut trace,
            )
            .await;
        trace.finish(result.as_ref().err());

        let due = self.settings.due(deadline);
        self.hooks.call(&result, due).await;
        traces.flush(due).await;

        result
    }

    /// Logs the patterns that match no known event, the first time that it is called.
    pub(crate) fn start(&self) {
        self.started.call_once(|| {
            // Nearly always there is nothing to warn of, and then nothing is collected.
            let routes = self.router.routes();
            let mut patterns = routes.iter().flat_map(Route::patterns);
            if patterns.all(EventPattern::is_known) {
                return;
            }

            for warning in Manifest::new(&*self.router).unknown_events() {
                tracing::warn!("{warning}");
            }
        });
    }
}

/// What a worker needs of a dispatcher.
#[cfg(feature = "worker")]
pub(crate) struct Parts<R> {
    pub(crate) router: Arc<R>,
    pub(crate) settings: Settings,
    pub(crate) answered: Arc<Answered>,
    pub(crate) hooks: Hooks,
}

#[cfg(feature = "worker")]
impl<R> Dispatcher<R> {
    pub(crate) fn into_parts(self) -> Parts<R> {
        Parts {
            router: self.router,
            settings: self.settings,
            answered: self.answered,
            hooks: self.hooks,
        }
    }
}

// Not derived, because a derive would require `R: Clone`. The router is shared.
impl<R> Clone for Dispatcher<R> {
    fn clone(&self) -> Self {
        Self {
            router: Arc::clone(&self.router),
            settings: self.settings.clone(),
            started: Arc::clone(&self.started),
            answered: Arc::clone(&self.answered),
            hooks: self.hooks.clone(),
            layers: self.layers.clone(),
        }
    }
}

/// Creates a dispatcher with the default settings.
impl<R: Router> From<R> for Dispatcher<R> {
    fn from(router: R) -> Self {
        Self::new(router)
    }
}

impl<R: fmt::Debug> fmt::Debug for Dispatcher<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;

        f.debug_struct("Dispatcher")
            .field("router", &self.router)
            .field("concurrency", &settings.handlers())
            .field("deadline_margin", &settings.deadline_margin)
            .field("drain", &settings.drain)
            .field("record_timeout", &settings.record_timeout)
            .field("unrouted", &settings.unrouted)
            .field("malformed", &settings.malformed)
            .field("all_failed", &settings.all_failed)
            .field("returned", &settings.returned)
            .field("acknowledge", &settings.acknowledge)
            .field("unreached", &settings.unreached)
            .field("failed_key", &settings.failed_key)
            .field("own_write", &settings.own_write)
            .finish_non_exhaustive()
    }
}
