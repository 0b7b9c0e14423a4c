//! A program that receives from a queue itself, instead of being invoked.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::child::{FunctionChild, ask_to_end};
use super::command::worker_command;
use super::environment::{LOG_GRACE, read_logs};
use super::program_file::{FileVersion, changed, find};
use crate::journal::{Journal, StepKind};
use crate::topology::FunctionSpec;
use crate::{Error, ErrorKind};

/// The first pause before a worker that ended is started again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause before a worker that ended is started again.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A worker that has run this long is not failing to start.
const STEADY: Duration = Duration::from_secs(10);

/// What a program prints that has no command `work`: one of `s3-dispatch` without the feature
/// `worker`.
const WITHOUT_WORK: &str = "the program is built without `work`";

/// The exit status of such a program.
const NOT_RUN: &str = "exit status: 2";

/// What a worker shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Run,
    /// Finish what it does, and end.
    Drain,
    End,
}

/// A worker with its process, which is started again when it ends or when its program changes,
/// unless its program has no command `work`. Dropping it kills the process.
pub(crate) struct Worker {
    order: watch::Sender<Order>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the program of this function as a worker of the queue with this URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Program`] when the program does not exist or cannot be started.
    pub(crate) fn start(
        spec: FunctionSpec,
        queue_url: String,
        journal: Journal,
    ) -> Result<Self, Error> {
        let name = &spec.name;
        let error = |reason: &str| {
            let message = format!("the program of the worker `{name}` {reason}");
            Error::new(ErrorKind::Program, spec.program_error(&message))
        };
        let program = spec.program.as_deref().ok_or_else(|| error("is missing"))?;
        let program =
            find(program).map_err(|reason| error(&format!("`{}` {reason}", program.display())))?;

        let supervisor = Supervisor {
            function: spec.name.as_str().into(),
            program,
            queue_url,
            journal,
            spec: spec.clone(),
        };
        let first = supervisor
            .spawn()
            .map_err(|failure| error(&format!("cannot be started: {failure}")))?;

        let (order, orders) = watch::channel(Order::Run);
        let task = tokio::spawn(supervisor.run(first, orders));

        Ok(Self {
            order,
            task: Mutex::new(Some(task)),
        })
    }

    /// Lets the worker finish what it does: it gets SIGTERM, and is killed if it still runs after
    /// the timeout of its function.
    pub(crate) async fn drain(&self) {
        self.order.send_if_modified(|order| {
            let is_running = *order == Order::Run;
            *order = (*order).max(Order::Drain);
            is_running
        });

        // Closed when the worker has ended.
        self.order.closed().await;
    }

    /// Kills the worker, and waits until it has ended.
    pub(crate) async fn end(&self) {
        self.order.send_replace(Order::End);

        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let task = { task }.take();
        if let Some(task) = task {
            drop(task.await);
        }
    }
}

/// A process that was started.
struct Started {
    child: FunctionChild,
    /// The program that it runs.
    version: Option<FileVersion>,
}

/// Why a process has ended.
enum End {
    /// The worker was stopped.
    Stopped,
    /// Its program has changed.
    Changed,
    /// By itself, in this way.
    Itself(String),
}

/// Starts the process of a worker, again and again.
struct Supervisor {
    function: Arc<str>,
    spec: FunctionSpec,
    program: PathBuf,
    queue_url: String,
    journal: Journal,
}

impl Supervisor {
    fn spawn(&self) -> io::Result<Started> {
        let program: &Path = &self.program;
        let version = FileVersion::of(program);
        let child = FunctionChild::spawn(worker_command(&self.spec, program, &self.queue_url))?;

        self.record(StepKind::FunctionStarted {
            function: Arc::clone(&self.function),
            process: child.id(),
        });

        Ok(Started { child, version })
    }

    async fn run(self, first: Started, mut orders: watch::Receiver<Order>) {
        let mut next = Some(first);
        let mut ends_in_a_row = 0;

        loop {
            let started = Instant::now();
            let end = match next.take().map_or_else(|| self.spawn(), Ok) {
                Ok(started) => self.watch(started, &mut orders).await,
                Err(error) => End::Itself(format!("it cannot be started: {error}")),
            };

            let reason = match end {
                End::Stopped => break,
                End::Changed => {
                    ends_in_a_row = 0;
                    continue;
                }
                End::Itself(reason) => reason,
            };
            if let Some(reason) = self.given_up(&reason) {
                return self.record_stopped(Some(reason));
            }

            self.record(StepKind::FunctionCrashed {
                function: Arc::clone(&self.function),
                reason,
            });

            if started.elapsed() >= STEADY {
                ends_in_a_row = 0;
            }
            let after = FIRST_PAUSE
                .saturating_mul(1 << ends_in_a_row.min(16))
                .min(MAX_PAUSE);
            ends_in_a_row += 1;

            self.record(StepKind::FunctionRestarting {
                function: Arc::clone(&self.function),
                after,
            });
            let stopped = tokio::time::timeout(after, stops(&mut orders)).await;
            if stopped.is_ok() {
                break;
            }
        }

        self.record_stopped(None);
    }

    /// Why it is in vain to start the program again, if it is: it has no command `work`.
    fn given_up(&self, end: &str) -> Option<String> {
        if end != NOT_RUN {
            return None;
        }

        let history = self.journal.history();
        let own = history.iter().rev().map(|step| &step.kind);
        let own = own.take_while(|step| match step {
            StepKind::FunctionStarted { function, .. } => *function != self.function,
            _ => true,
        });

        own.filter_map(|step| match step {
            StepKind::FunctionLog { function, line, .. } if *function == self.function => line
                .find(WITHOUT_WORK)
                .map(|start| line[start..].to_owned()),
            _ => None,
        })
        .next()
    }

    fn record_stopped(&self, reason: Option<String>) {
        self.record(StepKind::FunctionStopped {
            function: Arc::clone(&self.function),
            reason,
        });
    }

    /// Waits until a process ends, and ends it when it shall no longer run.
    async fn watch(&self, started: Started, orders: &mut watch::Receiver<Order>) -> End {
        let Started { mut child, version } = started;
        let logs = read_logs(&mut child, &self.function, &self.journal);
        let process = child.id();
        let (release, released) = oneshot::channel();
        let mut ended = std::pin::pin!(child.wait_or_kill(released));

        let reason = tokio::select! {
            biased;
            reason = &mut ended => Some(reason),
            () = stops(orders) => None,
            () = changed(&self.program, version.as_ref()) => {
                self.record(StepKind::ProgramChanged {
                    function: Arc::clone(&self.function),
                });
                None
            }
        };

        let end = match reason {
            Some(reason) => reason.map_or(End::Stopped, End::Itself),
            None => {
                ask_to_end(process);
                let is_killed = tokio::select! {
                    biased;
                    _ = &mut ended => false,
                    () = tokio::time::sleep(self.spec.timeout) => true,
                    // An error means that the worker was dropped.
                    _ = orders.wait_for(|order| *order == Order::End) => true,
                };

                if is_killed {
                    drop(release);
                    ended.await;
                }

                match shall_run(orders) {
                    true => End::Changed,
                    false => End::Stopped,
                }
            }
        };

        // The last output comes before the end in the journal.
        for log in logs {
            drop(tokio::time::timeout(LOG_GRACE, log).await);
        }

        end
    }

    fn record(&self, step: StepKind) {
        self.journal.append(None, step);
    }
}

/// Whether the worker shall still run.
fn shall_run(orders: &watch::Receiver<Order>) -> bool {
    // An error means that the worker was dropped.
    *orders.borrow() == Order::Run && orders.has_changed().is_ok()
}

/// Waits until the worker shall no longer run.
async fn stops(orders: &mut watch::Receiver<Order>) {
    // An error means that the worker was dropped.
    drop(orders.wait_for(|order| *order != Order::Run).await);
}
