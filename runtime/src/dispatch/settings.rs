//! The settings of a dispatcher.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use s3_dispatch_core::__private::Classifier;
use s3_dispatch_core::delivery::Message;
use s3_dispatch_core::handler::BoxFuture;
use s3_dispatch_core::{Error, ErrorKind, EventName, MessageContext};

#[cfg(feature = "object-store")]
use crate::Objects;
use crate::dispatch::batch::stop::Stop;
use crate::failure::classifiers::{Classifiers, default_classifier};
use crate::guarded::{Guarded, Panicked};
use crate::queue::Queue;
use crate::queue::access::named_queue;
use crate::telemetry::errors::with_causes;
use crate::telemetry::in_progress::InProgress;
use crate::telemetry::logs::levels::LogLevels;
use crate::telemetry::traces::Traces;
use crate::{Backoff, DeadLetters};

/// What a dispatcher does with a record that no route matches.
///
/// Set it with [`Dispatcher::on_unrouted`](crate::Dispatcher::on_unrouted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unrouted {
    /// Skips the record and logs a warning. Its message can still succeed.
    #[default]
    Skip,
    /// Fails the record, and with it its message.
    Fail,
}

/// What a dispatcher does with a message whose body it cannot read.
///
/// A body is malformed if it is not JSON, or if it is not a notification of S3 in any known
/// envelope. Set it with [`Dispatcher::on_malformed`](crate::Dispatcher::on_malformed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Malformed {
    /// Fails the message. It is delivered again until the queue moves it to its dead-letter queue.
    #[default]
    Fail,
    /// Logs an error and reports the message as succeeded, so that SQS deletes it.
    Drop,
}

/// What a dispatcher does when every message of an SQS batch failed.
///
/// Set it with [`Dispatcher::on_all_failed`](crate::Dispatcher::on_all_failed). Either way SQS
/// delivers all of them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AllFailed {
    /// Reports each message as failed. For Lambda the invocation has succeeded, so its metric
    /// `Errors` does not count it.
    #[default]
    Report,
    /// Fails the invocation, so that Lambda's metric `Errors` and the alarms on it see it.
    ///
    /// Lambda also gives the function fewer batches at once while its invocations fail ("Handling
    /// errors for an SQS event source in Lambda", AWS Lambda Developer Guide, 2026).
    FailInvocation,
}

/// What a dispatcher does with messages that came back after a receive without an answer.
///
/// Set it with [`Dispatcher::on_returned`](crate::Dispatcher::on_returned).
///
/// A handler can end its process: by `abort`, by using too much memory or stack, by blocking its
/// thread beyond the function's timeout. Then the whole batch gets no answer and comes back, and
/// nobody knows which message was to blame. Run together again, they would all come back together
/// until the queue's redrive policy moves *all* of them to the dead-letter queue.
///
/// A message is taken for one that came back without an answer if it has been received before and
/// this process did not report it as failed then. A failure that another process reported looks the
/// same.
///
/// # What each way needs and guarantees
///
/// | | needs | loses, if one of ten messages always ends the process |
/// |---|---|---|
/// | [`Together`](Self::Together) | | all ten |
/// | [`Separately`](Self::Separately) | | that one, and about a sixth of the others |
/// | `Separately` [with a queue] | `sqs:DeleteMessage` | that one |
///
/// [with a queue]: crate::Dispatcher::with_queue
///
/// "Loses" means that the queue's redrive policy moves the message to the dead-letter queue. The
/// figures are measured, for a `maxReceiveCount` of 5 and batches that come back as they were.
///
/// - **With a queue**, messages that came back run one by one after all others, and each is deleted
///   before the next begins. So the end of the process undoes nothing. The order changes from
///   receive to receive, so that with one or two such messages in a batch every other one is
///   reached within four receives. With three of ten, 19 % of the others are lost. So that messages
///   that came back get their turn, the others start in the first half of the time only. In the
///   second half, a handler that has not ended by then runs beside those that came back.
/// - **Without a queue**, nothing is acknowledged before the end of the invocation. So only a part
///   of the messages that came back is run, and the others are [left out] until another receive. Of
///   two receives in a row, each runs the part that the other leaves out; the next two divide the
///   messages differently. With a `maxReceiveCount` of 10, about one in a thousand is lost. Two
///   such messages among ten take 57 % of the others along (28 % with 10 receives), and three take
///   78 % (56 %). Messages that come back for an ordinary reason may be left out too, so a
///   `maxReceiveCount` below 5 is too low.
///
/// [left out]: crate::dispatch::MessageFailure::LeftOut
///
/// A smaller batch has fewer messages to lose. A batch in which no message came back runs as
/// always. Without a queue, so does one in which a single message came back.
///
/// With a queue, a handler that never ends keeps the messages that came back from their turn. So
/// set [`with_record_timeout`](crate::Dispatcher::with_record_timeout) if yours may hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// Keeps them apart from others and from each other. This is the default in Lambda.
    Separately,
    /// Runs them like all others. This is the default for [`dispatch`](crate::Dispatcher::dispatch)
    /// outside Lambda, where the user sees it when the process ends.
    Together,
}

