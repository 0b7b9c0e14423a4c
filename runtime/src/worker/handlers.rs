//! Runs handlers in tasks of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use s3_dispatch_core::Router;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::dispatch::dispatcher::Parts;
use crate::dispatch::engine::{Engine, LaneId, Queue, Runner};
use crate::worker::batch::Batch;

/// How many messages that are kept apart must have ended for one more to run beside them.
const ENDED_FOR_ONE_MORE: usize = 16;

/// The tasks that run handlers. Dropping it stops them.
pub(super) struct Handlers<R> {
    shared: Arc<Shared<R>>,
    tasks: JoinSet<()>,
    runtime: Handle,
    most: usize,
    /// How many messages that are kept apart have ended.
    ended_apart: usize,
}

/// What the tasks share.
pub(super) struct Shared<R> {
    pub(super) parts: Parts<R>,
    pub(super) engine: Engine<Batch>,
    /// A step has ended.
    pub(super) stepped: Notify,
    /// How many tasks run lanes side by side.
    running: AtomicUsize,
    /// How many tasks run lanes that are kept apart.
    running_apart: AtomicUsize,
}

impl<R: Router> Shared<R> {
    pub(super) fn new(parts: Parts<R>) -> Self {
        Self {
            parts,
            engine: Engine::continuous(),
            stepped: Notify::new(),
            running: AtomicUsize::new(0),
            running_apart: AtomicUsize::new(0),
        }
    }

    /// Runs a lane until it is empty, waits for a key, or makes room for another. Then runs others
    /// from this queue, if there is one.
    async fn run_lanes(&self, lane: LaneId, queue: Option<Queue>) {
        let runner = Runner {
            router: &*self.parts.router,
            settings: &self.parts.settings,
            engine: &self.engine,
            in_progress: None,
            cut: None,
        };

        let failed_key = self.parts.settings.failed_key;
        let mut lane = Some(lane);

        while let Some(mut begun) = self.engine.next(lane, queue, failed_key) {
            lane = Some(begun.lane);
            runner.run(&mut begun).await;
            self.stepped.notify_one();
            // Handlers that are always ready must not keep the thread from others.
            tokio::task::coop::consume_budget().await;
        }

        // Lanes may have dropped steps that were taken away or held back.
        self.stepped.notify_one();
    }
}

impl<R: Router> Handlers<R> {
    /// At most this many handlers run at once, in this runtime.
    pub(super) fn new(shared: Arc<Shared<R>>, most: usize, runtime: Handle) -> Self {
        Self {
            shared,
            tasks: JoinSet::new(),
            runtime,
            most,
            ended_apart: 0,
        }
    }

    /// Starts tasks for the lanes that may run, as far as the bounds allow. `ending_apart` is how
    /// many messages that are kept apart have ended here, but not yet at the queue.
    pub(super) fn start(&mut self, ending_apart: usize) {
        while self.shared.engine.ready(Queue::Apart) > 0 {
            let running = self.shared.running_apart.load(Ordering::SeqCst);
            let may_start = running + ending_apart < 1 + self.ended_apart / ENDED_FOR_ONE_MORE;
            if !may_start || !Busy::begin(&self.shared.running, self.most) {
                break;
            }

            self.start_apart();
        }

        while self.shared.engine.ready(Queue::SideBySide) > 0 {
            if !Busy::begin(&self.shared.running, self.most) {
                break;
            }

            self.start_side_by_side();
        }
    }

    fn start_apart(&mut self) {
        self.shared.running_apart.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        let Some(lane) = shared.engine.take(Queue::Apart) else {
            drop((Busy(&shared.running), Busy(&shared.running_apart)));
            return;
        };

        let task = async move {
            let _busy = (Busy(&shared.running), Busy(&shared.running_apart));
            shared.run_lanes(lane, None).await;
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    fn start_side_by_side(&mut self) {
        let shared = Arc::clone(&self.shared);
        let most = self.most;
        let Some(mut lane) = shared.engine.take(Queue::SideBySide) else {
            drop(Busy(&shared.running));
            return;
        };

        let task = async move {
            loop {
                {
                    let _busy = Busy(&shared.running);
                    shared.run_lanes(lane, Some(Queue::SideBySide)).await;
                }

                // A lane that became ready after the last look must not wait for the next start.
                let is_ready = shared.engine.ready(Queue::SideBySide) > 0;
                if !is_ready || !Busy::begin(&shared.running, most) {
                    return;
                }

                let Some(next) = shared.engine.take(Queue::SideBySide) else {
                    drop(Busy(&shared.running));
                    return;
                };
                lane = next;
            }
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// How many lanes run.
    #[cfg(feature = "metrics")]
    pub(super) fn running(&self) -> usize {
        self.shared.running.load(Ordering::Relaxed)
    }

    /// Notes that a message which was kept apart has ended.
    pub(super) fn note_ended_apart(&mut self) {
        self.ended_apart = self.ended_apart.saturating_add(1);
    }

    /// Removes tasks that have ended. Returns whether one of them panicked.
    pub(super) fn reap(&mut self) -> bool {
        let mut has_panicked = false;
        while let Some(ended) = self.tasks.try_join_next() {
            has_panicked |= ended.is_err_and(|error| error.is_panic());
        }

        has_panicked
    }

    /// Stops every task, and waits until they have stopped.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

/// A task that is counted. Dropping it ends that.
struct Busy<'c>(&'c AtomicUsize);

impl Busy<'_> {
    /// Counts one more task, unless this many are counted. Whoever gets `true` makes a `Busy`.
    fn begin(count: &AtomicUsize, most: usize) -> bool {
        let more = |count| (count < most).then_some(count + 1);
        count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
            .is_ok()
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
