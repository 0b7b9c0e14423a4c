//! The state of a pipeline: its buckets, its queues, and the messages in transit to them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use super::log::entry::LogEntry;
use super::log::{ChangeLog, PendingSync};
use super::transit::{InTransit, NextStop};
use crate::Error;
use crate::aws::sequencer::Sequencers;
use crate::s3::{Changed, EventId, StoreChange, StoreIndex, Transaction};
use crate::sqs::Queue;
use crate::sqs::stored::StoredSettings;
use crate::topology::{BucketSpec, NotificationSource, QueueSpec, Topology};

/// Everything that must survive a restart, and the number of running invocations.
///
/// One lock protects all of it, so a message is never seen in two places or in none.
#[derive(Debug)]
pub(crate) struct PipelineState {
    pub(crate) queues: BTreeMap<Arc<str>, Queue>,
    pub(super) store: StoreIndex,
    /// The settings of the queues in the topology.
    configured: BTreeMap<String, QueueSpec>,
    /// The settings of the queues that clients have created or changed.
    pub(super) settings: BTreeMap<Arc<str>, StoredSettings>,
    /// When clients have purged queues.
    pub(super) purged: BTreeMap<Arc<str>, SystemTime>,
    /// When clients have deleted queues, as long as their names cannot be used again.
    pub(super) deleted: BTreeMap<Arc<str>, SystemTime>,
    /// The messages in transit, by the time at which they arrive and their serial number.
    in_transit: BTreeMap<(SystemTime, u64), InTransit>,
    next_serial: u64,
    last_event: u64,
    /// How many messages clients have sent so far.
    last_message: u64,
    pub(super) sequencers: Sequencers,
    /// How many invocations run or wait for a permit.
    pub(super) invocations: usize,
    /// The changes outside of the queues that are not written to disk yet.
    unwritten: Vec<LogEntry>,
    log: Option<ChangeLog>,
}

impl PipelineState {
    /// Empty buckets and queues, and no log.
    pub(super) fn new(topology: &Topology) -> Self {
        let queues = topology.queues.iter().cloned().map(Queue::new);

        Self {
            store: StoreIndex::default(),
            queues: queues
                .map(|queue| (Arc::clone(queue.name()), queue))
                .collect(),
            configured: topology
                .queues
                .iter()
                .map(|spec| (spec.name.clone(), spec.clone()))
                .collect(),
            settings: BTreeMap::new(),
            purged: BTreeMap::new(),
            deleted: BTreeMap::new(),
            in_transit: BTreeMap::new(),
            next_serial: 0,
            last_event: 0,
            last_message: 0,
            sequencers: Sequencers::default(),
            invocations: 0,
            unwritten: Vec::new(),
            log: None,
        }
    }

    /// Restores the state from the log, and writes every change to the log from now on. Returns
    /// whether the log contained anything.
    ///
    /// # Errors
    ///
    /// When the log cannot be written.
    pub(super) fn attach(&mut self, mut log: ChangeLog) -> Result<bool, Error> {
        let entries = log.take_entries();
        let was_used = !entries.is_empty();
        let known: HashSet<_> = self.queues.keys().cloned().collect();
        entries.into_iter().for_each(|entry| self.apply(entry));
        self.queues.retain(|name, queue| {
            known.contains(name) || self.settings.contains_key(name) || !queue.is_empty()
        });
        self.deleted
            .retain(|name, _| !self.queues.contains_key(name));
        self.keep_destinations();

        for queue in self.queues.values_mut() {
            queue.start_recording();
        }

        log.rewrite(self.to_entries())?;
        self.log = Some(log);

        Ok(was_used)
    }

    /// Takes over what the topology says about its buckets. Returns those for which a client has
    /// put something else, and what counts for them.
    ///
    /// # Errors
    ///
    /// When the log cannot be written.
    pub(super) fn configure_buckets(
        &mut self,
        specs: &[BucketSpec],
        now: SystemTime,
    ) -> Result<Vec<(String, NotificationSource)>, Error> {
        let changed: Vec<_> = self.store.reconfigured().map(str::to_owned).collect();
        self.set_buckets(specs, now);

        let kept: Vec<_> = self.store.reconfigured().map(str::to_owned).collect();
        let is_specified = |name: &String| specs.iter().any(|spec| spec.name == *name);
        let sources = changed.into_iter().filter_map(|name| {
            match (kept.contains(&name), is_specified(&name)) {
                (true, true) => Some((name, NotificationSource::Client)),
                // Only a client knows the bucket.
                (true, false) => None,
                (false, _) => Some((name, NotificationSource::Topology)),
            }
        });
        let sources = sources.collect();
        self.commit()?;

        Ok(sources)
    }

