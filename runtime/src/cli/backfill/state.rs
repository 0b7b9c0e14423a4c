//! The settings of a backfill, and how far it is.

use std::collections::BTreeMap;

use super::attempts::Attempts;
use crate::cli::catch_up::SourceError;
use crate::cli::catch_up::progress::{Display, Record, ResumeFile, Window};
use crate::cli::catch_up::selection::Reason;

/// What does not change in a run.
pub(super) struct Settings {
    pub(super) bucket: String,
    /// How many events are begun at most.
    pub(super) limit: Option<u64>,
    /// Whether the events of a key belong together, for a FIFO queue.
    pub(super) has_groups: bool,
    pub(super) resume: Option<ResumeFile>,
    /// How many events a run that goes on after a kill repeats at most.
    pub(super) most_at_stake: u64,
    /// Whether events that failed are printed here.
    pub(super) prints_failures: bool,
    /// How often an event is tried.
    pub(super) attempts: u64,
    pub(super) display: Display,
}

/// How far a backfill is.
pub(super) struct State {
    pub(super) window: Window,
    pub(super) attempts: Attempts,
    /// The feed gives nothing more.
    pub(super) has_ended: bool,
    /// How many events were begun in this run.
    pub(super) begun: u64,
    pub(super) left_out: BTreeMap<Reason, u64>,
    /// How many objects an earlier run had settled behind its position.
    pub(super) settled_before: u64,
    pub(super) is_stopping: bool,
    /// How often the resume file was written.
    pub(super) writes: u64,
    /// Why the source cannot be read further, until somebody hears of it.
    pub(super) error: Option<SourceError>,
    /// Why the resume file cannot be written.
    pub(super) unwritable: Option<String>,
}

impl State {
    pub(super) fn new(from: &Record, attempts: u64) -> Self {
        Self {
            window: Window::new(from),
            attempts: Attempts::new(attempts),
            has_ended: false,
            begun: 0,
            left_out: BTreeMap::new(),
            settled_before: 0,
            is_stopping: false,
            writes: 0,
            error: None,
            unwritable: None,
        }
    }

    /// Whether no object was seen so far, not even one to leave out.
    pub(super) fn saw_nothing(&self) -> bool {
        self.begun == 0 && self.left_out.is_empty() && self.settled_before == 0
    }

    /// How many objects were left out so far, and why: `17 not routed, 3 absent`.
    pub(super) fn left_out_text(&self) -> String {
        let counts = self.left_out.iter();
        let mut counts: Vec<_> = counts
            .map(|(reason, count)| format!("{count} {}", reason.counted()))
            .collect();
        if self.settled_before > 0 {
            counts.push(format!("{} done before", self.settled_before));
        }

        counts.join(", ")
    }
}
