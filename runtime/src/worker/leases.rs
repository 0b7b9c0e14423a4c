//! How long each message that a worker holds is its own.

use std::collections::BTreeMap;
use std::time::Duration;

use s3_dispatch_core::MessageContext;
use s3_dispatch_core::delivery::Message;
use tokio::time::Instant;

use crate::worker::batch::{Batch, LeaseId};

/// A message cannot be hidden for longer than this after its receive ("Amazon SQS visibility
/// timeout", Amazon SQS Developer Guide, 2026).
pub(super) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// The messages that a worker holds, from their receive until their end at the queue.
///
/// All times are those of our own clock. A lease begins when the receive was *sent*, so it ends
/// here before it ends at the queue.
#[derive(Default)]
pub(super) struct Leases {
    leases: BTreeMap<LeaseId, Lease>,
    next: LeaseId,
    /// No lease needs anything before this time.
    quiet_until: Option<Instant>,
    /// How many messages are kept apart and have ended here, but not yet at the queue.
    ending_apart: usize,
}

/// A message that a worker holds.
pub(super) struct Lease {
    pub(super) batch: Batch,
    /// The message's place in its batch.
    pub(super) index: usize,
    /// The number that the engine gave to the batch. `None` if it does not have it.
    pub(super) admission: Option<usize>,
    /// When the receive was sent.
    pub(super) received: Instant,
    /// Until when no other worker gets the message.
    pub(super) ends: Instant,
    /// When to ask for more time. `None` while the answer is awaited, and when there is no more.
    extend_at: Option<Instant>,
    /// It came back without an answer, so it is kept apart.
    pub(super) is_apart: bool,
    /// What became of the message, once that is known.
    end: Option<End>,
    /// It is not ours anymore. Only the answer of a deletion is awaited, which may have been first.
    is_given_up: bool,
}

/// What a worker tells the queue about a message in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It has succeeded. This many deletions have failed, and one may be under way.
    Delete { failures: u32, is_asked: bool },
    /// It is handed back untouched, once that is of use. Until then it is held.
    HandBack,
    /// It becomes visible after this time.
    Return(Duration),
    /// The backoff of the dispatcher decides when it becomes visible.
    Postpone,
}

impl Lease {
    pub(super) fn message(&self) -> &Message {
        &self.batch.messages()[self.index]
    }

    pub(super) fn context(&self) -> &MessageContext {
        &self.message().context
    }

    /// The last time until which the message can be held.
    fn limit(&self) -> Instant {
        self.received + LONGEST
    }

    /// Returns what became of the message, once that is known.
    pub(super) fn end(&self) -> Option<End> {
        self.end
    }

    /// Returns whether a deletion is under way.
    pub(super) fn is_being_deleted(&self) -> bool {
        matches!(self.end, Some(End::Delete { is_asked: true, .. }))
    }

    /// Returns whether only the answer of a deletion is awaited.
    pub(super) fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// Returns whether more time is of use. Once its return was asked for, it would delay that.
    fn is_extendable(&self) -> bool {
        !self.is_given_up && !matches!(self.end, Some(End::Return(_) | End::Postpone))
    }

    /// Returns whether a lease that ends at this time cannot be extended. Queues count whole
    /// seconds, so it need not end exactly at the limit.
    fn reaches_limit(&self, end: Instant) -> bool {
        end + Duration::from_secs(1) > self.limit()
    }

    /// Shortens a time for which the message is to be hidden from now on, so that the queue does
    /// not refuse it. Queues round up to whole seconds.
    pub(super) fn at_most(&self, time: Duration) -> Duration {
        let most = self.limit().saturating_duration_since(Instant::now());
        if rounded_up(time) <= most {
            return time;
        }

        Duration::from_secs(most.as_secs())
    }

    /// Returns for how long to hide the message if it is extended now. `None` if that would not be
    /// longer than it is hidden already.
    fn extension(&self, visibility: Duration) -> Option<Duration> {
        let time = self.at_most(visibility);
        (Instant::now() + time > self.ends).then_some(time)
    }
}

impl Leases {
    /// Reserves numbers for the messages of a batch, and returns the first.
    pub(super) fn reserve(&mut self, messages: usize) -> LeaseId {
        let first = self.next;
        self.next += messages as LeaseId;

        first
    }

    /// Adds a lease of a message, which was received for this long.
    pub(super) fn add(
        &mut self,
        batch: &Batch,
        index: usize,
        received: Instant,
        visibility: Duration,
        is_apart: bool,
    ) {
        let extend_at = received + visibility / 2;
        self.be_quiet_until(extend_at);
        let lease = Lease {
            batch: batch.clone(),
            index,
            admission: None,
            received,
            ends: received + visibility,
            extend_at: Some(extend_at),
            is_apart,
            end: None,
            is_given_up: false,
        };
        self.leases.insert(batch.lease(index), lease);
    }

