//! The process of a function, with everything that it starts.

use std::io;

use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::oneshot;

#[cfg(unix)]
use super::guard::Guard;

/// A process of a function. All processes that it starts end with it, and with this program.
pub(super) struct FunctionChild {
    child: Child,
    /// `None` if there is no shell: then the function may outlive a program that is killed.
    #[cfg(unix)]
    guard: Option<Guard>,
}

impl FunctionChild {
    /// Starts the process, in a process group of its own: Ctrl-C in a terminal reaches only the
    /// pipeline, which then stops its functions.
    #[cfg(unix)]
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let guard = Guard::start().ok();
        let group = guard.as_ref().and_then(Guard::group);
        // The group exists before the process does, so there is no moment without a guard.
        let child = command.process_group(group.unwrap_or(0)).spawn()?;

        Ok(Self { child, guard })
    }

    /// Starts the process.
    #[cfg(not(unix))]
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let child = command.spawn()?;
        Ok(Self { child })
    }

    /// The id of the process. `None` if it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The output and the error output of the process, unless they were taken before.
    pub(super) fn take_logs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the process ends, and returns how it ended. If it is no longer needed, it is
    /// killed and `None` is returned. All processes that it has started have ended then.
    pub(super) async fn wait_or_kill(mut self, released: oneshot::Receiver<()>) -> Option<String> {
        let status = tokio::select! {
            status = self.child.wait() => Some(match status {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            }),
            _ = released => None,
        };

        if status.is_none() {
            self.kill_group();
            // This fails only if the process has already ended.
            drop(self.child.kill().await);
        }

        #[cfg(unix)]
        if let Some(guard) = self.guard {
            guard.end().await;
        }

        status
    }

    /// Kills the process and all processes that it has started.
    #[cfg(unix)]
    fn kill_group(&self) {
        use rustix::process::{Pid, Signal, kill_process_group};

        let own = || self.child.id().and_then(|id| i32::try_from(id).ok());
        let group = match &self.guard {
            Some(guard) => guard.group(),
            None => own(),
        };

        if let Some(group) = group.and_then(Pid::from_raw) {
            // This fails only if all of them have already ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_group(&self) {}
}

/// Sends SIGTERM. The process has not been waited for, so its id is its own.
#[cfg(unix)]
pub(super) fn ask_to_end(process: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process};

    let process = process.and_then(|id| i32::try_from(id).ok());
    if let Some(process) = process.and_then(Pid::from_raw) {
        // This fails only if it has already ended.
        let _ = kill_process(process, Signal::TERM);
    }
}

#[cfg(not(unix))]
pub(super) fn ask_to_end(_: Option<u32>) {}
