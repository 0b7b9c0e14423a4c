//! Checks of the memory and the environment variables of functions.

use super::part::{CheckedPart, Problem};
use crate::topology::FunctionSpec;

/// Variables that Lambda sets itself and lets nobody else set ("Defined runtime environment
/// variables", AWS Lambda Developer Guide, 2026). The region and the credentials, which belong to
/// them, can be set here, so that a function on this machine can use a real account.
const RESERVED: [&str; 13] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// How long all variables together can be ("Lambda quotas", AWS Lambda Developer Guide, 2026), in
/// bytes.
const MAX_BYTES: usize = 4096;

/// The limits of the memory are from "Lambda quotas", those of the names from `Environment`, AWS
/// Lambda API Reference, 2026.
pub(super) fn check_environment(
    part: &CheckedPart<'_>,
    function: &FunctionSpec,
) -> Result<(), Problem> {
    part.require_range(
        "memory",
        function.memory,
        128..=10_240,
        "the memory must be 128 to 10240 MB",
    )?;

    for (name, value) in &function.environment {
        part.require(is_name(name), "environment", || {
            part.says(&format!(
                "an environment variable cannot be called `{}`: it must begin with a letter and \
                 consist of at least two letters, digits and underscores",
                name.escape_debug()
            ))
        })?;

        part.require(!RESERVED.contains(&name.as_str()), "environment", || {
            part.says(&format!("Lambda sets the environment variable `{name}`"))
        })?;

        part.require(!value.contains('\0'), "environment", || {
            part.says(&format!(
                "the value of the environment variable `{name}` contains U+0000"
            ))
        })?;
    }

    let variables = function.environment.iter();
    let length: usize = variables
        .map(|(name, value)| name.len() + value.len())
        .sum();
    part.require(length <= MAX_BYTES, "environment", || {
        part.says(&format!(
            "the environment variables have {length} bytes, but at most {MAX_BYTES} are allowed"
        ))
    })
}

/// Names that Lambda reserves are names too, although some of them begin with an underscore.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_valid = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() >= 2
        && name.bytes().all(is_allowed);

    is_valid || RESERVED.contains(&name)
}
