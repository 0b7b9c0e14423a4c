//! One process of a function, which serves one invocation at a time.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedRwLockReadGuard, oneshot, watch};

use crate::lambda::runtime_api::{Call, Handover, RuntimeApi};
use crate::{
    FunctionError, FunctionErrorKind, FunctionSpec, Invocation, Journal, Kill, KillKind, LogStream,
    StepKind,
};

/// How long a process may take until it asks for its first invocation ("Understanding the Lambda
/// execution environment lifecycle", AWS Lambda Developer Guide, 2026).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where lines of a log are cut.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// A process and the server that it talks to. Dropping it kills the process.
pub(crate) struct Environment {
    function: Arc<str>,
    api: RuntimeApi,
    /// The process, when it has asked for an invocation.
    waiting: Option<Handover>,
    was_ready: bool,
    exit: watch::Receiver<Option<String>>,
    /// Dropping it kills the process.
    life: Option<oneshot::Sender<()>>,
    journal: Journal,
}

impl Environment {
    /// Starts the program.
    ///
    /// `alive` is held until the process has ended.
    pub(crate) async fn start(
        spec: &FunctionSpec,
        program: &Path,
        journal: &Journal,
        alive: OwnedRwLockReadGuard<()>,
    ) -> io::Result<Self> {
        let function = Arc::<str>::from(spec.name.as_str());
        let (api, server) = RuntimeApi::start().await?;
        let mut child = command(spec, program, &api.address()).spawn()?;

        journal.append(
            None,
            StepKind::FunctionStarted {
                function: Arc::clone(&function),
                process: child.id(),
            },
        );

        let logs = [
            child.stdout.take().map(|pipe| {
                tokio::spawn(log(
                    pipe,
                    LogStream::Output,
                    Arc::clone(&function),
                    journal.clone(),
                ))
            }),
            child.stderr.take().map(|pipe| {
                tokio::spawn(log(
                    pipe,
                    LogStream::Error,
                    Arc::clone(&function),
                    journal.clone(),
                ))
            }),
        ];

        let (life, ended) = oneshot::channel();
        let (exited, exit) = watch::channel(None);
        let (watched, watcher) = (Arc::clone(&function), journal.clone());

        tokio::spawn(async move {
            let reason = outlive(child, ended).await;
            drop(server);

            // What it said last comes before its end; a process of its own that still holds the
            // pipe is not waited for.
            for log in logs.into_iter().flatten() {
                drop(tokio::time::timeout(Duration::from_millis(200), log).await);
            }

            if let Ok(reason) = &reason {
                watcher.append(
                    None,
                    StepKind::FunctionCrashed {
                        function: watched,
                        reason: reason.clone(),
                    },
                );
            }

            exited.send_replace(Some(
                reason.unwrap_or_else(|Killed| String::from("it was killed")),
            ));
            drop(alive);
        });

        Ok(Self {
            function,
            api,
            waiting: None,
            was_ready: false,
            exit,
            life: Some(life),
            journal: journal.clone(),
        })
    }

    /// Whether its process came up and has ended since.
    pub(crate) fn is_spent(&self) -> bool {
        self.was_ready && self.exit.borrow().is_some()
    }

    /// Waits until the process asks for an invocation.
    pub(crate) async fn ready(&mut self) -> Result<(), FunctionError> {
        let failed = |text: String| Err(FunctionError::new(FunctionErrorKind::InitFailed, text));
        let deadline = tokio::time::Instant::now() + INIT_TIMEOUT;

        while self.waiting.as_ref().is_none_or(Handover::is_gone) {
            let text = tokio::select! {
                biased;
                call = self.api.call() => match call {
                    Call::Next(handover) => {
                        self.waiting = Some(handover);
                        continue;
                    }
                    Call::InitError(fault) => format!("the function cannot start: {fault}"),
                    Call::Answered(_) => continue,
                },
                reason = exit_of(&mut self.exit) => format!("the process ended before it was ready: {reason}"),
                () = tokio::time::sleep_until(deadline) => format!("the process was not ready after {INIT_TIMEOUT:?}"),
            };

            self.kill().await;
            return failed(text);
        }

        self.was_ready = true;
        Ok(())
    }

