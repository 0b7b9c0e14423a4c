//! The rules of delivery.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use s3_dispatch_core::{
    Content, Delivery, Envelope, Error, ErrorKind, InvocationId, Message, Router, TraceHeader,
};

use crate::dispatch::batch::Batch;
use crate::dispatch::outcomes::Outcomes;
use crate::dispatch::report::{MessageFailure, MessageOutcome};
use crate::dispatch::schedule::Schedule;
use crate::failure::backoff::postpone;
use crate::{Backoff, BatchReport, DeadLetters, Payload};

/// Sends the records of a payload through a router and reports, message by message, what became of
/// them.
///
/// The rules of delivery:
///
/// 1. Every message id of a batch ends as exactly one of succeeded and failed, wherever the batch
///    is cut; what is not proven handled is failed. An id that occurs twice fails if either
///    occurrence fails.
/// 2. A message succeeds when each of its records was handled, skipped, or given to the dead-letter
///    sink ([`with_dead_letters`](Self::with_dead_letters)). A failed record fails its message and
///    no other.
/// 3. No identifier is invented: a message without an id fails the invocation.
/// 4. A test notification succeeds. A malformed body fails its message, or is dropped
///    ([`on_malformed`](Self::on_malformed)).
/// 5. A record that no route takes is skipped with a warning, or fails
///    ([`on_unrouted`](Self::on_unrouted)). Every record is checked against the routes, since a
///    filter policy lets a whole message pass for one matching record.
/// 6. The most specific route takes a record; see [`Routes`](crate::Routes).
/// 7. A handler that panics or runs longer than [`with_record_timeout`](Self::with_record_timeout)
///    fails its message. Near the deadline ([`with_deadline_margin`](Self::with_deadline_margin))
///    nothing new starts, what runs is cancelled, and the rest is failed. A handler that blocks its
///    thread cannot be cut off: give such work to `tokio::task::spawn_blocking`.
/// 8. At most [`with_concurrency`](Self::with_concurrency) handlers run at a time. On standard
///    queues the records of one bucket and key run one after the other: by sequencer where both
///    have one that can be trusted, else as they arrived. On FIFO queues each message group runs in
///    order and stops at its first failure; groups are independent.
/// 9. Outside SQS there are no single failures: any failure is an error of the whole invocation.
///
/// Dropping the future of [`dispatch`](Self::dispatch) loses nothing, since without an answer
/// everything is delivered again, and leaves nothing running, since nothing is spawned. Under
/// `panic = "abort"` a panic of a handler ends the process, so that the whole invocation fails.
///
/// ```
/// use s3_dispatch::{Dispatcher, ObjectKey, Routes};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let routes = Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| -> Result<(), std::io::Error> {
///     println!("{key:?}");
///     Ok(())
/// });
/// let dispatcher = Dispatcher::new(routes).with_concurrency(10);
/// let report = dispatcher.dispatch(r#"{"Records": []}"#, None).await?;
/// assert!(report.response().batch_item_failures.is_empty());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Dispatcher<R> {
    pub(crate) router: Arc<R>,
    pub(crate) concurrency: usize,
    deadline_margin: Duration,
    pub(crate) record_timeout: Option<Duration>,
    pub(crate) unrouted: Unrouted,
    malformed: Malformed,
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    backoff: Option<Arc<dyn Backoff>>,
}

/// What becomes of a record that no route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unrouted {
    /// It is skipped with a warning; its message may succeed.
    #[default]
    Skip,
    /// It fails, and its message with it.
    Fail,
}

/// What becomes of a message whose body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Malformed {
    /// It fails: it comes again, and ends in the dead-letter queue.
    #[default]
    Fail,
    /// It is dropped: it succeeds, and is deleted, with an error in the log.
    Drop,
}

/// What is known of an invocation beside its payload.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<InvocationId>,
    pub(crate) trace_header: Option<TraceHeader>,
}

