//! Runs a schedule: routes its records, gives permanent failures to the dead-letter sink, and
//! acknowledges messages.

use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{HandlerError, Outcome, Router};
use tokio::time::timeout_at;

use crate::DeadLetters;
use crate::dispatch::batch::fair_join::FairJoin;
use crate::dispatch::batch::key_turns::KeyTurns;
use crate::dispatch::batch::record_task;
use crate::dispatch::outcomes::{Outcomes, record_range};
use crate::dispatch::schedule::{Schedule, Step, Work};
use crate::dispatch::settings::{Acknowledge, FailedKey, Malformed, Settings};
use crate::failure::dead_letters::{self, DeadLetter, DeadRecord};
use crate::queue::acknowledger::Acknowledger;
use crate::telemetry::in_progress::InProgress;

/// A batch while it runs.
///
/// There is one worker for each handler that may run at once. A worker runs one lane after another.
/// The workers are futures of one task and take turns in it. Nothing is spawned, so dropping the
/// batch stops everything.
pub(crate) struct Batch<'b, R> {
    router: &'b R,
    settings: &'b Settings,
    delivery: &'b Delivery,
    schedule: &'b Schedule,
    outcomes: Mutex<Outcomes>,
    key_turns: KeyTurns<'b>,
    acknowledger: Option<Acknowledger<'b>>,
    /// Notes what runs while messages are kept apart that may have ended the process.
    in_progress: Option<&'b InProgress>,
    cut: Option<Instant>,
}

/// Lanes that run side by side, and how.
struct Pass {
    /// Those that no worker has taken yet.
    lanes: Mutex<Range<usize>>,
    /// After this time no worker takes a lane.
    end: Option<Instant>,
    /// Each message is acknowledged as soon as it has succeeded.
    acknowledges: AtomicBool,
}

impl<'b, R: Router> Batch<'b, R> {
    pub(crate) fn new(
        router: &'b R,
        settings: &'b Settings,
        delivery: &'b Delivery,
        schedule: &'b Schedule,
        cut: Option<Instant>,
    ) -> Self {
        let acknowledges = settings.acknowledge == Acknowledge::All || schedule.is_separated();
        let queue = settings.queue.as_deref().filter(|_| acknowledges);
        let in_progress = settings.in_progress.as_deref();

        Self {
            router,
            settings,
            delivery,
            schedule,
            outcomes: Mutex::new(Outcomes::new(delivery, schedule)),
            key_turns: KeyTurns::new(schedule.shared_keys(), settings.concurrency),
            acknowledger: queue.map(|queue| Acknowledger::new(queue, delivery, cut)),
            in_progress: in_progress.filter(|_| schedule.is_separated()),
            cut,
        }
    }

