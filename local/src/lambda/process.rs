//! A function in processes of its own, as Lambda runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{RwLock, watch};
use tokio::time::Instant;

use crate::lambda::environment::Environment;
use crate::{
    Error, ErrorKind, Function, FunctionError, FunctionErrorKind, FunctionSpec, Invocation,
    Journal, StepKind,
};

/// How often a program may fail to come up in a row, before it is given up.
const MAX_FAILED_STARTS: u32 = 5;

/// The pauses before a program that has crashed is started again: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A program that is invoked through Lambda's Runtime API.
///
/// Each process serves one invocation at a time and is kept for the next; as many run as there are
/// invocations at a time. One that runs out of time is killed. One that crashes is started again,
/// after a pause that doubles each time. A program that does not even come up is given up after
/// some attempts: invocations fail at once, until the file has changed.
pub struct Process {
    spec: FunctionSpec,
    program: PathBuf,
    function: Arc<str>,
    journal: Journal,
    state: Mutex<State>,
    is_stopped: watch::Sender<bool>,
    /// Each process holds it for reading.
    alive: Arc<RwLock<()>>,
}

#[derive(Default)]
struct State {
    idle: Vec<Environment>,
    /// How often in a row it has crashed, and how often before it was ready.
    crashes: u32,
    failed_starts: u32,
    /// When it may be started again.
    paused_until: Option<Instant>,
    given_up: Option<GivenUp>,
}

/// It did not come up.
#[derive(Clone)]
struct GivenUp {
    reason: String,
    /// When the file was last changed.
    program: Option<SystemTime>,
}

impl Process {
    /// Starts a first process, without waiting until it is ready.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Program`], when there is no such program, or when it cannot be started.
    pub async fn start(spec: FunctionSpec, journal: Journal) -> Result<Self, Error> {
        let name = &spec.name;
        let Some(program) = &spec.program else {
            return Err(Error::new(
                ErrorKind::Program,
                format!("the function `{name}` has no program"),
            ));
        };

        let program = find(program).map_err(|reason| {
            Error::new(
                ErrorKind::Program,
                format!(
                    "the program `{}` of the function `{name}` {reason}",
                    program.display()
                ),
            )
        })?;

        let process = Self {
            program,
            function: Arc::from(spec.name.as_str()),
            spec,
            journal,
            state: Mutex::default(),
            is_stopped: watch::Sender::new(false),
            alive: Arc::default(),
        };

        let first = process
            .spawn()
            .await
            .map_err(|error| Error::new(ErrorKind::Program, error.to_string()))?;
        process.lock().idle.push(first);

        Ok(process)
    }

    async fn serve(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let is_killed_early = invocation.kill.is_some();
        let mut environment = self.environment().await?;

        if let Err(error) = environment.ready().await {
            self.did_not_start(&error);
            return Err(error);
        }

        self.lock().failed_starts = 0;
        let answer = environment.invoke(invocation).await;

        match answer.as_ref().map_err(FunctionError::kind) {
            Err(FunctionErrorKind::Crashed) if !is_killed_early => self.crashed(),
            Err(FunctionErrorKind::Crashed | FunctionErrorKind::TimedOut) => {}
            _ => {
                let mut state = self.lock();
                state.crashes = 0;
                state.idle.push(environment);
            }
        }

        answer
    }

    /// A process that waits for an invocation, or a new one.
    async fn environment(&self) -> Result<Environment, FunctionError> {
        loop {
            let paused_until = {
                let mut state = self.lock();
                if let Some(given_up) = &state.given_up {
                    if given_up.program == changed(&self.program) {
                        return Err(FunctionError::new(
                            FunctionErrorKind::InitFailed,
                            given_up.reason.clone(),
                        ));
                    }

                    *state = State::default();
                }

                state.idle.retain(|environment| !environment.is_spent());
                if let Some(environment) = state.idle.pop() {
                    return Ok(environment);
                }

                state.paused_until
            };

            match paused_until {
                Some(instant) if instant > Instant::now() => {
                    tokio::time::sleep_until(instant).await
                }
                _ => return self.spawn().await,
            }
        }
    }

    async fn spawn(&self) -> Result<Environment, FunctionError> {
        let alive = Arc::clone(&self.alive).read_owned().await;
        let started = Environment::start(&self.spec, &self.program, &self.journal, alive).await;

        started.map_err(|error| {
            let program = self.program.display();
            let text = format!(
                "the program `{program}` of the function `{}` cannot be started: {error}",
                self.function
            );
            let error = FunctionError::new(FunctionErrorKind::InitFailed, text);
            self.did_not_start(&error);

            error
        })
    }

    fn did_not_start(&self, error: &FunctionError) {
        let mut state = self.lock();
        state.failed_starts += 1;

        if state.failed_starts < MAX_FAILED_STARTS {
            drop(state);
            return self.crashed();
        }

        if state.given_up.is_none() {
            let reason = format!(
                "given up after {MAX_FAILED_STARTS} attempts to start, until its program changes: {error}"
            );
            state.given_up = Some(GivenUp {
                reason: reason.clone(),
                program: changed(&self.program),
            });
            let function = Arc::clone(&self.function);

            self.journal.append(
                None,
                StepKind::FunctionStopped {
                    function,
                    reason: Some(reason),
                },
            );
        }
    }

    fn crashed(&self) {
        let mut state = self.lock();
        let after = PAUSES
            .0
            .saturating_mul(1 << state.crashes.min(16))
            .min(PAUSES.1);
        state.crashes += 1;
        state.paused_until = Some(Instant::now() + after);

        self.journal.append(
            None,
            StepKind::FunctionRestarting {
                function: Arc::clone(&self.function),
                after,
            },
        );
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Function for Process {
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

    async fn stop(&self) {
        if self.is_stopped.send_replace(true) {
            return;
        }

        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
        // Granted when the last process has ended.
        drop(self.alive.write().await);

        self.journal.append(
            None,
            StepKind::FunctionStopped {
                function: Arc::clone(&self.function),
                reason: None,
            },
        );
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

/// The program's whole path, or what is wrong with it.
fn find(program: &Path) -> Result<PathBuf, String> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => String::from("does not exist"),
        _ => format!("cannot be used: {error}"),
    };
    // Links are kept: some programs do what they are called.
    let path = std::path::absolute(program).map_err(cannot)?;
    let metadata = path.metadata().map_err(cannot)?;

    if !metadata.is_file() {
        return Err(String::from("is no file"));
    }

    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 == 0 {
        return Err(String::from("may not be executed"));
    }

    Ok(path)
}

fn changed(program: &Path) -> Option<SystemTime> {
    fs::metadata(program)
        .and_then(|metadata| metadata.modified())
        .ok()
}
