//! Runs a world on a paused clock.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch::{Dispatcher, HandlerError, MessageContext, Routes, Worker, WorkerReport};
use s3_dispatch_local::{Faults, LocalPipeline, LocalQueue, Message, QueueSpec, Topology};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ledger::{Fact, Ledger, Receipt};
use super::world::{End, Fate, Plan, Script, World};

/// When all trouble is over.
const HEALED: Duration = Duration::from_secs(100);

/// How long a healthy pipeline may need to empty the queue.
const PATIENCE: Duration = Duration::from_secs(1_800);

#[derive(Debug)]
pub(super) struct Trial {
    pub(super) facts: Vec<(Duration, Fact)>,
    /// By worker. `None` if it was dropped, or did not end.
    pub(super) reports: Vec<Option<WorkerReport>>,
    /// How many messages are left in the queue, and in the dead-letter queue.
    pub(super) left: (usize, usize),
    pub(super) has_ended: bool,
}

/// What everybody in a trial shares.
#[derive(Clone)]
struct Stage {
    world: Arc<World>,
    ledger: Arc<Ledger>,
    healed: watch::Receiver<bool>,
    stopped: watch::Receiver<bool>,
    queue: LocalQueue,
}

pub(super) fn run(world: &World) -> Trial {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    fastrand::seed(world.seed);

    runtime.block_on(attempt(world))
}

async fn attempt(world: &World) -> Trial {
    let ledger = Arc::new(Ledger::new());
    let pipeline = start(world, &ledger).await;
    let (heal, healed) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let stage = Stage {
        world: Arc::new(world.clone()),
        ledger: Arc::clone(&ledger),
        healed,
        stopped,
        queue: pipeline.open_queue(name(world)).unwrap(),
    };

    let mut workers = JoinSet::new();
    for (index, plan) in world.workers.iter().enumerate() {
        let queue = stage.queue.clone().with_hangs(world.troubles.hangs);
        let queue = queue.with_latency(world.troubles.latency);
        workers.spawn(live(stage.clone(), index, *plan, queue));
    }
    let sent = send_all(world, &pipeline);
    tokio::join!(sent, sleep(HEALED));

    pipeline.set_faults(Faults::none());
    heal.send_replace(true);
    let last = Plan {
        start: Duration::ZERO,
        fate: Fate::Stays,
    };
    workers.spawn(live(
        stage.clone(),
        world.workers.len(),
        last,
        stage.queue.clone(),
    ));

    drop(timeout(PATIENCE, stage.queue.settle()).await);
    // Whatever they hold must end by itself.
    sleep(Duration::from_secs(120)).await;
    stop.send_replace(true);

    let mut reports: Vec<_> = (0..=world.workers.len()).map(|_| None).collect();
    let ended = timeout(Duration::from_secs(100), async {
        while let Some(ended) = workers.join_next().await {
            let (index, report) = ended.unwrap();
            reports[index] = report;
        }
    });
    let has_ended = ended.await.is_ok();

    let left = |name| pipeline.queue(name).unwrap().messages.len();
    Trial {
        facts: ledger.facts(),
        reports,
        left: (left(name(world)), left(dead(world))),
        has_ended,
    }
}

fn name(world: &World) -> &'static str {
    if world.is_fifo {
        "uploads.fifo"
    } else {
        "uploads"
    }
}

fn dead(world: &World) -> &'static str {
    if world.is_fifo { "dead.fifo" } else { "dead" }
}

async fn start(world: &World, ledger: &Arc<Ledger>) -> LocalPipeline {
    let mut queue = QueueSpec::new(name(world));
    if let Some(most) = world.most_receives {
        queue = queue.with_redrive(dead(world), most);
    }
    let topology = Topology::new()
        .with_queue(QueueSpec::new(dead(world)))
        .with_queue(queue);
    let ledger = Arc::clone(ledger);

    LocalPipeline::builder()
        .with_topology(topology)
        .with_faults(world.troubles.faults(world.seed))
        .with_observer(move |step| ledger.note_step(step))
        .start()
        .await
        .unwrap()
}

