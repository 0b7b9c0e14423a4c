//! The span of one message.

use std::any::Any;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, KeyValue};
use s3_dispatch_core::delivery::{Delivery, Envelope, QueueArn};
use s3_dispatch_core::{Error, MessageContext};

use crate::telemetry::errors::with_causes;
use crate::telemetry::traces::remote::{from_w3c, from_xray};

/// The attribute with the outcome of a message or of a record. Its values are those of the label
/// `outcome` of the metrics.
pub(super) const OUTCOME: &str = "s3_dispatch.outcome";

/// The attribute with the class of an error ("Recording errors", OpenTelemetry Semantic Conventions
/// 1.44).
pub(super) const ERROR_TYPE: &str = "error.type";

/// What all spans of an invocation share, or of a receive of a worker.
pub(super) struct Shared {
    pub(super) tracer: BoxedTracer,
    /// The context with the span of the invocation. Empty for a worker, whose messages are traces
    /// of their own.
    pub(super) invocation: Context,
}

/// The span of a message, which begins with the first record of the message.
pub(super) struct MessageTrace {
    shared: Arc<Shared>,
    /// Taken when the span begins. `None` from the start if the invocation's span stands for the
    /// message too.
    builder: Mutex<Option<SpanBuilder>>,
    context: OnceLock<Context>,
    /// When the last record ended.
    ended: Mutex<Option<SystemTime>>,
    has_own_span: bool,
}

impl MessageTrace {
    /// A message of a queue or a topic, which has a span of its own.
    pub(super) fn new(
        shared: &Arc<Shared>,
        system: &'static str,
        message: &MessageContext,
    ) -> Self {
        let queue = message.queue_arn().map(queue_name);
        let mut attributes = consumer_attributes(system, queue);

        let id = message.message_id().map(|id| id.as_str().to_owned());
        attributes.extend(id.map(|id| KeyValue::new("messaging.message.id", id)));
        let count = message.receive_count().map(i64::from);
        attributes
            .extend(count.map(|count| KeyValue::new("s3_dispatch.message.receive_count", count)));
        let group = message.group_id().map(|group| group.as_str().to_owned());
        attributes.extend(group.map(|group| KeyValue::new("s3_dispatch.message.group_id", group)));

        let links = producers(message).map(Link::with_context).collect();
        let builder = SpanBuilder::from_name(span_name(queue))
            .with_kind(SpanKind::Consumer)
            .with_attributes(attributes)
            .with_links(links);

        Self {
            shared: Arc::clone(shared),
            builder: Mutex::new(Some(builder)),
            context: OnceLock::new(),
            ended: Mutex::new(None),
            has_own_span: true,
        }
    }

    /// An event that came by itself, whose span is that of the invocation.
    pub(super) fn of_invocation(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            builder: Mutex::new(None),
            context: OnceLock::from(shared.invocation.clone()),
            ended: Mutex::new(None),
            has_own_span: false,
        }
    }

    /// Finds what the invocation has left in the context of a message.
    pub(super) fn find(message: &MessageContext) -> Option<&Self> {
        let trace: &(dyn Any + Send + Sync) = message.trace()?;
        trace.downcast_ref()
    }

    pub(super) fn tracer(&self) -> &BoxedTracer {
        &self.shared.tracer
    }

    /// The context with the span of the message, which begins now if it has not begun.
    pub(super) fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
            let builder = { builder }.take().unwrap_or_default();
            let span = self
                .tracer()
                .build_with_context(builder, &self.shared.invocation);

            self.shared.invocation.with_span(span)
        })
    }

    /// Ends the span, if it has begun, without an outcome.
    pub(super) fn cancel(&self) {
        let context = self.context.get().filter(|_| self.has_own_span);
        let Some(span) = context.map(TraceContextExt::span) else {
            return;
        };

        span.set_attribute(KeyValue::new(ERROR_TYPE, "cancelled"));
        span.set_status(Status::error("the message was cancelled before it ended"));
        span.end();
    }

    /// Notes that a record of the message has ended.
    pub(super) fn record_ended(&self, time: SystemTime) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = Some(ended.map_or(time, |before| before.max(time)));
    }
}

