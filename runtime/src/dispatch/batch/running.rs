//! Runs a batch: admits everything at once, runs it pass by pass, and acknowledges messages.

use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use s3_dispatch_core::Router;
use s3_dispatch_core::delivery::Delivery;
use tokio::time::timeout_at;

use crate::dispatch::batch::fair_join::FairJoin;
use crate::dispatch::batch::returned::{Plan, Unit};
use crate::dispatch::batch::stop::Stop;
use crate::dispatch::engine::slots::{Slot, Slots};
use crate::dispatch::engine::{Begun, Engine, LaneId, Outcomes, Queue, Runner};
use crate::dispatch::settings::{Acknowledge, Malformed, Settings};
use crate::queue::acknowledger::Acknowledger;

/// The number of the only admission of a batch.
const ADMISSION: usize = 0;

/// How many workers there are at most for each handler that may run at once, if workers that wait
/// for a store let the handlers of others run.
///
/// What they have claimed waits for a handler if those are slow, so there are not many.
const WORKERS_FOR_A_SLOT: usize = 4;

/// A batch while it runs.
///
/// There is one worker for each handler that may run at once. A worker runs one lane after another.
/// The workers are futures of one task and take turns in it. Nothing is spawned, so dropping the
/// batch stops everything.
pub(crate) struct Batch<'b, 'd, R> {
    runner: Runner<'b, R, &'d Delivery>,
    delivery: &'d Delivery,
    plan: Plan,
    acknowledger: Option<Acknowledger<'b>>,
}

/// Lanes that run side by side, and how.
struct Pass {
    /// After this time no worker takes a lane.
    end: Option<Instant>,
    /// Each message is acknowledged as soon as it has succeeded.
    acknowledges: AtomicBool,
}

impl<'b, 'd, R: Router> Batch<'b, 'd, R> {
    /// The engine holds the delivery, and nothing of it is offered yet.
    pub(crate) fn new(
        router: &'b R,
        settings: &'b Settings,
        delivery: &'d Delivery,
        engine: &'b Engine<&'d Delivery>,
        plan: Plan,
        cut: Option<Instant>,
    ) -> Self {
        let acknowledges = settings.acknowledge == Acknowledge::All || plan.is_separated();
        let queue = settings.queue.as_deref().filter(|_| acknowledges);
        let in_progress = settings.in_progress.as_deref();

        Self {
            runner: Runner {
                router,
                settings,
                engine,
                in_progress: in_progress.filter(|_| plan.is_separated()),
                cut,
            },
            delivery,
            plan,
            acknowledger: queue.map(|queue| Acknowledger::new(queue, delivery, cut)),
        }
    }

    /// Runs until all lanes have ended or the cut-off time has come.
    pub(crate) async fn run(mut self) {
        self.with_outcomes(|outcomes| outcomes.leave_out(&self.plan.left_out));
        let side_by_side = std::mem::take(&mut self.plan.side_by_side);
        self.runner.engine.offer(side_by_side);
        let work = async {
            if self.plan.one_by_one.is_empty() {
                let pass = self.first_pass(self.runner.cut);
                self.run_side_by_side(&pass, self.handlers()).await;
            } else {
                self.run_returned_in_their_turn().await;
            }
        };

        // Records that have no outcome by then count as not reached.
        let work = async {
            match self.runner.cut {
                None => work.await,
                Some(cut) => drop(timeout_at(cut.into(), work).await),
            }
        };

        match &self.runner.settings.stop {
            None => work.await,
            Some(stop) => stop.cut(work).await,
        }
    }

    /// How many handlers may run at once.
    fn handlers(&self) -> usize {
        self.runner.settings.handlers()
    }

    /// The lanes that run side by side, as far as they are taken before this time.
    fn first_pass(&self, end: Option<Instant>) -> Pass {
        let acknowledges = self.runner.settings.acknowledge == Acknowledge::All;
        Pass {
            end,
            acknowledges: AtomicBool::new(acknowledges),
        }
    }

    async fn run_side_by_side(&self, pass: &Pass, handlers: usize) {
        let ready = self.runner.engine.ready(Queue::SideBySide);

        match handlers.min(ready) {
            0 => {}
            workers if workers < ready && self.may_lend() => {
                self.run_lending_workers(pass, workers).await;
            }
            1 => self.run_lanes(Queue::SideBySide, pass, None).await,
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
        let others = self.handlers().saturating_sub(1).max(1);

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
            } else if self.handlers() == 1 {
                others.await;
                self.run_one_by_one().await;
            } else {
                pass.acknowledges.store(true, Ordering::Relaxed);
                tokio::join!(others, self.run_one_by_one());
            }
        }