    /// Notes that the engine has a batch, and under which number.
    pub(super) fn note_admission(&mut self, batch: &Batch, admission: usize) {
        for (_, lease) in self.leases.range_mut(batch.leases()) {
            lease.admission = Some(admission);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    pub(super) fn get(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.get(&id)
    }

    pub(super) fn remove(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.leases.remove(&id)?;
        let is_ending_apart = lease.is_apart && lease.end.is_some();
        self.ending_apart -= usize::from(is_ending_apart);

        Some(lease)
    }

    /// Notes what became of a message.
    pub(super) fn set_end(&mut self, id: LeaseId, end: End) {
        if let Some(lease) = self.leases.get_mut(&id) {
            let is_first = lease.end.replace(end).is_none();
            if !lease.is_extendable() {
                lease.extend_at = None;
            }
            self.ending_apart += usize::from(lease.is_apart && is_first);
        }
    }

    /// Notes that a deletion of the message is under way.
    pub(super) fn note_asked(&mut self, id: LeaseId) {
        let lease = self.leases.get_mut(&id);
        if let Some(End::Delete { is_asked, .. }) = lease.and_then(|lease| lease.end.as_mut()) {
            *is_asked = true;
        }
    }

    /// Gives up a message that is being deleted, once that has its answer.
    pub(super) fn give_up(&mut self, id: LeaseId) {
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.is_given_up = true;
            lease.extend_at = None;
        }
    }

    pub(super) fn ids(&self) -> Vec<LeaseId> {
        self.leases.keys().copied().collect()
    }

    /// Returns how many messages are kept apart and have ended here, but not yet at the queue.
    pub(super) fn ending_apart(&self) -> usize {
        self.ending_apart
    }

    /// Takes the leases for which more time is to be asked now, with the time to ask for.
    ///
    /// If one is due, those that are due soon come along, so that calls are full.
    pub(super) fn due(&mut self, visibility: Duration) -> Vec<(LeaseId, Duration)> {
        let now = Instant::now();
        let is_due = |at: Option<Instant>, by: Instant| at.is_some_and(|at| at <= by);
        if !self
            .leases
            .values()
            .any(|lease| is_due(lease.extend_at, now))
        {
            return Vec::new();
        }

        let soon = now + visibility / 10;
        let due = self.leases.iter_mut();
        let due = due.filter(|(_, lease)| is_due(lease.extend_at, soon));
        due.filter_map(|(id, lease)| {
            lease.extend_at = None;
            Some((*id, lease.extension(visibility)?))
        })
        .collect()
    }

    /// Notes that the queue has extended a lease, with a call that was sent at this time.
    pub(super) fn extended(&mut self, id: LeaseId, sent: Instant, time: Duration) {
        let Some(lease) = self.leases.get_mut(&id) else {
            return;
        };

        lease.ends = sent + time;
        let last_moment = last_moment(lease.ends, time);
        // The last extension reaches up to the limit.
        let is_last = lease.reaches_limit(lease.ends) || !lease.is_extendable();
        lease.extend_at = (!is_last).then_some(sent + time / 2);
        let next = lease.extend_at.unwrap_or(last_moment);
        self.be_quiet_until(next);
    }

    /// Notes that an extension failed, and may succeed if it is tried again.
    pub(super) fn not_extended(&mut self, id: LeaseId) {
        let lease = self.leases.get_mut(&id);
        if let Some(lease) = lease.filter(|lease| lease.is_extendable()) {
            let now = Instant::now();
            let rest = lease.ends.saturating_duration_since(now);
            let next = now + rest / 4;
            lease.extend_at = Some(next);
            self.be_quiet_until(next);
        }
    }

    /// Returns the leases that are over, or so nearly over that their handlers must stop.
    pub(super) fn over(&self, visibility: Duration) -> Vec<LeaseId> {
        let now = Instant::now();
        let over = self.leases.iter().filter(|(_, lease)| !lease.is_given_up);
        let over = over.filter(|(_, lease)| last_moment(lease.ends, visibility) <= now);

        over.map(|(id, _)| *id).collect()
    }

    /// When [`due`](Self::due) or [`over`](Self::over) may return something next.
    pub(super) fn next_time(&self) -> Option<Instant> {
        self.quiet_until
    }

    /// Finds out anew when a lease needs something next.
    pub(super) fn look(&mut self, visibility: Duration) {
        let leases = self.leases.values().filter(|lease| !lease.is_given_up);
        let times = leases.map(|lease| {
            let over = last_moment(lease.ends, visibility);
            lease.extend_at.map_or(over, |at| at.min(over))
        });
        self.quiet_until = times.min();
    }

    fn be_quiet_until(&mut self, time: Instant) {
        self.quiet_until = Some(self.quiet_until.map_or(time, |quiet| quiet.min(time)));
    }
}

fn rounded_up(time: Duration) -> Duration {
    let seconds = time.as_secs();
    Duration::from_secs(seconds.saturating_add(u64::from(time.subsec_nanos() > 0)))
}

/// When handlers must stop whose lease ends at this time: a little before, because stopping takes
/// time too.
fn last_moment(ends: Instant, visibility: Duration) -> Instant {
    const LEAD: Duration = Duration::from_secs(1);

    ends.checked_sub(LEAD.min(visibility / 10)).unwrap_or(ends)
}
