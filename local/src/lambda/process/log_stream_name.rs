//! The log streams of a function's processes.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gives each process the name of a log stream.
///
/// Lambda has one log stream per execution environment, and starts a crashed process again in the
/// same one. Here a new process takes the name that an ended one has left, so the names tell
/// environments apart and outlive processes.
#[derive(Debug)]
pub(super) struct LogStreamNames {
    /// Tells functions apart that have the same name in different pipelines.
    function: u64,
    taken: Arc<Mutex<BTreeSet<u64>>>,
}

/// The log stream of one process. Dropping it leaves its name to another one.
#[derive(Debug)]
pub(super) struct LogStreamName {
    function: u64,
    number: u64,
    taken: Arc<Mutex<BTreeSet<u64>>>,
}

impl LogStreamNames {
    pub(super) fn new() -> Self {
        Self {
            function: RandomState::new().hash_one("function"),
            taken: Arc::default(),
        }
    }

    /// Takes the name with the lowest number that no running process has.
    pub(super) fn take(&self) -> LogStreamName {
        let mut taken = lock(&self.taken);
        let number = (0..)
            .find(|number| !taken.contains(number))
            .unwrap_or_default();
        taken.insert(number);

        LogStreamName {
            function: self.function,
            number,
            taken: Arc::clone(&self.taken),
        }
    }
}

impl LogStreamName {
    /// The name: 32 hexadecimal digits after a date and the version, which are not real here.
    pub(super) fn to_text(&self) -> String {
        format!("local/[$LATEST]{:016x}{:016x}", self.function, self.number)
    }
}

impl Drop for LogStreamName {
    fn drop(&mut self) {
        lock(&self.taken).remove(&self.number);
    }
}

fn lock(taken: &Mutex<BTreeSet<u64>>) -> MutexGuard<'_, BTreeSet<u64>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
