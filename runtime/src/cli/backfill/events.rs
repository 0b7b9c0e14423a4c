//! The source of the events of a backfill.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::MessageContext;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::sleep;

use super::attempts::Attempt;
use super::feed::{Fed, Feed};
use super::state::{Settings, State};
use crate::cli::catch_up::here::print_line;
use crate::cli::catch_up::progress::{Pace, Record};
use crate::cli::catch_up::{Item, Settled, Source, SourceError};
use crate::telemetry::errors::with_causes;
use crate::worker::observer::RecordFailure;

/// The events of a backfill, and what of them is settled.
pub(super) struct Events {
    feed: AsyncMutex<Feed>,
    pace: AsyncMutex<Pace>,
    settings: Settings,
    state: Mutex<State>,
    /// Something was settled or recorded, or the run is to stop.
    changed: Notify,
}

impl Events {
    /// How often the resume file is written at most.
    const WRITES: Duration = Duration::from_millis(50);

    /// How many settled events may wait for one before them. More of them would make each write of
    /// the resume file slow.
    const MOST_BEYOND: usize = 10_000;

    pub(super) fn new(feed: Feed, pace: Pace, from: &Record, settings: Settings) -> Self {
        Self {
            feed: AsyncMutex::new(feed),
            pace: AsyncMutex::new(pace),
            state: Mutex::new(State::new(from, settings.attempts)),
            changed: Notify::new(),
            settings,
        }
    }

    /// How many objects were left out so far, and why: `17 not routed, 3 absent`.
    pub(super) fn left_out(&self) -> String {
        self.state().left_out_text()
    }

    /// Where a later run goes on.
    pub(super) fn record(&self) -> Record {
        self.state().window.record()
    }

    /// How many events wait for another attempt, which a run that was stopped does not make.
    pub(super) fn untried(&self) -> u64 {
        self.state().attempts.waiting()
    }

    /// How many events were begun in this run.
    pub(super) fn begun(&self) -> u64 {
        self.state().begun
    }

    /// Whether no object was seen so far, not even one to leave out.
    pub(super) fn saw_nothing(&self) -> bool {
        self.state().saw_nothing()
    }

    /// Whether the source has ended, and had no object.
    pub(super) fn are_none(&self) -> bool {
        let state = self.state();
        state.has_ended && state.saw_nothing()
    }

    /// Counts all events, and does nothing with them.
    pub(super) async fn count(&self) -> Result<(), SourceError> {
        while let Some(event) = self.take().await? {
            self.state().window.settle(event.number);
        }

        Ok(())
    }

    /// Takes the next event. `None` at the end.
    async fn take(&self) -> Result<Option<Attempt>, SourceError> {
        let mut feed = self.feed.lock().await;

        loop {
            if self.is_over() {
                return Ok(None);
            }
            let Some(fed) = feed.next().await? else {
                self.state().has_ended = true;
                return Ok(None);
            };
            self.settings.display.seen(1);

            let mut state = self.state();
            let found = match &fed {
                Fed::Taken(found, _) | Fed::LeftOut(found, _) => found,
            };
            if state.window.was_settled_before(found) {
                state.settled_before += 1;
                continue;
            }

            match fed {
                Fed::Taken(found, notification) => {
                    state.begun += 1;
                    return Ok(Some(Attempt {
                        number: state.window.begin(&found),
                        name: format!("{}/{}", self.settings.bucket, found.key),
                        body: notification.into(),
                        count: 1,
                    }));
                }
                Fed::LeftOut(found, reason) => {
                    state.window.pass_over(&found);
                    *state.left_out.entry(reason).or_default() += 1;
                }
            }
        }
    }

    /// Whether no more events are begun: there are enough, or the run stops.
    fn is_over(&self) -> bool {
        let state = self.state();
        let is_enough = self
            .settings
            .limit
            .is_some_and(|limit| state.begun >= limit);

        is_enough || state.is_stopping || state.has_ended
    }

    /// Whether one more event may be begun, so that no more are at stake than may be.
    fn has_room(&self) -> bool {
        if self.settings.resume.is_none() {
            return true;
        }

        let state = self.state();
        state.window.at_stake() < self.settings.most_at_stake
            && state.window.beyond() < Self::MOST_BEYOND
    }

    fn item(&self, attempt: Attempt) -> Item {
        let mut context = MessageContext::new().with_message_id(attempt.name.clone());
        if self.settings.has_groups {
            context = context.with_group_id(attempt.name.clone());
        }
        if attempt.count > 1 {
            context = context.with_receive_count(attempt.count as u32);
        }

        let body = attempt.body.clone();
        Item::new(self.state().attempts.begin(attempt), context, body)
    }

