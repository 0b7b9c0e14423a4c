//! The last call in `main`: serves Lambda, or runs a command.

use s3_dispatch_core::{Error, Router};

use crate::Dispatcher;
use crate::lambda::environment;

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
/// | `replay FILE...` | handles recorded events, or sends them to a queue (feature `replay`) |
/// | `replay --dead-letters URL` | the same with the messages of a dead-letter queue |
/// | `backfill --bucket BUCKET` | makes events of objects in a bucket (feature `backfill`) |
/// | `audit --bucket BUCKET` | prints or replays what was not handled (feature `audit`) |
/// | `work --queue-url URL` | serves a queue of SQS until SIGTERM or Ctrl-C (feature `worker`) |
///
/// `--help` describes them. Only `invoke`, `replay`, `backfill`, `audit --replay` and `work`
/// process records, so only they [prepare](Dispatcher::prepare) the router: the other commands need
/// no state. The process ends when the command does, with one of these statuses:
///
/// | status | meaning |
/// |---|---|
/// | 0 | the command succeeded |
/// | 1 | a message failed, something could not be read in full, or a policy cannot be expressed |
/// | 2 | a wrong command line, a payload that cannot be read, or a router that cannot be prepared |
///
/// A worker stops receiving at the first signal, and lets its handlers end. Then its status is 0,
/// also if messages failed or were given back. It is 1 if the queue cannot be used, and 130 or 143
/// if a second signal, Ctrl-C or SIGTERM, ended it at once. Its logs go to standard output, as in
/// Lambda and with the same settings ([`run`](crate::run)). Each option of `work` can be an
/// environment variable, such as `S3_DISPATCH_QUEUE_URL`. The region is that of the queue's URL;
/// credentials come from where the SDK of AWS looks for them, except single sign-on and credential
/// programs.
///
/// A function in Lambda needs no `worker`, and is smaller without it. So a program that runs in
/// both places has a feature of its own for it, `worker = ["s3-dispatch/worker"]`, and switches it
/// on for the container only. Without it, `work` says what is missing.
///
/// # Errors
///
/// The same as [`run`](crate::run), in Lambda. Without the feature `cli`, a terminal is told what
/// to do, and the process ends with status 2.
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
///
/// A program with state makes it with [`Routes::prepared_by`](crate::Routes::prepared_by), so that
/// the commands which need none work without its settings.
pub async fn start<R: Router>(router: impl Into<Dispatcher<R>>) -> Result<(), Error> {
    if environment::is_lambda() {
        // On the heap, because the caller's future would be as large on the stack, several times.
        return Box::pin(crate::run(router)).await;
    }

    match command_line(router.into()).await {
        0 => Ok(()),
        status => std::process::exit(status),
    }
}

#[cfg(feature = "cli")]
use crate::cli::main as command_line;

/// Says that there is no command line, and returns the exit status.
#[cfg(not(feature = "cli"))]
async fn command_line<R: Router>(_: Dispatcher<R>) -> i32 {
    eprintln!(
        "error: this is not Lambda, and the program is built without a command line: deploy it, or \
         build it with the feature `cli` of the crate `s3-dispatch`"
    );

    2
}
