//! The dispatcher as a service of Lambda events.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use s3_dispatch_core::{Error, ErrorKind, Router};
use tower::util::BoxCloneService;
use tower::{Layer, Service};

use crate::dispatch::Answer;
use crate::dispatch::batch::invocation::Invocation;
use crate::guarded::Panicked;
use crate::lambda::layers::LayeredService;
use crate::lambda::trace_header;
use crate::telemetry::errors::{error_type, with_causes, without_logged_causes};
use crate::{BatchReport, Dispatcher, Payload};

pub(super) type ResponseFuture = Pin<Box<dyn Future<Output = Result<Answer, Diagnostic>> + Send>>;

/// Lets `lambda_runtime::run` serve a dispatcher, with tower layers around it.
///
/// [`run`](crate::run) does the same at less cost. It also reads the payload itself, so a payload
/// that is not JSON is reported like any other that cannot be read. And it
/// [prepares](Dispatcher::prepare) the router, which a program with this service does itself.
///
/// The layers of [`layer`](Dispatcher::layer) are not around this service.
impl<R: Router> Service<LambdaEvent<Payload>> for Dispatcher<R> {
    type Response = Answer;
    type Error = Diagnostic;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Payload>) -> ResponseFuture {
        let dispatcher = self.clone();
        let request_id = event.context.request_id.clone();

        Box::pin(respond(
            async move { dispatcher.dispatch_event(event).await },
            request_id,
        ))
    }
}

impl<R: Router> Dispatcher<R> {
    /// Puts a tower layer around the service that [`start`](crate::start) and [`run`](crate::run)
    /// serve in Lambda, for example one that measures or traces each invocation.
    ///
    /// The service inside is [`dispatch_event`](Self::dispatch_event): its request is a
    /// `LambdaEvent<Payload>`, its response is a [`BatchReport`], and its error is [`Error`]. The
    /// layer may have an error of its own, which then fails the invocation. The layer that is added
    /// last is the outermost, and sees an invocation first. A layer is applied once, when the
    /// program begins to serve.
    ///
    /// Do not limit the time of an invocation with a layer: what is known about its messages would
    /// be lost, and the dispatcher keeps the deadline itself. Functions of
    /// [`after_invocation`](Self::after_invocation) run inside the layers.
    ///
    /// Layers are for Lambda only. They are not used by [`dispatch`](Self::dispatch), the command
    /// line or `lambda_runtime::run`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{Dispatcher, Routes};
    /// use tower::util::MapRequestLayer;
    ///
    /// let dispatcher = Dispatcher::new(Routes::new(())).layer(MapRequestLayer::new(
    ///     |event: lambda_runtime::LambdaEvent<s3_dispatch::Payload>| {
    ///         println!("invocation {}", event.context.request_id);
    ///         event
    ///     },
    /// ));
    /// ```
    #[must_use]
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<BoxCloneService<LambdaEvent<Payload>, BatchReport, Error>> + Send + Sync + 'static,
        L::Service: Service<
                LambdaEvent<Payload>,
                Response = BatchReport,
                Error: Into<Box<dyn std::error::Error + Send + Sync>>,
                Future: Send + 'static,
            > + Clone
            + Send
            + 'static,
    {
        self.with_layers(|layers| layers.add(layer))
    }

    /// Dispatches the event of one Lambda invocation, with its deadline, request id and trace
    /// header.
    ///
    /// Use it in your own function. [`run`](crate::run) and the `tower::Service` do the same.
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
        let function = &event.context.env_config.function_name;
        let invocation = Invocation {
            own_function: self.recognized_function(function),
            ..invocation(&event.context)
        };

        let trace_header = invocation.trace_header.clone();
        let dispatched = self.dispatch_invocation(event.payload.into(), invocation);

        trace_header::scope(trace_header, dispatched).await
    }
}

/// The service that [`run`](crate::run) serves: the dispatcher with its layers.
pub(super) fn layered<R: Router>(mut dispatcher: Dispatcher<R>) -> LayeredService {
    let layers = dispatcher.take_layers();

    layers.around(BoxCloneService::new(tower::service_fn(
        move |event: LambdaEvent<Payload>| {
            let dispatcher = dispatcher.clone();
            async move { dispatcher.dispatch_event(event).await }
        },
    )))
}

/// Makes the answer of an invocation from its result.
pub(super) async fn respond(
    dispatched: impl Future<Output = Result<BatchReport, Error>>,
    request_id: String,
) -> Result<Answer, Diagnostic> {
    // `lambda_runtime` would catch the panic too, but its log of panics is turned off.
    let dispatched = AssertUnwindSafe(dispatched).catch_unwind().await;
    let dispatched = dispatched.unwrap_or_else(|panic| {
        let panicked = Panicked::new(panic);
        Err(Error::new(ErrorKind::Runtime, "the dispatcher panicked").with_source(panicked))
    });

    match dispatched {
        Ok(report) => Ok(report.answer()),
        Err(error) => Err(diagnostic(&error, &request_id)),
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
        #[cfg(feature = "otel")]
        function_arn: (!context.invoked_function_arn.is_empty())
            .then(|| context.invoked_function_arn.clone()),
        own_function: None,
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

/// Logs the error of an invocation, and describes it for Lambda.
pub(super) fn diagnostic(error: &Error, request_id: &str) -> Diagnostic {
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