    /// Whether the next event is there, and may be begun at once.
    async fn is_ready(&self, pace: &Pace) -> bool {
        let feed = self.feed.lock().await;
        self.has_room() && pace.is_ready() && feed.is_ready()
    }

    /// Takes the next event, or one that is tried again, as soon as it may begin. `None` when there
    /// is none left, and nothing that may be tried again.
    ///
    /// Whoever holds events that are not given out must not wait for what becomes of them, and gets
    /// `None` instead.
    async fn next_attempt(
        &self,
        pace: &mut Pace,
        may_wait: bool,
    ) -> Result<Option<Attempt>, SourceError> {
        if self.state().error.is_some() {
            return Ok(None);
        }

        loop {
            let changed = self.changed.notified();
            let due = self.state().attempts.due();
            if due.is_some() {
                pace.wait().await;
                return Ok(due);
            }

            if !self.is_over() && self.has_room() {
                pace.wait().await;
                match self.take().await? {
                    Some(attempt) => return Ok(Some(attempt)),
                    None => continue,
                }
            }
            if !may_wait || self.is_over() && !self.may_try_again() {
                return Ok(None);
            }

            let until_due = self.state().attempts.until_due();
            let pause = sleep(until_due.unwrap_or(Duration::from_secs(3600)));
            tokio::select! {
                () = changed => {}
                () = pause => {}
            }
        }
    }

    /// Whether an event may still come that is tried again.
    fn may_try_again(&self) -> bool {
        let state = self.state();
        !state.is_stopping && self.settings.attempts > 1 && !state.attempts.is_empty()
    }

    /// Writes the resume file, if something changed since `written`.
    async fn write(&self, written: &mut Option<Record>) {
        let Some(file) = self.settings.resume.clone() else {
            return;
        };
        let (number, record) = {
            let mut state = self.state();
            state.writes += 1;
            (state.writes, state.window.record())
        };
        if written.as_ref() == Some(&record) {
            return;
        }

        let writing = record.clone();
        let result = tokio::task::spawn_blocking(move || file.write(number, &writing)).await;
        let error = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(with_causes(&error)),
            Err(error) => Some(with_causes(&error)),
        };

        let mut state = self.state();
        match error {
            None => state.window.recorded(&record),
            Some(error) => {
                state.unwritable = Some(error);
                state.is_stopping = true;
            }
        }
        drop(state);
        *written = Some(record);
        self.changed.notify_waiters();
    }

    /// Why the resume file could not be written.
    pub(super) fn unwritable(&self) -> Option<String> {
        self.state().unwritable.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for Events {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        let mut items = Vec::new();
        let mut pace = self.pace.lock().await;

        // Whoever has something does not wait for more.
        while items.len() < most && (items.is_empty() || self.is_ready(&pace).await) {
            match self.next_attempt(&mut pace, items.is_empty()).await {
                Ok(Some(attempt)) => items.push(self.item(attempt)),
                Ok(None) => break,
                Err(error) => {
                    self.state().error = Some(error);
                    break;
                }
            }
        }

        // What came before an error is given out first.
        match items
            .is_empty()
            .then(|| self.state().error.take())
            .flatten()
        {
            Some(error) => Err(error),
            None => Ok(items),
        }
    }

    fn settled(&self, number: u64, settled: Settled) {
        let mut state = self.state();
        let Some(attempt) = state.attempts.end(number) else {
            return;
        };

        // What is left stays in flight, so that a later run takes it, and so does a failure of
        // which nobody would know.
        let is_printed = settled == Settled::Failed && self.settings.prints_failures;
        if is_printed && !print_line(&attempt.body) {
            state.is_stopping = true;
        } else if settled != Settled::Left {
            state.window.settle(attempt.number);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn is_tried_again(&self, number: u64, failure: &RecordFailure) -> bool {
        let mut state = self.state();
        let is_tried_again = !state.is_stopping && state.attempts.fail(number, failure);
        drop(state);
        self.changed.notify_waiters();

        is_tried_again
    }

    fn stop(&self) {
        self.state().is_stopping = true;
        self.changed.notify_waiters();
    }

    async fn keep(&self) {
        let mut written = None;
        loop {
            self.write(&mut written).await;
            sleep(Self::WRITES).await;
        }
    }

    async fn finish(&self) {
        self.write(&mut None).await;
    }
}
