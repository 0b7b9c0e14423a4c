//! Runs the program as a Lambda function.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::runtime_api::{RuntimeApi, within};

/// A running process. Dropping it kills the process.
pub(crate) struct Function {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// The result of a process that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The lines that CloudWatch gets.
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

impl Function {
    /// Starts the program with the environment of Lambda and these additional variables.
    pub(crate) fn start(api: &RuntimeApi, settings: &[(&str, &str)]) -> Self {
        let mut command = Self::command(api);
        command.envs(settings.iter().copied());
        Self::spawn(command)
    }

    /// The program with only the environment that Lambda sets.
    ///
    /// From "Defined runtime environment variables", AWS Lambda Developer Guide, 2026.
    pub(crate) fn command(api: &RuntimeApi) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_put-processor"));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "put-processor"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/put-processor"),
                (
                    "AWS_LAMBDA_LOG_STREAM_NAME",
                    "2026/04/07/[$LATEST]3d1b8ba0d3a14b5c9ea4ad2c51f5b4a7",
                ),
                ("AWS_REGION", "us-east-1"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("_HANDLER", "bootstrap"),
                ("LAMBDA_TASK_ROOT", "/var/task"),
                ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
                ("LANG", "en_US.UTF-8"),
                ("TZ", ":UTC"),
                ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ]);

        command
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);

        let mut child = command.spawn().unwrap();
        let stdout = tokio::spawn(read(child.stdout.take().unwrap()));
        let stderr = tokio::spawn(read(child.stderr.take().unwrap()));

        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Sends SIGTERM and waits for the end. The logs of all earlier invocations are complete then.
    pub(crate) async fn terminate(self) -> Ended {
        let process = self.child.id().unwrap().to_string();
        let sent = Command::new("sh")
            .args(["-c", r#"kill -TERM "$1""#, "sh", &process])
            .status()
            .await
            .unwrap();

        assert!(sent.success());

        self.end().await
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let status = within("the end of the process", self.child.wait())
            .await
            .unwrap();
        let stdout = self.stdout.await.unwrap();

        Ended {
            status,
            stdout: stdout.split_terminator('\n').map(str::to_owned).collect(),
            stderr: self.stderr.await.unwrap(),
        }
    }
}

impl Ended {
    /// The logs, if `AWS_LAMBDA_LOG_FORMAT` is `JSON`.
    pub(crate) fn json_logs(&self) -> Vec<Value> {
        let parse = |line: &String| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.stdout.iter().map(parse).collect()
    }

    /// The keys that the handler logged in each invocation, sorted.
    pub(crate) fn uploads(&self) -> HashMap<String, Vec<String>> {
        let mut uploads = HashMap::<_, Vec<_>>::new();
        for log in self
            .json_logs()
            .iter()
            .filter(|log| log["message"] == "object uploaded")
        {
            let invocation = log["requestId"].as_str().unwrap().to_owned();
            uploads
                .entry(invocation)
                .or_default()
                .push(log["key"].as_str().unwrap().to_owned());
        }

        uploads.values_mut().for_each(|keys| keys.sort());
        uploads
    }

    /// The keys that the handler logged in this invocation, sorted.
    pub(crate) fn uploads_of(&self, invocation: &str) -> Vec<String> {
        self.uploads().remove(invocation).unwrap_or_default()
    }
}

async fn read(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}
