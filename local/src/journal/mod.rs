//! Everything that happens, in the order in which it happens.

pub(crate) mod clock;
pub(crate) mod step;
pub(crate) mod report;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::broadcast;

use crate::journal::clock::Clock;
use crate::{EventId, Step, StepKind};

/// Everything that happens in a pipeline: a bounded history, and a stream for whoever watches.
///
/// Consoles, pages and reports only read it; nothing in the pipeline waits for them. Cheap to
/// clone.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    clock: Clock,
    history: Mutex<History>,
    live: broadcast::Sender<Arc<Step>>,
    observers: Vec<Observer>,
}

/// Called with each step, in order, while the pipeline waits.
pub(crate) type Observer = Box<dyn Fn(&Step) + Send + Sync>;

struct History {
    steps: VecDeque<Arc<Step>>,
    capacity: usize,
    next: u64,
}

/// The steps from now on.
pub struct Steps(broadcast::Receiver<Arc<Step>>);

impl Journal {
    /// Keeps the last so many steps; 0 counts as 1.
    pub(crate) fn new(clock: Clock, capacity: usize, observers: Vec<Observer>) -> Self {
        let history = History {
            steps: VecDeque::new(),
            capacity: capacity.max(1),
            next: 0,
        };

        Self(Arc::new(Inner {
            clock,
            history: Mutex::new(history),
            live: broadcast::channel(4096).0,
            observers,
        }))
    }

    /// What has happened: the last steps, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<Arc<Step>> {
        self.lock().steps.iter().cloned().collect()
    }

    /// What happens from now on.
    #[must_use]
    pub fn watch(&self) -> Steps {
        Steps(self.0.live.subscribe())
    }

    /// What has happened, and what happens from now on, without a gap.
    #[must_use]
    pub fn history_and_watch(&self) -> (Vec<Arc<Step>>, Steps) {
        let history = self.lock();
        (history.steps.iter().cloned().collect(), self.watch())
    }

    /// The time, by the pipeline's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    pub(crate) fn append(&self, event: Option<EventId>, kind: StepKind) {
        let (time, elapsed) = (self.0.clock.now(), self.0.clock.elapsed());
        let mut history = self.lock();
        let number = history.next;
        history.next += 1;

        let step = Arc::new(Step {
            number,
            time,
            elapsed,
            event,
            kind,
        });

        for observer in &self.0.observers {
            observer(&step);
        }

        if history.steps.len() == history.capacity {
            history.steps.pop_front();
        }

        history.steps.push_back(Arc::clone(&step));
        // Under the lock, so that nobody sees them in another order. An error only says that nobody
        // watches.
        drop(self.0.live.send(step));
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.0
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("steps", &self.lock().next)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// The next step. Whoever is too slow misses steps, which their numbers show. `None` when the
    /// pipeline is gone.
    pub async fn next(&mut self) -> Option<Arc<Step>> {
        loop {
            match self.0.recv().await {
                Ok(step) => return Some(step),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steps")
    }
}