    /// Sets what the topology says about its buckets. Returns what those publish from now on of
    /// which it says something else than before.
    pub(super) fn set_buckets(
        &mut self,
        specs: &[BucketSpec],
        now: SystemTime,
    ) -> Vec<Arc<BucketSpec>> {
        let mut changed = Vec::new();
        for change in self.store.configure(specs, now) {
            self.record(|_| LogEntry::Store(change.clone()));
            if let StoreChange::Bucket { name, .. } = &change {
                changed.push(name.clone());
            }
            self.store.assign(change);
        }

        let published = changed.into_iter().map(|name| {
            let published = self.store.published(&name).map(Arc::clone);
            published.unwrap_or_else(|| Arc::new(BucketSpec::new(name)))
        });
        published.collect()
    }

    fn apply(&mut self, entry: LogEntry) {
        match entry {
            LogEntry::Counters {
                last_event,
                last_sequencer,
                last_message,
            } => {
                self.last_event = self.last_event.max(last_event);
                self.last_message = self.last_message.max(last_message);
                self.sequencers.continue_after(last_sequencer);
            }
            LogEntry::SentOff {
                serial,
                due,
                message,
            } => {
                self.next_serial = self.next_serial.max(serial + 1);
                self.in_transit.insert((due, serial), message);
            }
            LogEntry::Arrived { serial, due } => drop(self.in_transit.remove(&(due, serial))),
            LogEntry::Settings(settings) => self.restore_settings(settings),
            LogEntry::QueueDeleted { queue, time } => self.restore_deletion(queue, time),
            LogEntry::Queue { queue, change } => self.queue_or_left_out(queue).apply(change),
            LogEntry::Store(change) => drop(self.store.assign(change)),
        }
    }

    /// A queue of the topology, or one that the topology no longer has. It keeps its messages.
    fn queue_or_left_out(&mut self, name: Arc<str>) -> &mut Queue {
        self.queues
            .entry(Arc::clone(&name))
            .or_insert_with(|| Queue::new(QueueSpec::new(&*name)))
    }

    /// Keeps the queues that messages in transit go to, although the topology no longer has them.
    /// Those that a client has deleted stay deleted.
    fn keep_destinations(&mut self) {
        let destinations: Vec<_> = self
            .in_transit
            .values()
            .filter_map(|message| match &message.next_stop {
                NextStop::Queue(name) if !self.deleted.contains_key(name) => Some(name),
                _ => None,
            })
            .cloned()
            .collect();

        for name in destinations {
            self.queue_or_left_out(name);
        }
    }

    /// The entries that restore this state.
    fn to_entries(&self) -> impl Iterator<Item = LogEntry> {
        let in_transit = self.in_transit.iter();
        let in_transit = in_transit.map(|((due, serial), message)| LogEntry::SentOff {
            serial: *serial,
            due: *due,
            message: message.clone(),
        });

        let deleted = self.deleted.iter();
        let deleted = deleted.map(|(queue, time)| LogEntry::QueueDeleted {
            queue: Arc::clone(queue),
            time: *time,
        });

        let settings = self.settings.values().cloned().map(LogEntry::Settings);

        let queues = self.queues.values();
        let changes = queues.flat_map(|queue| {
            queue.to_changes().map(|change| LogEntry::Queue {
                queue: Arc::clone(queue.name()),
                change,
            })
        });

        std::iter::once(self.counters())
            .chain(in_transit)
            .chain(deleted)
            .chain(settings)
            .chain(changes)
            .chain(self.store.to_changes().map(LogEntry::Store))
    }

    fn counters(&self) -> LogEntry {
        LogEntry::Counters {
            last_event: self.last_event,
            last_sequencer: self.sequencers.last(),
            last_message: self.last_message,
        }
    }

