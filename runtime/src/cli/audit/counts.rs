//! What an audit found, counted.

use std::fmt;

use super::options::Grace;

/// What became of the objects of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// The objects that were compared with what was handled.
    pub(super) compared: u64,
    pub(super) handled: u64,
    pub(super) missing: u64,
    /// The objects that were found missing, and were overwritten or removed before the end. What
    /// followed has events of its own.
    pub(super) gone: u64,
    /// The objects whose states are never remembered.
    pub(super) unknown: u64,
    /// The objects whose events may be under way.
    pub(super) too_new: u64,
    /// The objects whose states would be forgotten, even if they had been handled.
    pub(super) too_old: u64,
    /// The objects that are not asked for, or that no route takes.
    pub(super) left_out: u64,
}

/// Counts as people read them: `9500 of 10000 objects handled, 500 missing, 2 too new (younger than
/// 15 min; `--grace 0s` counts them)`.
pub(super) struct Summary<'c> {
    pub(super) counts: &'c Counts,
    pub(super) grace: &'c Grace,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts;
        write!(
            f,
            "{} of {} objects handled, {} missing",
            counts.handled, counts.compared, counts.missing
        )?;

        let too_new = format!(
            "too new (younger than {}; `--grace 0s` counts them)",
            self.grace
        );
        for (count, what) in [
            (counts.gone, "overwritten or removed meanwhile"),
            (counts.unknown, "of which nothing can be remembered"),
            (counts.too_new, &*too_new),
            (counts.too_old, "older than what is remembered"),
            (counts.left_out, "not asked for or not routed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }

        Ok(())
    }
}