impl<R: Router> Dispatcher<R> {
    /// A dispatcher that runs one handler at a time, with a margin of 500 ms before the deadline,
    /// no timeout per record, unrouted records skipped and malformed messages failed.
    #[must_use]
    pub fn new(router: R) -> Self {
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::describe();
        Self {
            router: Arc::new(router),
            concurrency: 1,
            deadline_margin: Duration::from_millis(500),
            record_timeout: None,
            unrouted: Unrouted::default(),
            malformed: Malformed::default(),
            dead_letters: None,
            backoff: None,
        }
    }

    /// Runs at most so many handlers at a time; 0 counts as 1.
    #[must_use]
    pub fn with_concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }

    /// Stops so long before the invocation's deadline, to have time for the answer.
    #[must_use]
    pub fn with_deadline_margin(mut self, margin: Duration) -> Self {
        self.deadline_margin = margin;
        self
    }

    /// Gives each record at most so long.
    #[must_use]
    pub fn with_record_timeout(mut self, timeout: Duration) -> Self {
        self.record_timeout = Some(timeout);
        self
    }

    /// Chooses what becomes of a record that no route takes.
    #[must_use]
    pub fn on_unrouted(mut self, choice: Unrouted) -> Self {
        self.unrouted = choice;
        self
    }

    /// Chooses what becomes of a message whose body cannot be read.
    #[must_use]
    pub fn on_malformed(mut self, choice: Malformed) -> Self {
        self.malformed = choice;
        self
    }

    /// Gives permanent failures to this sink; without one they fail like any other.
    #[must_use]
    pub fn with_dead_letters(mut self, sink: impl DeadLetters) -> Self {
        self.dead_letters = Some(Arc::new(sink));
        self
    }

    /// Postpones failed messages of SQS by this policy; without one they come again when the
    /// queue's visibility timeout is over.
    #[must_use]
    pub fn with_backoff(mut self, backoff: impl Backoff) -> Self {
        self.backoff = Some(Arc::new(backoff));
        self
    }

    /// The router.
    #[must_use]
    pub fn router(&self) -> &R {
        &self.router
    }

    /// Dispatches one payload. Needs no Lambda, and a Tokio runtime only if there is a deadline, a
    /// timeout or a backoff.
    ///
    /// # Errors
    ///
    /// When the invocation as a whole must fail: the payload cannot be read, an SQS message has no
    /// id, or, outside SQS, anything failed ([`ErrorKind::InvocationFailed`], the one that may
    /// pass when the event comes again).
    ///
    /// # Panics
    ///
    /// When there is a deadline, a timeout or a backoff, and no Tokio runtime with time enabled.
    pub async fn dispatch(
        &self,
        payload: impl Into<Payload>,
        deadline: Option<Instant>,
    ) -> Result<BatchReport, Error> {
        self.dispatch_in(
            payload.into(),
            Invocation {
                deadline,
                ..Invocation::default()
            },
        )
        .await
    }

    pub(crate) async fn dispatch_in(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<BatchReport, Error> {
        let started = Instant::now();
        let mut delivery = payload.into_delivery()?;

        for message in delivery.messages_mut() {
            complete(message, &invocation);
            self.log_unless_readable(message);
        }

        let schedule = Schedule::new(&delivery, self.malformed);
        let cut = invocation.deadline.map(|deadline| {
            // A margin that goes back to before there was time leaves none.
            deadline
                .checked_sub(self.deadline_margin)
                .unwrap_or_else(|| tokio::time::Instant::now().into_std())
        });

        let outcomes = Batch::new(self, &delivery, &schedule, cut).run().await;
        let report = BatchReport::new(&delivery, &outcomes, self.malformed);
        log_unreached(&report, invocation.request_id.as_ref());

        tracing::info!(
            request_id = invocation.request_id.as_ref().map(AsRef::<str>::as_ref),
            messages = report.messages().len(),
            failed_messages = report.failed_messages(),
            records = delivery.records().len(),
            handled = report.handled(),
            skipped = report.skipped(),
            dead_letters = report.dead_letters(),
            failed = report.failed(),
            // To the microsecond; more would be noise.
            duration_ms = started.elapsed().as_micros() as f64 / 1000.0,
            "invocation done"
        );

        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::reported(&report, &delivery, &outcomes);

        if delivery.envelope() == Envelope::Sqs {
            if let Some(backoff) = &self.backoff {
                postpone(
                    &**backoff,
                    &delivery,
                    &report,
                    &outcomes,
                    invocation.deadline,
                )
                .await;
            }

            return Ok(report);
        }

        if report.is_success() {
            return Ok(report);
        }

        Err(invocation_failed(delivery, outcomes, &report))
    }

    fn log_unless_readable(&self, message: &Message) {
        let message_id = message.context.message_id().map(AsRef::<str>::as_ref);
        let request_id = message.context.request_id().map(AsRef::<str>::as_ref);

        match &message.content {
            Ok(Content::Test(test)) => {
                let bucket = test.bucket.as_ref().map(AsRef::<str>::as_ref);
                tracing::info!(message_id, request_id, bucket, "test notification");
            }
            Ok(_) => {}
            Err(error) => {
                let error = error.to_string();
                match self.malformed {
                    Malformed::Fail => {
                        tracing::error!(message_id, request_id, error, "message cannot be read")
                    }
                    Malformed::Drop => {
                        tracing::error!(
                            message_id,
                            request_id,
                            error,
                            "message cannot be read: dropped"
                        )
                    }
                }
            }
        }
    }
}

