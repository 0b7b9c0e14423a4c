//! The last call in `main`: serves Lambda, or runs a command.

use s3_dispatch_core::{Error, Router};

use crate::Dispatcher;

/// Runs the program: serves invocations in Lambda, and runs a command line elsewhere.
///
/// `router` is a router or a [`Dispatcher`]. In Lambda, where `AWS_LAMBDA_RUNTIME_API` is set, this
/// is [`run`](crate::run). Elsewhere, with the feature `cli`, the arguments of the program are a
/// command:
///
/// | command | what it does |
/// |---|---|
/// | `invoke FILE` | dispatches the payload in a file and prints the answer |
/// | `inspect FILE...` | prints the S3 events that files contain, one line of JSON each |
/// | `policy --format FORMAT` | prints the filter or policy that the handlers need |
///
/// `--help` describes them. The process ends when the command does, with one of these statuses:
///
/// | status | meaning |
/// |---|---|
/// | 0 | the command succeeded |
/// | 1 | a message failed, a file could not be read in full, or a policy cannot be expressed |
/// | 2 | the command line is invalid, or the payload could not be read |
///
/// # Errors
///
/// The same as [`run`](crate::run). Without the feature `cli`, the error is
/// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) outside Lambda.
///
/// # Examples
///
/// ```no_run
/// use s3_dispatch::{ObjectKey, Routes, s3_handler};
///
/// #[s3_handler("ObjectCreated:*")]
/// async fn greet(key: ObjectKey) -> Result<(), std::io::Error> {
///     println!("hello {key:?}");
///     Ok(())
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), s3_dispatch::Error> {
///     s3_dispatch::start(Routes::new(()).on::<greet>()).await
/// }
/// ```
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
