//! The loop of a worker: receives, keeps what it holds, and settles what has ended.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Error, ErrorKind, MessageContext, Router};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use crate::BatchReport;
use crate::dispatch::engine::{Held, Outcomes};
use crate::dispatch::settings::Returned;
use crate::dispatch::{MessageFailure, MessageOutcome, arrival, summary};
use crate::queue::{QueueError, Receive, Received};
use crate::telemetry::errors::with_causes;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics::worker as metrics;
use crate::worker::batch::{Batch, LeaseId};
use crate::worker::calls::{self, Answer, Call, Done, Entry};
use crate::worker::handlers::{Handlers, Shared};
use crate::worker::health::HealthState;
use crate::worker::leases::{End, Lease, Leases};
use crate::worker::options::Options;
use crate::worker::receive::{Change, MOST, Receives};
use crate::worker::report::WorkerReport;

/// How long a message that has succeeded waits for others, so that one call deletes them all.
const LINGER: Duration = Duration::from_millis(50);

/// How many deletions run at once.
const MOST_DELETIONS: usize = 8;

/// The first wait before a deletion is tried again. It doubles with each further failure.
const FIRST_RETRY: Duration = Duration::from_millis(200);

/// How long it may take to stop handlers, after the drain time.
const STOP: Duration = Duration::from_secs(1);

/// How long the last calls of a worker may take, after the drain time.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// A worker while it runs.
pub(super) struct Control<R, Q> {
    queue: Arc<Q>,
    options: Options,
    health: Arc<HealthState>,
    /// How many messages are held at most.
    places: usize,
    shared: Arc<Shared<R>>,
    handlers: Handlers<R>,
    leases: Leases,
    receives: Receives,
    calls: FuturesUnordered<Call>,
    /// The messages that have succeeded and wait for a call that deletes them.
    to_delete: Vec<LeaseId>,
    /// When the first of them came.
    delete_since: Option<Instant>,
    deletions: usize,
    /// Deletions to try again alone, and when.
    retries: BTreeMap<(Instant, LeaseId), ()>,
    to_return: Vec<(LeaseId, Duration)>,
    to_postpone: Vec<(LeaseId, Option<Duration>)>,
    report: WorkerReport,
    /// When the drain time is over. `None` before the worker was told to stop.
    drained_by: Option<Instant>,
}

impl<R: Router, Q: Receive> Control<R, Q> {
    /// Handlers run in this runtime.
    pub(super) fn new(
        shared: Arc<Shared<R>>,
        queue: Arc<Q>,
        options: Options,
        health: Arc<HealthState>,
        runtime: Handle,
    ) -> Self {
        let handlers = options.handlers(shared.parts.settings.concurrency);

        Self {
            places: options.in_flight(handlers),
            handlers: Handlers::new(Arc::clone(&shared), handlers, runtime),
            receives: Receives::new(options.receivers),
            queue,
            options,
            health,
            shared,
            leases: Leases::default(),
            calls: FuturesUnordered::new(),
            to_delete: Vec::new(),
            delete_since: None,
            deletions: 0,
            retries: BTreeMap::new(),
            to_return: Vec::new(),
            to_postpone: Vec::new(),
            report: WorkerReport::default(),
            drained_by: None,
        }
    }

    /// Runs until the worker was told to stop and has stopped.
    ///
    /// # Errors
    ///
    /// The queue cannot be used, and nothing has been received yet.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<()>) -> Result<WorkerReport, Error> {
        let mut stop = stop.fuse();
        let mut timer = pin!(sleep_until(Instant::now()));
        let shared = Arc::clone(&self.shared);

        loop {
            self.advance();
            if self.is_drained() {
                return Ok(self.report);
            }

            let next = self.next_time();
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }

            tokio::select! {
                told = &mut stop, if self.drained_by.is_none() => match told {
                    Ok(()) => self.drain(),
                    // Nobody waits for the worker anymore.
                    Err(_) => return Ok(self.report),
                },
                Some(done) = self.calls.next() => self.take(done)?,
                () = shared.stepped.notified() => {}
                () = shared.engine.resumed() => {}
                () = timer.as_mut() => {}
            }

