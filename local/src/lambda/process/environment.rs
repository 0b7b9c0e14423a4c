//! An execution environment: one process of a function, which serves one invocation at a time.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedRwLockReadGuard, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::child::FunctionChild;
use super::command::command;
use super::log_lines::read_log;
use super::log_stream_name::LogStreamName;
use super::runtime_api::{ProcessRequest, RuntimeApi, WaitingProcess};
use crate::aws::http_server::HttpServer;
use crate::aws::traces::SessionToken;
use crate::journal::{Journal, LogStream, StepKind};
use crate::lambda::function::{FunctionError, FunctionErrorKind, Invocation, Kill, KillKind};
use crate::topology::FunctionSpec;

/// How long a process may take to ask for its first invocation ("Understanding the Lambda execution
/// environment lifecycle", AWS Lambda Developer Guide, 2026).
pub(super) const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the output of a process is read after its end. A child process may hold the pipe open.
pub(super) const LOG_GRACE: Duration = Duration::from_millis(200);

/// What a process has until it has ended.
pub(super) struct Kept {
    /// Tells the function that a process runs.
    pub(super) _alive: OwnedRwLockReadGuard<()>,
    pub(super) log_stream: LogStreamName,
}

/// A process and the server that it talks to. Dropping it kills the process.
pub(super) struct Environment {
    function: Arc<str>,
    api: RuntimeApi,
    /// The process, once it has asked for an invocation.
    waiting: Option<WaitingProcess>,
    was_ready: bool,
    started: Instant,
    /// How the process ended; `None` while it runs.
    exit: watch::Receiver<Option<String>>,
    /// Dropping it kills the process.
    keep_alive: Option<oneshot::Sender<()>>,
    journal: Journal,
    token: SessionToken,
}

impl Environment {
    /// Starts the program. Its requests have the token.
    ///
    /// `kept` is held until the process has ended.
    pub(super) async fn start(
        spec: &FunctionSpec,
        program: &Path,
        journal: &Journal,
        token: SessionToken,
        kept: Kept,
    ) -> io::Result<Self> {
        let function = Arc::<str>::from(spec.name.as_str());
        let started = Instant::now();
        let (api, server) = RuntimeApi::start().await?;
        let command = command(spec, program, &api.address(), &kept.log_stream, &token);
        let mut child = FunctionChild::spawn(command)?;

        journal.append(
            None,
            StepKind::FunctionStarted {
                function: Arc::clone(&function),
                process: child.id(),
            },
        );

        let logs = read_logs(&mut child, &function, journal);
        let (keep_alive, released) = oneshot::channel();
        let (ended, exit) = watch::channel(None);

        let watcher = ProcessWatcher {
            function: Arc::clone(&function),
            journal: journal.clone(),
            server,
            logs,
            ended,
        };
        tokio::spawn(async move {
            watcher.watch(child, released).await;
            drop(kept);
        });

        Ok(Self {
            function,
            api,
            waiting: None,
            was_ready: false,
            started,
            exit,
            keep_alive: Some(keep_alive),
            journal: journal.clone(),
            token,
        })
    }

    /// Whether the process became ready and has ended since.
    pub(super) fn has_ended(&self) -> bool {
        self.was_ready && self.exit.borrow().is_some()
    }

    /// Waits until the process asks for an invocation.
    pub(super) async fn ready(&mut self) -> Result<(), FunctionError> {
        let since = match self.was_ready {
            true => Instant::now(),
            false => self.started,
        };
        let deadline = since + INIT_TIMEOUT;

        while self.waiting.as_ref().is_none_or(WaitingProcess::is_gone) {
            let text = tokio::select! {
                biased;
                request = self.api.next_request() => match request {
                    ProcessRequest::Next(process) => {
                        self.waiting = Some(process);
                        continue;
                    }
                    ProcessRequest::InitError(error) => {
                        format!("the function cannot start: {error}")
                    }
                    ProcessRequest::Answer(_) | ProcessRequest::BrokenOff(_) => continue,
                },
                reason = wait_for_exit(&mut self.exit) => {
                    format!("the process ended before it was ready: {reason}")
                }
                () = tokio::time::sleep_until(deadline) => {
                    format!("the process was not ready after {INIT_TIMEOUT:?}")
                }
            };

            self.kill().await;
            return Err(FunctionError::new(FunctionErrorKind::InitFailed, text));
        }

        self.was_ready = true;
        Ok(())
    }

