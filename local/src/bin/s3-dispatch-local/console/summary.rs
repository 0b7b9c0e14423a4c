//! What the console prints when more happens than anyone can read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::step_line::{StepLine, Tone};

/// How many lines of one kind are printed in a second. A kind that has had more is summed up until
/// it has had fewer for a whole second.
const MAX_LINES: u32 = 20;

/// The same for the output of functions, of which one event may cause many lines.
const MAX_LOG_LINES: u32 = 100;

/// How many failures and faults of one kind are printed in a second, however many there are.
const MAX_FAILURES: u32 = 50;

/// Decides which lines are printed, and counts the others.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The second that is counted, from the start of the pipeline.
    second: u64,
    kinds: BTreeMap<(&'static str, bool), Kind>,
}

/// The lines of one kind in one second.
#[derive(Debug, Default)]
struct Kind {
    printed: u32,
    left_out: u32,
    /// Whether there were too many in the second before.
    was_busy: bool,
}

impl Summary {
    /// Begins the second of this time, if it is another one. Returns the sums of the last one.
    pub(super) fn begin(&mut self, elapsed: Duration) -> Vec<String> {
        if elapsed.as_secs() == self.second {
            return Vec::new();
        }

        let is_next = elapsed.as_secs() == self.second + 1;
        let sums = self.end();
        self.second = elapsed.as_secs();
        if !is_next {
            self.kinds.clear();
        }

        sums
    }

    /// Ends the second that is counted. Returns a line for each kind of which lines were left out.
    pub(super) fn end(&mut self) -> Vec<String> {
        let mut sums = Vec::new();

        for ((what, is_failure), kind) in &mut self.kinds {
            let (printed, left_out) = (kind.printed, kind.left_out);
            let limit = limit(what, *is_failure);
            *kind = Kind {
                was_busy: printed + left_out > limit,
                ..Kind::default()
            };

            match (printed, left_out) {
                (_, 0) => {}
                (0, all) => sums.push(format!("{what:<12} {all} in this second")),
                (_, more) => sums.push(format!("{what:<12} and {more} more in this second")),
            }
        }
        self.kinds.retain(|_, kind| kind.was_busy);

        sums
    }

    /// Whether lines have been left out that no sum has counted yet.
    pub(super) fn has_left_out(&self) -> bool {
        self.kinds.values().any(|kind| kind.left_out > 0)
    }

    /// Whether this line is printed.
    pub(super) fn prints(&mut self, line: &StepLine) -> bool {
        let is_failure = matches!(line.tone, Tone::Failed | Tone::Warning);
        let kind = self.kinds.entry((line.what, is_failure)).or_default();
        let is_summed_up = kind.was_busy && !is_failure;

        if is_summed_up || kind.printed >= limit(line.what, is_failure) {
            kind.left_out += 1;
            return false;
        }

        kind.printed += 1;
        true
    }
}

fn limit(what: &str, is_failure: bool) -> u32 {
    match what {
        _ if is_failure => MAX_FAILURES,
        "log" => MAX_LOG_LINES,
        _ => MAX_LINES,
    }
}
