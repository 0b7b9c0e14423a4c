//! Connects the dispatcher to `lambda_runtime`. No other file names that crate.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant, SystemTime};

use aws_lambda_events::event::sqs::SqsBatchResponse;
use bytes::Bytes;
use futures_util::FutureExt;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime};
use s3_dispatch_core::{Error, ErrorKind, Router};
use serde::de::IgnoredAny;
use tower::Service;

use crate::dispatch::invocation::Invocation;
use crate::guarded::Panicked;
use crate::lambda::body_layer::{BodyLayer, Handoff, TakeBody};
use crate::lambda::environment;
use crate::telemetry::errors::{error_type, with_causes, without_logged_causes};
use crate::telemetry::in_progress::InProgress;
use crate::telemetry::logs;
use crate::{BatchReport, Dispatcher, Payload};

type ResponseFuture = Pin<Box<dyn Future<Output = Result<SqsBatchResponse, Diagnostic>> + Send>>;

/// Serves Lambda's invocations until the process is told to end.
///
/// `router` is a router or a [`Dispatcher`]. In Lambda, [`start`](crate::start) does the same.
/// Outside Lambda, `start` runs a command line, while `run` returns an error.
///
/// Logs go to standard output. They are JSON if `AWS_LAMBDA_LOG_FORMAT` is `JSON`, and text
/// otherwise, one line for each event, with control characters escaped. The level is that of
/// `AWS_LAMBDA_LOG_LEVEL` or else of `RUST_LOG`, and `info` by default. If the program has set a
/// `tracing` subscriber, that one is used instead.
///
/// The panic hook of the process is replaced by one that writes each panic to the logs, with its
/// backtrace if `RUST_BACKTRACE` is set. A program that needs a hook of its own serves a
/// [`Dispatcher`] with `lambda_runtime::run`.
///
/// On a Lambda Managed Instance, where `AWS_LAMBDA_MAX_CONCURRENCY` is above 1, that many
/// invocations run at once. On SIGTERM the function returns at once; an invocation that is still
/// running gets no answer, so its messages are delivered again.
///
/// A current-thread Tokio runtime is enough and costs the least. Build with `panic = "unwind"`,
/// which `cargo lambda build` only does if the profile says so. Under `panic = "abort"`, a handler
/// that panics ends the process, and its whole batch is delivered again.
///
/// # Errors
///
/// [`ErrorKind::Runtime`] if the environment is not that of a Lambda function, or if Lambda's
/// Runtime API cannot be reached. Lambda then starts the process again.
///
/// # Examples
///
/// ```no_run
/// use s3_dispatch::{Dispatcher, Routes};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), s3_dispatch::Error> {
///     let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
///     s3_dispatch::run(Dispatcher::new(routes).with_concurrency(10)).await
/// }
/// ```
pub async fn run<R: Router>(router: impl Into<Dispatcher<R>>) -> Result<(), Error> {
    environment::check()?;
    logs::init_for_lambda();

    if cfg!(panic = "abort") {
        tracing::warn!("built with panic = \"abort\": a handler that panics fails its whole batch");
    }

    let dispatcher = router.into().with_in_progress(InProgress::find());
    dispatcher.start();

    let handoff = Arc::new(Handoff::default());
    let function = Function {
        dispatcher,
        handoff: Arc::clone(&handoff),
    };
    let runtime = Runtime::new(function).layer(BodyLayer { handoff });

    tokio::select! {
        served = runtime.run_concurrent() => served.map_err(|error| {
            let text = "the connection to Lambda's Runtime API failed";
            Error::new(ErrorKind::Runtime, text).with_source(error)
        }),
        () = environment::terminated() => {
            tracing::info!("SIGTERM received");
            Ok(())
        }
    }
}

impl TakeBody for LambdaInvocation {
    fn take_body(&mut self) -> Bytes {
        std::mem::replace(&mut self.body, Bytes::from_static(b"null"))
    }
}

/// The function that `lambda_runtime` calls, with an event that is not parsed yet.
struct Function<R> {
    dispatcher: Dispatcher<R>,
    handoff: Arc<Handoff>,
}