    /// Runs until all lanes have ended or the cut-off time has come, and returns the outcomes so
    /// far.
    pub(crate) async fn run(self) -> Outcomes {
        let work = async {
            if self.schedule.one_by_one().is_empty() {
                let pass = self.first_pass(self.cut);
                self.run_side_by_side(&pass, self.settings.concurrency)
                    .await;
            } else {
                self.run_returned_in_their_turn().await;
            }
        };

        // Records that have no outcome by then count as not reached.
        let work = async {
            match self.cut {
                None => work.await,
                Some(cut) => drop(timeout_at(cut.into(), work).await),
            }
        };

        match &self.settings.stop {
            None => work.await,
            Some(stop) => stop.cut(work).await,
        }

        self.outcomes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The lanes that run side by side, as far as they are taken before this time.
    fn first_pass(&self, end: Option<Instant>) -> Pass {
        Pass {
            lanes: Mutex::new(0..self.schedule.side_by_side()),
            end,
            acknowledges: AtomicBool::new(self.settings.acknowledge == Acknowledge::All),
        }
    }

    async fn run_side_by_side(&self, pass: &Pass, handlers: usize) {
        let lanes = pass.lanes().len();
        let workers = if self.key_turns.are_needed() {
            lanes
        } else {
            handlers.min(lanes)
        };

        match workers {
            0 => {}
            1 => self.run_lanes(pass).await,
            workers => self.run_workers(pass, workers).await,
        }
    }

    /// Runs what came back without an answer after everything else, but not so late that it would
    /// never be reached.
    ///
    /// In the second half of the time it runs beside what has not ended by then, for which one of
    /// the handlers is left free. What did not begin in the first half begins afterwards.
    async fn run_returned_in_their_turn(&self) {
        let half = self.half_of_the_time();
        let mut pass = self.first_pass(half);
        let others = self.settings.concurrency.saturating_sub(1).max(1);

        {
            let mut others = pin!(self.run_side_by_side(&pass, others));
            let has_ended = match half {
                Some(half) => timeout_at(half.into(), &mut others).await.is_ok(),
                None => {
                    others.as_mut().await;
                    true
                }
            };

            if has_ended {
                self.run_one_by_one().await;
            } else if self.settings.concurrency == 1 {
                others.await;
                self.run_one_by_one().await;
            } else {
                pass.acknowledges.store(true, Ordering::Relaxed);
                tokio::join!(others, self.run_one_by_one());
            }
        }

        pass.end = self.cut;
        self.run_side_by_side(&pass, self.settings.concurrency)
            .await;
    }

    /// Runs the messages that came back without an answer. Any of them may end the process, so
    /// everything that has succeeded is acknowledged before the next one begins.
    async fn run_one_by_one(&self) {
        let messages = self.delivery.messages().len();
        let mut is_acknowledged = self.acknowledge(0..messages).await;

        for unit in self.schedule.one_by_one() {
            // What cannot be acknowledged would be lost with the process. Then only a part of the
            // units runs, as it would without a queue.
            if !is_acknowledged && !unit.is_in_part {
                self.outcomes().leave_out(&unit.messages);
                continue;
            }

            let pass = Pass {
                lanes: Mutex::new(unit.lanes.clone()),
                end: self.cut,
                acknowledges: AtomicBool::new(is_acknowledged),
            };
            self.run_lanes(&pass).await;

            is_acknowledged &= self
                .acknowledger
                .as_ref()
                .is_some_and(Acknowledger::is_working);
        }
    }

    /// The time from which on nothing new starts if others must get their turn before the cut.
    fn half_of_the_time(&self) -> Option<Instant> {
        let now = tokio::time::Instant::now().into_std();
        self.cut
            .map(|cut| now + cut.saturating_duration_since(now) / 2)
    }

    /// Runs up to this many workers, and makes each only when there is a lane for it.
    async fn run_workers(&self, pass: &Pass, most: usize) {
        let mut made = 0;

        FairJoin::new(|| {
            let has_lane = made < most && !pass.lanes().is_empty();
            made += usize::from(has_lane);
            has_lane.then(|| self.run_lanes(pass))
        })
        .await;
    }

    /// Runs lanes, as one worker, until none is left.
    async fn run_lanes(&self, pass: &Pass) {
        let stops_at_failure =
            self.schedule.is_fifo || self.settings.failed_key == FailedKey::HoldBack;

        while let Some(lane) = pass.take_lane(self.schedule) {
            for (number, step) in lane.iter().enumerate() {
                // A handler that blocked the thread may have kept the cut-off timer from firing.
                if self.starts_nothing_new() {
                    return;
                }

                let may_continue = self.take_step(*step).await;

                if pass.acknowledges.load(Ordering::Relaxed) {
                    self.acknowledge(step.message..step.message + 1).await;
                }

                if stops_at_failure && !may_continue {
                    self.hold_back(&lane[number + 1..]);
                    break;
                }
            }
        }
    }

    /// Runs one step, and waits for its key's turn if other lanes have the key too. Returns whether
    /// its lane may continue after it.
    async fn take_step(&self, step: Step) -> bool {
        let record = match step.work {
            Work::Route(record) if self.key_turns.are_needed() => record,
            _ => return self.run_step(step).await,
        };

        let turn = self.key_turns.take(record).await;
        let is_held_back =
            self.settings.failed_key == FailedKey::HoldBack && turn.follows_a_failure();

        if is_held_back {
            self.hold_back(&[step]);
            return false;
        }

        // The turn may have come after the cut-off time, and then the lane ends before its next
        // step.
        if self.starts_nothing_new() {
            return true;
        }

        let may_continue = self.run_step(step).await;
        if !may_continue {
            turn.note_failure();
        }

        may_continue
    }

    fn starts_nothing_new(&self) -> bool {
        is_past(self.cut) || self.settings.is_stopping()
    }

    fn hold_back(&self, steps: &[Step]) {
        let mut outcomes = self.outcomes();
        for step in steps {
            outcomes.hold_back(step.message);
        }
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
            Some(sink) if needs_no_retry => self.put_dead_letter(&**sink, step.message).await,
            // A permanent failure is decided when the last record of its message has an outcome.
            Some(_) => !failed || is_permanent,
            None => !failed,
        }
    }

