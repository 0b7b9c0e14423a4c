//! What an audit found, counted.

use std::fmt;

/// What became of the objects of a listing.
///
/// Displayed as `9,500 of 10,000 objects handled, 500 missing`.
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

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            compared,
            handled,
            missing,
            ..
        } = self;
        write!(
            f,
            "{handled} of {compared} objects handled, {missing} missing"
        )?;

        for (count, what) in [
            (self.gone, "overwritten or removed meanwhile"),
            (self.unknown, "of which nothing can be remembered"),
            (self.too_new, "too new"),
            (self.too_old, "older than what is remembered"),
            (self.left_out, "not asked for or not routed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }

        Ok(())
    }
}
