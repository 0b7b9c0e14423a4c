//! Sends the messages of a source to a queue.

mod batches;
mod outgoing;
mod retries;
mod target;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::HashSet;
use std::pin::pin;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use self::batches::Batches;
use self::outgoing::{Outgoing, name_of};
use self::retries::{Sent, send_batch};
pub(in crate::cli) use self::target::{SqsTarget, Target};
use super::source::{Item, Settled, Source, SourceError};
use super::tally::Tally;
use crate::queue::QueueError;
use crate::telemetry::errors::with_causes;

/// How many calls run at once. In the order of a FIFO queue, each waits for the one before.
const MOST_CALLS: usize = 16;

/// How many messages are read from the source at once.
const READ: usize = 100;

/// Why sending ended before the source did.
#[derive(Debug)]
pub(in crate::cli) enum Stopped {
    /// The queue cannot be used. What it did not take is left.
    Queue(QueueError),
    /// The source cannot be read further. What came before is sent.
    Source(SourceError),
}

/// Sends every message of a source to a queue, until the source ends or `stop` does. A message is
/// settled after the queue said that it has it, and what became of it is counted in the tally.
///
/// What fails and may pass is tried again a few times, alone. On a FIFO queue, a message that the
/// queue does not take fails all messages of its group that come after it.
///
/// # Errors
///
/// The queue cannot be used, or the source cannot be read to its end.
pub(in crate::cli) async fn send<S: Source, T: Target>(
    source: &S,
    target: &T,
    tally: &Tally,
    stop: impl Future<Output = ()>,
) -> Result<(), Stopped> {
    let run = Run {
        source,
        target,
        tally,
    };

    let sent = tokio::select! {
        sent = run.to_the_end(stop) => sent,
        () = source.keep() => unreachable!("it never ends"),
    };
    if sent.is_err() {
        source.stop();
    }
    source.finish().await;

    sent
}

struct Run<'r, S, T> {
    source: &'r S,
    target: &'r T,
    tally: &'r Tally,
}

/// How far sending has come.
struct Course {
    batches: Batches,
    /// The groups of a FIFO queue of which a message failed.
    failed_groups: HashSet<Option<String>>,
    /// Nothing more is sent.
    is_stopping: bool,
    /// The source gives nothing more.
    has_ended: bool,
    result: Result<(), Stopped>,
}

impl<S: Source, T: Target> Run<'_, S, T> {
    async fn to_the_end(&self, stop: impl Future<Output = ()>) -> Result<(), Stopped> {
        let most_calls = if self.target.is_fifo() { 1 } else { MOST_CALLS };
        let mut stop = pin!(stop.fuse());
        let mut next = pin!(self.source.next(READ).fuse());
        let mut calls = FuturesUnordered::new();
        let mut course = Course::new();

        loop {
            // A call that is not full waits for more, unless there is nothing else to do.
            while calls.len() < most_calls && course.is_ready(calls.is_empty()) {
                let batch = self.take(&mut course);
                if !batch.is_empty() {
                    calls.push(send_batch(self.target, batch));
                }
            }
            if course.has_ended && calls.is_empty() && course.batches.is_empty() {
                return course.result;
            }

            tokio::select! {
                Some(sent) = calls.next() => self.settle(sent, &mut course),
                read = &mut next, if course.may_read() => match read {
                    Ok(items) if items.is_empty() => course.has_ended = true,
                    Ok(items) => {
                        items.into_iter().for_each(|item| self.add(item, &mut course));
                        next.set(self.source.next(READ).fuse());
                    }
                    Err(error) => {
                        course.has_ended = true;
                        course.result = course.result.and(Err(Stopped::Source(error)));
                    }
                },
                () = &mut stop => self.stop(&mut course),
            }
        }
    }

    /// Adds a message to those that wait for a call.
    fn add(&self, item: Item, course: &mut Course) {
        let (number, name) = (item.number, name_of(&item));
        if course.is_stopping {
            return self.leave(number);
        }

        match Outgoing::new(item, self.target.is_fifo()) {
            Ok(message) => course.batches.push(message),
            Err(reason) => self.fail(number, &name, reason),
        }
    }

    /// Takes the messages of the next call.
    fn take(&self, course: &mut Course) -> Vec<Outgoing> {
        let batch = course.batches.take(self.target.is_fifo());
        if course.failed_groups.is_empty() {
            return batch;
        }

        let failed_groups = &course.failed_groups;
        let (failed, batch): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|message| failed_groups.contains(&message.group));
        for message in failed {
            let reason = "a message of its group before it could not be sent";
            self.fail(message.number, &message.name, reason);
        }

        batch
    }

    fn settle(&self, sent: Sent, course: &mut Course) {
        let is_fifo = self.target.is_fifo();

        for (message, result) in sent {
            match result {
                Ok(()) => {
                    self.tally.note(|counts| counts.sent += 1);
                    self.source.settled(message.number, Settled::Done);
                }
                Err(error) if error.is_unusable() => {
                    self.leave(message.number);
                    if course.result.is_ok() {
                        course.result = Err(Stopped::Queue(error));
                    }
                    self.stop(course);
                }
                Err(error) => {
                    self.fail(message.number, &message.name, &with_causes(&error));
                    if is_fifo {
                        course.failed_groups.insert(message.group);
                    }
                }
            }
        }
    }

    /// Sends nothing more. What waits is left.
    fn stop(&self, course: &mut Course) {
        if !std::mem::replace(&mut course.is_stopping, true) {
            self.source.stop();
        }

        while !course.batches.is_empty() {
            let waiting = course.batches.take(false);
            waiting
                .iter()
                .for_each(|message| self.leave(message.number));
        }
    }

    fn leave(&self, number: u64) {
        self.tally.note(|counts| counts.left += 1);
        self.source.settled(number, Settled::Left);
    }

    fn fail(&self, number: u64, name: &str, reason: &str) {
        tracing::error!(message_id = name, error = reason, "message not sent");
        self.tally.note(|counts| counts.failed += 1);
        self.source.settled(number, Settled::Failed);
    }
}

impl Course {
    fn new() -> Self {
        Self {
            batches: Batches::default(),
            failed_groups: HashSet::new(),
            is_stopping: false,
            has_ended: false,
            result: Ok(()),
        }
    }

    /// Whether the next call should be made.
    fn is_ready(&self, is_idle: bool) -> bool {
        !self.batches.is_empty() && (is_idle || self.has_ended || self.batches.has_full())
    }

    fn may_read(&self) -> bool {
        !self.has_ended && !self.batches.has_full()
    }
}