impl<R: Router> Service<LambdaEvent<IgnoredAny>> for Function<R> {
    type Response = SqsBatchResponse;
    type Error = Diagnostic;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<IgnoredAny>) -> ResponseFuture {
        self.dispatcher.call(LambdaEvent {
            payload: Payload::from(self.handoff.take()),
            context: event.context,
        })
    }
}

// Not derived, because a derive would require `R: Clone`.
impl<R> Clone for Function<R> {
    fn clone(&self) -> Self {
        Self {
            dispatcher: self.dispatcher.clone(),
            handoff: Arc::clone(&self.handoff),
        }
    }
}

/// Lets `lambda_runtime::run` serve a dispatcher, with tower layers around it.
///
/// [`run`] does the same at less cost. It also reads the payload itself, so a payload that is not
/// JSON is reported like any other that cannot be read.
impl<R: Router> Service<LambdaEvent<Payload>> for Dispatcher<R> {
    type Response = SqsBatchResponse;
    type Error = Diagnostic;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Payload>) -> ResponseFuture {
        let dispatcher = self.clone();

        Box::pin(async move {
            let request_id = event.context.request_id.clone();
            let dispatched = AssertUnwindSafe(dispatcher.dispatch_event(event))
                .catch_unwind()
                .await;

            // `lambda_runtime` would catch the panic too, but its log of panics is turned off.
            let dispatched = dispatched.unwrap_or_else(|panic| {
                let panicked = Panicked::new(panic);
                Err(Error::new(ErrorKind::Runtime, "the dispatcher panicked").with_source(panicked))
            });
            match dispatched {
                Ok(report) => Ok(report.response()),
                Err(error) => Err(diagnostic(&error, &request_id)),
            }
        })
    }
}

impl<R: Router> Dispatcher<R> {
    /// Dispatches the event of one Lambda invocation, with its deadline, request id and trace
    /// header.
    ///
    /// Use it in your own function. [`run`] and the `tower::Service` do the same.
    ///
    /// # Errors
    ///
    /// The same as [`dispatch`](Self::dispatch).
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
    /// use lambda_runtime::{Error, LambdaEvent};
    /// use s3_dispatch::{Dispatcher, Routes};
    ///
    /// async fn function(
    ///     event: LambdaEvent<SqsEvent>,
    ///     dispatcher: &Dispatcher<Routes<()>>,
    /// ) -> Result<SqsBatchResponse, Error> {
    ///     let report = dispatcher.dispatch_event(event).await?;
    ///     Ok(report.response())
    /// }
    /// ```
    pub async fn dispatch_event(
        &self,
        event: LambdaEvent<impl Into<Payload>>,
    ) -> Result<BatchReport, Error> {
        self.dispatch_invocation(event.payload.into(), invocation(&event.context))
            .await
    }
}

fn invocation(context: &Context) -> Invocation {
    Invocation {
        deadline: deadline(context.deadline),
        request_id: (!context.request_id.is_empty()).then(|| context.request_id.as_str().into()),
        trace_header: context
            .xray_trace_id
            .as_deref()
            .filter(|header| !header.is_empty())
            .map(Into::into),
        is_from_lambda: true,
    }
}

/// Converts a deadline from milliseconds since the Unix epoch.
///
/// Some emulators send 0, or the function's timeout. A function can run for at most 15 minutes
/// ("Configure Lambda function timeout", AWS Lambda Developer Guide, 2026), so a smaller number is
/// not a time, and the deadline is unknown.
fn deadline(milliseconds: u64) -> Option<Instant> {
    const MAX_TIMEOUT: u64 = 15 * 60 * 1000;

    if milliseconds <= MAX_TIMEOUT {
        return None;
    }

    let deadline = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))?;
    let left = deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default();

    // Tokio's clock, so that tests can pause it.
    tokio::time::Instant::now().into_std().checked_add(left)
}

fn diagnostic(error: &Error, request_id: &str) -> Diagnostic {
    tracing::error!(
        request_id,
        error = without_logged_causes(error),
        "invocation failed"
    );

    Diagnostic {
        error_type: error_type(error),
        error_message: with_causes(error),
    }
}