            if self.drained_by.is_some_and(|end| Instant::now() >= end) {
                self.cut().await;
                return Ok(self.report);
            }
        }
    }

    /// Does everything that can be done now.
    fn advance(&mut self) {
        self.health.progressed();

        for held in self.shared.engine.take_ended() {
            self.settle(held);
        }

        if self
            .leases
            .next_time()
            .is_some_and(|time| time <= Instant::now())
        {
            self.keep_leases();
        }

        self.send_deletions();
        self.send_returns();
        self.handlers.start(self.leases.ending_apart());
        if self.handlers.reap() {
            tracing::error!("a task of the worker panicked: please report this");
        }

        self.receive();
        #[cfg(feature = "metrics")]
        {
            let (held, running) = (self.leases.len(), self.handlers.running());
            metrics::held(held, held.saturating_sub(running), running);
            metrics::receivers(self.receives.running());
        }
    }

    /// When there is something to do next, whatever else happens.
    fn next_time(&self) -> Instant {
        const AT_LEAST: Duration = Duration::from_secs(30);

        let may_delete = self.deletions < MOST_DELETIONS;
        let flush = self.delete_since.filter(|_| may_delete);
        let flush = flush.map(|since| since + LINGER);
        let retry = self.retries.keys().next().map(|(time, _)| *time);
        let receive = match self.drained_by {
            None => self.receives.next_time(),
            some => some,
        };
        let times = [self.leases.next_time(), flush, retry, receive];

        let latest = Instant::now() + AT_LEAST;
        times.into_iter().flatten().fold(latest, Instant::min)
    }

    /// Begins as many receives as there is room for.
    fn receive(&mut self) {
        if self.drained_by.is_some() {
            return;
        }

        while let Some(asked) = self.receives.begin(self.leases.len(), self.places) {
            let request = self.options.request(asked);
            self.call(calls::receive(Arc::clone(&self.queue), request));
        }
    }

    /// Takes the result of a call.
    fn take(&mut self, done: Done) -> Result<(), Error> {
        match done {
            Done::Received {
                asked,
                sent,
                result,
            } => match result {
                Ok(messages) => self.received(asked, sent, messages),
                Err(error) => self.not_received(asked, error)?,
            },
            Done::Deleted(answers) => self.deleted(answers),
            Done::Extended { sent, answers } => self.extended(sent, answers),
            Done::Returned(answers) => self.returned(answers),
            Done::Postponed(leases) => {
                for lease in leases {
                    self.leases.remove(lease);
                }
            }
            Done::Other => {}
        }

        Ok(())
    }

    fn received(&mut self, asked: usize, sent: Instant, messages: Vec<Received>) {
        self.health.receiving(true);
        self.report.note_received(asked, messages.len());
        let change = self.receives.brought(asked, messages.len());
        if change == Change::Recovered {
            tracing::info!("the queue can be received from again");
        }

        if messages.is_empty() {
            return;
        }

        let messages = messages.into_iter().map(Received::into_parts);
        let mut delivery = Delivery::from_messages(messages);
        for message in delivery.messages_mut() {
            arrival::complete(message, &self.shared.parts.settings);
        }

        let first = self.leases.reserve(delivery.messages().len());
        let batch = Batch::new(delivery, first);
        let messages = 0..batch.messages().len();
        let orders: Vec<_> = messages
            .map(|message| {
                let order = self.apart(&batch.messages()[message].context);
                self.leases.add(
                    &batch,
                    message,
                    sent,
                    self.options.visibility,
                    order.is_some(),
                );
                order
            })
            .collect();

        if self.drained_by.is_some() {
            let late = 0..orders.len();
            late.for_each(|message| self.hand_back(batch.lease(message)));
        } else {
            self.admit(&batch, &orders);
        }
    }

    /// Lets handlers run for the messages of a receive. Those that are kept apart have an order.
    fn admit(&mut self, batch: &Batch, orders: &[Option<u64>]) {
        let engine = &self.shared.engine;
        let malformed = self.shared.parts.settings.malformed;
        let (admission, lanes) = engine.admit(batch.clone(), malformed, |message| orders[message]);
        self.leases.note_admission(batch, admission);

        engine.offer(lanes);
    }

    /// Returns whether a message came back without an answer, and its order among its like.
    fn apart(&self, message: &MessageContext) -> Option<u64> {
        let parts = &self.shared.parts;
        let is_apart =
            parts.settings.returned != Some(Returned::Together) && parts.answered.lacks(message);

        is_apart.then(|| arrival::order(message))
    }

    fn not_received(&mut self, asked: usize, error: QueueError) -> Result<(), Error> {
        self.health.receiving(false);
        #[cfg(feature = "metrics")]
        metrics::receive_failed();
        let is_fatal = error.is_unusable() && !self.receives.has_received();
        if is_fatal {
            let text = "the queue cannot be received from";
            return Err(Error::new(ErrorKind::Queue, text).with_source(error));
        }

        if self.receives.failed(asked) == Change::Fails {
            let error = with_causes(&error);
            tracing::error!(
                error,
                "the queue cannot be received from: trying again, less and less often"
            );
        }

        Ok(())
    }

    /// Decides what becomes of a message that has ended.
    fn settle(&mut self, held: Held) {
        let malformed = self.shared.parts.settings.malformed;
        let settled = self.shared.engine.settle(held, |batch, outcomes| Settled {
            lease: batch.lease(held.message),
            outcome: outcomes.message(batch, held.message, malformed),
            retry_after: batch.messages()[held.message]
                .content
                .as_ref()
                .ok()
                .and_then(|content| outcomes.retry_after(content)),
            is_held_back: outcomes.is_held_back(held.message),
        });

        if let Some((batch, outcomes)) = settled.1 {
            self.finish(&batch, &outcomes);
        }
        self.settle_lease(settled.0);
    }

    fn settle_lease(&mut self, settled: Settled) {
        // A message that was lost or handed back is not ours to settle.
        let Some(lease) = self.leases.get(settled.lease) else {
            return;
        };
        if lease.end().is_some() {
            return;
        }

        if lease.is_apart {
            self.handlers.note_ended_apart();
        }

        let is_fifo = lease.context().is_fifo();
        match settled.outcome {
            MessageOutcome::Succeeded => {
                self.leases.set_end(
                    settled.lease,
                    End::Delete {
                        failures: 0,
                        is_asked: false,
                    },
                );
                self.to_delete.push(settled.lease);
                self.delete_since.get_or_insert_with(Instant::now);
            }
            MessageOutcome::Failed(MessageFailure::NotReached)
                if is_fifo || !settled.is_held_back =>
            {
                self.hand_back(settled.lease);
            }
            // It waited for its turn in the group.
            MessageOutcome::Failed(MessageFailure::Malformed)
                if is_fifo && settled.is_held_back =>
            {
                self.hand_back(settled.lease);
            }
            MessageOutcome::Failed(_) => self.settle_failure(&settled),
        }
    }

    /// Lets a failed message return by the backoff, after its `retry_after`, or else when its
    /// visibility timeout ends.
    fn settle_failure(&mut self, settled: &Settled) {
        let Some(lease) = self.leases.get(settled.lease) else {
            return;
        };

        self.report.note_returned();
        self.shared.parts.answered.remember(lease.context());
        let most = lease.most();

        if self.shared.parts.settings.backoff.is_some() {
            self.leases.set_end(settled.lease, End::Postpone);
            self.to_postpone.push((settled.lease, settled.retry_after));
        } else if let Some(time) = settled.retry_after {
            let time = time.min(most);
            self.leases.set_end(settled.lease, End::Return(time));
            self.to_return.push((settled.lease, time));
        } else {
            self.leases.remove(settled.lease);
        }
    }

    /// Makes a message visible to other workers at once.
    fn hand_back(&mut self, lease: LeaseId) {
        self.report.note_handed_back();
        self.leases.set_end(lease, End::Return(Duration::ZERO));
        self.to_return.push((lease, Duration::ZERO));
    }

    /// Reports on a receive whose messages have all ended.
    fn finish(&mut self, batch: &Batch, outcomes: &Outcomes) {
        let parts = &self.shared.parts;
        let report = BatchReport::new(batch, outcomes, parts.settings.malformed);
        self.report.add(&report);
        #[cfg(feature = "metrics")]
        summary::measure(&report, batch, outcomes);
        summary::log_receive(&report, batch);

        if !parts.hooks.is_empty() {
            let hooks = parts.hooks.clone();
            self.call(
                async move {
                    hooks.call(&Ok(report), None).await;
                    Done::Other
                }
                .boxed(),
            );
        }
    }

    fn send_deletions(&mut self) {
        let now = Instant::now();
        while let Some((&(time, lease), ())) = self.retries.first_key_value()
            && time <= now
        {
            self.retries.pop_first();
            self.delete(vec![lease]);
        }

        let is_late = self.delete_since.is_some_and(|since| since + LINGER <= now);
        let is_urgent = is_late || self.drained_by.is_some() || self.leases.ending_apart() > 0;
        while self.deletions < MOST_DELETIONS
            && (self.to_delete.len() >= MOST || is_urgent && !self.to_delete.is_empty())
        {
            let rest = self.to_delete.len().min(MOST);
            let leases = self.to_delete.drain(..rest).collect();
            self.delete(leases);
            self.delete_since = (!self.to_delete.is_empty()).then_some(now);
        }
    }

    fn delete(&mut self, leases: Vec<LeaseId>) {
        let entries = self.entries(leases);
        if !entries.is_empty() {
            for entry in &entries {
                self.leases.note_asked(entry.lease);
            }
            self.deletions += 1;
            self.call(calls::delete(Arc::clone(&self.queue), entries));
        }
    }

    fn deleted(&mut self, answers: Vec<Answer>) {
        self.deletions -= 1;
        let asked = answers.len();
        let mut deleted = 0;

        for Answer { lease, result } in answers {
            // A message that was lost meanwhile is not deleted again.
            let held = self.leases.get(lease);
            let Some(End::Delete { failures, .. }) = held.and_then(|held| held.end()) else {
                continue;
            };
            let is_given_up = held.is_some_and(|held| held.is_given_up());

            match result {
                Ok(()) => {
                    self.leases.remove(lease);
                    deleted += 1;
                }
                Err(error) if error.is_refusal() || is_given_up => {
                    self.leases.remove(lease);
                    self.report.note_not_deleted();
                    log_not_deleted(&error);
                }
                Err(error) => {
                    if failures == 0 {
                        log_not_deleted(&error);
                    }

                    let failures = failures.saturating_add(1);
                    let pause = FIRST_RETRY * 2_u32.pow(failures.min(6) - 1);
                    let is_asked = false;
                    self.leases
                        .set_end(lease, End::Delete { failures, is_asked });
                    self.retries.insert((Instant::now() + pause, lease), ());
                }
            }
        }

        self.report.note_deleted(deleted, asked - deleted);
    }

    fn send_returns(&mut self) {
        let returns = std::mem::take(&mut self.to_return);
        for chunk in returns.chunks(MOST) {
            let entries = self.timed_entries(chunk);
            self.call(calls::give_back(Arc::clone(&self.queue), entries));
        }

        let postponed = std::mem::take(&mut self.to_postpone);
        if let (Some(backoff), false) = (
            self.shared.parts.settings.backoff.clone(),
            postponed.is_empty(),
        ) {
            let now = Instant::now();
            let entries = postponed.into_iter().filter_map(|(id, retry_after)| {
                let elapsed = now.saturating_duration_since(self.leases.get(id)?.received);
                Some((self.entry(id)?, retry_after, elapsed))
            });
            let entries = entries.collect();
            self.call(calls::postpone(backoff, entries));
        }
    }

    fn returned(&mut self, answers: Vec<Answer>) {
        for Answer { lease, result } in answers {
            self.leases.remove(lease);
            if let Err(error) = result {
                tracing::warn!(
                    error = with_causes(&error),
                    "the visibility of a message could not be changed: it comes again when its \
                     visibility timeout ends"
                );
            }
        }
    }

    /// Extends the leases that need it, and gives up those that are over.
    fn keep_leases(&mut self) {
        let visibility = self.options.visibility;
        for lease in self.leases.over(visibility) {
            self.lose(lease, "its lease ended before it could be extended");
        }

        let due = self.leases.due(visibility);
        for chunk in due.chunks(MOST) {
            let entries = self.timed_entries(chunk);
            let call = calls::extend(Arc::clone(&self.queue), entries, visibility / 5);
            self.call(call);
        }

        self.leases.look(visibility);
    }

    fn extended(&mut self, sent: Instant, answers: Vec<(Answer, Duration)>) {
        #[cfg(feature = "metrics")]
        {
            let succeeded = answers.iter().filter(|(answer, _)| answer.result.is_ok());
            let succeeded = succeeded.count();
            metrics::extended(succeeded, answers.len() - succeeded);
        }

        for (Answer { lease, result }, time) in answers {
            match result {
                Ok(()) => self.leases.extended(lease, sent, time),
                Err(error) if error.is_refusal() => self.lose(lease, &with_causes(&error)),
                Err(_) => self.leases.not_extended(lease),
            }
        }
    }

    /// Gives up a message that is not ours anymore: its handlers stop, and it is never deleted.
    fn lose(&mut self, id: LeaseId, reason: &str) {
        // Whether it was deleted before, the answer of the deletion will tell.
        let lease = self.leases.get(id);
        if lease.is_some_and(|lease| lease.is_being_deleted()) {
            return self.leases.give_up(id);
        }

        let Some(lease) = self.leases.remove(id) else {
            return;
        };
        match lease.end() {
            // It is counted already.
            Some(End::Return(_) | End::Postpone) => return,
            Some(End::Delete { .. }) => {}
            None => self.withdraw(&lease),
        }

        self.report.note_lost();
        tracing::error!(
            message_id = lease.context().message_id().map(AsRef::<str>::as_ref),
            error = reason,
            "a message is not ours anymore: its handlers are stopped, and it comes again"
        );
    }

    /// Stops the handlers of a message that has not ended.
    fn withdraw(&self, lease: &Lease) {
        if let Some(admission) = lease.admission {
            let message = lease.message;
            self.shared.engine.withdraw(Held { admission, message });
        }
    }

    /// Begins to stop: nothing more is received, and what has not begun is handed back.
    fn drain(&mut self) {
        self.health.draining();
        self.drained_by = Some(Instant::now() + self.options.drain);
        let waiting = self.shared.engine.withdraw_waiting();
        tracing::info!(
            held = self.leases.len(),
            handed_back = waiting.len(),
            "stopping: no more messages are received"
        );

        for (held, batch) in waiting {
            self.hand_back(batch.lease(held.message));
        }
    }

    fn is_drained(&self) -> bool {
        self.drained_by.is_some()
            && self.receives.running() == 0
            && self.calls.is_empty()
            && self.leases.is_empty()
            && self.shared.engine.is_empty()
    }

    /// Ends what still runs after the drain time, and hands its messages back.
    async fn cut(&mut self) {
        let has_stopped = timeout(STOP, self.handlers.stop()).await.is_ok();
        for held in self.shared.engine.take_ended() {
            self.settle(held);
        }

        let held = self.leases.ids().into_iter();
        let held = held.filter_map(|id| Some((id, self.leases.get(id)?.end())));
        let (ended, running): (Vec<_>, Vec<_>) = held.partition(|(_, end)| end.is_some());
        tracing::warn!(
            held = running.len(),
            "the drain time is over: what still runs is stopped, and its messages come again"
        );

        let not_asked = |end| matches!(end, Some(End::Delete { is_asked, .. }) if !is_asked);
        let succeeded = ended.into_iter().filter(|(_, end)| not_asked(*end));
        let succeeded: Vec<_> = succeeded.map(|(id, _)| id).collect();
        for chunk in succeeded.chunks(MOST) {
            self.delete(chunk.to_vec());
        }
        // A handler that blocks its thread does not stop. What it works on must not be visible yet.
        if has_stopped {
            running.into_iter().for_each(|(id, _)| self.hand_back(id));
        }
        self.send_returns();

        let last_calls = async {
            while let Some(done) = self.calls.next().await {
                // What a receive still brings is handed back. An error of one means nothing now.
                drop(self.take(done));
                self.send_returns();
            }
        };
        drop(timeout(LAST_CALLS, last_calls).await);
        self.count_the_rest();
    }

    /// Counts the messages that are held when the worker ends: no answer came in time, or their
    /// handlers could not be stopped.
    fn count_the_rest(&mut self) {
        let ends = self.leases.ids().into_iter();
        let ends = ends.filter_map(|id| Some(self.leases.get(id)?.end()));
        let is_counted = |end: &Option<End>| matches!(end, Some(End::Return(_) | End::Postpone));

        let lost = ends.filter(|end| !is_counted(end)).count();
        (0..lost).for_each(|_| self.report.note_not_deleted());
    }

    fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    fn entry(&self, id: LeaseId) -> Option<Entry> {
        let lease = self.leases.get(id)?;

        Some(Entry {
            lease: id,
            batch: lease.batch.clone(),
            message: lease.message,
        })
    }

    fn entries(&self, leases: Vec<LeaseId>) -> Vec<Entry> {
        leases.into_iter().filter_map(|id| self.entry(id)).collect()
    }

    fn timed_entries(&self, leases: &[(LeaseId, Duration)]) -> Vec<(Entry, Duration)> {
        let entries = leases.iter();
        entries
            .filter_map(|(id, time)| Some((self.entry(*id)?, *time)))
            .collect()
    }
}

/// What is known about a message when it ends.
struct Settled {
    lease: LeaseId,
    outcome: MessageOutcome,
    retry_after: Option<Duration>,
    is_held_back: bool,
}

fn log_not_deleted(error: &QueueError) {
    tracing::warn!(
        error = with_causes(error),
        "a message has succeeded but could not be deleted: it may come again"
    );
}
