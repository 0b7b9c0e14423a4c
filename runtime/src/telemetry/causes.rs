//! Describes errors for logs and answers: an error and its causes on one line.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use s3_dispatch_core::{Error, ErrorKind};

/// Returns an error with its causes, `a: b: c`.
///
/// Logs and answers need this, because their readers cannot call `source`. The error comes from
/// someone else's code: printing it may panic, and its chain of causes may never end. So a panic is
/// caught, and the chain is cut after 32 causes.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    const MAX_CAUSES: usize = 32;

    let chain = || {
        let mut text = error.to_string();
        let mut cause = error.source();

        for _ in 0..MAX_CAUSES {
            let Some(error) = cause else { break };
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }

        text
    };

    catch_unwind(AssertUnwindSafe(chain))
        .unwrap_or_else(|_| "an error that panicked while it was printed".to_owned())
}

/// Returns the type of an error in the answer to Lambda, such as `s3_dispatch::InvalidJson`.
pub(crate) fn error_type(error: &Error) -> String {
    format!("s3_dispatch::{:?}", error.kind())
}

/// Returns the part of a failed invocation's error that is not in the log yet.
///
/// When records or messages failed, each failure is already in the log, with its causes. Any other
/// error is not.
pub(crate) fn without_logged_causes(error: &Error) -> String {
    if error.kind() == ErrorKind::InvocationFailed {
        error.to_string()
    } else {
        with_causes(error)
    }
}