    async fn route(&self, message: usize, record: usize) -> Outcome {
        let record = &self.delivery.records()[record];
        let context = &self.delivery.messages()[message].context;
        let _noted = self.in_progress.map(|notes| notes.begin(record, context));

        record_task::route(
            self.router,
            record,
            context,
            self.settings.record_timeout,
            self.settings.unrouted,
        )
        .await
    }

    /// Acknowledges those of these messages that have succeeded. Returns whether it worked, so far,
    /// for every message of the batch.
    async fn acknowledge(&self, messages: Range<usize>) -> bool {
        let Some(acknowledger) = &self.acknowledger else {
            return false;
        };

        let succeeded: Vec<_> = {
            let outcomes = self.outcomes();
            messages
                .filter(|message| self.is_readable(*message) && outcomes.has_succeeded(*message))
                .collect()
        };
        acknowledger.acknowledge(&succeeded).await;

        acknowledger.is_working()
    }

    fn is_readable(&self, message: usize) -> bool {
        let content = &self.delivery.messages()[message].content;
        content.is_ok() || self.settings.malformed == Malformed::Drop
    }

    /// Gives the permanent failures of a message to the sink. Returns whether it stored them.
    async fn put_dead_letter(&self, sink: &dyn DeadLetters, index: usize) -> bool {
        let message = &self.delivery.messages()[index];
        let (Ok(content), Some(body)) = (&message.content, message.body()) else {
            return true;
        };

        // The records have no outcome until the failures are put back, so a cut leaves them failed.
        let taken: Vec<(usize, HandlerError)> = {
            let mut outcomes = self.outcomes();
            record_range(content)
                .filter_map(|record| Some((record, outcomes.take_permanent_failure(record)?)))
                .collect()
        };

        let failures: Vec<_> = taken
            .iter()
            .map(|(record, error)| DeadRecord::new(&self.delivery.records()[*record], error))
            .collect();
        // No letter is put after the cut-off time, just as no handler starts.
        let is_stored = match DeadLetter::new(&message.context, &body, &failures) {
            None => return true,
            Some(_) if is_past(self.cut) => false,
            Some(letter) => dead_letters::put(sink, &letter).await,
        };

        for (record, error) in taken {
            self.outcomes().put_back(index, record, error, is_stored);
        }

        is_stored
    }
}

impl Pass {
    /// Takes the next lane, unless the pass is over.
    fn take_lane<'s>(&self, schedule: &'s Schedule) -> Option<&'s [Step]> {
        let mut lanes = self.lanes();
        if is_past(self.end) {
            return None;
        }

        schedule.lane(lanes.next()?)
    }

    fn lanes(&self) -> MutexGuard<'_, Range<usize>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_past(time: Option<Instant>) -> bool {
    time.is_some_and(|time| tokio::time::Instant::now() >= time.into())
}
