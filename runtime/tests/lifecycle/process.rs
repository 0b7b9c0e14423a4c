//! A process of the program.

use std::io::Read;
#[cfg(all(feature = "cli", feature = "worker"))]
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output};

/// A running process. Dropping it kills the process.
pub(crate) struct Process(Option<Child>);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// Waits for the end of the process.
    pub(crate) fn end(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(self) -> Output {
        self.signal("TERM");
        self.end()
    }

    /// The lines of the standard output as they come. `end` returns none of them.
    #[cfg(all(feature = "cli", feature = "worker"))]
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let stdout = self.0.as_mut().unwrap().stdout.take().unwrap();
        BufReader::new(stdout).lines().map(Result::unwrap)
    }

    /// The standard input. The process waits for more until it is dropped.
    #[cfg(feature = "replay")]
    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.0.as_mut().unwrap().stdin.take().unwrap()
    }

    /// Sends SIGTERM, and waits until the process has logged it.
    pub(crate) fn begin_to_terminate(&mut self) {
        self.signal("TERM");

        let stdout = self.0.as_mut().unwrap().stdout.as_mut().unwrap();
        let mut log = String::new();
        while !log.contains("SIGTERM received") {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap();
            log.push(byte[0].into());
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.0.as_ref().unwrap().id().to_string();
        let sent = Command::new("sh")
            .args(["-c", r#"kill -"$1" "$2""#, "sh", name, &process])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
