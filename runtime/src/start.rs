//! The one call at the end of `main`.

use s3_dispatch_core::{Error, Router};

use crate::Dispatcher;

/// Runs the program: in Lambda it serves invocations, elsewhere it is a command line.
///
/// Takes a router or a [`Dispatcher`]. In Lambda (`AWS_LAMBDA_RUNTIME_API` is set) it is
/// [`run`](crate::run). Elsewhere, with the feature `cli`, the program's arguments are a command:
/// `invoke` dispatches the payload of a file, `inspect` shows what files hold, `policy` prints what
/// infrastructure must let through; `--help` tells more. The process then ends with the command's
/// status: 0 when all went well, 1 when a message failed or a file held something else, 2 when the
/// payload or the command could not be read.
///
/// # Errors
///
/// Those of [`run`](crate::run). Without the feature `cli`, also
/// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) when this is not Lambda.
pub async fn start<R: Router>(router: impl Into<Dispatcher<R>>) -> Result<(), Error> {
    #[cfg(feature = "cli")]
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return match crate::cli::main(router.into()).await {
            0 => Ok(()),
            status => std::process::exit(status),
        };
    }

    crate::run(router).await
}
