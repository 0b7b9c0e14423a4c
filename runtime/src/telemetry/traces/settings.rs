//! What a dispatcher knows about traces.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, TraceContextExt, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::SdkTracerProvider;
#[cfg(feature = "worker")]
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::delivery::{InvocationId, TraceHeader};

use crate::guarded::time_limit::time_limit;
use crate::telemetry::errors::with_causes;
use crate::telemetry::traces::environment;
use crate::telemetry::traces::export::Export;
use crate::telemetry::traces::invocation::{InvocationTrace, Waiting};
#[cfg(feature = "worker")]
use crate::telemetry::traces::message::{Shared, leave_traces};
use crate::telemetry::traces::remote::from_xray;

/// The longest time that an export delays an answer, unless the program says otherwise.
const DEFAULT_LIMIT: Duration = Duration::from_secs(1);

/// The setting of a dispatcher: where spans go, and how long their export may take.
#[derive(Clone, Default)]
pub(crate) struct Traces {
    /// The provider that the program has given to the dispatcher.
    provider: Option<SdkTracerProvider>,
    /// The export that the environment asks for, unless the program has a provider.
    export: Option<Arc<Export>>,
    limit: Option<Duration>,
    /// Whether an invocation has been traced. Shared by clones, which run in one process.
    has_run: Arc<AtomicBool>,
}

impl Traces {
    pub(crate) fn set_provider(&mut self, provider: SdkTracerProvider) {
        self.provider = Some(provider);
    }

    pub(crate) fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Exports the spans of this process if the environment asks for it and the program has no
    /// provider.
    pub(crate) fn export_by_environment(&mut self) {
        if self.provider.is_some() || has_global_provider() {
            return;
        }

        let export = match environment::export_settings() {
            Ok(None) => return,
            Ok(Some(settings)) => Export::new(settings).map_err(|error| with_causes(&error)),
            Err(problem) => Err(problem),
        };

        match export {
            Ok(export) => {
                // The spans that handlers make by the same API go the same way.
                global::set_tracer_provider(export.provider.clone());
                self.export = Some(Arc::new(export));
            }
            Err(error) => tracing::warn!(error, "traces are not exported"),
        }
    }

    /// The trace of an invocation that begins now.
    pub(crate) fn invocation(
        &self,
        request_id: Option<&InvocationId>,
        trace_header: Option<&TraceHeader>,
        function_arn: Option<&str>,
    ) -> InvocationTrace {
        let Some(tracer) = self.tracer() else {
            return InvocationTrace::off();
        };

        let mut attributes = Vec::new();
        if let Some(id) = request_id {
            let is_first = !self.has_run.swap(true, Ordering::Relaxed);
            attributes.push(KeyValue::new("faas.invocation_id", id.as_str().to_owned()));
            attributes.push(KeyValue::new("faas.coldstart", is_first));
        }

        if let Some(arn) = function_arn {
            let account = arn.split(':').nth(4).map(str::to_owned);
            attributes.push(KeyValue::new("aws.lambda.invoked_arn", arn.to_owned()));
            attributes.extend(account.map(|account| KeyValue::new("cloud.account.id", account)));
        }

        let lambda = trace_header.and_then(|header| from_xray(header.as_str()));
        let is_sampled = lambda.as_ref().is_some_and(SpanContext::is_sampled);

        InvocationTrace::waiting(Waiting {
            tracer,
            started: opentelemetry::time::now(),
            attributes,
            function: function_arn.and_then(|arn| arn.split(':').nth(6).map(str::to_owned)),
            lambda,
            joins_lambda: environment::joins_lambda().unwrap_or(is_sampled),
        })
    }

    /// Leaves a trace in the context of each message that a worker has received. Each message is a
    /// trace of its own.
    ///
    /// It must be called before anything else is put into the contexts of the messages.
    #[cfg(feature = "worker")]
    pub(crate) fn messages(&self, delivery: &mut Delivery) {
        if let Some(tracer) = self.tracer() {
            let invocation = Context::new();
            leave_traces(&Arc::new(Shared { tracer, invocation }), delivery);
        }
    }

    /// The tracer of the program's provider, if it has one.
    fn tracer(&self) -> Option<BoxedTracer> {
        let scope = InstrumentationScope::builder("s3-dispatch")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();

        match &self.provider {
            Some(provider) => {
                let tracer = provider.tracer_with_scope(scope);
                Some(BoxedTracer::new(Box::new(tracer)))
            }
            None if has_global_provider() => Some(global::tracer_with_scope(scope)),
            None => None,
        }
    }

    /// Returns whether there is anything to export: the program has given a provider, or the
    /// environment asks for it. A provider of the whole process exports by itself.
    pub(super) fn exports(&self) -> bool {
        self.provider.is_some() || self.export.is_some()
    }

    /// The longest time that an export may delay anything.
    pub(super) fn limit(&self) -> Duration {
        let limit = self.limit.or_else(environment::export_limit);
        limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Exports the spans that have ended, before the answer of an invocation with this deadline.
    ///
    /// It takes half of the time that is left, at most, and never longer than the limit.
    pub(crate) async fn flush(&self, deadline: Option<Instant>) {
        if !self.exports() {
            return;
        }

        let limit = self.limit().min(time_limit(deadline));
        let exported = tokio::time::timeout(limit, self.export()).await;
        self.tell(exported.unwrap_or_else(|_| Err(self.too_slow(limit))));
    }

    /// Exports the spans that have ended, however long it takes.
    ///
    /// # Errors
    ///
    /// Why they could not be exported.
    pub(super) async fn export(&self) -> Result<(), String> {
        if let Some(export) = &self.export {
            export.send().await?;
        }

        match &self.provider {
            Some(provider) => flush_provider(provider.clone()).await,
            None => Ok(()),
        }
    }

    /// Says that an export took longer than this.
    pub(super) fn too_slow(&self, limit: Duration) -> String {
        match self.export {
            Some(_) => format!("the collector did not answer within {limit:?}"),
            None => format!("the exporter did not end within {limit:?}"),
        }
    }

    /// Logs one line if anything went wrong. Returns whether it did.
    pub(super) fn tell(&self, exported: Result<(), String>) -> bool {
        let export = self.export.as_ref();
        let lost = export.map(|export| export.take_lost());
        if exported.is_ok() && lost.unwrap_or_default() == 0 {
            return false;
        }

        tracing::warn!(
            error = exported.err(),
            waiting = export.map(|export| export.waiting()),
            lost,
            "traces were not exported"
        );

        true
    }
}

/// Flushes the provider of the program, which blocks a thread, so it gets one of its own.
async fn flush_provider(provider: SdkTracerProvider) -> Result<(), String> {
    let flushed = tokio::task::spawn_blocking(move || provider.force_flush());

    match flushed.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(with_causes(&error)),
        Err(error) => Err(with_causes(&error)),
    }
}

/// Whether the program has installed a provider for the whole process.
///
/// OpenTelemetry does not tell. But the provider that stands there from the beginning repeats the
/// context of the parent, while any other obeys a context that suppresses spans.
fn has_global_provider() -> bool {
    let parent = SpanContext::new(
        TraceId::from(1),
        SpanId::from(1),
        TraceFlags::NOT_SAMPLED,
        true,
        TraceState::NONE,
    );
    let suppressed = Context::new()
        .with_remote_span_context(parent)
        .with_telemetry_suppressed();
    let span = global::tracer("s3-dispatch")
        .build_with_context(SpanBuilder::from_name("unseen"), &suppressed);

    !span.span_context().is_valid()
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces")
            .field("has_provider", &self.provider.is_some())
            .field("exports", &self.export.is_some())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
