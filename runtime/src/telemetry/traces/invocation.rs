//! The span of one invocation, which is the parent of those of its messages.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, KeyValue};
use s3_dispatch_core::delivery::{Delivery, Envelope};
use s3_dispatch_core::{Error, S3EventRecord};

use crate::telemetry::errors::{error_type, with_causes};
use crate::telemetry::traces::message::{
    ERROR_TYPE, MessageTrace, Shared, consumer_attributes, leave_traces, producers, queue_name,
    span_name,
};

/// The trace of an invocation, or nothing if nobody wants it.
pub(crate) struct InvocationTrace(Stage);

enum Stage {
    Off,
    /// The payload has not been read.
    Waiting(Box<Waiting>),
    Begun(Begun),
}

/// A span that has not ended, and those below it.
struct Begun {
    shared: Arc<Shared>,
    messages: Vec<Arc<MessageTrace>>,
}

/// What is known before the payload has been read.
pub(super) struct Waiting {
    pub(super) tracer: BoxedTracer,
    pub(super) started: SystemTime,
    /// The attributes of the function.
    pub(super) attributes: Vec<KeyValue>,
    /// The name of the function. `None` outside Lambda.
    pub(super) function: Option<String>,
    /// Lambda's own span.
    pub(super) lambda: Option<SpanContext>,
    /// Whether Lambda's span is the parent of ours.
    pub(super) joins_lambda: bool,
}

impl InvocationTrace {
    /// The trace of an invocation that nobody wants to see.
    pub(super) fn off() -> Self {
        Self(Stage::Off)
    }

    pub(super) fn waiting(waiting: Waiting) -> Self {
        Self(Stage::Waiting(Box::new(waiting)))
    }

    /// Begins the span, and prepares those of the messages.
    ///
    /// It must be called before anything else is put into the contexts of the messages.
    pub(crate) fn begin(&mut self, delivery: &mut Delivery) {
        let Stage::Waiting(waiting) = std::mem::replace(&mut self.0, Stage::Off) else {
            return;
        };

        let shared = waiting.begin(Some(delivery));
        let messages = leave_traces(&shared, delivery);
        self.0 = Stage::Begun(Begun { shared, messages });
    }

    /// The id of the trace, for logs.
    pub(crate) fn trace_id(&self) -> Option<String> {
        Some(self.span_context()?.trace_id().to_string())
    }

    /// The id of the span, for logs.
    pub(crate) fn span_id(&self) -> Option<String> {
        Some(self.span_context()?.span_id().to_string())
    }

    fn span_context(&self) -> Option<SpanContext> {
        match &self.0 {
            Stage::Begun(begun) => {
                let span = begun.shared.invocation.span();
                Some(span.span_context().clone())
            }
            Stage::Off | Stage::Waiting(_) => None,
        }
    }

    /// Ends the span. `error` is why the whole invocation failed, if it did. An invocation that
    /// reports single messages as failed has not failed.
    pub(crate) fn finish(mut self, error: Option<&Error>) {
        let shared = match std::mem::replace(&mut self.0, Stage::Off) {
            Stage::Off => return,
            // The payload cannot be read.
            Stage::Waiting(waiting) => waiting.begin(None),
            Stage::Begun(begun) => begun.shared,
        };
        let span = shared.invocation.span();

        if let Some(error) = error {
            span.set_attribute(KeyValue::new(ERROR_TYPE, error_type(error)));
            span.set_status(Status::error(with_causes(error)));
        }

        span.end();
    }
}

/// An invocation whose future is dropped has no answer. A handler may have kept the context of a
/// message, so the spans do not end by themselves.
impl Drop for InvocationTrace {
    fn drop(&mut self) {
        if let Stage::Begun(begun) = &self.0 {
            for message in &begun.messages {
                message.cancel();
            }

            let span = begun.shared.invocation.span();
            span.set_attribute(KeyValue::new(ERROR_TYPE, "cancelled"));
            span.set_status(Status::error(
                "the invocation was cancelled before its answer",
            ));
            span.end();
        }
    }
}

impl Waiting {
    /// Begins the span. `delivery` is what has been read of the payload.
    fn begin(self, delivery: Option<&Delivery>) -> Arc<Shared> {
        let current = Context::current();
        // A layer around the dispatcher may have begun a span for the invocation.
        let is_parent = self.joins_lambda && !current.has_active_span();
        let (parent, link) = match self.lambda {
            Some(lambda) if is_parent => (current.with_remote_span_context(lambda), None),
            lambda => (current, lambda),
        };

        let (name, kind, mut attributes) = describe(self.function, delivery);
        attributes.extend(self.attributes);
        let messages = delivery.map(Delivery::messages).unwrap_or_default();
        let producers = messages
            .iter()
            .flat_map(|message| producers(&message.context));

        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(self.started)
            .with_attributes(attributes)
            .with_links(
                link.into_iter()
                    .chain(producers)
                    .map(Link::with_context)
                    .collect(),
            );
        let span = self.tracer.build_with_context(builder, &parent);

        Arc::new(Shared {
            tracer: self.tracer,
            invocation: parent.with_span(span),
        })
    }
}

/// The name, the kind and the attributes of the span, by what brought the payload.
///
/// "Instrumenting AWS Lambda", section "SQS", "Semantic conventions for messaging spans", and
/// "Semantic conventions for FaaS spans", section "Datasource", OpenTelemetry Semantic Conventions
/// 1.44.
fn describe(
    function: Option<String>,
    delivery: Option<&Delivery>,
) -> (String, SpanKind, Vec<KeyValue>) {
    let envelope = delivery.map(Delivery::envelope);
    let (Some(delivery), Some(Envelope::Sqs | Envelope::Sns)) = (delivery, envelope) else {
        let record = delivery.and_then(|delivery| delivery.records().first());
        let name = function.unwrap_or_else(|| "process".to_owned());
        return (
            name,
            SpanKind::Server,
            record.map(document).unwrap_or_default(),
        );
    };

    let is_sqs = envelope == Some(Envelope::Sqs);
    let queue = queue(delivery);
    let mut attributes = consumer_attributes(if is_sqs { "aws_sqs" } else { "aws.sns" }, queue);
    let count = i64::try_from(delivery.messages().len()).unwrap_or(i64::MAX);
    attributes.push(KeyValue::new("faas.trigger", "pubsub"));
    attributes.push(KeyValue::new("messaging.batch.message_count", count));

    (span_name(queue), SpanKind::Consumer, attributes)
}

/// The queue that all messages came from.
fn queue(delivery: &Delivery) -> Option<&str> {
    let mut queues = delivery
        .messages()
        .iter()
        .map(|message| message.context.queue_arn());
    let first = queues.next()??;

    queues
        .all(|queue| queue == Some(first))
        .then(|| queue_name(first))
}

/// The attributes of an S3 event that came straight to the function.
fn document(record: &S3EventRecord) -> Vec<KeyValue> {
    let operation = if record.event_name.is_object_created() {
        "insert"
    } else if record.event_name.is_object_removed() {
        "delete"
    } else {
        "edit"
    };
    let mut attributes = vec![
        KeyValue::new("faas.trigger", "datasource"),
        KeyValue::new(
            "faas.document.collection",
            record.bucket.name.as_str().to_owned(),
        ),
        KeyValue::new("faas.document.operation", operation),
        KeyValue::new("faas.document.name", record.object.key.as_str().to_owned()),
    ];
    let time = record
        .event_time
        .as_ref()
        .map(|time| time.as_str().to_owned());
    attributes.extend(time.map(|time| KeyValue::new("faas.document.time", time)));

    attributes
}
