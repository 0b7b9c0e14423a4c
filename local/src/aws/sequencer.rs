//! The sequencers that S3 gives to events.

use std::time::SystemTime;

use super::time::nanoseconds;

/// Makes sequencers that only grow.
///
/// A sequencer is the number of nanoseconds since the Unix epoch, or one more than the previous
/// sequencer if the clock has not moved: `0018A3F2C1D4E5F600`, 18 hexadecimal digits.
#[derive(Debug, Default)]
pub(crate) struct Sequencers {
    last: u64,
}

impl Sequencers {
    /// Returns a sequencer that is greater than all earlier ones.
    pub(crate) fn next(&mut self, now: SystemTime) -> String {
        sequencer(self.next_number(now))
    }

    /// Returns the number of the next sequencer.
    pub(crate) fn next_number(&mut self, now: SystemTime) -> u64 {
        self.last = nanoseconds(now).max(self.last + 1);
        self.last
    }

    /// The last sequencer as a number; 0 if there was none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Makes every later sequencer greater than this number.
    pub(crate) fn continue_after(&mut self, last: u64) {
        self.last = self.last.max(last);
    }
}

/// The sequencer with this number.
pub(crate) fn sequencer(number: u64) -> String {
    format!("{number:018X}")
}
