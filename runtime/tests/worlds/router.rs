//! The router and the dead-letter sink of a world. They do what the world says, and note it.

use std::collections::{BTreeSet, HashMap};
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use s3_dispatch::async_trait;
use s3_dispatch::delivery::{Delivery, ReceiptHandle};
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::handler::BoxFuture;
use s3_dispatch::queue::{Queue, QueueError};
use s3_dispatch::{
    DeadLetters, HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord, SkipReason,
};
use tokio::time::{Instant, sleep};

use crate::world::{Delay, End, Place, QueueUse, Script, World};

/// What happened, in the order in which it started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    pub(crate) handlers: Vec<Run>,
    pub(crate) letters: Vec<Run>,
    /// The ids of deleted messages.
    pub(crate) deletions: Vec<(String, Moment)>,
    pub(crate) most_running: usize,
    /// Wrong arguments that a handler or the sink was given.
    pub(crate) complaints: Vec<String>,
    running: usize,
    moments: usize,
}

/// One call of a handler, or of the sink.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) place: Place,
    pub(crate) start: Moment,
    pub(crate) end: Option<Moment>,
    /// `None` if it panicked or was cut off.
    pub(crate) answer: Option<End>,
}

/// A time, and a number that orders the moments of one instant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) number: usize,
    pub(crate) at: Duration,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    world: Arc<World>,
    /// The id of the message with each receipt handle.
    ids: Arc<HashMap<String, String>>,
    journal: Arc<Mutex<Journal>>,
    begin: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Handler,
    Letter,
}

impl Scripted {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: Arc::new(world.clone()),
            ids: Arc::new(ids(world)),
            journal: Arc::default(),
            begin: Instant::now(),
        }
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moment(&self, journal: &mut Journal) -> Moment {
        journal.moments += 1;
        Moment {
            number: journal.moments,
            at: self.begin.elapsed(),
        }
    }

    fn begin(&self, kind: Kind, place: Place) -> Running<'_> {
        let mut journal = self.journal();
        let start = self.moment(&mut journal);

        if kind == Kind::Handler {
            journal.running += 1;
            journal.most_running = journal.most_running.max(journal.running);
        }

        let runs = journal.runs(kind);
        runs.push(Run {
            place,
            start,
            end: None,
            answer: None,
        });

        Running {
            scripted: self,
            kind,
            index: runs.len() - 1,
        }
    }

    fn complain(&self, complaint: String) {
        self.journal().complaints.push(complaint);
    }

    /// Returns the place of a record in the world, if the record and its message are right.
    fn find(&self, record: &S3EventRecord, message: &MessageContext) -> Option<Place> {
        let version = record.object.version_id.as_ref()?.as_str();
        let (index, at) = version.split_once('.')?;
        let place = (index.parse().ok()?, at.parse().ok()?);
        let expected = self.world.record(place)?;
        let of = &self.world.messages[place.0];
        let group = of.group.map(|group| format!("group {group}"));
        let deadline = self.world.setup.deadline.map(Duration::from_millis);

        let is_right = record.object.key == *expected.key
            && record.bucket.name == *expected.bucket
            && record.event_name.as_str() == expected.event
            && message.message_id().map(|id| id.as_str()) == of.id.as_deref()
            && message.receive_count() == Some(of.receive_count)
            && message.is_fifo() == self.world.is_fifo
            && message.deadline() == deadline.map(|deadline| (self.begin + deadline).into_std())
            && (of.group.is_none() || message.group_id().map(|id| id.as_str()) == group.as_deref());

        is_right.then_some(place)
    }

    /// Returns whether a letter has the body of its message, and exactly the records that failed
    /// permanently.
    fn is_right(&self, letter: &DeadLetter<'_>, (index, at): Place) -> bool {
        let failed: BTreeSet<Place> = self
            .journal()
            .handlers
            .iter()
            .filter(|run| run.place.0 == index && run.answer == Some(End::Permanent))
            .map(|run| run.place)
            .collect();
        let named: Vec<Place> = letter
            .failures
            .iter()
            .filter_map(|failure| self.find(failure.record, letter.message))
            .collect();

        let chain = "scripted for good";
        let chains: Vec<_> = named
            .iter()
            .map(|(_, at)| format!("{}: {chain}", self.world.messages[index].records()[*at].key))
            .collect();
        let expected = match chains.len() {
            1 => chain.to_owned(),
            _ => chains.join("; "),
        };

        letter.body == self.world.messages[index].body(index)
            && letter.error.is_permanent()
            && letter.error_chain() == expected
            && named.first() == Some(&(index, at))
            && named.iter().copied().eq(failed)
    }
}

