//! What a search explores, and what it found.

use std::time::Duration;

use s3_dispatch::record::ConfigurationId;
use s3_dispatch::{EventName, HistoryEntry, Router, S3EventRecord};
use s3_dispatch_testing::RecordBuilder;

use crate::handler::Handler;
use crate::run::run;
use crate::search::Search;
use crate::store::{Fault, Gated};

/// Stands for the sequencer of a record that has none, because it was backfilled.
pub(crate) const BACKFILLED: &str = "backfilled";

/// Processes that share a store, and how much may go wrong in one run.
pub(crate) struct Plan {
    records: Vec<S3EventRecord>,
    pub(crate) name: &'static str,
    pub(crate) router: fn(Handler, Gated) -> Box<dyn Router>,
    /// The sequencer of the record that each process gets. All are of one key.
    pub(crate) sequencers: &'static [&'static str],
    /// How many calls may be lost, handlers fail, processes die, or leases expire too early.
    pub(crate) faults: usize,
    /// How often time may pass while something could happen.
    pub(crate) waits: usize,
    /// Time passes only while handlers run, and while leases are renewed.
    pub(crate) only_handlers_are_slow: bool,
    /// How much the clocks of others are ahead.
    pub(crate) ahead: Duration,
    /// Whether leases can expire too early. That is one of the faults.
    pub(crate) clocks_are_wrong: bool,
    /// No process begins before another has ended.
    pub(crate) one_at_a_time: bool,
    pub(crate) store: Fault,
}

impl Plan {
    pub(crate) fn new(
        name: &'static str,
        router: fn(Handler, Gated) -> Box<dyn Router>,
        sequencers: &'static [&'static str],
    ) -> Self {
        let put = RecordBuilder::new(EventName::OBJECT_CREATED_PUT);
        let record = |sequencer: &&str| match *sequencer {
            BACKFILLED => {
                let put = put.clone().without_sequencer();
                put.with_configuration_id(ConfigurationId::BACKFILL).build()
            }
            sequencer => {
                let put = put.clone().with_e_tag(sequencer);
                put.with_sequencer(sequencer).build()
            }
        };

        Self {
            records: sequencers.iter().map(record).collect(),
            name,
            router,
            sequencers,
            faults: 0,
            waits: 0,
            only_handlers_are_slow: false,
            ahead: Duration::ZERO,
            clocks_are_wrong: false,
            one_at_a_time: false,
            store: Fault::None,
        }
    }

    pub(crate) fn with_faults(self, faults: usize) -> Self {
        Self { faults, ..self }
    }

    pub(crate) fn with_waits(self, waits: usize) -> Self {
        Self { waits, ..self }
    }

    /// Lets time pass this often, but only while handlers run.
    pub(crate) fn with_slow_handlers(self, waits: usize) -> Self {
        Self {
            waits,
            only_handlers_are_slow: true,
            ..self
        }
    }

    pub(crate) fn with_clocks_ahead(self, ahead: Duration) -> Self {
        Self { ahead, ..self }
    }

    pub(crate) fn with_wrong_clocks(self) -> Self {
        Self {
            clocks_are_wrong: true,
            ..self
        }
    }

    pub(crate) fn one_at_a_time(self) -> Self {
        Self {
            one_at_a_time: true,
            ..self
        }
    }

    pub(crate) fn on(self, store: Fault) -> Self {
        Self { store, ..self }
    }

    pub(crate) fn record(&self, process: usize) -> S3EventRecord {
        self.records[process].clone()
    }

    /// Explores every run until one breaks a promise, and returns that one, move by move. Prints
    /// how many there were.
    pub(crate) fn explore(&self, promise: fn(&Self, &End) -> bool) -> Option<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (mut search, mut runs, mut broken) = (Search::default(), 0, None);

        while broken.is_none() {
            runs += 1;
            match runtime.block_on(run(self, &mut search)) {
                Some(end) if promise(self, &end) => search.end(),
                Some(end) => broken = Some(self.report(&end, &search)),
                None => {}
            }

            if !search.turn() {
                break;
            }
        }

        println!(
            "{}, {} processes, {} faults, {} waits: {} interleavings, {} states, {runs} runs, {}",
            self.name,
            self.sequencers.len(),
            self.faults,
            self.waits,
            search.interleavings(),
            search.states(),
            if broken.is_some() {
                "the last broken"
            } else {
                "none broken"
            },
        );

        broken
    }

    fn report(&self, end: &End, search: &Search) -> String {
        let path = search.path().into_iter();
        let path = path.map(|one| format!("\n  {:?} {:?}", one.actor, one.action));

        format!("{}: {end:?} after{}", self.name, path.collect::<String>())
    }

    /// Explores every run.
    ///
    /// # Panics
    ///
    /// If one of them breaks a promise.
    pub(crate) fn holds(&self, promise: fn(&Self, &End) -> bool) {
        if let Some(broken) = self.explore(promise) {
            panic!("{broken}");
        }
    }

    /// Explores runs until one breaks a promise.
    ///
    /// # Panics
    ///
    /// If none does.
    pub(crate) fn breaks(&self, promise: fn(&Self, &End) -> bool) {
        let broken = self.explore(promise);
        println!(
            "{}",
            broken.unwrap_or_else(|| panic!("{}: not found", self.name))
        );
    }
}

/// How a run ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The sequencers of the records, in the order of their effects.
    pub(crate) effects: Vec<String>,
    pub(crate) overlapped: bool,
    pub(crate) faults: usize,
    pub(crate) waits: usize,
    pub(crate) completed_twice: usize,
    /// What an audit finds of each record. Empty without a history.
    pub(crate) history: Vec<HistoryEntry>,
    /// A record failed even when nothing went wrong any more.
    pub(crate) is_stuck: bool,
}

/// How long time passes at most in one wait.
pub(crate) const TICK: Duration = Duration::from_secs(10);