/// Sends the messages one after the other. Their ids are their numbers.
async fn send_all(world: &World, pipeline: &LocalPipeline) {
    let pause = world.spread / u32::try_from(world.messages.len().max(1)).unwrap();

    for (index, sent) in world.messages.iter().enumerate() {
        let key = format!("key {}", sent.key);
        let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
        let body = NotificationBuilder::new().with_record(record).to_json();
        let mut message = Message::new(index.to_string(), body);
        if world.is_fifo {
            message = message
                .with_group_id(format!("group {}", sent.group))
                .with_deduplication_id(index.to_string());
        }

        pipeline.send(name(world), message).await.unwrap();
        sleep(pause).await;
    }
}

/// Runs a worker as planned, from its start to its end.
async fn live(
    stage: Stage,
    index: usize,
    plan: Plan,
    queue: LocalQueue,
) -> (usize, Option<WorkerReport>) {
    sleep(plan.start).await;
    let told = {
        let (ledger, mut stopped) = (Arc::clone(&stage.ledger), stage.stopped.clone());
        async move {
            match plan.fate {
                Fate::Drains(time) => sleep(time).await,
                _ => drop(stopped.wait_for(|is_stopped| *is_stopped).await),
            }
            ledger.note(Fact::Told(index));
        }
    };

    let dropped_after = match plan.fate {
        Fate::Crashes(time) => time,
        _ => Duration::MAX,
    };
    let run = Box::pin(worker(&stage, index, queue).run(told));
    let report = timeout(dropped_after, run).await.ok();
    stage.ledger.note(Fact::Stopped(index, report.is_some()));

    (
        index,
        report.map(|report| report.expect("the queue can be used")),
    )
}

fn worker(stage: &Stage, index: usize, queue: LocalQueue) -> Worker<Routes<()>, LocalQueue> {
    let settings = stage.world.settings;
    let of_handler = stage.clone();
    let routes = Routes::new(()).on_fn("*", move |message: MessageContext| {
        let stage = of_handler.clone();
        async move { handle(&stage, index, &message).await }
    });
    let dispatcher = Dispatcher::new(routes).with_concurrency(settings.concurrency);

    let mut worker = Worker::new(dispatcher, queue)
        .with_receivers(settings.receivers)
        .with_visibility(settings.visibility)
        .with_drain(settings.drain);
    if let Some(in_flight) = settings.in_flight {
        worker = worker.with_in_flight(in_flight);
    }

    worker
}

/// Notes the end of a handler when it is dropped.
struct Running<'s> {
    stage: &'s Stage,
    worker: usize,
    receipt: Receipt,
    has_succeeded: Option<bool>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let ended = Fact::Ended(self.worker, self.receipt, self.has_succeeded);
        self.stage.ledger.note(ended);
    }
}

async fn handle(
    stage: &Stage,
    worker: usize,
    message: &MessageContext,
) -> Result<(), HandlerError> {
    let number = message.message_id().unwrap().as_str().parse().unwrap();
    let receipt = (number, message.receive_count().unwrap());
    stage.ledger.note(Fact::Began(worker, receipt));
    let mut running = Running {
        stage,
        worker,
        receipt,
        has_succeeded: None,
    };

    let before = stage.ledger.count_run(number);
    let script = stage.world.messages[number].scripts.get(before).copied();
    let script = script.filter(|_| !*stage.healed.borrow());
    let Some(Script { time, end }) = script else {
        running.has_succeeded = Some(true);
        return Ok(());
    };
    if !time.is_zero() {
        sleep(time).await;
    }
    if end == End::Hangs {
        drop(stage.healed.clone().wait_for(|is_healed| *is_healed).await);
    }

    running.has_succeeded = Some(matches!(end, End::Succeeds | End::Hangs));
    match end {
        End::Succeeds | End::Hangs => Ok(()),
        End::Fails => Err(HandlerError::retry("scripted")),
        End::FailsWithRetryAfter => {
            Err(HandlerError::retry("scripted").with_retry_after(Duration::from_secs(3)))
        }
        End::Panics => resume_unwind(Box::new("scripted")),
    }
}
