//! A process that ends a function when this program ends, however it ends.
//!
//! A program that is killed cannot end what it has started, and a function that is starting or busy
//! does not notice. So each process of a function has a guard: a shell that waits for the end of a
//! pipe which only this program holds open. When the pipe closes, it kills its process group, which
//! the function and everything that it starts belong to.

use std::io;
use std::process::Stdio;

use tokio::process::{Child, ChildStdin, Command};

/// What the guard does. Signals that a terminal or a service manager sends do not end it.
const SCRIPT: &str = "trap '' HUP INT QUIT TERM; while read -r line; do :; done; kill -s KILL 0";

/// A running guard. It leads the process group of the function.
pub(super) struct Guard {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts a guard.
    ///
    /// # Errors
    ///
    /// If there is no shell, as in some container images.
    pub(super) fn start() -> io::Result<Self> {
        // Not killed when it is dropped: it has to end the others first.
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;

        Ok(Self {
            pipe: shell.stdin.take(),
            shell,
        })
    }

    /// The process group. `None` if the guard has ended.
    pub(super) fn group(&self) -> Option<i32> {
        self.shell.id().and_then(|id| i32::try_from(id).ok())
    }

    /// Ends the guard and all processes of its group.
    pub(super) async fn end(mut self) {
        drop(self.pipe.take());
        // This fails only if the guard has already ended.
        drop(self.shell.wait().await);
    }
}
