//! Everything that happens in a pipeline, in order.
//!
//! Tests, consoles and pages must see what a message went through, without being part of the
//! pipeline. Every other module appends steps here; reports and observers read them.

pub(crate) mod clock;
mod event_failure;
pub(crate) mod report;
mod step;

pub use self::event_failure::EventFailure;
pub(crate) use self::event_failure::{ToldFailure, ToldFailures};
pub use self::report::{EventReport, Handling, Report};
pub use self::step::{Fate, LogStream, ReceivedMessage, Step, StepKind};

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::broadcast;

use self::clock::Clock;
use crate::s3::EventId;

/// How many steps a watcher may fall behind before it misses some.
const MAX_LAG: usize = 4096;

/// Everything that happens in a pipeline: a bounded history, and a live stream.
///
/// Readers do not slow the pipeline down. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    clock: Clock,
    history: Mutex<History>,
    live: broadcast::Sender<Arc<Step>>,
    observers: Vec<Observer>,
}

/// A function that is called with each step, in order, while the pipeline waits.
pub(crate) type Observer = Box<dyn Fn(&Step) + Send + Sync>;

struct History {
    steps: VecDeque<Arc<Step>>,
    capacity: usize,
    next_number: u64,
}

/// A live stream of steps.
pub struct Steps(broadcast::Receiver<Arc<Step>>);

impl Journal {
    /// A journal that remembers this many steps, but at least one.
    pub(crate) fn new(clock: Clock, capacity: usize, observers: Vec<Observer>) -> Self {
        let history = History {
            steps: VecDeque::new(),
            capacity: capacity.max(1),
            next_number: 0,
        };

        Self(Arc::new(Inner {
            clock,
            history: Mutex::new(history),
            live: broadcast::channel(MAX_LAG).0,
            observers,
        }))
    }

    /// The latest steps, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<Arc<Step>> {
        self.lock().steps.iter().cloned().collect()
    }

    /// The steps from now on.
    #[must_use]
    pub fn watch(&self) -> Steps {
        Steps(self.0.live.subscribe())
    }

    /// The latest steps, and the steps from now on, without a gap between them.
    #[must_use]
    pub fn history_and_watch(&self) -> (Vec<Arc<Step>>, Steps) {
        let history = self.lock();
        (history.steps.iter().cloned().collect(), self.watch())
    }

    /// The time by the pipeline's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    pub(crate) fn append(&self, event: Option<EventId>, kind: StepKind) {
        let (time, elapsed) = (self.0.clock.now(), self.0.clock.elapsed());
        let mut history = self.lock();

        let step = Arc::new(Step {
            number: history.next_number,
            time,
            elapsed,
            event,
            kind,
        });
        history.next_number += 1;

        for observer in &self.0.observers {
            observer(&step);
        }

        if history.steps.len() == history.capacity {
            history.steps.pop_front();
        }

        history.steps.push_back(Arc::clone(&step));
        // Sent under the lock, so that everyone sees the same order. An error means that nobody is
        // watching.
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
            .field("steps", &self.lock().next_number)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// Waits for the next step. `None` when the pipeline no longer exists.
    ///
    /// A reader that is too slow misses steps. The gap shows in [`Step::number`].
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
        f.debug_struct("Steps").finish_non_exhaustive()
    }
}
