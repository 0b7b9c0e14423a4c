//! The command line and the environment of a function's process.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::log_stream_name::LogStreamName;
use crate::aws::arn::REGION;
use crate::aws::traces::SessionToken;
use crate::topology::FunctionSpec;

/// Variables of the machine, which those of this process replace if they are passed on.
const MACHINE: [(&str, &str); 4] = [
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
    ("NO_COLOR", "1"),
];

/// The command that starts the program. Its environment has what Lambda sets ("Defined runtime
/// environment variables", AWS Lambda Developer Guide, 2026), the variables in the function's
/// description and, by choice, those of this process.
pub(super) fn command(
    spec: &FunctionSpec,
    program: &Path,
    api: &str,
    log_stream: &LogStreamName,
    token: &SessionToken,
) -> Command {
    let mut command = own_environment(spec, program);

    command.args(&spec.arguments).envs([
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &spec.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            &format!("/aws/lambda/{}", spec.name),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &log_stream.to_text()),
        ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ("_HANDLER", "bootstrap"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ]);

    // It would make other credentials invalid.
    if !spec.environment.contains_key("AWS_ACCESS_KEY_ID") {
        command.env("AWS_SESSION_TOKEN", token.as_str());
    }

    with_variables(command, spec)
}

/// The command that starts the program as a worker of this queue: `PROGRAM work --queue-url URL`,
/// and then the function's own arguments. It has nothing that Lambda sets, apart from the region
/// and the credentials.
pub(super) fn worker_command(spec: &FunctionSpec, program: &Path, queue_url: &str) -> Command {
    let mut command = own_environment(spec, program);
    command
        .args(["work", "--queue-url", queue_url])
        .args(&spec.arguments);

    with_variables(command, spec)
}

/// The command with what each program gets.
fn own_environment(spec: &FunctionSpec, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(MACHINE);
    if spec.inherits_environment {
        command.envs(std::env::vars_os().filter(|(name, _)| is_inherited(name)));
    }

    command.envs([
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);

    command
}

/// Adds the variables in the function's description, which replace all others.
fn with_variables(mut command: Command, spec: &FunctionSpec) -> Command {
    command
        .envs(&spec.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);

    command
}

/// Whether a variable of this process may be passed on. Those of AWS could lead a function to a
/// real account; an endpoint does not.
fn is_inherited(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with("AWS_") || name.starts_with("AWS_ENDPOINT_URL")
}
