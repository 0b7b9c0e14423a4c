//! Lets the records of one key take turns, where several lanes have the key.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::dispatch::schedule::SharedKeys;

/// Whose turn it is, for each key that several lanes of a FIFO queue share.
///
/// A lane that waits for its turn runs no handler, so it must not keep another lane from running
/// one. Therefore every lane has a worker of its own then, and the running handlers are counted
/// here.
pub(super) struct KeyTurns<'k> {
    keys: &'k SharedKeys,
    states: Mutex<Vec<KeyState>>,
    ended: Notify,
    handlers: Semaphore,
}

#[derive(Clone, Copy, Default)]
struct KeyState {
    is_running: bool,
    has_failed: bool,
}

/// The turn of one record. Dropping it ends the turn.
pub(super) struct Turn<'t> {
    /// `None` if no other lane has the record's key.
    key: Option<KeyTurn<'t>>,
    _handler: Option<SemaphorePermit<'t>>,
}

struct KeyTurn<'t> {
    turns: &'t KeyTurns<'t>,
    key: usize,
}

impl<'k> KeyTurns<'k> {
    /// `concurrency` is how many handlers may run at once.
    pub(super) fn new(keys: &'k SharedKeys, concurrency: usize) -> Self {
        Self {
            keys,
            states: Mutex::new(vec![KeyState::default(); keys.len()]),
            ended: Notify::new(),
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
            Some(key) => Some(self.take_key(key).await),
            None => None,
        };

        Turn {
            key,
            // An error means that the semaphore is closed, which it never is.
            _handler: self.handlers.acquire().await.ok(),
        }
    }

    async fn take_key(&self, key: usize) -> KeyTurn<'_> {
        loop {
            let ended = self.ended.notified();
            if !std::mem::replace(&mut self.states()[key].is_running, true) {
                return KeyTurn { turns: self, key };
            }

            ended.await;
        }
    }

    fn states(&self) -> MutexGuard<'_, Vec<KeyState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Returns whether a record of the same key has failed, in any lane.
    pub(super) fn follows_a_failure(&self) -> bool {
        self.key
            .as_ref()
            .is_some_and(|key| key.turns.states()[key.key].has_failed)
    }

    /// Notes that the record has failed.
    pub(super) fn note_failure(&self) {
        if let Some(key) = &self.key {
            key.turns.states()[key.key].has_failed = true;
        }
    }
}

impl Drop for KeyTurn<'_> {
    fn drop(&mut self) {
        self.turns.states()[self.key].is_running = false;
        self.turns.ended.notify_waiters();
    }
}
