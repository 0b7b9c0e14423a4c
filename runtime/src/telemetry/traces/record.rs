//! The span of one record.

use opentelemetry::trace::{FutureExt, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use s3_dispatch_core::{EventName, HandlerError, MessageContext, Outcome, S3EventRecord};

use crate::telemetry::errors::with_causes;
use crate::telemetry::outcome_name;
use crate::telemetry::traces::message::{ERROR_TYPE, MessageTrace, OUTCOME};

/// The span of a record, if its invocation is traced.
pub(crate) struct RecordTrace<'m>(Option<Open<'m>>);

/// A span that has not ended.
struct Open<'m> {
    message: &'m MessageTrace,
    context: Context,
    has_ended: bool,
}

/// Begins the span of a record.
pub(crate) fn record<'m>(record: &S3EventRecord, message: &'m MessageContext) -> RecordTrace<'m> {
    RecordTrace(MessageTrace::find(message).map(|message| {
        let parent = message.context();
        let span = message.tracer().build_with_context(builder(record), parent);

        Open {
            message,
            context: parent.with_span(span),
            has_ended: false,
        }
    }))
}

/// The names of the object are those of requests to S3 ("AWS attributes", OpenTelemetry Semantic
/// Conventions 1.44). There is no convention for S3's events.
fn builder(record: &S3EventRecord) -> SpanBuilder {
    let text = |name, value: &str| KeyValue::new(name, value.to_owned());
    let mut attributes = vec![
        text("s3_dispatch.event_name", record.event_name.as_str()),
        text("aws.s3.bucket", record.bucket.name.as_str()),
        text("aws.s3.key", record.object.key.as_str()),
    ];

    let version = record.object.version_id.as_ref();
    attributes.extend(version.map(|id| text("s3_dispatch.object.version_id", id.as_str())));
    let time = record.event_time.as_ref();
    attributes.extend(time.map(|time| text("s3_dispatch.event_time", time.as_str())));

    SpanBuilder::from_name(format!("handle {}", known_name(&record.event_name)))
        .with_kind(SpanKind::Internal)
        .with_attributes(attributes)
}

/// Names of spans stay few, whatever the names of events are.
fn known_name(name: &EventName) -> &'static str {
    let known = EventName::KNOWN.iter().find(|known| *known == name);
    known.map_or("other", EventName::as_str)
}

impl RecordTrace<'_> {
    /// The id of the trace, for logs.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let open = self.0.as_ref()?;
        Some(open.context.span().span_context().trace_id().to_string())
    }

    /// The id of the span, for logs.
    pub(crate) fn span_id(&self) -> Option<String> {
        let open = self.0.as_ref()?;
        Some(open.context.span().span_context().span_id().to_string())
    }

    /// Makes something within the span, such as a span of `tracing`, which a layer of the
    /// program's subscriber may put below ours.
    pub(crate) fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        let _attached = self.0.as_ref().map(|open| open.context.clone().attach());
        make()
    }

    /// Runs the handler within the span, and ends it with the outcome. `error_type` tells the
    /// classes of errors apart. If the future is dropped before, the span says so.
    pub(crate) async fn around(
        self,
        routed: impl Future<Output = Outcome>,
        error_type: fn(&HandlerError) -> &'static str,
    ) -> Outcome {
        let Some(mut open) = self.0 else {
            return routed.await;
        };

        let outcome = routed.with_context(open.context.clone()).await;
        open.end(&outcome, error_type);

        outcome
    }
}

impl Open<'_> {
    fn end(&mut self, outcome: &Outcome, error_type: fn(&HandlerError) -> &'static str) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new(OUTCOME, outcome_name(outcome)));

        if let Outcome::Failed(error) = outcome {
            span.set_attribute(KeyValue::new(ERROR_TYPE, error_type(error)));
            span.set_status(Status::error(with_causes(error.as_error())));
        }

        self.end_now();
    }

    fn end_now(&mut self) {
        self.has_ended = true;
        let now = opentelemetry::time::now();
        self.context.span().end_with_timestamp(now);
        self.message.record_ended(now);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let span = self.context.span();
            span.set_attribute(KeyValue::new(OUTCOME, "not_reached"));
            span.set_attribute(KeyValue::new(ERROR_TYPE, "cancelled"));
            span.set_status(Status::error("the handler was cancelled before it ended"));
            self.end_now();
        }
    }
}
