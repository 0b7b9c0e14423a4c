//! What is said of a pipeline before it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use s3_dispatch::{Dispatcher, Router};

use crate::journal::Observer;
use crate::journal::clock::Clock;
use crate::journal::report::Recorder;
use crate::lambda::invoker::Invoker;
use crate::pipeline::engine::Engine;
use crate::pipeline::log::Log;
use crate::pipeline::state::State;
use crate::{
    Buckets, Error, ErrorKind, Faults, Function, FunctionSpec, InProcess, Journal, LocalPipeline,
    Process, Step, Topology,
};

/// Builds a [`LocalPipeline`].
///
/// Without a topology it is [that of the examples](Topology::example). Every function of the
/// topology needs a program, or is given here.
#[must_use = "`start` makes it a pipeline"]
pub struct LocalPipelineBuilder {
    topology: Topology,
    functions: BTreeMap<String, Arc<dyn Function>>,
    programs: BTreeMap<String, PathBuf>,
    faults: Faults,
    folder: Option<PathBuf>,
    history: usize,
    report: usize,
    observers: Vec<Observer>,
}

impl LocalPipelineBuilder {
    pub(crate) fn new() -> Self {
        Self {
            topology: Topology::example(),
            functions: BTreeMap::new(),
            programs: BTreeMap::new(),
            faults: Faults::none(),
            folder: None,
            history: 10_000,
            report: 10_000,
            observers: Vec::new(),
        }
    }

    /// Made of this.
    pub fn with_topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// With this function under this name.
    pub fn with_function(mut self, name: impl Into<String>, function: impl Function) -> Self {
        self.functions.insert(name.into(), Arc::new(function));
        self
    }

    /// With a function in this process, of a router or a dispatcher.
    pub fn with_router<R: Router>(
        self,
        name: impl Into<String>,
        router: impl Into<Dispatcher<R>>,
    ) -> Self {
        self.with_function(name, InProcess::new(router))
    }

    /// With a function in processes of its own. They live by the real clock: do not pause Tokio's.
    pub fn with_binary(mut self, name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        self.programs.insert(name.into(), program.into());
        self
    }

    /// With what goes wrong on purpose. The seed of the faults is also that of all ids.
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// With its state in this folder, so that a restart loses nothing that was acknowledged. One
    /// pipeline at a time may use a folder.
    pub fn with_data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Whose journal remembers so many steps; 10,000 unless said otherwise.
    pub fn with_history(mut self, steps: usize) -> Self {
        self.history = steps;
        self
    }

    /// Whose report remembers so many events, and as many messages that were handled; 10,000 unless
    /// said otherwise.
    pub fn with_report(mut self, events: usize) -> Self {
        self.report = events;
        self
    }

    /// Tells of each step, in order and without a gap. The pipeline waits meanwhile, and must not
    /// be asked anything then.
    pub fn with_observer(mut self, observe: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        self.observers.push(Box::new(observe));
        self
    }

    /// Starts it: queues are as they were left, functions come up, and S3 sends its test
    /// notifications if it has never done so.
    ///
    /// # Errors
    ///
    /// When the topology contradicts itself ([`ErrorKind::Configuration`]), a function is missing
    /// ([`ErrorKind::UnknownName`]) or does not come up, or the folder cannot be used
    /// ([`ErrorKind::Storage`]).
    pub async fn start(mut self) -> Result<LocalPipeline, Error> {
        self.topology.check()?;
        self.check_names()?;
        let clock = Clock::start();
        let recorder = Arc::new(Mutex::new(Recorder::new(self.report)));
        let own = Arc::clone(&recorder);
        let mut observers = std::mem::take(&mut self.observers);

        observers.push(Box::new(move |step| {
            own.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .observe(step)
        }));

        let journal = Journal::new(clock, self.history, observers);
        let mut state = State::new(&self.topology);
        let was_used = match &self.folder {
            Some(folder) => state.attach(Log::open(folder)?)?,
            None => false,
        };
        let mut invokers = Vec::new();

        for spec in self.topology.functions.clone() {
            let function = self.function(&spec, &journal).await?;
            invokers.push((
                Arc::from(spec.name.as_str()),
                Arc::new(Invoker::new(&spec, function)),
            ));
        }

        let names = self
            .topology
            .buckets
            .iter()
            .map(|bucket| bucket.name.as_str());

        let buckets = match &self.folder {
            Some(folder) => Buckets::open(&folder.join("buckets"), names)?,
            None => Buckets::in_memory(names),
        };

        let engine = Arc::new(Engine::new(
            &self.topology,
            clock,
            journal,
            self.faults,
            state,
        ));

        let sequencers = Arc::clone(&engine);
        let buckets = buckets.with_sequencers(move || sequencers.next_sequencer());

        if !was_used {
            engine.publish_tests().await?;
        }

        Ok(LocalPipeline::run(
            engine,
            self.topology,
            buckets,
            invokers,
            recorder,
        ))
    }

    /// Whoever misspells a name must hear of it.
    fn check_names(&self) -> Result<(), Error> {
        let mut names = self.functions.keys().chain(self.programs.keys());
        let is_unknown = |name: &&String| {
            !self
                .topology
                .functions
                .iter()
                .any(|spec| spec.name == **name)
        };

        match names.find(is_unknown) {
            Some(name) => Err(crate::pipeline::engine::unknown("function", name)),
            None => Ok(()),
        }
    }

    async fn function(
        &mut self,
        spec: &FunctionSpec,
        journal: &Journal,
    ) -> Result<Arc<dyn Function>, Error> {
        if let Some(function) = self.functions.remove(&spec.name) {
            return Ok(function);
        }

        let mut spec = spec.clone();
        if let Some(program) = self.programs.remove(&spec.name) {
            spec.program = Some(program);
        }

        if spec.program.is_none() {
            let message = format!(
                "the function `{}` has neither a program nor a router",
                spec.name
            );
            return Err(Error::new(ErrorKind::UnknownName, message));
        }

        Ok(Arc::new(Process::start(spec, journal.clone()).await?))
    }
}

impl fmt::Debug for LocalPipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPipelineBuilder")
            .field("topology", &self.topology)
            .field("faults", &self.faults)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