/// Which messages a dispatcher with a queue deletes itself, instead of leaving that to Lambda.
///
/// Set it with [`Dispatcher::acknowledge`](crate::Dispatcher::acknowledge).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Acknowledge {
    /// In a batch with messages that [came back without an answer](Returned) and run one by one:
    /// each message before the next of these begins. In other batches none.
    #[default]
    Returned,
    /// Every message, as soon as it has succeeded. If the process ends, only what was not yet
    /// acknowledged is handled again. It costs one request per message.
    All,
}

/// What a dispatcher does with messages that it did not reach before the deadline.
///
/// Set it with [`Dispatcher::on_unreached`](crate::Dispatcher::on_unreached).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unreached {
    /// Reports them as failed. They come back when the queue's visibility timeout ends.
    #[default]
    Wait,
    /// Reports them as failed and makes them visible at once, so that other processes receive them
    /// without waiting. Needs [`with_queue`](crate::Dispatcher::with_queue).
    ///
    /// A message that an earlier failure of its group or key holds back waits as before, so that it
    /// does not overtake the one that failed.
    ///
    /// Each receive counts towards the queue's `maxReceiveCount`. If all processes are busy for
    /// long, messages that are given back use up their receives sooner.
    GiveBack,
}

/// What a dispatcher does with the later records of a key after one of them has failed.
///
/// Set it with [`Dispatcher::on_failed_key`](crate::Dispatcher::on_failed_key).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FailedKey {
    /// Runs them. A put that failed may then be handled after the deletion that followed it.
    #[default]
    Continue,
    /// Leaves the later ones in the batch unreached, so that they come back with the one that
    /// failed. This holds within a batch only; [`LatestOnly`](crate::LatestOnly) is for the rest.
    ///
    /// With a dead-letter sink, a permanent failure holds back the later ones only once its letter
    /// could not be stored. It is put when the last record of its message has an outcome.
    HoldBack,
}

/// What a dispatcher does with events that the function itself caused, on routes that say
/// [`skip_own_writes`](crate::Route::skip_own_writes).
///
/// Set it with [`Dispatcher::on_own_write`](crate::Dispatcher::on_own_write).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OwnWrite {
    /// Skips them as [`SkipReason::OwnWrite`](crate::SkipReason::OwnWrite), in Lambda.
    ///
    /// Elsewhere it is not known who the program is, so they are handled.
    #[default]
    Skip,
    /// Handles them like all others. The handlers must end the loop themselves.
    Handle,
}

/// Everything that can be set on a dispatcher.
#[derive(Clone)]
pub(crate) struct Settings {
    /// At least 1.
    /// How many handlers may run at once, where the program has chosen it.
    pub(crate) concurrency: Option<usize>,
    pub(crate) deadline_margin: Duration,
    pub(crate) record_timeout: Option<Duration>,
    pub(crate) unrouted: Unrouted,
    pub(crate) malformed: Malformed,
    pub(crate) all_failed: AllFailed,
    pub(crate) dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Whether the log says already that there is no sink, or nobody needs to know.
    pub(crate) missing_sink_is_known: Arc<AtomicBool>,
    pub(crate) backoff: Option<Arc<dyn Backoff>>,
    pub(crate) queue: Option<Arc<dyn Queue>>,
    /// `None` means separately in Lambda, and together elsewhere.
    pub(crate) returned: Option<Returned>,
    pub(crate) acknowledge: Acknowledge,
    pub(crate) unreached: Unreached,
    pub(crate) failed_key: FailedKey,
    pub(crate) own_write: OwnWrite,
    pub(crate) log_levels: LogLevels,
    pub(crate) in_progress: Option<Arc<InProgress>>,
    /// The event that the tasks of a batch job stand for. `None` leaves the default.
    pub(crate) batch_event: Option<EventName>,
    /// Where the objects of tasks are looked up.
    #[cfg(feature = "object-store")]
    pub(crate) task_objects: Option<Objects>,
    pub(crate) traces: Traces,
    /// How long handlers may go on when the process is told to end.
    pub(crate) drain: Duration,
    /// `None` where nobody tells that the process ends.
    pub(crate) stop: Option<Stop>,
    pub(crate) classifiers: Classifiers,
    /// What [`classifiers`](Self::classifiers) are as one.
    pub(crate) classifier: Option<Classifier>,
}