/// What is not the message's own is the invocation's.
fn complete(message: &mut Message, invocation: &Invocation) {
    let context = &mut message.context;
    if let Some(deadline) = invocation.deadline {
        *context = std::mem::take(context).with_deadline(deadline);
    }

    if let Some(id) = &invocation.request_id {
        *context = std::mem::take(context).with_request_id(id.clone());
    }

    if let (None, Some(header)) = (context.trace_header(), &invocation.trace_header) {
        *context = std::mem::take(context).with_trace_header(header.clone());
    }
}

/// Their records have no log of their own.
fn log_unreached(report: &BatchReport, request_id: Option<&InvocationId>) {
    const MOST: usize = 10;

    let unreached = MessageOutcome::Failed(MessageFailure::NotReached);
    let mut messages = report
        .messages()
        .iter()
        .filter(|message| message.outcome() == unreached)
        .peekable();

    if messages.peek().is_none() {
        return;
    }

    let count = messages.clone().count();
    let first: Vec<_> = messages
        .filter_map(|message| message.id().map(AsRef::<str>::as_ref))
        .take(MOST)
        .collect();

    tracing::warn!(
        request_id = request_id.map(AsRef::<str>::as_ref),
        messages = count,
        first = first.join(" "),
        "not all messages were reached: the deadline came, or a message before them in their group failed"
    );
}

fn invocation_failed(mut delivery: Delivery, outcomes: Outcomes, report: &BatchReport) -> Error {
    let unreadable = delivery.messages_mut().iter_mut().find_map(|message| {
        let content = std::mem::replace(&mut message.content, Ok(Content::Records(0..0)));
        content.err()
    });
    let text = match report.failed() {
        0 => "a message cannot be read".to_owned(),
        failed => format!("{failed} of {} records failed", delivery.records().len()),
    };
    let error = Error::new(ErrorKind::InvocationFailed, text);

    match (outcomes.into_first_error(), unreadable) {
        (Some(cause), _) => error.with_source(cause.into_error()),
        (None, Some(cause)) => error.with_source(cause),
        (None, None) => error,
    }
}

// Not derived: a derive would ask `R: Clone`, and the router is shared.
impl<R> Clone for Dispatcher<R> {
    fn clone(&self) -> Self {
        Self {
            router: Arc::clone(&self.router),
            dead_letters: self.dead_letters.clone(),
            backoff: self.backoff.clone(),
            ..*self
        }
    }
}

impl<R: Router> From<R> for Dispatcher<R> {
    fn from(router: R) -> Self {
        Self::new(router)
    }
}

impl<R: fmt::Debug> fmt::Debug for Dispatcher<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("router", &self.router)
            .field("concurrency", &self.concurrency)
            .field("deadline_margin", &self.deadline_margin)
            .field("record_timeout", &self.record_timeout)
            .field("unrouted", &self.unrouted)
            .field("malformed", &self.malformed)
            .finish_non_exhaustive()
    }
}
