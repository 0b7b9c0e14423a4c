//! Runs the workers of a batch side by side in one task, and lets none of them starve the others.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use tokio::task::coop;

/// A future that ends when all of its workers have ended. It makes a worker when it has a use for
/// one.
///
/// Tokio gives each poll of a task a budget. When it is used up, Tokio's own futures are pending
/// until the next poll of the task, even if they could go on. All workers share the budget of one
/// task, so a handler that always has work would use it up in every poll. Therefore:
///
/// - Only workers that were woken are polled, one after the other, in a circle.
/// - When the budget is used up, the poll ends. The next one begins with the next worker.
/// - A worker that found only a part of the budget is the first of the next poll.
///
/// So each worker gets a whole budget in its turn. A poll also ends after as many polls as there
/// are workers, so that a handler that wakes itself does not keep the task from its timers.
pub(crate) struct FairJoin<M, F> {
    /// Makes the next worker, or returns `None` if there is no work for another one now. It is told
    /// how many run.
    make: M,
    workers: Vec<Worker<F>>,
    running: usize,
    /// Where in the circle the next turn begins.
    next: usize,
    woken: Arc<Woken>,
}

struct Worker<F> {
    /// `None` once it has ended.
    future: Option<Pin<Box<F>>>,
    waker: Waker,
}

/// Which workers were woken since they were polled.
#[derive(Default)]
struct Woken {
    workers: Mutex<Vec<bool>>,
    task: AtomicWaker,
}

/// Wakes one worker.
struct WakeWorker {
    worker: usize,
    woken: Arc<Woken>,
}

impl<M, F> FairJoin<M, F>
where
    M: FnMut(usize) -> Option<F>,
    F: Future<Output = ()>,
{
    pub(crate) fn new(make: M) -> Self {
        Self {
            make,
            workers: Vec::new(),
            running: 0,
            next: 0,
            woken: Arc::default(),
        }
    }

    /// Returns the worker whose turn it is. New workers come first, because those that wake
    /// themselves would never let them begin.
    fn take_turn(&mut self) -> Option<usize> {
        let Some(future) = (self.make)(self.running) else {
            return self.woken.take(self.next);
        };

        let worker = self.workers.len();
        let waker = Waker::from(Arc::new(WakeWorker {
            worker,
            woken: Arc::clone(&self.woken),
        }));

        self.woken.workers().push(false);
        self.running += 1;
        self.workers.push(Worker {
            future: Some(Box::pin(future)),
            waker,
        });

        Some(worker)
    }

    fn poll_worker(&mut self, index: usize) {
        let worker = &mut self.workers[index];
        let Some(future) = &mut worker.future else {
            return;
        };

        let mut context = Context::from_waker(&worker.waker);
        if future.as_mut().poll(&mut context).is_ready() {
            worker.future = None;
            self.running -= 1;
        }
    }
}

impl<M, F> Future for FairJoin<M, F>
where
    M: FnMut(usize) -> Option<F> + Unpin,
    F: Future<Output = ()>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Before looking at who was woken, so that no wake is lost.
        self.woken.task.register(context.waker());
        let mut polls = 0;

        while let Some(worker) = self.take_turn() {
            self.poll_worker(worker);
            polls += 1;

            let is_used_up = !coop::has_budget_remaining();
            let had_all = polls == 1;
            self.next = worker + usize::from(!is_used_up || had_all);

            if is_used_up || polls > self.workers.len() {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }

        if self.running == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Woken {
    fn workers(&self) -> MutexGuard<'_, Vec<bool>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first woken worker from this place on in the circle.
    fn take(&self, from: usize) -> Option<usize> {
        let mut workers = self.workers();
        let from = from.min(workers.len());
        let (before, after) = workers.split_at(from);

        let is_woken = |woken: &bool| *woken;
        let in_after = after.iter().position(is_woken).map(|place| from + place);
        let worker = in_after.or_else(|| before.iter().position(is_woken))?;
        workers[worker] = false;

        Some(worker)
    }
}

impl Wake for WakeWorker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let was_woken = std::mem::replace(&mut self.woken.workers()[self.worker], true);
        if !was_woken {
            self.woken.task.wake();
        }
    }
}
