//! Whether the programs are up to date, for the page.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::failure::Failure;

/// Whether the programs that run are up to date. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct BuildStatus(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    /// Nothing is built while the pipeline runs.
    Fixed,
    Current,
    Building,
    Failed(String),
}

impl BuildStatus {
    /// The status of programs that have just been built, and are built again if they are watched.
    pub(crate) fn new(is_watched: bool) -> Self {
        let state = match is_watched {
            true => State::Current,
            false => State::Fixed,
        };

        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn set_current(&self) {
        self.set(State::Current);
    }

    pub(super) fn set_building(&self) {
        self.set(State::Building);
    }

    pub(super) fn set_failed(&self, failure: &Failure) {
        self.set(State::Failed(failure.whole()));
    }

    /// ```json
    /// {"state": "failed", "text": "error: expected `;`"}
    /// ```
    ///
    /// Null if nothing is built while the pipeline runs.
    pub(crate) fn to_json(&self) -> Value {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Fixed => Value::Null,
            State::Current => json!({"state": "current", "text": ""}),
            State::Building => json!({"state": "building", "text": ""}),
            State::Failed(text) => json!({"state": "failed", "text": text}),
        }
    }

    fn set(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
