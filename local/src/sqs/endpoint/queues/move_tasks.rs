//! The tasks that send dead letters back: what they have done so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;

use crate::pipeline::clients::Moved;
use crate::pipeline::engine::Engine;

/// How many messages move between two pauses if the client sets no rate.
const BATCH: usize = 500;

/// How long a task pauses between two batches.
const PAUSE: Duration = Duration::from_secs(1);

/// The tasks of an endpoint. Those that still run end when it is dropped.
#[derive(Default)]
pub(in crate::sqs::endpoint) struct MoveTasks {
    tasks: Mutex<Vec<Arc<MoveTask>>>,
    running: Mutex<JoinSet<()>>,
}

/// A task that moves the messages of a dead-letter queue.
pub(super) struct MoveTask {
    pub(super) handle: String,
    pub(super) source: String,
    /// The destination. `None` moves each message back to where it came from.
    pub(super) destination: Option<String>,
    pub(super) per_second: Option<usize>,
    pub(super) started: SystemTime,
    /// How many messages were visible in the source at the start.
    pub(super) to_move: usize,
    state: Mutex<MoveState>,
}

/// How far a task is.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveState {
    pub(super) moved: usize,
    pub(super) status: MoveStatus,
}

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MoveStatus {
    Running,
    Completed,
    Cancelled,
    /// The task cannot go on, for this reason.
    Failed(&'static str),
}

impl MoveTasks {
    /// Starts a task. The first batch has moved when this returns.
    pub(super) fn start(&self, engine: &Arc<Engine>, task: MoveTask) {
        let task = Arc::new(task);
        lock(&self.tasks).push(Arc::clone(&task));

        if task.advance(engine) {
            let engine = Arc::clone(engine);
            lock(&self.running).spawn(async move {
                loop {
                    engine.clock.sleep_until(engine.clock.now() + PAUSE).await;
                    if !task.advance(&engine) {
                        break;
                    }
                }
            });
        }
    }

    /// The tasks of a queue, newest first.
    pub(super) fn of_queue(&self, source: &str) -> Vec<Arc<MoveTask>> {
        let tasks = lock(&self.tasks);
        let own = tasks.iter().rev().filter(|task| task.source == source);

        own.cloned().collect()
    }

    /// The task with this handle.
    pub(super) fn find(&self, handle: &str) -> Option<Arc<MoveTask>> {
        let tasks = lock(&self.tasks);
        tasks.iter().find(|task| task.handle == handle).cloned()
    }
}

impl MoveTask {
    /// A task that has done nothing yet.
    pub(super) fn new(
        handle: String,
        source: String,
        destination: Option<String>,
        per_second: Option<usize>,
        started: SystemTime,
        to_move: usize,
    ) -> Self {
        Self {
            handle,
            source,
            destination,
            per_second,
            started,
            to_move,
            state: Mutex::new(MoveState {
                moved: 0,
                status: MoveStatus::Running,
            }),
        }
    }

    pub(super) fn state(&self) -> MoveState {
        *lock(&self.state)
    }

    /// Stops a task that runs. Returns how many messages it has moved; `None` if it has ended.
    pub(super) fn cancel(&self) -> Option<usize> {
        let mut state = lock(&self.state);
        if state.status != MoveStatus::Running {
            return None;
        }

        state.status = MoveStatus::Cancelled;
        Some(state.moved)
    }

    /// Moves the next messages. Returns whether there may be more.
    fn advance(&self, engine: &Engine) -> bool {
        let mut state = lock(&self.state);
        if state.status != MoveStatus::Running {
            return false;
        }

        let most = self.per_second.unwrap_or(BATCH);
        let destination = self.destination.as_deref();

        // What the disk does not take now may fit a second later.
        let Ok((count, last)) = engine.move_messages(&self.source, destination, most) else {
            return true;
        };

        state.moved += count;
        state.status = match last {
            Moved::Done | Moved::Full => MoveStatus::Running,
            Moved::NothingLeft => MoveStatus::Completed,
            Moved::NoSource => MoveStatus::Failed("CouldNotDetermineMessageSource"),
            Moved::NoQueue => MoveStatus::Failed("AWS.SimpleQueueService.NonExistentQueue"),
        };

        state.status == MoveStatus::Running
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
