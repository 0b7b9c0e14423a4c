//! A function that runs as a program: in processes that talk to the Runtime API, or in one that
//! receives from a queue itself.

mod child;
mod command;
mod environment;
#[cfg(unix)]
mod guard;
mod log_lines;
mod log_stream_name;
mod program_file;
mod runtime_api;
mod worker;

pub(crate) use self::worker::Worker;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{RwLock, watch};
use tokio::time::Instant;

use self::environment::{Environment, INIT_TIMEOUT, Kept};
use self::log_stream_name::LogStreamNames;
use self::program_file::{FileVersion, find};
use crate::aws::traces::Traces;
use crate::journal::{Journal, StepKind};
use crate::lambda::function::{
    Function, FunctionError, FunctionErrorKind, Invocation, require_real_clock,
};
use crate::topology::FunctionSpec;
use crate::{Error, ErrorKind};

/// How many failed starts in a row are allowed before a program is given up.
const MAX_FAILED_STARTS: u32 = 5;

/// The first pause before a program that crashed is started again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before a program that crashed is started again.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A program that is invoked through Lambda's Runtime API.
///
/// Each process serves one invocation at a time and is kept for the next one; there are as many
/// processes as there are invocations at once. A process that exceeds the timeout is killed. A
/// program that crashes is started again after a pause that doubles each time. A program that does
/// not become ready is given up after some attempts: invocations fail at once until the program
/// file changes. When it changes, the next invocation gets a new process, and the processes of the
/// old file end as soon as they are idle.
///
/// It needs the real clock, so a pipeline with a program does not start while Tokio's clock is
/// paused.
pub struct Process {
    spec: FunctionSpec,
    program: PathBuf,
    function: Arc<str>,
    journal: Journal,
    pool: Mutex<ProcessPool>,
    is_stopped: watch::Sender<bool>,
    /// Held for reading by each process.
    alive: Arc<RwLock<()>>,
    log_streams: LogStreamNames,
    traces: Traces,
}

/// The processes that wait for an invocation, and when more can be started.
#[derive(Default)]
struct ProcessPool {
    idle: Vec<Environment>,
    /// The program file that the processes were started from.
    file: Option<FileVersion>,
    crashes_in_a_row: u32,
    failed_starts_in_a_row: u32,
    paused_until: Option<Instant>,
    /// Why the program is not started again: it failed to start too often.
    given_up: Option<String>,
}

/// A process and the program file that it was started from.
struct StartedProcess {
    environment: Environment,
    file: Option<FileVersion>,
}

impl Process {
    /// Starts a first process, without waiting until it is ready.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Program`] when the program does not exist or cannot be started.
    pub async fn start(spec: FunctionSpec, journal: Journal) -> Result<Self, Error> {
        Self::start_in(spec, journal, Traces::default()).await
    }

    /// Starts a first process in a pipeline, which knows the requests of its functions by these
    /// traces.
    pub(crate) async fn start_in(
        spec: FunctionSpec,
        journal: Journal,
        traces: Traces,
    ) -> Result<Self, Error> {
        let name = &spec.name;
        let Some(program) = &spec.program else {
            let message = format!("the function `{name}` has no program");
            return Err(Error::new(ErrorKind::Program, message));
        };

        let program = find(program).map_err(|reason| {
            let program = program.display();
            let message = format!("the program `{program}` of the function `{name}` {reason}");
            Error::new(ErrorKind::Program, spec.program_error(&message))
        })?;

        let pool = ProcessPool {
            file: FileVersion::of(&program),
            ..ProcessPool::default()
        };
        let process = Self {
            program,
            function: Arc::from(spec.name.as_str()),
            spec,
            journal,
            pool: Mutex::new(pool),
            is_stopped: watch::Sender::new(false),
            alive: Arc::default(),
            log_streams: LogStreamNames::new(),
            traces,
        };

        let first = process
            .spawn()
            .await
            .map_err(|error| Error::new(ErrorKind::Program, error.to_string()))?;
        process.keep(first);

        Ok(process)
    }

    async fn serve(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let has_kill = invocation.kill.is_some();
        let mut process = self.idle_or_new().await?;

        if let Err(error) = process.environment.ready().await {
            self.record_failed_start(&error);
            return Err(error);
        }

        self.lock().failed_starts_in_a_row = 0;
        let answer = process.environment.invoke(invocation).await;
        match answer.as_ref().map_err(FunctionError::kind) {
            Err(FunctionErrorKind::Crashed) if !has_kill => self.pause_after_crash(),
            Err(FunctionErrorKind::Crashed | FunctionErrorKind::TimedOut) => {}
            _ => {
                self.lock().crashes_in_a_row = 0;
                self.keep(process);
            }
        }

        answer
    }

