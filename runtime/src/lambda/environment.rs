//! The process that Lambda starts: its environment variables, and the signal that ends it.

#[cfg(unix)]
use std::io;

use s3_dispatch_core::{Error, ErrorKind};

/// The address of the API that invocations come from. Only Lambda, and what imitates it, sets it.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Whether this process was started by Lambda.
pub(crate) fn is_lambda() -> bool {
    std::env::var_os(RUNTIME_API).is_some()
}

/// Checks the variables that `lambda_runtime` would panic without.
///
/// # Errors
///
/// [`ErrorKind::Runtime`] if a variable is absent, or has a value that Lambda never sets.
pub(super) fn check() -> Result<(), Error> {
    if !is_lambda() {
        let text = format!(
            "this is not Lambda, because the environment variable `{RUNTIME_API}` is not set; \
             deploy the program, or call `s3_dispatch::start`, which is a command line here"
        );
        return Err(Error::new(ErrorKind::Runtime, text));
    }

    let names = [
        RUNTIME_API,
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    ];
    for name in names {
        let value = std::env::var(name).map_err(|error| {
            Error::new(
                ErrorKind::Runtime,
                format!("Lambda's environment variable `{name}` cannot be read"),
            )
            .with_source(error)
        })?;

        let problem = match name {
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" if value.parse::<i32>().is_err() => "is not a number",
            RUNTIME_API if value.parse::<http::Uri>().is_err() => "is not an address",
            _ => continue,
        };

        return Err(Error::new(
            ErrorKind::Runtime,
            format!("Lambda's environment variable `{name}` {problem}: `{value}`"),
        ));
    }

    Ok(())
}

/// Listens to SIGTERM, which Lambda sends before it ends the process.
///
/// Each signal writes a byte into a stream. Tokio's feature `signal` would do the same. But then
/// every runtime begins with a table of all signals, whose six pages of memory cost as much as a
/// fiftieth of the whole start.
#[cfg(unix)]
pub(super) struct Termination(Option<tokio::net::UnixStream>);

#[cfg(unix)]
impl Termination {
    pub(super) fn listen() -> Self {
        // Without a listener, the signal ends the process anyway.
        Self(signals().ok())
    }

    /// Waits for the next signal. Those that came before anybody saw the first one are the same:
    /// the command `timeout`, for example, sends two to the process that it ends.
    pub(super) async fn received(&mut self) {
        if let Some(signals) = &self.0 {
            loop {
                let ready = signals.readable().await;
                let read = ready.and_then(|()| signals.try_read(&mut [0; 64]));

                match read {
                    Ok(1..) => return,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    // The other end is never closed, so this does not happen.
                    Ok(_) | Err(_) => break,
                }
            }
        }

        std::future::pending().await
    }
}

/// Returns a stream with a byte for each SIGTERM.
#[cfg(unix)]
fn signals() -> io::Result<tokio::net::UnixStream> {
    use signal_hook::consts::SIGTERM;
    use signal_hook::low_level::pipe;

    let (signals, handler) = std::os::unix::net::UnixStream::pair()?;
    signals.set_nonblocking(true)?;
    let signals = tokio::net::UnixStream::from_std(signals)?;
    pipe::register(SIGTERM, handler)?;

    Ok(signals)
}

/// Waits forever, because only Unix has SIGTERM.
#[cfg(not(unix))]
pub(super) struct Termination;

#[cfg(not(unix))]
impl Termination {
    pub(super) fn listen() -> Self {
        Self
    }

    pub(super) async fn received(&mut self) {
        std::future::pending().await
    }
}

#[cfg(all(test, unix))]
mod tests {
    use futures_util::FutureExt;
    use signal_hook::consts::SIGTERM;
    use signal_hook::low_level::raise;

    use super::*;

    #[tokio::test]
    async fn signals_that_came_unseen_are_one() -> io::Result<()> {
        let mut signals = Termination::listen();
        for _ in 0..2 {
            raise(SIGTERM)?;
        }
        signals.received().await;
        assert!(signals.received().now_or_never().is_none());

        raise(SIGTERM)?;
        signals.received().await;
        Ok(())
    }
}