    /// Writes the changes since the last call to the log. If that fails they are not written later:
    /// a restart returns to the state before them.
    ///
    /// # Errors
    ///
    /// When the log cannot be written.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        let Some(mut log) = self.log.take() else {
            return Ok(());
        };

        let mut entries = std::mem::take(&mut self.unwritten);

        for queue in self.queues.values_mut() {
            let name = Arc::clone(queue.name());
            let changes = queue.drain_changes();
            entries.extend(changes.into_iter().map(|change| LogEntry::Queue {
                queue: Arc::clone(&name),
                change,
            }));
        }

        let mut written = log.append(&entries);

        if written.is_err() || log.needs_rewrite() {
            let rewritten = log.rewrite(self.to_entries());
            // What was appended is safe in either case. What was not is in the new file, which is
            // shorter and may still fit on the disk.
            written = written.or(rewritten);
        }

        self.log = Some(log);
        written
    }

    /// The sync that makes everything committed so far survive a crash of the machine.
    pub(super) fn pending_sync(&self) -> Option<PendingSync> {
        self.log.as_ref().and_then(ChangeLog::pending_sync)
    }

    pub(super) fn next_event(&mut self) -> EventId {
        self.last_event += 1;
        self.record(Self::counters);

        EventId(self.last_event)
    }

    /// Starts changes of the buckets.
    pub(super) fn transaction(&mut self, now: SystemTime) -> Transaction<'_> {
        Transaction::new(&mut self.store, &mut self.sequencers, now)
    }

    /// Keeps changes of the buckets for the log.
    pub(super) fn record_store(&mut self, changed: &Changed) {
        for change in changed.changes() {
            self.record(|_| LogEntry::Store(change.clone()));
        }
    }

    /// The number of the next message that a client sends.
    pub(super) fn next_message(&mut self) -> u64 {
        self.last_message += 1;
        self.record(Self::counters);

        self.last_message
    }

    /// Changes the settings of a queue, which is created if it does not exist.
    pub(super) fn set_settings(&mut self, settings: StoredSettings) {
        self.record(|_| LogEntry::Settings(settings.clone()));
        self.apply_settings(settings);
    }

    /// Takes out a queue that a client deletes. `None` if it does not exist.
    pub(super) fn take_queue(&mut self, name: &str, now: SystemTime) -> Option<Queue> {
        let (name, queue) = self.queues.remove_entry(name)?;

        self.settings.remove(&name);
        self.purged.remove(&name);
        self.record(|_| LogEntry::QueueDeleted {
            queue: Arc::clone(&name),
            time: now,
        });
        self.deleted.insert(name, now);

        Some(queue)
    }

    /// Forgets the queues that were deleted before this time.
    pub(super) fn forget_deleted_queues(&mut self, before: SystemTime) {
        self.deleted.retain(|_, time| *time >= before);
    }

    /// Restores a deletion from the log. A queue of the topology exists again after a restart.
    fn restore_deletion(&mut self, name: Arc<str>, time: SystemTime) {
        self.settings.remove(&name);

        self.queues.remove(&name);
        if let Some(spec) = self.configured.get(&*name) {
            self.queues
                .insert(Arc::clone(&name), Queue::new(spec.clone()));
        }

        self.deleted.insert(name, time);
    }

    /// Restores settings from the log. For a queue of the topology they count only as long as the
    /// topology says what it said when a client changed them.
    fn restore_settings(&mut self, settings: StoredSettings) {
        let queue = self.queues.get(settings.spec.name.as_str());
        if queue.is_none() || self.is_unchanged(&settings) {
            self.apply_settings(settings);
        }
    }

    fn is_unchanged(&self, settings: &StoredSettings) -> bool {
        let configured = self.configured.get(settings.spec.name.as_str());
        configured == settings.configured.as_ref()
    }

    fn apply_settings(&mut self, settings: StoredSettings) {
        let spec = settings.spec.clone();
        let name: Arc<str> = spec.name.as_str().into();

        match self.queues.get_mut(&name) {
            Some(queue) => queue.set_spec(spec),
            None => {
                let mut queue = Queue::new(spec);
                if self.log.is_some() {
                    queue.start_recording();
                }
                self.queues.insert(Arc::clone(&name), queue);
                self.deleted.remove(&name);
            }
        }

        self.settings.insert(name, settings);
    }

    /// Puts a message in transit that arrives at this time.
    pub(super) fn add_in_transit(&mut self, due: SystemTime, message: InTransit) {
        let serial = self.next_serial;
        self.next_serial += 1;

        self.record(|_| LogEntry::SentOff {
            serial,
            due,
            message: message.clone(),
        });
        self.in_transit.insert((due, serial), message);
    }

    /// Removes the next message that has arrived by now.
    pub(super) fn take_arrived(&mut self, now: SystemTime) -> Option<InTransit> {
        let first = self.in_transit.first_entry()?;
        if first.key().0 > now {
            return None;
        }

        let ((due, serial), message) = first.remove_entry();
        self.record(|_| LogEntry::Arrived { serial, due });

        Some(message)
    }

    /// When the next message in transit arrives.
    pub(super) fn next_arrival(&self) -> Option<SystemTime> {
        self.in_transit.first_key_value().map(|((due, _), _)| *due)
    }

    pub(super) fn in_transit_count(&self) -> usize {
        self.in_transit.len()
    }

    /// A position for [`roll_back`](Self::roll_back).
    pub(super) fn checkpoint(&self) -> u64 {
        self.next_serial
    }

    /// Removes the messages in transit that were added since the checkpoint, because the caller was
    /// told of a failure.
    pub(super) fn roll_back(&mut self, checkpoint: u64) {
        self.in_transit
            .retain(|(_, serial), _| *serial < checkpoint);
        self.unwritten.clear();
    }

    /// Keeps a change for the log, if there is one.
    fn record(&mut self, entry: impl FnOnce(&Self) -> LogEntry) {
        if self.log.is_some() {
            let entry = entry(self);
            self.unwritten.push(entry);
        }
    }
}
