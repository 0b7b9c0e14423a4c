//! What became of all messages of a command, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of the messages of a command so far, and of their records.
#[derive(Debug, Default)]
pub(in crate::cli) struct Tally(Mutex<Counts>);

/// The counts of a command.
///
/// Displayed as `3 handled, 2 skipped (duplicate 1, unrouted 1), 1 failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct Counts {
    /// How many records a handler processed successfully.
    pub(in crate::cli) handled: u64,
    /// How many records were skipped, by the name of the reason.
    pub(in crate::cli) skipped: BTreeMap<&'static str, u64>,
    /// How many messages failed.
    pub(in crate::cli) failed: u64,
    /// How many messages a queue has taken.
    pub(in crate::cli) sent: u64,
    /// How many messages were not tried, or stopped before they had ended.
    pub(in crate::cli) left: u64,
    /// How many messages were left out, because a filter does not let them pass.
    pub(in crate::cli) filtered: u64,
    /// How many messages were shown that would be replayed.
    pub(in crate::cli) shown: u64,
    /// How many messages, lines or files cannot be read.
    pub(in crate::cli) unreadable: u64,
}

impl Tally {
    /// Changes the counts.
    pub(in crate::cli) fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts());
    }

    /// The counts so far.
    pub(in crate::cli) fn so_far(&self) -> Counts {
        self.counts().clone()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Whether nothing failed, could not be read, or was left undone.
    pub(in crate::cli) fn is_success(&self) -> bool {
        self.failed == 0 && self.left == 0 && self.unreadable == 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} handled", self.handled)?;

        let skipped: u64 = self.skipped.values().sum();
        write!(f, ", {skipped} skipped")?;
        for (index, (reason, count)) in self.skipped.iter().enumerate() {
            let before = if index == 0 { " (" } else { ", " };
            write!(f, "{before}{reason} {count}")?;
        }
        if !self.skipped.is_empty() {
            f.write_str(")")?;
        }

        write!(f, ", {} failed", self.failed)?;
        for (count, what) in [
            (self.sent, "sent"),
            (self.left, "left"),
            (self.shown, "would be replayed"),
            (self.filtered, "left out"),
            (self.unreadable, "unreadable"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }

        Ok(())
    }
}