    /// Invokes the process, which must be [`ready`](Self::ready), and kills it when its time is
    /// over.
    pub(super) async fn invoke(&mut self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let (after, kind) = invocation.cut();
        let (timeout, kill) = (invocation.timeout, invocation.kill);
        let cut = Instant::now() + after;
        let id = invocation.request_id.clone();
        let mut is_broken_off = false;

        if let Some(process) = self.waiting.take() {
            self.token.begin(&invocation.trace_header);
            // A process that has just ended is noticed below.
            self.api.give(process, invocation, &self.function);
        }

        loop {
            // A process that asks for the next invocation does not answer any more. Without a
            // broken answer, its answer may still be on another connection.
            if is_broken_off && self.waiting.is_some() {
                return Err(broken_off());
            }

            tokio::select! {
                biased;
                request = self.api.next_request() => match request {
                    ProcessRequest::Answer(answer) => {
                        return answer.map_err(|error| {
                            FunctionError::new(FunctionErrorKind::Unhandled, error)
                        });
                    }
                    ProcessRequest::Next(process) => self.waiting = Some(process),
                    ProcessRequest::BrokenOff(broken_id) => is_broken_off |= broken_id == id,
                    ProcessRequest::InitError(_) => {}
                },
                reason = wait_for_exit(&mut self.exit) => {
                    let when = match is_broken_off {
                        true => "in the middle of its answer",
                        false => "before it answered",
                    };
                    let text = format!("the process ended {when}: {reason}");
                    return Err(FunctionError::new(FunctionErrorKind::Crashed, text));
                }
                () = tokio::time::sleep_until(cut) => {
                    self.kill().await;
                    let error = self.record_kill(timeout, kill, kind);
                    return Err(match is_broken_off {
                        true => FunctionError::new(kind, format!("{error}; its answer broke off")),
                        false => error,
                    });
                }
            }
        }
    }

    /// Kills the process if it still runs, and waits until it has ended.
    async fn kill(&mut self) {
        self.keep_alive = None;
        wait_for_exit(&mut self.exit).await;
    }

    fn record_kill(
        &self,
        timeout: Duration,
        kill: Option<Kill>,
        kind: FunctionErrorKind,
    ) -> FunctionError {
        let function = Arc::clone(&self.function);
        let is_crash = kill.is_some_and(|kill| kill.kind == KillKind::Crash);
        if is_crash && kind == FunctionErrorKind::Crashed {
            let reason = String::from("an injected fault killed it");
            let step = StepKind::FunctionCrashed {
                function,
                reason: reason.clone(),
            };
            self.journal.append(None, step);

            return FunctionError::new(kind, reason);
        }

        let step = StepKind::FunctionTimedOut { function, timeout };
        self.journal.append(None, step);

        let text = format!("the function did not answer within {timeout:?} and was killed");
        FunctionError::new(kind, text)
    }
}

/// The error of a process that goes on after it closed the connection in its answer.
fn broken_off() -> FunctionError {
    let text = "the answer broke off: the process closed the connection in the middle of it";
    FunctionError::new(FunctionErrorKind::Unhandled, text)
}

/// Waits for the end of a process, and records it.
struct ProcessWatcher {
    function: Arc<str>,
    journal: Journal,
    /// Kept until the process has ended, because a running process would complain about closed
    /// connections.
    server: HttpServer,
    logs: Vec<JoinHandle<()>>,
    ended: watch::Sender<Option<String>>,
}

impl ProcessWatcher {
    async fn watch(mut self, child: FunctionChild, released: oneshot::Receiver<()>) {
        let exit = child.wait_or_kill(released).await;
        // What the process has sent is read before its end is known.
        self.server.stop().await;

        // The last output comes before the end in the journal.
        for log in self.logs {
            drop(tokio::time::timeout(LOG_GRACE, log).await);
        }

        if let Some(reason) = &exit {
            let step = StepKind::FunctionCrashed {
                function: self.function,
                reason: reason.clone(),
            };
            self.journal.append(None, step);
        }

        let reason = exit.unwrap_or_else(|| String::from("it was killed"));
        self.ended.send_replace(Some(reason));
    }
}

async fn wait_for_exit(exit: &mut watch::Receiver<Option<String>>) -> String {
    match exit.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => String::from("its exit status is unknown"),
    }
}

/// Reads the output and the error output of a process into the journal.
pub(super) fn read_logs(
    child: &mut FunctionChild,
    function: &Arc<str>,
    journal: &Journal,
) -> Vec<JoinHandle<()>> {
    let (output, error) = child.take_logs();
    let output = output.map(|pipe| {
        let log = read_log(
            pipe,
            LogStream::Output,
            Arc::clone(function),
            journal.clone(),
        );
        tokio::spawn(log)
    });
    let error = error.map(|pipe| {
        let log = read_log(
            pipe,
            LogStream::Error,
            Arc::clone(function),
            journal.clone(),
        );
        tokio::spawn(log)
    });

    output.into_iter().chain(error).collect()
}