    /// Invokes the process, which is [`ready`](Self::ready), and kills it when its time is over.
    pub(crate) async fn invoke(&mut self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let (after, kind) = invocation.cut();
        let (timeout, kill) = (invocation.timeout, invocation.kill);
        let cut = tokio::time::Instant::now() + after;

        if let Some(handover) = self.waiting.take() {
            // A process that is just now gone is noticed below.
            self.api.hand_over(handover, invocation, &self.function);
        }

        loop {
            tokio::select! {
                biased;
                call = self.api.call() => match call {
                    Call::Answered(Ok(payload)) => return Ok(payload),
                    Call::Answered(Err(fault)) => return Err(FunctionError::new(FunctionErrorKind::Unhandled, fault)),
                    // A process that asks for the next invocation before it has answered never answers.
                    Call::Next(handover) => self.waiting = Some(handover),
                    Call::InitError(_) => {}
                },
                reason = exit_of(&mut self.exit) => {
                    let text = format!("the process ended before it answered: {reason}");
                    return Err(FunctionError::new(FunctionErrorKind::Crashed, text));
                }
                () = tokio::time::sleep_until(cut) => {
                    self.kill().await;
                    return Err(self.report_cut(timeout, kill, kind));
                }
            }
        }
    }

    /// Kills the process, if it is still there, and waits for its end.
    pub(crate) async fn kill(&mut self) {
        self.life = None;
        exit_of(&mut self.exit).await;
    }

    fn report_cut(
        &self,
        timeout: Duration,
        kill: Option<Kill>,
        kind: FunctionErrorKind,
    ) -> FunctionError {
        let function = Arc::clone(&self.function);
        match kill {
            Some(Kill {
                kind: KillKind::Crash,
                ..
            }) if kind == FunctionErrorKind::Crashed => {
                let reason = String::from("an injected fault killed it");
                self.journal.append(
                    None,
                    StepKind::FunctionCrashed {
                        function,
                        reason: reason.clone(),
                    },
                );

                FunctionError::new(kind, reason)
            }
            _ => {
                self.journal
                    .append(None, StepKind::FunctionTimedOut { function, timeout });
                FunctionError::new(
                    kind,
                    format!("the function did not answer within {timeout:?}, and was killed"),
                )
            }
        }
    }
}

/// Waits for the end of a process.
async fn exit_of(exit: &mut watch::Receiver<Option<String>>) -> String {
    match exit.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or_default(),
        Err(_) => String::from("nobody watches it"),
    }
}

/// It did not end by itself.
struct Killed;

/// Waits for the end of a process, or kills it when nobody needs it any more.
async fn outlive(mut child: Child, ended: oneshot::Receiver<()>) -> Result<String, Killed> {
    tokio::select! {
        status = child.wait() => return Ok(status.map_or_else(|error| error.to_string(), describe)),
        _ = ended => {}
    }
    kill_all(&child);
    // Fails only for a process that is already gone.
    drop(child.kill().await);

    Err(Killed)
}

fn describe(status: ExitStatus) -> String {
    status.to_string()
}

/// Also what the process has started.
#[cfg(unix)]
fn kill_all(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);

    if let Some(group) = group {
        // Fails only for a group that is already gone.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_all(_: &Child) {}

/// The program in an environment of nothing but what Lambda sets and the function asks for
/// ("Defined runtime environment variables", AWS Lambda Developer Guide, 2026).
fn command(spec: &FunctionSpec, program: &Path, api: &str) -> Command {
    let mut command = Command::new(program);
    command.args(&spec.arguments).env_clear();

    command.envs([
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &spec.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            &format!("/aws/lambda/{}", spec.name),
        ),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "local/[$LATEST]00000000000000000000000000000000",
        ),
        ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("_HANDLER", "bootstrap"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
        ("NO_COLOR", "1"),
    ]);

    command.envs(&spec.environment);

    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);

    // In a group of its own, so that Ctrl-C in a terminal reaches the pipeline alone, which then
    // ends its functions.
    #[cfg(unix)]
    command.process_group(0);

    command
}

async fn log(
    pipe: impl AsyncRead + Unpin,
    stream: LogStream,
    function: Arc<str>,
    journal: Journal,
) {
    let mut lines = BufReader::with_capacity(MAX_LINE_BYTES, pipe);
    let mut line = Vec::new();

    // A pipe that breaks is at its end.
    while let Ok(buffer) = lines.fill_buf().await
        && !buffer.is_empty()
    {
        let buffer = &buffer[..buffer.len().min(MAX_LINE_BYTES - line.len())];
        let (taken, is_whole) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), false),
        };
        line.extend_from_slice(&buffer[..taken]);
        lines.consume(taken);

        if is_whole || line.len() == MAX_LINE_BYTES {
            append(&journal, &function, stream, &mut line);
        }
    }

    append(&journal, &function, stream, &mut line);
}

fn append(journal: &Journal, function: &Arc<str>, stream: LogStream, line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    line.clear();

    if !text.is_empty() {
        journal.append(
            None,
            StepKind::FunctionLog {
                function: Arc::clone(function),
                stream,
                line: text,
            },
        );
    }
}
