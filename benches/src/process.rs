//! A function in a process of its own, and what it uses of the machine.

use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::RuntimeApi;

/// A running function, before the Runtime API alone. It ends with this.
pub struct FunctionProcess {
    child: Child,
    api: RuntimeApi,
    started: Start,
}

/// What it takes until the function asks for its first invocation.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// From the start of the process.
    pub time: Duration,
    /// Of all its threads.
    pub cpu: Duration,
}

impl FunctionProcess {
    /// Starts a command, split at spaces, and waits until it asks for an invocation.
    ///
    /// # Errors
    ///
    /// When the command cannot be started.
    ///
    /// # Panics
    ///
    /// When it does not ask.
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

    /// What its start took.
    #[must_use]
    pub fn started(&self) -> Start {
        self.started
    }

    /// Invokes it so many times; the CPU time of all its threads per invocation.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    ///
    /// # Panics
    ///
    /// When it answers otherwise than that all messages were handled.
    pub fn invoke(&mut self, payload: &Arc<[u8]>, times: u32) -> io::Result<Duration> {
        let before = cpu_of(self.child.id())?;
        for _ in 0..times {
            self.api.invoke(payload);
            let answer = self
                .api
                .is_asked()
                .unwrap_or_else(|error| panic!("no answer: {error}"));
            let answer = answer.expect("a function answers before it asks");
            let body = String::from_utf8_lossy(&answer.body).replace(' ', "");
            assert_eq!(
                (&*answer.kind, &*body),
                ("response", r#"{"batchItemFailures":[]}"#)
            );
        }

        Ok((cpu_of(self.child.id())? - before) / times)
    }

    /// How much of its memory is in RAM, in KiB.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    pub fn resident_kib(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmRSS"))
    }
}

impl Drop for FunctionProcess {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What all threads of a process have run, user and system, to the nanosecond.
fn cpu_of(process: u32) -> io::Result<Duration> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end meanwhile.
        let statistics = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        sum += statistics
            .split(' ')
            .next()
            .and_then(|run| run.parse().ok())
            .unwrap_or(0);
    }

    Ok(Duration::from_nanos(sum))
}