    /// Keeps a process for the next invocation, unless the program has changed in the meantime.
    fn keep(&self, process: StartedProcess) {
        let mut pool = self.lock();
        if process.file == pool.file {
            pool.idle.push(process.environment);
        }
    }

    /// Returns an idle process, or starts a new one.
    async fn idle_or_new(&self) -> Result<StartedProcess, FunctionError> {
        loop {
            self.notice_change();

            let paused_until = {
                let mut pool = self.lock();
                if let Some(process) = pool.take_idle()? {
                    return Ok(process);
                }

                pool.paused_until
            };

            match paused_until {
                Some(instant) if instant > Instant::now() => {
                    tokio::time::sleep_until(instant).await;
                }
                _ => return self.spawn().await,
            }
        }
    }

    /// Starts over if the program file has changed: idle processes end, and a program that was
    /// given up gets another chance. Busy processes end after their invocation.
    fn notice_change(&self) {
        // In the middle of a build there may be no file. The next invocation looks again.
        let Some(file) = FileVersion::of(&self.program) else {
            return;
        };

        let mut pool = self.lock();
        if pool.file.as_ref() == Some(&file) {
            return;
        }

        *pool = ProcessPool {
            file: Some(file),
            ..ProcessPool::default()
        };
        drop(pool);

        let step = StepKind::ProgramChanged {
            function: Arc::clone(&self.function),
        };
        self.journal.append(None, step);
    }

    async fn spawn(&self) -> Result<StartedProcess, FunctionError> {
        // Read before the start: a later change is noticed, and an earlier one is in the process.
        let file = FileVersion::of(&self.program);
        let alive = Arc::clone(&self.alive).read_owned().await;
        let kept = Kept {
            _alive: alive,
            log_stream: self.log_streams.take(),
        };
        let token = self.traces.new_token();
        let started =
            Environment::start(&self.spec, &self.program, &self.journal, token, kept).await;

        let environment = started.map_err(|error| {
            let program = self.program.display();
            let function = &self.function;
            let text = format!(
                "the program `{program}` of the function `{function}` cannot be started: {error}"
            );
            let error = FunctionError::new(FunctionErrorKind::InitFailed, text);
            self.record_failed_start(&error);

            error
        })?;

        Ok(StartedProcess { environment, file })
    }

    fn record_failed_start(&self, error: &FunctionError) {
        let mut pool = self.lock();
        pool.failed_starts_in_a_row += 1;

        if pool.failed_starts_in_a_row < MAX_FAILED_STARTS {
            drop(pool);
            return self.pause_after_crash();
        }

        if pool.given_up.is_some() {
            return;
        }

        let reason = format!(
            "given up after {MAX_FAILED_STARTS} attempts to start, until its program changes: \
             {error}"
        );
        pool.given_up = Some(reason.clone());

        let step = StepKind::FunctionStopped {
            function: Arc::clone(&self.function),
            reason: Some(reason),
        };
        self.journal.append(None, step);
    }

    fn pause_after_crash(&self) {
        let mut pool = self.lock();
        let after = FIRST_PAUSE
            .saturating_mul(1 << pool.crashes_in_a_row.min(16))
            .min(MAX_PAUSE);
        pool.crashes_in_a_row += 1;
        pool.paused_until = Some(Instant::now() + after);

        let step = StepKind::FunctionRestarting {
            function: Arc::clone(&self.function),
            after,
        };
        self.journal.append(None, step);
    }

    fn lock(&self) -> MutexGuard<'_, ProcessPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProcessPool {
    /// Takes an idle process, if there is one. Fails if the program is given up.
    fn take_idle(&mut self) -> Result<Option<StartedProcess>, FunctionError> {
        if let Some(reason) = &self.given_up {
            let kind = FunctionErrorKind::InitFailed;
            return Err(FunctionError::new(kind, reason.clone()));
        }

        self.idle.retain(|environment| !environment.has_ended());

        Ok(self.idle.pop().map(|environment| StartedProcess {
            environment,
            file: self.file.clone(),
        }))
    }
}

#[async_trait]
impl Function for Process {
    async fn prepare(&self) -> Result<(), FunctionError> {
        require_real_clock()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let mut is_stopped = self.is_stopped.subscribe();
        tokio::select! {
            biased;
            _ = is_stopped.wait_for(|is_stopped| *is_stopped) => {
                Err(FunctionError::new(FunctionErrorKind::Crashed, "the pipeline was stopped"))
            }
            answer = self.serve(invocation) => answer,
        }
    }

    fn init_timeout(&self) -> Duration {
        MAX_PAUSE + INIT_TIMEOUT
    }

    async fn stop(&self) {
        if self.is_stopped.send_replace(true) {
            return;
        }

        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
        // Granted when the last process has ended.
        drop(self.alive.write().await);

        let step = StepKind::FunctionStopped {
            function: Arc::clone(&self.function),
            reason: None,
        };
        self.journal.append(None, step);
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}
