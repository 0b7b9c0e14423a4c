//! Runs a schedule: routes its records and gives permanent failures to the dead-letter sink.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Outcome, Router};

use crate::DeadLetters;
use crate::dispatch::outcomes::{Outcomes, record_range};
use crate::dispatch::record_task;
use crate::dispatch::schedule::{Schedule, Step, Work};
use crate::dispatch::settings::Settings;
use crate::failure::dead_letters::{self, DeadLetter};

/// A batch while it runs.
///
/// There is one worker for each handler that may run at once. A worker runs one lane after another.
/// The workers are futures of one task. Nothing is spawned, so dropping the batch stops everything.
pub(crate) struct Batch<'b, R> {
    router: &'b R,
    settings: &'b Settings,
    delivery: &'b Delivery,
    schedule: &'b Schedule,
    outcomes: Mutex<Outcomes>,
    next_lane: Mutex<usize>,
    cut: Option<Instant>,
}

impl<'b, R: Router> Batch<'b, R> {
    pub(crate) fn new(
        router: &'b R,
        settings: &'b Settings,
        delivery: &'b Delivery,
        schedule: &'b Schedule,
        cut: Option<Instant>,
    ) -> Self {
        let outcomes = Mutex::new(Outcomes::new(delivery, schedule));
        Self {
            router,
            settings,
            delivery,
            schedule,
            outcomes,
            next_lane: Mutex::new(0),
            cut,
        }
    }

    /// Runs until all lanes have ended or the cut-off time has come, and returns the outcomes so
    /// far.
    pub(crate) async fn run(self) -> Outcomes {
        let work = async {
            match self.settings.concurrency.min(self.schedule.lanes()) {
                0 => {}
                1 => self.run_lanes().await,
                workers => drop(future::join_all((0..workers).map(|_| self.run_lanes())).await),
            }
        };

        match self.cut {
            None => work.await,
            Some(cut) => {
                // Records that have no outcome by then count as not reached.
                drop(tokio::time::timeout_at(cut.into(), work).await);
            }
        }

        self.outcomes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs lanes, as one worker, until none is left.
    async fn run_lanes(&self) {
        while let Some(lane) = self.take_lane() {
            for step in lane {
                // A handler that blocked the thread may have kept the cut-off timer from firing.
                if self.is_past_cut() {
                    return;
                }

                let may_continue = self.run_step(*step).await;
                if self.schedule.is_fifo && !may_continue {
                    break;
                }
            }
        }
    }

    fn is_past_cut(&self) -> bool {
        self.cut
            .is_some_and(|cut| tokio::time::Instant::now() >= cut.into())
    }

    fn take_lane(&self) -> Option<&'b [Step]> {
        let mut next = self
            .next_lane
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lane = self.schedule.lane(*next)?;
        *next += 1;

        Some(lane)
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one step. Returns whether a FIFO group may continue after it.
    async fn run_step(&self, step: Step) -> bool {
        let outcome = match step.work {
            Work::Fail => return false,
            Work::Wait => None,
            Work::Route(record) => Some(self.route(step.message, record).await),
        };

        let (failed, is_permanent) = match &outcome {
            Some(Outcome::Failed(error)) => (true, error.is_permanent()),
            _ => (false, false),
        };
        let needs_no_retry = self.outcomes().finish(step.message, step.work, outcome);

        match &self.settings.dead_letters {
            Some(sink) if needs_no_retry => self.put_dead_letters(&**sink, step.message).await,
            // A permanent failure is decided when the last record of its message has an outcome.
            Some(_) => !failed || is_permanent,
            None => !failed,
        }
    }

    async fn route(&self, message: usize, record: usize) -> Outcome {
        record_task::route(
            self.router,
            &self.delivery.records()[record],
            &self.delivery.messages()[message].context,
            self.settings.record_timeout,
            self.settings.unrouted,
        )
        .await
    }

    /// Gives the permanent failures of a message to the sink. Returns whether it stored them all.
    async fn put_dead_letters(&self, sink: &dyn DeadLetters, index: usize) -> bool {
        let message = &self.delivery.messages()[index];
        let (Ok(content), Some(body)) = (&message.content, message.body()) else {
            return true;
        };

        for record in record_range(content) {
            // No letter is put after the cut-off time, just as no handler starts.
            if self.is_past_cut() {
                return false;
            }

            let Some(error) = self.outcomes().take_permanent_failure(record) else {
                continue;
            };

            let letter = DeadLetter {
                record: &self.delivery.records()[record],
                message: &message.context,
                body: &body,
                error: &error,
            };

            let is_stored = dead_letters::put(sink, &letter).await;
            self.outcomes().put_back(record, error, is_stored);

            if !is_stored {
                return false;
            }
        }

        true
    }
}
