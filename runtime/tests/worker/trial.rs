//! Runs a fleet on a paused clock, which advances only when every task waits for it.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use s3_dispatch::WorkerReport;
use s3_dispatch::dispatch::{FailedKey, Returned};
use s3_dispatch::{Dispatcher, Worker};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::fleet::{Fate, Fleet, Plan};
use crate::handlers::Handlers;
use crate::journal::{Journal, Life};
use crate::queue::MemoryQueue;
use crate::stage::{QueueMessage, Stage};
use crate::world::QueueUse;

/// How often a worker may be polled at one moment.
const MOST_POLLS: usize = 20_000;

pub(crate) struct Trial {
    pub(crate) journal: Journal,
    pub(crate) messages: Vec<QueueMessage>,
    /// Whether all workers ended after the last were told to.
    pub(crate) has_ended: bool,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Journal {
            receipts,
            receives,
            runs,
            letters,
            lives,
            ..
        } = &self.journal;

        for life in lives {
            writeln!(f, "{life:?}")?;
        }
        for (index, receive) in receives.iter().enumerate() {
            writeln!(f, "receive {index}: {receive:?}")?;
        }
        for (index, receipt) in receipts.iter().enumerate() {
            writeln!(f, "receipt {index}: {receipt:?}")?;
        }
        for run in runs {
            writeln!(f, "{run:?}")?;
        }
        for letter in letters {
            writeln!(f, "letter: {letter:?}")?;
        }

        Ok(())
    }
}

pub(crate) fn run(fleet: &Fleet) -> Trial {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    fastrand::seed(fleet.seed);

    runtime.block_on(attempt(fleet))
}

async fn attempt(fleet: &Fleet) -> Trial {
    let stage = Stage::new(fleet);
    let (stop, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for plan in &fleet.workers {
        workers.spawn(live(stage.clone(), *plan, stopped.clone()));
    }

    sleep(fleet.healed_at()).await;
    stage.healed.send_replace(true);
    let last = Plan {
        start: Duration::ZERO,
        fate: Fate::Stays,
    };
    workers.spawn(live(stage.clone(), last, stopped));

    let emptied = async {
        // What fails does not come again if the queue ends.
        let is_done = || match fleet.ends {
            true => stage.has_given_all(),
            false => stage.is_empty(),
        };
        while !is_done() {
            sleep(Duration::from_millis(500)).await;
        }
    };
    drop(timeout(fleet.patience(), emptied).await);

    // Whatever they hold must end by itself.
    sleep(Duration::from_secs(120)).await;
    stop.send_replace(true);
    let ended = timeout(Duration::from_secs(100), async {
        while workers.join_next().await.is_some() {}
    });
    let has_ended = ended.await.is_ok();

    let state = stage.state();
    Trial {
        journal: state.journal.clone(),
        messages: state.messages.clone(),
        has_ended,
    }
}

/// Runs a worker as planned, from its start to its end.
async fn live(stage: Stage, plan: Plan, mut stopped: watch::Receiver<bool>) {
    sleep(plan.start).await;
    let index = begin(&stage);
    let told = {
        let stage = stage.clone();
        async move {
            match plan.fate {
                Fate::Drains(time) | Fate::DrainsAndCrashes(time, _) => sleep(time).await,
                _ => drop(stopped.wait_for(|is_stopped| *is_stopped).await),
            }
            let mut state = stage.state();
            let moment = state.moment();
            state.journal.lives[index].told = Some(moment);
        }
    };

    let report = {
        let mut run = pin!(worker(&stage, index).run(told));
        let mut polls = 0;
        let mut since = (Instant::now(), 0);
        let counted = poll_fn(|context| {
            polls += 1;
            if plan.fate == Fate::CrashesAfterPolls(polls) {
                return Poll::Ready(None);
            }

            // A loop that never waits keeps the clock from advancing.
            if since.0 == Instant::now() && polls - since.1 > MOST_POLLS {
                let spins = format!("worker {index} never waits at {:?}", stage.state().now());
                stage.state().journal.complaints.push(spins);
                return Poll::Ready(None);
            }
            if since.0 != Instant::now() {
                since = (Instant::now(), polls);
            }

            run.as_mut().poll(context).map(Some)
        });
        let dropped_after = match plan.fate {
            Fate::Crashes(time) => time,
            Fate::DrainsAndCrashes(told, dropped) => told + dropped,
            _ => Duration::MAX,
        };

        let ended = timeout(dropped_after, counted).await.ok().flatten();
        ended.map(|report| report.expect("the queue can be used"))
    };
    end(&stage, index, report);
}

fn begin(stage: &Stage) -> usize {
    let mut state = stage.state();
    state.journal.lives.push(Life {
        told: None,
        ended: None,
        report: None,
    });

    state.journal.lives.len() - 1
}

fn end(stage: &Stage, index: usize, report: Option<WorkerReport>) {
    let mut state = stage.state();
    let moment = state.moment();
    let life = &mut state.journal.lives[index];
    life.ended = Some(moment);
    life.report = report;
}

fn worker(stage: &Stage, index: usize) -> Worker<Handlers, MemoryQueue> {
    let Fleet {
        world, settings, ..
    } = &stage.fleet;
    let queue = MemoryQueue {
        stage: stage.clone(),
        worker: index,
    };
    let handlers = Handlers {
        stage: stage.clone(),
        queue: queue.clone(),
    };

    let setup = &world.setup;
    let mut dispatcher = Dispatcher::new(handlers.clone())
        .with_concurrency(setup.concurrency)
        .on_unrouted(setup.unrouted)
        .on_malformed(setup.malformed);
    if let Some(timeout) = setup.record_timeout {
        dispatcher = dispatcher.with_record_timeout(Duration::from_millis(timeout));
    }
    if setup.has_sink {
        dispatcher = dispatcher.with_dead_letters(Arc::new(handlers.clone()));
    }
    if setup.holds_back {
        dispatcher = dispatcher.on_failed_key(FailedKey::HoldBack);
    }
    if setup.queue == QueueUse::None {
        dispatcher = dispatcher.on_returned(Returned::Together);
    }
    if settings.has_backoff {
        dispatcher = dispatcher.with_backoff(handlers);
    }

    let mut worker = Worker::new(dispatcher, queue)
        .with_receivers(settings.receivers)
        .with_visibility(settings.visibility)
        .with_drain(settings.drain);
    if let Some(in_flight) = settings.in_flight {
        worker = worker.with_in_flight(in_flight);
    }

    worker
}
