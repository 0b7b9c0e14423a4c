//! The loop of a worker: receives, keeps what it holds, and settles what has ended.

mod arriving;
mod settling;
mod telling;
mod keeping;
mod stopping;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use s3_dispatch_core::{Error, Router};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::queue::Receive;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics::worker as metrics;
use crate::worker::batch::LeaseId;
use crate::worker::calls::{self, Call, Done, Entry};
use crate::worker::handlers::{Handlers, Shared};
use crate::worker::health::HealthState;
use crate::worker::leases::Leases;
use crate::worker::observer::Observer;
use crate::worker::options::Options;
use crate::worker::receive::Receives;
use crate::worker::report::WorkerReport;

/// How long a message that has succeeded waits for others, so that one call deletes them all.
const LINGER: Duration = Duration::from_millis(50);

/// How many deletions run at once.
const MOST_DELETIONS: usize = 8;

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
    retries: BTreeSet<(Instant, LeaseId)>,
    /// What is handed back untouched, once that is of use.
    to_hand_back: Vec<LeaseId>,
    to_return: Vec<(LeaseId, Duration)>,
    to_postpone: Vec<(LeaseId, Option<Duration>)>,
    report: WorkerReport,
    /// When the drain time is over. `None` before the worker was told to stop.
    drained_by: Option<Instant>,
    /// The queue has no more messages.
    has_ended: bool,
    observer: Option<Arc<dyn Observer>>,
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
            retries: BTreeSet::new(),
            to_hand_back: Vec::new(),
            to_return: Vec::new(),
            to_postpone: Vec::new(),
            report: WorkerReport::default(),
            drained_by: None,
            has_ended: false,
            observer: None,
        }
    }

    pub(super) fn with_observer(mut self, observer: Option<Arc<dyn Observer>>) -> Self {
        self.observer = observer;
        self
    }

    /// Runs until the worker was told to stop and has stopped, or until everything has ended that a
    /// queue which ends has given to it.
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
            if self.is_done() {
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
        let retry = self.retries.first().map(|(time, _)| *time);
        let receive = match self.drained_by {
            None if self.has_ended => None,
            None => self.receives.next_time(),
            some => some,
        };
        let times = [self.leases.next_time(), flush, retry, receive];

        let latest = Instant::now() + AT_LEAST;
        times.into_iter().flatten().fold(latest, Instant::min)
    }

    /// Begins as many receives as there is room for.
    fn receive(&mut self) {
        if self.drained_by.is_some() || self.has_ended {
            return;
        }

        while let Some((asked, sent)) = self.receives.begin(self.leases.len(), self.places) {
            let request = self.options.request(asked);
            self.call(calls::receive(Arc::clone(&self.queue), request, sent));
        }
    }

    /// Takes the result of a call.
    fn take(&mut self, done: Done) -> Result<(), Error> {
        match done {
            Done::Received {
                asked,
                sent,
                result,
                is_last,
            } => {
                self.has_ended |= is_last;
                match result {
                    Ok(messages) => self.received(asked, sent, messages),
                    Err(error) => self.not_received(asked, sent, error)?,
                }
            }
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

    fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    fn entry(&self, id: LeaseId) -> Option<Entry> {
        let lease = self.leases.get(id)?;

        Some(Entry {
            lease: id,
            batch: lease.batch.clone(),
            message: lease.index,
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
