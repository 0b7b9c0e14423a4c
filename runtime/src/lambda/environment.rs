//! The process that Lambda starts: its environment variables, and the signal that ends it.

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
#[cfg(unix)]
pub(super) struct Termination(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Termination {
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        // Without a listener, the signal ends the process anyway.
        Self(signal(SignalKind::terminate()).ok())
    }

    /// Waits for the next signal.
    pub(super) async fn received(&mut self) {
        match &mut self.0 {
            Some(signals) => drop(signals.recv().await),
            None => std::future::pending().await,
        }
    }
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