/// Leaves a trace in the context of each message. Only messages of a queue or a topic have spans of
/// their own.
pub(super) fn leave_traces(
    shared: &Arc<Shared>,
    delivery: &mut Delivery,
) -> Vec<Arc<MessageTrace>> {
    let system = match delivery.envelope() {
        Envelope::Sqs => Some("aws_sqs"),
        Envelope::Sns => Some("aws.sns"),
        _ => None,
    };

    let messages = delivery.messages_mut().iter_mut().map(|message| {
        let trace = Arc::new(match system {
            Some(system) => MessageTrace::new(shared, system, &message.context),
            None => MessageTrace::of_invocation(shared),
        });
        message.context.set_trace(Arc::clone(&trace) as _);

        trace
    });
    messages.collect()
}

/// Ends the span of a message, which has succeeded, or failed for this reason. Only the first call
/// for a message counts.
///
/// The span ends when its last record did. A message without records, or that was not reached, has
/// a span without a duration.
pub(crate) fn settle(
    message: &MessageContext,
    outcome: Result<(), &'static str>,
    error: Option<&Error>,
) {
    let Some(trace) = MessageTrace::find(message).filter(|trace| trace.has_own_span) else {
        return;
    };

    let span = trace.context().span();
    let name = outcome.err().unwrap_or("succeeded");
    span.set_attribute(KeyValue::new(OUTCOME, name));

    if outcome.is_err() {
        span.set_attribute(KeyValue::new(ERROR_TYPE, name));
        let description = error.map(|error| with_causes(error)).unwrap_or_default();
        span.set_status(Status::error(description));
    }

    let ended = *trace.ended.lock().unwrap_or_else(PoisonError::into_inner);
    match ended {
        Some(ended) => span.end_with_timestamp(ended),
        None => span.end(),
    }
}

/// Ends the span of a message that nobody has settled, if it has begun.
#[cfg(feature = "worker")]
pub(crate) fn abandon(message: &MessageContext) {
    if let Some(trace) = MessageTrace::find(message) {
        trace.cancel();
    }
}

/// The attributes that the spans of a batch and of a message have in common.
///
/// "Instrumenting AWS Lambda", section "SQS", and "Semantic conventions for AWS SQS", OpenTelemetry
/// Semantic Conventions 1.44.
pub(super) fn consumer_attributes(
    system: &'static str,
    destination: Option<&str>,
) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("messaging.system", system),
        KeyValue::new("messaging.operation.name", "process"),
        KeyValue::new("messaging.operation.type", "process"),
    ];
    let destination = destination.map(str::to_owned);
    attributes.extend(destination.map(|name| KeyValue::new("messaging.destination.name", name)));

    attributes
}

/// The name of a span that processes what came from here: `process uploads`.
pub(super) fn span_name(destination: Option<&str>) -> String {
    match destination {
        Some(destination) => format!("process {destination}"),
        None => "process".to_owned(),
    }
}

/// The name of a queue, which ends its ARN.
pub(super) fn queue_name(arn: &QueueArn) -> &str {
    let arn = arn.as_str();
    arn.rsplit_once(':').map_or(arn, |(_, name)| name)
}

/// The spans that sent a message: by its `AWSTraceHeader`, and by the context that its producer has
/// set.
pub(super) fn producers(message: &MessageContext) -> impl Iterator<Item = SpanContext> {
    let by_xray = message
        .trace_header()
        .and_then(|sent| from_xray(sent.as_str()));
    let by_w3c = message
        .trace_parent()
        .and_then(|sent| from_w3c(sent.as_str()));

    by_xray.into_iter().chain(by_w3c)
}
