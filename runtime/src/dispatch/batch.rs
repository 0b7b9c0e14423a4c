//! A batch under way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future;
use s3_dispatch_core::{Delivery, Outcome, Router};

use crate::dispatch::outcomes::Outcomes;
use crate::dispatch::record_task;
use crate::dispatch::schedule::{Schedule, Step, Work};
use crate::failure::dead_letters::DeadLetter;
use crate::guarded::Guarded;
use crate::telemetry::logs::with_causes;
use crate::{DeadLetters, Dispatcher};

/// Runs a schedule. As many workers as handlers may run take lane after lane; they are futures of
/// one task, so that nothing outlives the batch.
pub(crate) struct Batch<'b, R> {
    pub(crate) dispatcher: &'b Dispatcher<R>,
    pub(crate) delivery: &'b Delivery,
    pub(crate) schedule: &'b Schedule,
    pub(crate) outcomes: Mutex<Outcomes>,
    next_lane: Mutex<usize>,
    cut: Option<Instant>,
}

impl<'b, R: Router> Batch<'b, R> {
    pub(crate) fn new(
        dispatcher: &'b Dispatcher<R>,
        delivery: &'b Delivery,
        schedule: &'b Schedule,
        cut: Option<Instant>,
    ) -> Self {
        let outcomes = Mutex::new(Outcomes::new(delivery, schedule));
        Self {
            dispatcher,
            delivery,
            schedule,
            outcomes,
            next_lane: Mutex::new(0),
            cut,
        }
    }

    /// Runs until all lanes are empty or the cut, and gives what is proven.
    pub(crate) async fn run(self) -> Outcomes {
        let work = async {
            match self.dispatcher.concurrency.min(self.schedule.lanes()) {
                0 => {}
                1 => self.work().await,
                workers => drop(future::join_all((0..workers).map(|_| self.work())).await),
            }
        };

        match self.cut {
            None => work.await,
            Some(cut) => {
                // What was not answered then is seen in the outcomes.
                drop(tokio::time::timeout_at(cut.into(), work).await);
            }
        }

        self.outcomes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self) {
        while let Some(lane) = self.take_lane() {
            for step in lane {
                // A handler that has blocked the thread may have let the cut pass unnoticed.
                if self.is_cut() {
                    return;
                }

                let succeeded = self.take(*step).await;
                if self.schedule.is_fifo && !succeeded {
                    break;
                }
            }
        }
    }

    fn is_cut(&self) -> bool {
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

    /// Whether what stands behind this step in its lane may go on.
    async fn take(&self, step: Step) -> bool {
        let outcome = match step.work {
            Work::Fail => return false,
            Work::Pass => None,
            Work::Record(record) => Some(self.answer(step.message, record).await),
        };

        let (failed, is_permanent) = match &outcome {
            Some(Outcome::Failed(error)) => (true, error.is_permanent()),
            _ => (false, false),
        };
        let is_last = self.outcomes().end(step.message, step.work, outcome);

        match &self.dispatcher.dead_letters {
            Some(sink) if is_last => self.give_up(&**sink, step.message).await,
            // What is permanent is decided with its message.
            Some(_) => !failed || is_permanent,
            None => !failed,
        }
    }

    async fn answer(&self, message: usize, record: usize) -> Outcome {
        let dispatcher = self.dispatcher;
        record_task::answer(
            &*dispatcher.router,
            &self.delivery.records()[record],
            &self.delivery.messages()[message].context,
            dispatcher.record_timeout,
            dispatcher.unrouted,
        )
        .await
    }

    /// Gives the permanent failures of a message to the sink. Whether it took them all.
    async fn give_up(&self, sink: &dyn DeadLetters, index: usize) -> bool {
        let message = &self.delivery.messages()[index];
        let (Ok(content), Some(body)) = (&message.content, message.body()) else {
            return true;
        };

        for record in Outcomes::range(content) {
            // As with handlers, nothing new starts then.
            if self.is_cut() {
                return false;
            }

            let Some(error) = self.outcomes().take_permanent(record) else {
                continue;
            };

            let letter = DeadLetter {
                record: &self.delivery.records()[record],
                message: &message.context,
                body: &body,
                error: &error,
            };

            let problem = match Guarded::new(|| sink.put(&letter)).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(with_causes(&error)),
                Err(panicked) => Some(panicked.to_string()),
            };

            let kept = problem.is_none();

            if let Some(error) = problem {
                tracing::error!(error, "dead letter not kept: its message fails");
            } else {
                #[cfg(feature = "metrics")]
                crate::telemetry::metrics::gave_up(letter.record);
            }

            self.outcomes().put_back(record, error, kept);
            if !kept {
                return false;
            }
        }

        true
    }
}
