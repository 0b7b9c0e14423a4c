//! `invoke`: runs the handlers on one payload.

use std::io::{self, Write};

use s3_dispatch_core::{ErrorKind, Router};
use serde::Serialize;

use super::{FAILURE, NOT_RUN, SUCCESS, read};
use crate::Dispatcher;
use crate::telemetry::errors::{error_type, with_causes, without_logged_causes};
use crate::telemetry::logs::escaped::escape;

/// The answer to Lambda when a whole invocation fails:
/// `{"errorType": "s3_dispatch::InvalidJson", "errorMessage": "..."}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationError {
    error_type: String,
    error_message: String,
}

pub(super) async fn invoke<R: Router>(dispatcher: &Dispatcher<R>, file: &str) -> i32 {
    let payload = match read(file) {
        Ok(payload) => payload,
        Err(error) => {
            say(&format!("the file `{file}` cannot be read: {error}"));
            return NOT_RUN;
        }
    };

    if let Err(error) = dispatcher.prepare().await {
        say(&with_causes(&error));
        return NOT_RUN;
    }

    let dispatcher = dispatcher.clone().exporting_traces();
    match dispatcher.dispatch(payload, None).await {
        Ok(report) => {
            let printed = print(&report.answer());
            if printed && report.is_success() {
                SUCCESS
            } else {
                FAILURE
            }
        }
        Err(error) => {
            tracing::error!(
                file,
                error = without_logged_causes(&error),
                "invocation failed"
            );

            print(&InvocationError {
                error_type: error_type(&error),
                error_message: with_causes(&error),
            });

            if error.kind() == ErrorKind::InvocationFailed {
                FAILURE
            } else {
                NOT_RUN
            }
        }
    }
}

/// Prints one line of JSON. Returns whether it could be written.
fn print(response: &impl Serialize) -> bool {
    let mut stdout = io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, response)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(stdout));

    if let Err(error) = &written {
        say(&format!("the response cannot be written: {error}"));
    }

    written.is_ok()
}

/// Not a log, which a setting could hide: nothing else says why there is no answer.
fn say(error: &str) {
    eprintln!("error: {}", escape(error));
}