/// Returns the id of the message with each receipt handle.
fn ids(world: &World) -> HashMap<String, String> {
    let delivery = Delivery::parse(world.payload());
    let delivery = delivery.iter().flat_map(|delivery| delivery.messages());

    delivery
        .filter_map(|message| {
            let id = message.context.message_id()?.to_string();
            Some((message.context.receipt_handle()?.as_str().to_owned(), id))
        })
        .collect()
}

impl Journal {
    fn runs(&mut self, kind: Kind) -> &mut Vec<Run> {
        match kind {
            Kind::Handler => &mut self.handlers,
            Kind::Letter => &mut self.letters,
        }
    }

    /// Returns how many handlers and letters have started and not ended.
    pub(crate) fn unfinished(&self) -> usize {
        self.handlers
            .iter()
            .chain(&self.letters)
            .filter(|run| run.end.is_none())
            .count()
    }
}

/// A call that is running. It notes its end when it is dropped.
struct Running<'s> {
    scripted: &'s Scripted,
    kind: Kind,
    index: usize,
}

impl Running<'_> {
    async fn perform(self, script: Script) -> End {
        match script.delay {
            Delay::None => {}
            Delay::Yields(count) => {
                for _ in 0..count {
                    yield_once().await;
                }
            }
            Delay::Milliseconds(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
            Delay::Forever => pending().await,
        }

        if script.end == End::Panic {
            panic_quietly();
        }

        self.scripted.journal().runs(self.kind)[self.index].answer = Some(script.end);
        script.end
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut journal = self.scripted.journal();
        let end = self.scripted.moment(&mut journal);
        journal.running -= usize::from(self.kind == Kind::Handler);
        journal.runs(self.kind)[self.index].end = Some(end);
    }
}

/// Panics without the hook, which would print every panic.
fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("scripted"))
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }

        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Written without `async_trait`, to be able to panic before it returns a future.
impl Router for Scripted {
    fn route<'s, 'r, 'm, 'f>(
        &'s self,
        record: &'r S3EventRecord,
        message: &'m MessageContext,
    ) -> BoxFuture<'f, Outcome>
    where
        's: 'f,
        'r: 'f,
        'm: 'f,
        Self: 'f,
    {
        let Some(place) = self.find(record, message) else {
            self.complain(format!("a handler was given {record:?} in {message:?}"));
            return Box::pin(async { Outcome::Handled });
        };

        let script = self.world.messages[place.0].records()[place.1].handler;

        if script.end == End::EarlyPanic {
            let _running = self.begin(Kind::Handler, place);
            panic_quietly();
        }

        Box::pin(async move {
            match self.begin(Kind::Handler, place).perform(script).await {
                End::Unrouted => Outcome::Skipped(SkipReason::Unrouted),
                End::Stale => Outcome::Skipped(SkipReason::Stale),
                End::Retry => Outcome::Failed(HandlerError::retry("scripted")),
                End::Permanent => Outcome::Failed(HandlerError::permanent("scripted for good")),
                End::Done | End::Panic | End::EarlyPanic => Outcome::Handled,
            }
        })
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// Written without `async_trait`, like the router.
impl DeadLetters for Scripted {
    fn put<'s, 'l, 'd, 'f>(
        &'s self,
        letter: &'l DeadLetter<'d>,
    ) -> BoxFuture<'f, Result<(), DeadLetterError>>
    where
        's: 'f,
        'l: 'f,
        'd: 'f,
        Self: 'f,
    {
        let place = self
            .find(letter.record, letter.message)
            .filter(|place| self.is_right(letter, *place));

        let Some(place) = place else {
            self.complain(format!("the sink was given {letter:?}"));
            return Box::pin(async { Ok(()) });
        };

        let script = self.world.messages[place.0].records()[place.1].letter;

        if script.end == End::EarlyPanic {
            let _running = self.begin(Kind::Letter, place);
            panic_quietly();
        }

        Box::pin(async move {
            match self.begin(Kind::Letter, place).perform(script).await {
                End::Done => Ok(()),
                _ => Err(DeadLetterError::new("scripted")),
            }
        })
    }
}

#[async_trait]
impl Queue for Scripted {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        yield_once().await;

        let delete = |handle: &&ReceiptHandle| {
            if self.world.setup.queue == QueueUse::Broken {
                return Err(QueueError::failed("scripted"));
            }

            let id = self.ids[handle.as_str()].clone();
            let mut journal = self.journal();
            let moment = self.moment(&mut journal);
            journal.deletions.push((id, moment));

            Ok(())
        };
        messages.iter().map(delete).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        self.complain(format!("the queue was asked to change {messages:?}"));
        messages.iter().map(|_| Ok(())).collect()
    }
}
