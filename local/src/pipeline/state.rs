//! What a pipeline holds: queues, and what is on its way to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::pipeline::log::{Entry, Flush, Log};
use crate::pipeline::transit::Parcel;
use crate::{Error, Queue, Topology};

/// Everything that a restart must not lose, and how many invocations run. One lock guards it all,
/// so that a message is never seen in two places or in none.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) queues: BTreeMap<Arc<str>, Queue>,
    /// By when they arrive.
    parcels: BTreeMap<(SystemTime, u64), Parcel>,
    next_parcel: u64,
    next_event: u64,
    last_sequencer: u64,
    /// How many invocations run, those that wait for their turn included.
    pub(crate) invocations: usize,
    /// What has happened to parcels and is not written down yet.
    entries: Vec<Entry>,
    log: Option<Log>,
}

impl State {
    /// Empty queues, and nothing that is written down.
    pub(crate) fn new(topology: &Topology) -> Self {
        let queues = topology.queues.iter().cloned().map(Queue::new);
        Self {
            queues: queues
                .map(|queue| (Arc::clone(queue.name()), queue))
                .collect(),
            parcels: BTreeMap::new(),
            next_parcel: 0,
            next_event: 0,
            last_sequencer: 0,
            invocations: 0,
            entries: Vec::new(),
            log: None,
        }
    }

    /// Takes over what was written down, and writes down from now on what changes.
    ///
    /// # Errors
    ///
    /// When it cannot be read or written.
    pub(crate) fn attach(&mut self, mut log: Log) -> Result<bool, Error> {
        let mut was_used = false;
        for entry in log.take_entries() {
            was_used = true;
            self.apply(entry);
        }

        for queue in self.queues.values_mut() {
            queue.record_changes();
        }

        log.rewrite(self.to_entries())?;
        self.log = Some(log);

        Ok(was_used)
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Counters {
                next_event,
                last_sequencer,
            } => {
                self.next_event = self.next_event.max(next_event);
                self.last_sequencer = self.last_sequencer.max(last_sequencer);
            }
            Entry::Parcel {
                serial,
                due,
                parcel,
            } => {
                self.next_parcel = self.next_parcel.max(serial + 1);
                self.parcels.insert((due, serial), parcel);
            }
            Entry::Arrived { serial, due } => drop(self.parcels.remove(&(due, serial))),
            // What was in a queue that the topology does not name any more is forgotten.
            Entry::Queue { queue, change } => {
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.apply(change);
                }
            }
        }
    }

    fn to_entries(&self) -> impl Iterator<Item = Entry> {
        let parcels = self.parcels.iter();
        let parcels = parcels.map(|((due, serial), parcel)| Entry::Parcel {
            serial: *serial,
            due: *due,
            parcel: parcel.clone(),
        });

        let queues = self.queues.values();

        let changes = queues.flat_map(|queue| {
            queue.to_changes().map(|change| Entry::Queue {
                queue: Arc::clone(queue.name()),
                change,
            })
        });

        std::iter::once(self.counters())
            .chain(parcels)
            .chain(changes)
    }

    fn counters(&self) -> Entry {
        Entry::Counters {
            next_event: self.next_event,
            last_sequencer: self.last_sequencer,
        }
    }

    /// Writes down what has changed. When that fails it is not written down later: a restart goes
    /// back to before it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        let Some(mut log) = self.log.take() else {
            return Ok(());
        };

        let mut entries = std::mem::take(&mut self.entries);

        for queue in self.queues.values_mut() {
            let name = Arc::clone(queue.name());
            let changes = queue.drain_changes();
            entries.extend(changes.into_iter().map(|change| Entry::Queue {
                queue: Arc::clone(&name),
                change,
            }));
        }

        // A write that is cut short must not lose what was moved.
        entries.sort_by_key(Entry::is_removal);
        let mut written = log.append(&entries);

        if written.is_err() || log.is_to_be_rewritten() {
            let rewritten = log.rewrite(self.to_entries());
            // What was appended stands in any case, and what was not is in the new one: most of the
            // old one may be past.
            written = written.or(rewritten);
        }

        self.log = Some(log);
        written
    }

    /// What makes all that is committed outlast the machine.
    pub(crate) fn sync(&self) -> Option<Flush> {
        self.log.as_ref().map(Log::sync)
    }

    pub(crate) fn next_event(&mut self) -> u64 {
        self.next_event += 1;
        self.stage(self.counters());
        self.next_event
    }

    /// Grows with each call, and in the whole with the time: the nanoseconds of the Unix epoch.
    pub(crate) fn next_sequencer(&mut self, now: SystemTime) -> String {
        let since_epoch = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let nanoseconds = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        self.last_sequencer = nanoseconds.max(self.last_sequencer + 1);

        format!("00{:016X}", self.last_sequencer)
    }

    pub(crate) fn put_parcel(&mut self, due: SystemTime, parcel: Parcel) {
        let serial = self.next_parcel;
        self.next_parcel += 1;

        if self.log.is_some() {
            self.entries.push(Entry::Parcel {
                serial,
                due,
                parcel: parcel.clone(),
            });
        }

        self.parcels.insert((due, serial), parcel);
    }

    /// The next parcel that arrives, if it does so by now.
    pub(crate) fn take_parcel(&mut self, now: SystemTime) -> Option<Parcel> {
        let first = self
            .parcels
            .first_entry()
            .filter(|first| first.key().0 <= now)?;
        let ((due, serial), parcel) = first.remove_entry();
        self.stage(Entry::Arrived { serial, due });

        Some(parcel)
    }

    /// When the next parcel arrives.
    pub(crate) fn next_parcel(&self) -> Option<SystemTime> {
        self.parcels.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn parcels(&self) -> usize {
        self.parcels.len()
    }

    /// Forgets what was not committed: parcels are taken back, for a caller that was told of a
    /// failure.
    pub(crate) fn take_back(&mut self, from: u64) {
        self.parcels.retain(|(_, serial), _| *serial < from);
        self.entries.clear();
    }

    /// The place of the next parcel, for [`take_back`](Self::take_back).
    pub(crate) fn mark(&self) -> u64 {
        self.next_parcel
    }

    fn stage(&mut self, entry: Entry) {
        if self.log.is_some() {
            self.entries.push(entry);
        }
    }
}
