//! Describes errors for logs and answers.

use s3_dispatch_core::{Error, ErrorKind};

pub(crate) use s3_dispatch_core::__private::with_causes;

/// Returns the type of an error in the answer to Lambda, such as `s3_dispatch::InvalidJson`.
pub(crate) fn error_type(error: &Error) -> String {
    format!("s3_dispatch::{:?}", error.kind())
}

/// Returns the part of a failed invocation's error that is not in the log yet.
///
/// When records or messages failed, each failure has been logged on its own, with its causes. Any
/// other error has not been logged at all.
pub(crate) fn without_logged_causes(error: &Error) -> String {
    if error.kind() == ErrorKind::InvocationFailed {
        error.to_string()
    } else {
        with_causes(error)
    }
}
