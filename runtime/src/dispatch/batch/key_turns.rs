//! Lets the records of one key take turns, where several lanes have the key.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::dispatch::schedule::SharedKeys;

/// Whose turn it is, for each key that several lanes of a FIFO queue share.
///
/// A lane that waits for its turn runs no handler, so it must not keep another lane from running
/// one. Therefore every lane has a worker of its own then, and the running handlers are counted
/// here.
pub(super) struct KeyTurns<'k> {
    keys: &'k SharedKeys,
    states: Vec<KeyState>,
    handlers: Semaphore,
}

struct KeyState {
    /// Its one permit is the turn. The end of a turn wakes only the lane that waits longest.
    turn: Semaphore,
    has_failed: AtomicBool,
}

/// The turn of one record. Dropping it ends the turn.
pub(super) struct Turn<'t> {
    /// `None` if no other lane has the record's key.
    key: Option<KeyTurn<'t>>,
    _handler: Option<SemaphorePermit<'t>>,
}

struct KeyTurn<'t> {
    state: &'t KeyState,
    _turn: Option<SemaphorePermit<'t>>,
}

impl<'k> KeyTurns<'k> {
    /// `concurrency` is how many handlers may run at once.
    pub(super) fn new(keys: &'k SharedKeys, concurrency: usize) -> Self {
        let state = || KeyState {
            turn: Semaphore::new(1),
            has_failed: AtomicBool::new(false),
        };

        Self {
            keys,
            states: std::iter::repeat_with(state).take(keys.len()).collect(),
            handlers: Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Returns whether lanes share keys. Otherwise nothing ever waits here.
    pub(super) fn are_needed(&self) -> bool {
        self.keys.len() > 0
    }

    /// Waits until no other record of the same key runs, and another handler may run.
    ///
    /// A lane has at most one turn at a time, so lanes never wait for each other in a circle.
    pub(super) async fn take(&self, record: usize) -> Turn<'_> {
        let key = match self.keys.of_record(record) {
            Some(key) => {
                let state = &self.states[key];
                let _turn = permit(&state.turn).await;
                Some(KeyTurn { state, _turn })
            }
            None => None,
        };

        Turn {
            key,
            _handler: permit(&self.handlers).await,
        }
    }
}

/// Waits for a permit. It is `None` only for a semaphore that is closed, and none of these ever is.
async fn permit(semaphore: &Semaphore) -> Option<SemaphorePermit<'_>> {
    semaphore.acquire().await.ok()
}

impl Turn<'_> {
    /// Returns whether a record of the same key has failed, in any lane.
    pub(super) fn follows_a_failure(&self) -> bool {
        let key = self.key.as_ref();
        key.is_some_and(|key| key.state.has_failed.load(Ordering::Relaxed))
    }

    /// Notes that the record has failed.
    pub(super) fn note_failure(&self) {
        if let Some(key) = &self.key {
            key.state.has_failed.store(true, Ordering::Relaxed);
        }
    }
}
