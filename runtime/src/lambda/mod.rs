//! Lambda: the one place that knows its runtime crate.
//!
//! `lambda_runtime` deserializes a payload before it calls a function, so that one unexpected byte
//! would fail a whole batch with an error that is not ours. A layer takes the body away before that
//! and hands it to the function behind the deserializer's back, which then reads `null`.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant, SystemTime};

use aws_lambda_events::event::sqs::SqsBatchResponse;
use bytes::Bytes;
use futures_util::FutureExt;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime};
use s3_dispatch_core::{Error, ErrorKind, Router};
use serde::de::IgnoredAny;
use tower::{Layer, Service};

use crate::dispatch::dispatcher::Invocation;
use crate::guarded::Panicked;
use crate::telemetry::logs;
use crate::{BatchReport, Dispatcher, Payload};

type ResponseFuture = Pin<Box<dyn Future<Output = Result<SqsBatchResponse, Diagnostic>> + Send>>;

/// Serves Lambda's invocations until the process is told to end.
///
/// Takes a router or a [`Dispatcher`]. Logs go to standard output, as JSON under
/// `AWS_LAMBDA_LOG_FORMAT=JSON`, at `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `info`), unless
/// the program has set a `tracing` subscriber. On a Managed Instance (`AWS_LAMBDA_MAX_CONCURRENCY`
/// above 1) so many invocations run at a time. On SIGTERM it returns at once; an invocation under
/// way is not answered, so that its messages are delivered again.
///
/// A current-thread Tokio runtime is enough and the cheapest. Build with `panic = "unwind"`, which
/// `cargo lambda build` only does when the profile says so: under `panic = "abort"` a handler that
/// panics ends the process, and its whole batch is delivered again.
///
/// # Errors
///
/// [`ErrorKind::Runtime`] when the environment is not that of a Lambda function, or its Runtime API
/// cannot be reached.
pub async fn run<R: Router>(router: impl Into<Dispatcher<R>>) -> Result<(), Error> {
    check_environment()?;
    logs::init_for_lambda();

    if cfg!(panic = "abort") {
        tracing::warn!("built with panic = \"abort\": a handler that panics fails its whole batch");
    }

    let handoff = Arc::new(Handoff::default());
    let function = Function {
        dispatcher: router.into(),
        handoff: Arc::clone(&handoff),
    };
    let runtime = Runtime::new(function).layer(TakeBodyLayer { handoff });

    tokio::select! {
        served = runtime.run_concurrent() => {
            served.map_err(|error| Error::new(ErrorKind::Runtime, "Lambda's Runtime API cannot be served").with_source(error))
        }
        () = terminated() => {
            tracing::info!("SIGTERM received");
            Ok(())
        }
    }
}

/// `lambda_runtime` panics without these.
fn check_environment() -> Result<(), Error> {
    let names = [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    ];

    for name in names {
        let value = std::env::var(name).map_err(|error| {
            Error::new(
                ErrorKind::Runtime,
                format!("the environment variable `{name}` of Lambda cannot be read"),
            )
            .with_source(error)
        })?;

        let problem = match name {
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" if value.parse::<i32>().is_err() => "is no number",
            "AWS_LAMBDA_RUNTIME_API" if value.parse::<http::Uri>().is_err() => "is no address",
            _ => continue,
        };

        return Err(Error::new(
            ErrorKind::Runtime,
            format!("the environment variable `{name}` {problem}: `{value}`"),
        ));
    }

    Ok(())
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signals) => drop(signals.recv().await),
        // Then the signal ends the process by itself.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// Carries a body past the deserializer. The layer puts it in and, within the same call, the
/// function takes it out.
#[derive(Default)]
struct Handoff {
    /// Held for the time of that call, so that concurrent invocations do not mix.
    turn: Mutex<()>,
    body: Mutex<Option<Bytes>>,
}

struct TakeBodyLayer {
    handoff: Arc<Handoff>,
}

impl<S> Layer<S> for TakeBodyLayer {
    type Service = TakeBody<S>;

    fn layer(&self, inner: S) -> TakeBody<S> {
        TakeBody {
            inner,
            handoff: Arc::clone(&self.handoff),
        }
    }
}

#[derive(Clone)]
struct TakeBody<S> {
    inner: S,
    handoff: Arc<Handoff>,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for TakeBody<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        let _turn = self
            .handoff
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        *self
            .handoff
            .body
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(body);

        self.inner.call(invocation)
    }
}

/// The function, as the runtime crate calls it: with an event that it has not read.
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
        let body = self
            .handoff
            .body
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();

        // Nothing between the layer and this function defers the call. If that ever changes, no
        // batch is answered.
        let body = body.unwrap_or_default();

        self.dispatcher.call(LambdaEvent {
            payload: Payload::from(body),
            context: event.context,
        })
    }
}

// Not derived: a derive would ask `R: Clone`.
impl<R> Clone for Function<R> {
    fn clone(&self) -> Self {
        Self {
            dispatcher: self.dispatcher.clone(),
            handoff: Arc::clone(&self.handoff),
        }
    }
}

/// For `lambda_runtime::run` and its layers. [`run`] does the same at less cost, and lets a payload
/// that is no JSON at all be our error.
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
            // The runtime crate would catch it too, and log it where we do not look.
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
    /// Dispatches the event of one invocation of Lambda, with its deadline, request id and trace
    /// header.
    ///
    /// For a function of your own around it; [`run`] and the `tower::Service` do the same.
    ///
    /// # Errors
    ///
    /// Those of [`dispatch`](Self::dispatch).
    pub async fn dispatch_event(
        &self,
        event: LambdaEvent<impl Into<Payload>>,
    ) -> Result<BatchReport, Error> {
        self.dispatch_in(event.payload.into(), invocation(&event.context))
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
    }
}

/// Milliseconds since the Unix epoch. Some emulators send 0 or a duration, which no function can
/// exceed 15 minutes of ("Configure Lambda function timeout", AWS Lambda Developer Guide, 2026):
/// then the deadline is unknown.
fn deadline(milliseconds: u64) -> Option<Instant> {
    const LONGEST_TIMEOUT: u64 = 15 * 60 * 1000;

    if milliseconds <= LONGEST_TIMEOUT {
        return None;
    }

    let deadline = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))?;
    let left = deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default();

    // Tokio's clock, so that a paused one counts.
    tokio::time::Instant::now().into_std().checked_add(left)
}

fn diagnostic(error: &Error, request_id: &str) -> Diagnostic {
    tracing::error!(
        request_id,
        error = logs::not_yet_logged(error),
        "invocation failed"
    );

    Diagnostic {
        error_type: format!("s3_dispatch::{:?}", error.kind()),
        error_message: logs::with_causes(error),
    }
}
