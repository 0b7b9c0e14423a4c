//! What a worker did, from its start to its end.

use crate::BatchReport;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics::worker as metrics;

/// What a [`Worker`](crate::Worker) did, from its start to its end.
///
/// Every message that was received is counted once: as deleted, returned, handed back or lost.
///
/// # Examples
///
/// ```
/// use s3_dispatch::worker::WorkerReport;
///
/// fn summary(report: &WorkerReport) -> String {
///     format!("{} of {} messages done", report.deleted(), report.received())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct WorkerReport {
    pub(super) received: u64,
    pub(super) deleted: u64,
    pub(super) returned: u64,
    pub(super) handed_back: u64,
    pub(super) lost: u64,
    pub(super) handled: u64,
    pub(super) skipped: u64,
    pub(super) dead_letters: u64,
    pub(super) failed: u64,
}

impl WorkerReport {
    /// Returns how many messages were received.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns how many messages succeeded and were deleted.
    #[must_use]
    pub fn deleted(&self) -> u64 {
        self.deleted
    }

    /// Returns how many messages failed, and come again when the backoff says, after their
    /// `retry_after`, or when their visibility timeout ends.
    #[must_use]
    pub fn returned(&self) -> u64 {
        self.returned
    }

    /// Returns how many messages were handed back before they had ended, because no handler had
    /// begun with them, because one before them in their group failed, or because the drain time
    /// was over.
    #[must_use]
    pub fn handed_back(&self) -> u64 {
        self.handed_back
    }

    /// Returns how many messages were not ours anymore before they ended, succeeded but could not
    /// be deleted, or still ran when the worker ended. Each of them may come again.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Returns how many records a handler processed successfully.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// Returns how many records were skipped: by a router or a handler, or because no route
    /// matches.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns how many records failed permanently and are stored by the dead-letter sink.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters
    }

    /// Returns how many records failed or were not reached.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Notes that a receive which asked for this many messages has brought this many.
    pub(super) fn note_received(&mut self, asked: usize, messages: usize) {
        self.received += messages as u64;
        #[cfg(feature = "metrics")]
        metrics::received(asked, messages);
        #[cfg(not(feature = "metrics"))]
        let _ = asked;
    }

    /// Notes how many messages a call has deleted, and how many not.
    pub(super) fn note_deleted(&mut self, deleted: usize, failed: usize) {
        self.deleted += deleted as u64;
        #[cfg(feature = "metrics")]
        metrics::deleted(deleted, failed);
        #[cfg(not(feature = "metrics"))]
        let _ = failed;
    }

    pub(super) fn note_returned(&mut self) {
        self.returned += 1;
    }

    pub(super) fn note_handed_back(&mut self) {
        self.handed_back += 1;
        #[cfg(feature = "metrics")]
        metrics::handed_back(1);
    }

    /// Notes that a message is not ours anymore.
    pub(super) fn note_lost(&mut self) {
        self.lost += 1;
        #[cfg(feature = "metrics")]
        metrics::lease_lost();
    }

    /// Notes that a message succeeded and could not be deleted, or could not be stopped in time.
    pub(super) fn note_not_deleted(&mut self) {
        self.lost += 1;
    }

    /// Adds the records of a receive whose messages have all ended.
    pub(super) fn add(&mut self, batch: &BatchReport) {
        self.handled += batch.handled() as u64;
        self.skipped += batch.skipped() as u64;
        self.dead_letters += batch.dead_letters() as u64;
        self.failed += batch.failed() as u64;
    }
}
