//! Serves the invocations of Lambda's Runtime API.

use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime};
use s3_dispatch_core::{Error, ErrorKind, Router};
use serde::de::IgnoredAny;
use tower::Service;

use crate::dispatch::Answer;
use crate::dispatch::batch::stop::Stop;
use crate::lambda::body_layer::{BodyLayer, Handoff, TakeBody};
use crate::lambda::drain::Drain;
use crate::lambda::environment::Termination;
use crate::lambda::layers::LayeredService;
use crate::lambda::service::{ResponseFuture, diagnostic, layered, respond};
use crate::lambda::{environment, start_failure};
use crate::telemetry::in_progress::InProgress;
use crate::telemetry::logs;
use crate::{Dispatcher, Payload};

/// Serves Lambda's invocations until the process is told to end.
///
/// `router` is a router or a [`Dispatcher`]. In Lambda, [`start`](crate::start) does the same.
/// Outside Lambda, `start` runs a command line, while `run` returns an error.
///
/// The router is [prepared](Dispatcher::prepare) first, in Lambda's init phase, so that the first
/// invocation finds the state made. If that fails, the error is logged and reported to Lambda with
/// all of its causes, and no invocation is taken. Lambda starts the process again when the next
/// batch comes, and the messages stay in the queue meanwhile.
///
/// Logs go to standard output. They are JSON if `AWS_LAMBDA_LOG_FORMAT` is `JSON`, and text
/// otherwise, one line for each event; [`LogSubscriber`](crate::LogSubscriber) describes both. The
/// level is that of `AWS_LAMBDA_LOG_LEVEL` or else of `RUST_LOG`. By default it is `info`, and
/// `error` for the AWS SDK. If the program has set a `tracing` subscriber, that one is used
/// instead.
/// [`S3_DISPATCH_LOG_HANDLED`](Dispatcher::log_handled_at) and
/// [`S3_DISPATCH_LOG_UNROUTED`](Dispatcher::log_unrouted_at) set the levels of lines about records.
///
/// With the feature `emf`, metrics are printed after each invocation, unless the program has set a
/// recorder of the crate `metrics`; see [Metrics](crate#metrics).
///
/// The panic hook of the process is replaced by one that writes each panic to the logs, with its
/// backtrace if `RUST_BACKTRACE` is set. A program that needs a hook of its own serves a
/// [`Dispatcher`] with `lambda_runtime::run`.
///
/// On a Lambda Managed Instance, where `AWS_LAMBDA_MAX_CONCURRENCY` is above 1, that many
/// invocations run at once. They share the environment, so AWS SDK clients find no trace header
/// there, and AWS cannot stop a function that triggers itself. `TraceHeaderInterceptor` (feature
/// `trace-header`) adds the header to the requests of a client. What this crate sends by itself has
/// it anyway.
///
/// On SIGTERM no further invocation is asked for, and nothing new starts in those that run. They
/// are answered as soon as their running handlers have ended, or are cancelled after the time of
/// [`Dispatcher::with_drain`]; what did not succeed by then is delivered again. An invocation that
/// arrives after the signal is answered without running a handler. Then the function returns. A
/// second SIGTERM ends it at once.
///
/// A current-thread Tokio runtime is enough and costs the least. Build with `panic = "unwind"`,
/// which `cargo lambda build` only does if the profile says so. Under `panic = "abort"`, a handler
/// that panics ends the process, and its whole batch is delivered again.
///
/// # Errors
///
/// - [`ErrorKind::NotPrepared`] if the router cannot be prepared.
/// - [`ErrorKind::Runtime`] if the environment is not that of a Lambda function, or if Lambda's
///   Runtime API cannot be reached.
///
/// Return it from `main`, so that the process ends with a status that is not 0. Lambda then starts
/// the process again.
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

    let stop = Stop::default();
    let dispatcher = router
        .into()
        .with_log_levels_of_environment()
        .with_in_progress(InProgress::find())
        .exporting_traces()
        .with_stop(stop.clone());

    #[cfg(feature = "emf")]
    let dispatcher = print_metrics(dispatcher);

    let drain = Drain::new(stop);
    let drain_time = dispatcher.drain();
    let mut signals = Termination::listen();

    tokio::select! {
        served = serve(dispatcher, &drain) => served,
        () = end(&drain, drain_time, &mut signals) => Ok(()),
    }
}

/// Waits for SIGTERM, and then for the answers of what runs or for a second signal.
async fn end(drain: &Drain, drain_time: Duration, signals: &mut Termination) {
    signals.received().await;
    tracing::info!("SIGTERM received");

    tokio::select! {
        () = drain.finish(drain_time) => {}
        () = signals.received() => tracing::warn!("second SIGTERM received: the drain is cut"),
    }
}

/// Prints metrics after each invocation, unless the program has a recorder.
#[cfg(feature = "emf")]
fn print_metrics<R: Router>(dispatcher: Dispatcher<R>) -> Dispatcher<R> {
    let Some(printer) = crate::telemetry::emf::Printer::install() else {
        return dispatcher;
    };

    // It is the last function that runs after an invocation, so it prints what the others measure.
    dispatcher.after_invocation(move |_: &Result<crate::BatchReport, Error>| {
        let printer = printer.clone();
        async move { printer.print() }
    })
}

/// Prepares the router, and then serves invocations.
async fn serve<R: Router>(dispatcher: Dispatcher<R>, drain: &Drain) -> Result<(), Error> {
    dispatcher.start();

    if let Err(error) = dispatcher.prepare().await {
        start_failure::report(&error).await;
        return Err(error);
    }

    let handoff = Arc::new(Handoff::default());
    let function = Function {
        service: layered(dispatcher),
        handoff: Arc::clone(&handoff),
    };
    let runtime = Runtime::new(function)
        .layer(BodyLayer { handoff })
        .layer(drain.clone());

    runtime.run_concurrent().await.map_err(|error| {
        let text = "the connection to Lambda's Runtime API failed";
        Error::new(ErrorKind::Runtime, text).with_source(error)
    })
}

impl TakeBody for LambdaInvocation {
    fn take_body(&mut self) -> Bytes {
        std::mem::replace(&mut self.body, Bytes::from_static(b"null"))
    }
}

/// The function that `lambda_runtime` calls, with an event that is not parsed yet.
#[derive(Clone)]
struct Function {
    service: LayeredService,
    handoff: Arc<Handoff>,
}

impl Service<LambdaEvent<IgnoredAny>> for Function {
    type Response = Answer;
    type Error = Diagnostic;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        let ready = self.service.poll_ready(context);
        ready.map_err(|error| diagnostic(&error, ""))
    }

    fn call(&mut self, event: LambdaEvent<IgnoredAny>) -> ResponseFuture {
        let request_id = event.context.request_id.clone();
        let event = LambdaEvent {
            payload: Payload::from(self.handoff.take()),
            context: event.context,
        };

        // The service that is ready is called, and its clone waits for the next invocation.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);

        // Called in the future, so that the panic of a layer is an error too.
        Box::pin(respond(
            async move { service.call(event).await },
            request_id,
        ))
    }
}
