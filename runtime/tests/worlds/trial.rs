//! Runs a world on a paused clock, which advances only when every task waits for it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use s3_dispatch::dispatch::{Acknowledge, FailedKey, Returned};
use s3_dispatch::{BatchReport, Dispatcher, Error, Payload};
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep, timeout};

use crate::router::{Journal, Scripted};
use crate::world::{Patience, QueueUse, World};

/// Longer than everything in a world.
const FOREVER: Duration = Duration::from_secs(36_000);

#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) ending: Ending,
    /// When the future of `dispatch` was done or dropped.
    pub(crate) ended: Duration,
    /// The journal at that time.
    pub(crate) journal: Journal,
    /// The number of handlers and letters that had not ended then, the number of tasks that were
    /// alive, and whether anything happened later.
    pub(crate) left: (usize, usize, bool),
    /// The number of handlers and letters that were waiting when the caller dropped the dispatch.
    pub(crate) waiting: usize,
}

#[derive(Debug)]
pub(crate) enum Ending {
    Report(BatchReport),
    Error(Error),
    Dropped,
    /// A panic came out of the dispatch.
    Panic,
    /// It did not end by itself, although nobody dropped it for a long time.
    Endless,
}

pub(crate) fn run(world: &World) -> Trial {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(attempt(world))
}

async fn attempt(world: &World) -> Trial {
    let setup = &world.setup;
    let scripted = Scripted::new(world);
    let mut dispatcher = Dispatcher::new(scripted.clone())
        .with_concurrency(setup.concurrency)
        .on_unrouted(setup.unrouted)
        .on_malformed(setup.malformed);

    if let Some(margin) = setup.margin {
        dispatcher = dispatcher.with_deadline_margin(Duration::from_millis(margin));
    }

    if let Some(timeout) = setup.record_timeout {
        dispatcher = dispatcher.with_record_timeout(Duration::from_millis(timeout));
    }

    if setup.has_sink {
        dispatcher = dispatcher.with_dead_letters(Arc::new(scripted.clone()));
    }

    if setup.holds_back {
        dispatcher = dispatcher.on_failed_key(FailedKey::HoldBack);
    }

    dispatcher = match setup.queue {
        QueueUse::None => dispatcher,
        QueueUse::Parts => dispatcher.on_returned(Returned::Separately),
        QueueUse::OneByOne | QueueUse::Broken => dispatcher
            .on_returned(Returned::Separately)
            .with_queue(scripted.clone()),
        QueueUse::Every => dispatcher
            .with_queue(scripted.clone())
            .acknowledge(Acknowledge::All),
    };

    let begin = Instant::now();
    let deadline = setup
        .deadline
        .map(|deadline| (begin + Duration::from_millis(deadline)).into_std());

    let mut dispatch = Box::pin(dispatcher.dispatch(payload(world), deadline));

    let (most_time, most_polls) = match world.patience {
        Patience::Endless => (FOREVER, usize::MAX),
        Patience::Milliseconds(milliseconds) => (Duration::from_millis(milliseconds), usize::MAX),
        Patience::Polls(polls) => (FOREVER, polls),
    };

    let mut polls = 0;

    let polled = poll_fn(|context| {
        if polls == most_polls {
            return Poll::Ready(None);
        }

        polls += 1;
        match catch_unwind(AssertUnwindSafe(|| dispatch.as_mut().poll(context))) {
            Ok(Poll::Ready(Ok(report))) => Poll::Ready(Some(Ending::Report(report))),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Some(Ending::Error(error))),
            Err(_) => Poll::Ready(Some(Ending::Panic)),
            Ok(Poll::Pending) if polls == most_polls => Poll::Ready(None),
            Ok(Poll::Pending) => Poll::Pending,
        }
    });

    let result = timeout(most_time, polled).await;
    let waiting = scripted.journal().unfinished();
    drop(dispatch);
    let ended = begin.elapsed();

    let ending = match result {
        Ok(Some(ending)) => ending,
        Err(_) if world.patience == Patience::Endless => Ending::Endless,
        Ok(None) | Err(_) => Ending::Dropped,
    };

    let journal = scripted.journal().clone();
    let alive = Handle::current().metrics().num_alive_tasks();

    let runs = |journal: &Journal| {
        (
            journal.handlers.len(),
            journal.letters.len(),
            journal.unfinished(),
        )
    };

    sleep(FOREVER).await;
    let went_on = runs(&journal) != runs(&scripted.journal());
    let left = (journal.unfinished(), alive, went_on);

    Trial {
        ending,
        ended,
        journal,
        left,
        waiting,
    }
}

fn payload(world: &World) -> Payload {
    let bytes = world.payload();
    if world.is_typed {
        return Payload::from(serde_json::from_slice::<SqsEvent>(&bytes).unwrap());
    }

    Payload::from(bytes)
}