/// How many handlers run at once by default.
///
/// One at a time loses messages that no handler has seen, as soon as a batch takes longer than the
/// timeout. Ten at once hold much memory, and if they share a processor, none of them may end in
/// time. `benches/README.md` has the measurements.
const DEFAULT_CONCURRENCY: usize = 5;

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: None,
            deadline_margin: Duration::from_millis(500),
            record_timeout: None,
            unrouted: Unrouted::default(),
            malformed: Malformed::default(),
            all_failed: AllFailed::default(),
            dead_letters: None,
            missing_sink_is_known: Arc::default(),
            backoff: None,
            queue: None,
            returned: None,
            acknowledge: Acknowledge::default(),
            unreached: Unreached::default(),
            failed_key: FailedKey::default(),
            own_write: OwnWrite::default(),
            log_levels: LogLevels::default(),
            in_progress: None,
            batch_event: None,
            #[cfg(feature = "object-store")]
            task_objects: None,
            traces: Default::default(),
            drain: Duration::from_millis(200),
            stop: None,
            classifiers: Classifiers::default(),
            classifier: default_classifier(),
        }
    }
}

impl Settings {
    /// Whether the process was told to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::is_told)
    }

    /// Returns when the answer is due, which is sooner than the deadline if the process ends.
    pub(crate) fn due(&self, deadline: Option<Instant>) -> Option<Instant> {
        match &self.stop {
            Some(stop) => stop.due(deadline),
            None => deadline,
        }
    }

    /// Returns the settings for these messages. They differ only if the queue depends on the one
    /// that the messages name.
    pub(crate) fn for_messages(&self, messages: &[Message]) -> Cow<'_, Self> {
        let chosen = self.queue.as_ref().and_then(|queue| {
            let arn = named_queue(messages.iter().map(|message| &message.context))?;
            let chosen = catch_unwind(AssertUnwindSafe(|| queue.at(arn)));

            chosen.unwrap_or_else(|panic| {
                let error = with_causes(&Panicked::new(panic));
                tracing::warn!(error, "the queue of a batch could not be chosen");
                None
            })
        });

        match chosen {
            None => Cow::Borrowed(self),
            Some(queue) => Cow::Owned(Self {
                queue: Some(queue),
                ..self.clone()
            }),
        }
    }

    /// Prepares the dead-letter sink, the backoff and the queue.
    ///
    /// # Errors
    ///
    /// Says which of them could not be prepared, and why.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        if let Some(sink) = &self.dead_letters {
            prepared("dead-letter sink", || sink.prepare()).await?;
        }

        if let Some(backoff) = &self.backoff {
            prepared("backoff", || backoff.prepare()).await?;
        }

        match &self.queue {
            Some(queue) => prepared("queue", || queue.prepare()).await,
            None => Ok(()),
        }
    }

    /// Says in the log, once, that a message of a queue comes again after a permanent failure,
    /// because there is no sink.
    pub(crate) fn warn_of_missing_sink(&self, message: &MessageContext) {
        let has_sink = self.dead_letters.is_some() || message.queue_arn().is_none();
        if has_sink || self.missing_sink_is_known.swap(true, Ordering::Relaxed) {
            return;
        }

        tracing::warn!(
            "a failure is permanent, but its message comes again until the queue gives it up, \
             because the dispatcher has no dead-letter sink: set one with `with_dead_letters`"
        );
    }

    /// How many handlers of a batch may run at once.
    pub(crate) fn handlers(&self) -> usize {
        self.concurrency.unwrap_or(DEFAULT_CONCURRENCY)
    }

    /// Returns the time at which all records must have ended: the margin before the deadline.
    pub(crate) fn cut(&self, deadline: Option<Instant>) -> Option<Instant> {
        deadline.map(|deadline| {
            // The margin may be longer than the clock can go back. Then no time is left.
            deadline
                .checked_sub(self.deadline_margin)
                .unwrap_or_else(|| tokio::time::Instant::now().into_std())
        })
    }
}

/// Prepares a part of the dispatcher.
async fn prepared<'p>(
    part: &str,
    prepare: impl FnOnce() -> BoxFuture<'p, Result<(), Box<dyn StdError + Send + Sync>>>,
) -> Result<(), Error> {
    let prepared = Guarded::new(prepare).await;
    let prepared = prepared.unwrap_or_else(|panicked| Err(panicked.into()));

    prepared.map_err(|source| {
        let text = format!("the {part} could not be prepared");
        Error::new(ErrorKind::NotPrepared, text).with_source(source)
    })
}
