//! A function in a separate process, and the CPU time and memory it uses.

use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::RuntimeApi;

/// A running function and the server of its Runtime API. Dropping it stops both.
pub struct FunctionProcess {
    child: Child,
    api: RuntimeApi,
    started: Start,
}

/// The time until the function asks for its first invocation.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The wall-clock time since the process started.
    pub time: Duration,
    /// The CPU time of all threads.
    pub cpu: Duration,
}

impl FunctionProcess {
    /// Starts a command, split at spaces, and waits until it asks for an invocation.
    ///
    /// # Errors
    ///
    /// If the command cannot be started.
    ///
    /// # Panics
    ///
    /// If the function does not ask for an invocation.
    pub fn start(command: &str) -> io::Result<Self> {
        let api = RuntimeApi::start()?;
        let mut words = command.split_whitespace();
        let start = Instant::now();

        let child = Command::new(words.next().unwrap_or_default())
            .args(words)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "uploads")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/uploads")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/04/07/[$LATEST]1")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;

        api.is_asked()
            .unwrap_or_else(|error| panic!("`{command}` does not ask for an invocation: {error}"));
        let started = Start {
            time: start.elapsed(),
            cpu: cpu_of(child.id())?,
        };

        Ok(Self {
            child,
            api,
            started,
        })
    }

    /// The time the start took.
    #[must_use]
    pub fn started(&self) -> Start {
        self.started
    }

    /// Invokes the function this many times, and returns the CPU time of all threads per
    /// invocation.
    ///
    /// # Errors
    ///
    /// If the process has ended.
    ///
    /// # Panics
    ///
    /// If the function does not answer that every message was handled.
    pub fn invoke(&mut self, payload: &Arc<[u8]>, times: u32) -> io::Result<Duration> {
        let before = cpu_of(self.child.id())?;
        for _ in 0..times {
            self.api.invoke(payload);
            let answer = self
                .api
                .is_asked()
                .unwrap_or_else(|error| panic!("no answer: {error}"));
            let answer = answer.expect("a function answers before it asks again");
            let body = String::from_utf8_lossy(&answer.body).replace(' ', "");
            assert_eq!(
                (&*answer.kind, &*body),
                ("response", r#"{"batchItemFailures":[]}"#)
            );
        }

        Ok((cpu_of(self.child.id())? - before) / times)
    }

    /// The resident memory in KiB.
    ///
    /// # Errors
    ///
    /// If the process has ended.
    pub fn resident_kib(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS"))
    }
}

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The CPU time of all threads of a process, user and system, to the nanosecond.
fn cpu_of(process: u32) -> io::Result<Duration> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end in the meantime.
        let statistics = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        sum += statistics
            .split(' ')
            .next()
            .and_then(|run| run.parse().ok())
            .unwrap_or(0);
    }

    Ok(Duration::from_nanos(sum))
}