        pass.end = self.runner.cut;
        self.run_side_by_side(&pass, self.handlers()).await;
    }

    /// Runs the messages that came back without an answer. Any of them may end the process, so
    /// everything that has succeeded is acknowledged before the next one begins.
    async fn run_one_by_one(&self) {
        let messages = self.delivery.messages().len();
        let mut is_acknowledged = self.acknowledge(0..messages).await;

        for unit in &self.plan.one_by_one {
            // What cannot be acknowledged would be lost with the process. Then only a part of the
            // units runs, as it would without a queue.
            if !is_acknowledged && !unit.is_in_part {
                self.with_outcomes(|outcomes| outcomes.leave_out(&unit.messages));
                continue;
            }

            self.run_unit(unit, is_acknowledged).await;
            is_acknowledged &= self
                .acknowledger
                .as_ref()
                .is_some_and(Acknowledger::is_working);
        }
    }

    async fn run_unit(&self, unit: &Unit, acknowledges: bool) {
        let engine = self.runner.engine;
        let pass = Pass {
            end: self.runner.cut,
            acknowledges: AtomicBool::new(acknowledges),
        };
        engine.offer(unit.lanes.clone());

        loop {
            self.run_lanes(Queue::Apart, &pass, None).await;
            if self.starts_nothing_new() || !engine.has_any(&unit.lanes) {
                return;
            }

            // A lane waits for a key that another one has, which runs beside it.
            engine.resumed().await;
        }
    }

    /// The time from which on nothing new starts if others must get their turn before the cut.
    fn half_of_the_time(&self) -> Option<Instant> {
        let now = tokio::time::Instant::now().into_std();
        let cut = self.runner.cut;

        cut.map(|cut| now + cut.saturating_duration_since(now) / 2)
    }

    /// Runs up to this many workers, and makes each only when there is a lane for it.
    async fn run_workers(&self, pass: &Pass, most: usize) {
        FairJoin::new(|running| {
            let has_lane = running < most && self.runner.engine.ready(Queue::SideBySide) > 0;
            let may_take = has_lane && !self.has_ended(pass) && !self.starts_nothing_new();

            may_take.then(|| self.run_lanes(Queue::SideBySide, pass, None))
        })
        .await;
    }

    /// Returns whether a record may let the handlers of others run while it waits for a store.
    ///
    /// What may end the process does not: what runs beside it must be known.
    fn may_lend(&self) -> bool {
        self.runner.router.asks_store_first() && !self.plan.is_separated()
    }

    /// Runs more workers than handlers may run at once. Those that wait for a store lend their slot
    /// to others.
    async fn run_lending_workers(&self, pass: &Pass, handlers: usize) {
        let (cut, stop) = (self.runner.cut, self.runner.settings.stop.clone());
        let slots = Slots::new(handlers, move || {
            !is_past(cut) && !stop.as_ref().is_some_and(Stop::is_told)
        });
        let most = handlers.saturating_mul(WORKERS_FOR_A_SLOT);

        FairJoin::new(|running| {
            let has_lane = running < most && self.runner.engine.ready(Queue::SideBySide) > 0;
            let may_take = has_lane && !self.has_ended(pass) && !self.starts_nothing_new();
            let slot = may_take.then(|| slots.take()).flatten()?;

            let work = self.run_lanes(Queue::SideBySide, pass, Some(slot.clone()));
            Some(slot.around(work))
        })
        .await;
    }

    /// Runs lanes, as one worker, until none may run. A worker that lends its slot waits for one
    /// before each step.
    async fn run_lanes(&self, queue: Queue, pass: &Pass, slot: Option<Slot>) {
        let mut lane = None;

        loop {
            if let Some(slot) = &slot
                && slot.hold().await.is_err()
            {
                return;
            }

            // A handler that blocked the thread may have kept the cut-off timer from firing.
            if self.starts_nothing_new() {
                return;
            }

            let Some(mut begun) = self.next(lane, queue, pass) else {
                return;
            };
            lane = Some(begun.lane);
            let message = begun.step.message;
            self.runner.run(&mut begun).await;

            if pass.acknowledges.load(Ordering::Relaxed) {
                self.acknowledge(message..message + 1).await;
            }
        }
    }

    /// Returns whether a pass has ended before the cut-off time, which is looked at anyway.
    fn has_ended(&self, pass: &Pass) -> bool {
        let ends_sooner = pass.end != self.runner.cut;
        ends_sooner && is_past(pass.end)
    }

    fn starts_nothing_new(&self) -> bool {
        self.runner.is_over() || self.runner.settings.is_stopping()
    }

    /// Begins the next step of this lane, or of another one unless the pass is over.
    fn next(&self, lane: Option<LaneId>, queue: Queue, pass: &Pass) -> Option<Begun<&'d Delivery>> {
        let queue = Some(queue).filter(|_| !self.has_ended(pass));
        let failed_key = self.runner.settings.failed_key;

        self.runner.engine.next(lane, queue, failed_key)
    }

    /// Acknowledges those of these messages that have succeeded. Returns whether it worked, so far,
    /// for every message of the batch.
    async fn acknowledge(&self, messages: Range<usize>) -> bool {
        let Some(acknowledger) = &self.acknowledger else {
            return false;
        };

        let succeeded: Vec<_> = self.with_outcomes(|outcomes| {
            messages
                .filter(|message| self.is_readable(*message) && outcomes.has_succeeded(*message))
                .collect()
        });
        acknowledger.acknowledge(&succeeded).await;

        acknowledger.is_working()
    }

    fn is_readable(&self, message: usize) -> bool {
        let content = &self.delivery.messages()[message].content;
        content.is_ok() || self.runner.settings.malformed == Malformed::Drop
    }

    fn with_outcomes<T>(&self, function: impl FnOnce(&mut Outcomes) -> T) -> T {
        self.runner.engine.with_outcomes(ADMISSION, function)
    }
}

fn is_past(time: Option<Instant>) -> bool {
    time.is_some_and(|time| tokio::time::Instant::now() >= time.into())
}
