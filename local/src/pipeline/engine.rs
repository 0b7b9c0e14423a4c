//! The engine: the state of a pipeline, and everything that may change it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use s3_dispatch::__private::with_causes;
use tokio::sync::watch;

use super::injection::FaultSite;
use super::log::PendingSync;
use super::state::PipelineState;
use crate::Error;
use crate::aws::traces::Traces;
use crate::fan_out::event_bus::Rule;
use crate::fan_out::topic::Topic;
use crate::faults::chance::Chance;
use crate::faults::{Fault, Faults, Hop};
use crate::journal::clock::Clock;
use crate::journal::{Journal, StepKind};
use crate::s3::Changed;
use crate::topology::Topology;

/// The state of a pipeline, its clock, its faults and its journal.
///
/// Mappings and the transit task change the state only through the engine, which writes each change
/// to disk and wakes everyone who waits for one.
pub(crate) struct Engine {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    /// The seed of all ids.
    pub(crate) seed: u64,
    /// Which invocations send requests.
    pub(crate) traces: Traces,
    faults: RwLock<Arc<Faults>>,
    pub(super) topics: Vec<Topic>,
    /// The rules of EventBridge.
    pub(super) rules: Vec<Rule>,
    state: Mutex<PipelineState>,
    /// Counts the changes of the state.
    version: watch::Sender<u64>,
    /// Whether the last change could not be written to disk.
    is_failing: AtomicBool,
}

impl Engine {
    pub(super) fn new(
        topology: &Topology,
        clock: Clock,
        journal: Journal,
        faults: Faults,
        state: PipelineState,
        traces: Traces,
    ) -> Self {
        let topics = topology.topics.iter();
        let topics = topics.map(|name| Topic::new(name, &topology.subscriptions));

        Self {
            clock,
            journal,
            seed: faults.seed(),
            traces,
            faults: RwLock::new(Arc::new(faults)),
            topics: topics.collect(),
            rules: topology.rules.iter().map(Rule::new).collect(),
            state: Mutex::new(state),
            version: watch::Sender::new(0),
            is_failing: AtomicBool::new(false),
        }
    }

    pub(super) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// Whether one of these faults can occur at this hop at present.
    pub(crate) fn can_inject(&self, hop: Hop, faults: &[Fault]) -> bool {
        let rates = self.faults();
        faults.iter().any(|fault| rates.rate(hop, *fault) > 0.0)
    }

    /// Decides whether a fault occurs here, and records it if it does.
    pub(crate) fn inject(&self, fault: Fault, site: &FaultSite<'_>) -> Option<Chance> {
        site.inject(fault, &self.faults(), &self.journal)
    }

    /// Whether there is a topic of this name.
    pub(super) fn has_topic(&self, name: &str) -> bool {
        self.topics.iter().any(|topic| *topic.name == *name)
    }

    /// Watches for changes of the state.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&PipelineState) -> T) -> T {
        read(&self.lock())
    }

    /// Changes the state, writes the change to disk, and wakes everyone who waits for one.
    ///
    /// If the change cannot be written, it still takes effect. A restart then returns to the state
    /// before it: messages are received again, and none is lost.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut PipelineState) -> T) -> T {
        let (changed, committed) = self.change_and_commit(change);
        // The journal reports an error. Nobody waits for this change to be on disk.
        drop(committed);

        changed
    }

    /// Changes the state as [`change`](Self::change) does, and returns whether the change could be
    /// written to disk.
    pub(super) fn change_and_commit<T>(
        &self,
        change: impl FnOnce(&mut PipelineState) -> T,
    ) -> (T, Result<(), Error>) {
        let mut state = self.lock();
        let changed = change(&mut state);
        let committed = self.commit(&mut state);
        drop(state);
        self.notify_changed();

        (changed, committed)
    }

    /// Writes to disk what is about to be acknowledged to a caller. If that fails, the messages
    /// that were sent since the checkpoint are removed again.
    ///
    /// The caller waits for the returned sync, which blocks, before it acknowledges anything.
    pub(super) fn commit_acknowledged(
        &self,
        state: MutexGuard<'_, PipelineState>,
        checkpoint: u64,
    ) -> Result<Option<PendingSync>, Error> {
        self.commit_changes(state, checkpoint, Changed::default())
    }

    /// Writes changes of the buckets and their events to disk, as
    /// [`commit_acknowledged`](Self::commit_acknowledged) does. If that fails, the buckets are what
    /// they were before.
    pub(super) fn commit_changes(
        &self,
        mut state: MutexGuard<'_, PipelineState>,
        checkpoint: u64,
        changed: Changed,
    ) -> Result<Option<PendingSync>, Error> {
        let committed = self.commit(&mut state);
        if committed.is_err() {
            state.roll_back(checkpoint);
            changed.undo(&mut state.store);
        }

        let sync = state.pending_sync();
        drop(state);
        self.notify_changed();

        committed.map(|()| sync)
    }

    /// Writes the changes to disk. Records when this begins to fail, and when it works again.
    fn commit(&self, state: &mut PipelineState) -> Result<(), Error> {
        let committed = state.commit();
        let has_failed = committed.is_err();

        if self.is_failing.swap(has_failed, Ordering::Relaxed) != has_failed {
            let step = match &committed {
                Err(error) => StepKind::StorageFailed {
                    reason: with_causes(error),
                },
                Ok(()) => StepKind::StorageRecovered,
            };
            self.journal.append(None, step);
        }

        committed
    }

    fn notify_changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, PipelineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an invocation as running until the returned value is dropped.
    pub(crate) fn count_invocation(self: &Arc<Self>) -> CountedInvocation {
        self.lock().invocations += 1;
        CountedInvocation(Arc::clone(self))
    }
}

/// An invocation that counts as running.
pub(crate) struct CountedInvocation(Arc<Engine>);

impl Drop for CountedInvocation {
    fn drop(&mut self) {
        self.0.lock().invocations -= 1;
        self.0.notify_changed();
    }
}
