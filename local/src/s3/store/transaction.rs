//! Several changes and their events, which take effect together or not at all.

use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

use super::bodies::StoredBody;
use super::change::{StoreChange, unused_bodies};
use super::index::StoreIndex;
use crate::aws::sequencer::{Sequencers, sequencer};
use crate::s3::event::ObjectEvent;
use crate::topology::BucketSpec;

/// Changes of the buckets, and the events that S3 sends for them.
///
/// The index changes at once, so that each change sees those before it.
#[derive(Debug)]
pub(crate) struct Transaction<'s> {
    index: &'s mut StoreIndex,
    sequencers: &'s mut Sequencers,
    now: SystemTime,
    /// The id of the request that makes the changes, if a client makes them.
    request: Option<Arc<str>>,
    /// The trace header of the invocation that makes the changes, if one does.
    trace_header: Option<Arc<str>>,
    changed: Changed,
}

/// What a transaction has changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    changes: Vec<StoreChange>,
    /// The old value of each change.
    old: Vec<StoreChange>,
    pub(crate) events: Vec<ObjectEvent>,
    /// What buckets publish from now on.
    pub(crate) published: Vec<(Arc<BucketSpec>, SendTest)>,
}

/// Whether S3 sends a test notification to each destination of a new configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendTest {
    Yes,
    No,
}

impl<'s> Transaction<'s> {
    pub(crate) fn new(
        index: &'s mut StoreIndex,
        sequencers: &'s mut Sequencers,
        now: SystemTime,
    ) -> Self {
        Self {
            index,
            sequencers,
            now,
            request: None,
            trace_header: None,
            changed: Changed::default(),
        }
    }

    /// What has changed so far.
    pub(crate) fn finish(self) -> Changed {
        self.changed
    }

    /// Sets the id of the request that makes the changes, and the trace header of the invocation
    /// that sends it, if one does.
    pub(in crate::s3) fn set_request(&mut self, id: &str, trace_header: Option<Arc<str>>) {
        self.request = Some(id.into());
        self.trace_header = trace_header;
    }

    pub(super) fn now(&self) -> SystemTime {
        self.now
    }

    /// A number that is greater than all earlier ones, and its sequencer.
    pub(super) fn next_number(&mut self) -> (u64, String) {
        let number = self.sequencers.next_number(self.now);
        (number, sequencer(number))
    }

    pub(super) fn set(&mut self, change: StoreChange) {
        self.changed.old.push(self.index.assign(change.clone()));
        self.changed.changes.push(change);
    }

    pub(super) fn publish(&mut self, mut event: ObjectEvent) {
        event.request_id = self.request.as_deref().map(str::to_owned);
        event.trace_header = self.trace_header.as_deref().map(str::to_owned);
        self.changed.events.push(event);
    }

    /// Says what a bucket publishes from now on.
    pub(super) fn announce(&mut self, spec: Arc<BucketSpec>, test: SendTest) {
        self.changed.published.push((spec, test));
    }
}

impl Deref for Transaction<'_> {
    type Target = StoreIndex;

    fn deref(&self) -> &StoreIndex {
        self.index
    }
}

impl Changed {
    /// The changes, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &StoreChange> {
        self.changes.iter()
    }

    /// Whether nothing has changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Makes the index what it was before.
    pub(crate) fn undo(self, index: &mut StoreIndex) {
        for old in self.old.into_iter().rev() {
            index.assign(old);
        }
    }

    /// The bodies that nothing needs any more.
    pub(crate) fn unused_bodies(&self) -> StoredBody {
        unused_bodies(&self.old, &self.changes)
    }
}
