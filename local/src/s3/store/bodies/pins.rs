//! Files that are being read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files that are being read. One that is discarded meanwhile stays until its last reader ends.
#[derive(Debug, Default)]
pub(super) struct Pins(Mutex<HashMap<u64, Pinned>>);

#[derive(Debug, Default)]
struct Pinned {
    readers: usize,
    /// The path of the file, if it is discarded.
    discarded: Option<PathBuf>,
}

/// Keeps files as long as it lives.
#[derive(Debug)]
pub(in crate::s3) struct Pin {
    pins: Arc<Pins>,
    files: Vec<u64>,
}

impl Pins {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Pinned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pin(self: &Arc<Self>, files: Vec<u64>) -> Pin {
        if !files.is_empty() {
            let mut pinned = self.lock();
            for file in &files {
                pinned.entry(*file).or_default().readers += 1;
            }
        }

        Pin {
            pins: Arc::clone(self),
            files,
        }
    }

    /// Removes a file, as soon as nobody reads it.
    pub(super) fn discard(&self, file: u64, path: PathBuf) {
        match self.lock().get_mut(&file) {
            Some(pinned) => pinned.discarded = Some(path),
            None => remove(path),
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if self.files.is_empty() {
            return;
        }

        let mut pinned = self.pins.lock();
        for file in self.files.drain(..) {
            let Some(entry) = pinned.get_mut(&file) else {
                continue;
            };

            entry.readers -= 1;
            if entry.readers == 0 {
                let discarded = pinned.remove(&file).and_then(|entry| entry.discarded);
                discarded.into_iter().for_each(remove);
            }
        }
    }
}

fn remove(path: PathBuf) {
    // If this fails, the file is removed at the next start.
    drop(std::fs::remove_file(path));
}
