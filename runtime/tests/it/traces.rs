//! Traces: which spans there are, below which others, and what they tell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Context, LambdaEvent};
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use s3_dispatch::dispatch::Returned;
use s3_dispatch::{
    AllFailed, BatchReport, Dispatcher, Error, ObjectKey, Payload, Routes, Unrouted,
};
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SqsBatchBuilder, SqsMessageBuilder,
};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use crate::logs::{messages, subscribe_all_threads, with_log};
use crate::script::{Script, after, put};

const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";
const W3C: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Keeps what is exported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Memory {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Memory {
    pub(crate) fn provider(&self) -> SdkTracerProvider {
        let builder = SdkTracerProvider::builder();
        builder.with_simple_exporter(self.clone()).build()
    }

    /// Takes the spans.
    pub(crate) fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Takes the spans and draws them, each below its parent.
    pub(crate) fn draw(&self) -> String {
        let spans = self.take();
        let is_inside = |id: SpanId| spans.iter().any(|span| span.span_context.span_id() == id);
        let roots = spans.iter().filter(|span| !is_inside(span.parent_span_id));

        let mut drawing = String::new();
        for root in roots {
            draw(root, &spans, 0, &mut drawing);
        }

        drawing
    }
}

/// Draws a span and those below it. The ids of our own spans are random, so they are left out.
fn draw(span: &SpanData, spans: &[SpanData], depth: usize, drawing: &mut String) {
    let indent = "  ".repeat(depth);
    let kind = match span.span_kind {
        SpanKind::Internal => "",
        SpanKind::Server => " SERVER",
        SpanKind::Consumer => " CONSUMER",
        _ => " of another kind",
    };
    drawing.push_str(&format!("{indent}{}{kind}\n", span.name));

    if depth == 0 && span.parent_span_id != SpanId::INVALID {
        assert!(span.parent_span_is_remote);
        let trace = span.span_context.trace_id();
        drawing.push_str(&format!("{indent}  > {trace} {}\n", span.parent_span_id));
    }

    for link in &span.links.links {
        let (trace, id) = (link.span_context.trace_id(), link.span_context.span_id());
        drawing.push_str(&format!("{indent}  ~ {trace} {id}\n"));
    }

    for attribute in &span.attributes {
        drawing.push_str(&format!(
            "{indent}  {}={}\n",
            attribute.key, attribute.value
        ));
    }

    if let Status::Error { description } = &span.status {
        let line = format!("{indent}  ! {description}");
        drawing.push_str(&format!("{}\n", line.trim_end()));
    }

    let below = |child: &&SpanData| child.parent_span_id == span.span_context.span_id();
    let mut children: Vec<_> = spans.iter().filter(below).collect();
    children.sort_by_key(|child| child.start_time);

    for child in children {
        assert_eq!(child.span_context.trace_id(), span.span_context.trace_id());
        assert!(child.start_time >= span.start_time && child.end_time <= span.end_time);
        draw(child, spans, depth + 1, drawing);
    }
}

fn traced() -> (Dispatcher<Script>, Memory) {
    let memory = Memory::default();
    let dispatcher = Dispatcher::new(Script::default())
        .with_concurrency(1)
        .with_tracer_provider(memory.provider());

    (dispatcher, memory)
}

/// Removes the margin of a text that is written among code.
pub(crate) fn golden(text: &str) -> String {
    let lines = text.lines().skip(1);
    let lines = lines.map(|line| line.strip_prefix("        ").unwrap_or(line));

    lines.map(|line| format!("{line}\n")).collect()
}

/// The lines that begin with one of these, at any depth.
pub(crate) fn only(drawing: &str, beginnings: &[&str]) -> Vec<String> {
    let lines = drawing.lines().filter(|line| {
        beginnings
            .iter()
            .any(|beginning| line.trim_start().starts_with(beginning))
    });

    lines.map(|line| line.trim_start().to_owned()).collect()
}

#[tokio::test]
async fn a_batch_its_messages_and_their_records_have_a_span_each() {
    let (dispatcher, memory) = traced();
    let two = NotificationBuilder::new()
        .with_record(
            put("ok/1")
                .with_bucket("photos")
                .with_event_time("2026-11-26T10:00:00.000Z"),
        )
        .with_record(
            put("fail/2")
                .with_bucket("photos")
                .with_event_time("2026-11-26T10:00:01.000Z"),
        );
    let batch = SqsBatchBuilder::new()
        .with_queue_arn("arn:aws:sqs:eu-central-1:123456789012:uploads")
        .with_message(
            SqsMessageBuilder::new("m-1")
                .with_notification(two)
                .with_receive_count(2)
                .with_trace_header(format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"))
                .with_attribute("traceparent", W3C),
        )
        .with_body("m-2", "not JSON");
    let _report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

    let expected = golden(
        "
        process uploads CONSUMER
          ~ 5759e988bd862e3fe1be46a994272793 53995c3f42cd8ad8
          ~ 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331
          messaging.system=aws_sqs
          messaging.operation.name=process
          messaging.operation.type=process
          messaging.destination.name=uploads
          faas.trigger=pubsub
          messaging.batch.message_count=2
          process uploads CONSUMER
            ~ 5759e988bd862e3fe1be46a994272793 53995c3f42cd8ad8
            ~ 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331
            messaging.system=aws_sqs
            messaging.operation.name=process
            messaging.operation.type=process
            messaging.destination.name=uploads
            messaging.message.id=m-1
            s3_dispatch.message.receive_count=2
            s3_dispatch.outcome=record_failed
            error.type=record_failed
            !
            handle ObjectCreated:Put
              s3_dispatch.event_name=ObjectCreated:Put
              aws.s3.bucket=photos
              aws.s3.key=ok/1
              s3_dispatch.event_time=2026-11-26T10:00:00.000Z
              s3_dispatch.outcome=handled
            handle ObjectCreated:Put
              s3_dispatch.event_name=ObjectCreated:Put
              aws.s3.bucket=photos
              aws.s3.key=fail/2
              s3_dispatch.event_time=2026-11-26T10:00:01.000Z
              s3_dispatch.outcome=retry
              error.type=handler_error
              ! it failed
          process uploads CONSUMER
            messaging.system=aws_sqs
            messaging.operation.name=process
            messaging.operation.type=process
            messaging.destination.name=uploads
            messaging.message.id=m-2
            s3_dispatch.message.receive_count=1
            s3_dispatch.outcome=malformed
            error.type=malformed
            ! expected value at line 1 column 1",
    );
    let drawing = memory.draw();
    let malformed = drawing.rfind("! ").unwrap();
    assert_eq!(
        drawing[..malformed],
        expected[..expected.rfind("! ").unwrap()]
    );
    assert!(drawing[malformed..].contains("JSON"), "{drawing}");
}

#[tokio::test]
async fn each_outcome_has_its_name_and_each_failure_its_class() {
    let (dispatcher, memory) = traced();
    let dispatcher = dispatcher
        .with_record_timeout(Duration::from_millis(1))
        .on_unrouted(Unrouted::Fail);

    for (key, expected) in [
        ("ok/1", &["s3_dispatch.outcome=handled"][..]),
        ("skip/1", &["s3_dispatch.outcome=duplicate"]),
        ("gone/1", &["s3_dispatch.outcome=gone"]),
        (
            "permanent/1",
            &[
                "s3_dispatch.outcome=permanent",
                "error.type=handler_error",
                "! it failed for good",
            ],
        ),
        (
            "panic/1",
            &[
                "s3_dispatch.outcome=retry",
                "error.type=panic",
                "! panicked: it panicked",
            ],
        ),
        (
            "hang/1",
            &[
                "s3_dispatch.outcome=retry",
                "error.type=timeout",
                "! the handler ran longer than 1ms",
            ],
        ),
        (
            "unrouted/1",
            &[
                "s3_dispatch.outcome=retry",
                "error.type=unrouted",
                "! no route matches the record",
            ],
        ),
    ] {
        let notification = NotificationBuilder::new().with_record(put(key));
        let _ = dispatcher.dispatch(notification.to_json(), None).await;

        let spans = memory.draw();
        let record = spans.split_once("handle ObjectCreated:Put").unwrap().1;
        let told = only(record, &["s3_dispatch.outcome", "error.type", "!"]);
        assert_eq!(told, expected, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_cuts_or_leaves_out_says_so() {
    let (dispatcher, memory) = traced();
    let batch = SqsBatchBuilder::new()
        .with_record("m-1", put("hang/1"))
        .with_record("m-2", put("ok/2"));
    let _report = dispatcher
        .dispatch(batch.to_bytes(), after(2_000))
        .await
        .unwrap();

    let drawing = memory.draw();
    let told = [
        "process",
        "handle",
        "messaging.message.id",
        "s3_dispatch.outcome",
        "error",
        "!",
    ];
    assert_eq!(
        only(&drawing, &told),
        [
            "process object-events CONSUMER",
            "process object-events CONSUMER",
            "messaging.message.id=m-1",
            "s3_dispatch.outcome=not_reached",
            "error.type=not_reached",
            "!",
            "handle ObjectCreated:Put",
            "s3_dispatch.outcome=not_reached",
            "error.type=cancelled",
            "! the handler was cancelled before it ended",
            "process object-events CONSUMER",
            "messaging.message.id=m-2",
            "s3_dispatch.outcome=not_reached",
            "error.type=not_reached",
            "!",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dispatch_that_is_dropped_leaves_no_span_open() {
    let (dispatcher, memory) = traced();
    let batch = SqsBatchBuilder::new()
        .with_record("m-1", put("hang/1"))
        .with_record("m-2", put("ok/2"));
    let dispatched = dispatcher.dispatch(batch.to_bytes(), None);
    tokio::time::timeout(Duration::from_secs(1), dispatched)
        .await
        .unwrap_err();

    // The second message has not begun, so it has no span.
    assert_eq!(
        only(&memory.draw(), &["process", "handle", "!"]),
        [
            "process object-events CONSUMER",
            "! the invocation was cancelled before its answer",
            "process object-events CONSUMER",
            "! the message was cancelled before it ended",
            "handle ObjectCreated:Put",
            "! the handler was cancelled before it ended",
        ]
    );
}

#[tokio::test]
async fn messages_that_are_kept_apart_say_so() {
    let (dispatcher, memory) = traced();
    let message = |id: &str| {
        SqsMessageBuilder::new(id)
            .with_record(put(&format!("ok/{id}")))
            .with_receive_count(2)
    };
    let batch = SqsBatchBuilder::new()
        .with_message(message("1"))
        .with_message(message("2"));
    let dispatcher = dispatcher.on_returned(Returned::Separately);
    let _report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

    let mut told = only(&memory.draw(), &["s3_dispatch.outcome"]);
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "s3_dispatch.outcome=handled",
            "s3_dispatch.outcome=left_out",
            "s3_dispatch.outcome=succeeded",
        ]
    );
}

/// Dispatches an event as Lambda would, with this trace header.
async fn in_lambda(dispatcher: &Dispatcher<Script>, payload: &str, header: &str) {
    let mut context = Context::default();
    context.request_id = "request".to_owned();
    context.invoked_function_arn =
        "arn:aws:lambda:eu-central-1:123456789012:function:thumbnailer:live".to_owned();
    context.xray_trace_id = (!header.is_empty()).then(|| header.to_owned());

    let event = LambdaEvent::new(Payload::from(payload), context);
    let _: Result<BatchReport, Error> = dispatcher.dispatch_event(event).await;
}

#[tokio::test]
async fn an_invocation_tells_which_it_is() {
    let (dispatcher, memory) = traced();
    let batch = SqsBatchBuilder::new().to_json();
    let mut drawings = Vec::new();
    for _ in 0..2 {
        in_lambda(&dispatcher.clone(), &batch, "").await;
        drawings.push(only(&memory.draw(), &["faas", "aws", "cloud"]));
    }

    for (drawing, is_first) in drawings.into_iter().zip([true, false]) {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:thumbnailer:live";
        assert_eq!(
            drawing,
            [
                "faas.trigger=pubsub".to_owned(),
                "faas.invocation_id=request".to_owned(),
                format!("faas.coldstart={is_first}"),
                format!("aws.lambda.invoked_arn={arn}"),
                "cloud.account.id=123456789012".to_owned(),
            ]
        );
    }
}

#[tokio::test]
async fn a_sampled_span_of_lambda_is_the_parent_and_another_is_linked() {
    let (dispatcher, memory) = traced();
    let batch = SqsBatchBuilder::new().to_json();
    let id = "5759e988bd862e3fe1be46a994272793 53995c3f42cd8ad8";

    for (rest, expected) in [
        (
            ";Parent=53995c3f42cd8ad8;Sampled=1",
            vec![format!("> {id}")],
        ),
        (
            ";Parent=53995c3f42cd8ad8;Sampled=0",
            vec![format!("~ {id}")],
        ),
        (";Sampled=1", vec![]),
    ] {
        in_lambda(&dispatcher, &batch, &format!("{ROOT}{rest}")).await;
        assert_eq!(only(&memory.draw(), &[">", "~"]), expected, "{rest}");
    }
}

#[tokio::test]
async fn the_header_of_the_invocation_is_no_link_of_its_messages() {
    let (dispatcher, memory) = traced();
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .to_json();
    in_lambda(
        &dispatcher,
        &batch,
        &format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
    )
    .await;

    assert_eq!(only(&memory.draw(), &["~"]).len(), 1);
}

#[tokio::test]
async fn an_event_that_comes_by_itself_is_a_document() {
    let (dispatcher, memory) = traced();
    let record = put("ok/1")
        .with_bucket("photos")
        .with_event_time("2026-11-26T10:00:00Z");
    let notification = NotificationBuilder::new().with_record(record.clone());
    let event = record.to_eventbridge_json().unwrap();

    for payload in [notification.to_json(), event] {
        in_lambda(&dispatcher, &payload, "").await;
        let drawing = memory.draw();
        assert_eq!(
            only(
                &drawing,
                &[
                    "thumbnailer",
                    "faas.d",
                    "faas.t",
                    "messaging",
                    "  handle",
                    "handle"
                ]
            ),
            [
                "thumbnailer SERVER",
                "faas.trigger=datasource",
                "faas.document.collection=photos",
                "faas.document.operation=insert",
                "faas.document.name=ok/1",
                "faas.document.time=2026-11-26T10:00:00Z",
                "handle ObjectCreated:Put",
            ],
            "{drawing}"
        );
    }

    for (name, operation) in [
        ("ObjectRemoved:Delete", "delete"),
        ("ObjectTagging:Put", "edit"),
    ] {
        let record = RecordBuilder::new(name).with_key("ok/1");
        let notification = NotificationBuilder::new().with_record(record);
        in_lambda(&dispatcher, &notification.to_json(), "").await;
        let expected = format!("faas.document.operation={operation}");
        assert_eq!(
            only(&memory.draw(), &["faas.document.operation"]),
            [expected]
        );
    }
}

#[tokio::test]
async fn messages_of_a_topic_have_spans_too() {
    let (dispatcher, memory) = traced();
    let batch = SnsBatchBuilder::new().with_record("s-1", put("ok/1"));
    let _report = dispatcher.dispatch(batch.to_json(), None).await.unwrap();

    assert_eq!(
        only(
            &memory.draw(),
            &["process", "handle", "messaging.system", "messaging.message"]
        ),
        [
            "process CONSUMER",
            "messaging.system=aws.sns",
            "process CONSUMER",
            "messaging.system=aws.sns",
            "messaging.message.id=s-1",
            "handle ObjectCreated:Put",
        ]
    );
}

#[tokio::test]
async fn an_invocation_that_fails_as_a_whole_is_an_error() {
    let (dispatcher, memory) = traced();
    let dispatcher = dispatcher.on_all_failed(AllFailed::FailInvocation);
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("fail/1"))
        .to_json();

    for (payload, name, class) in [
        (
            batch.as_str(),
            "process object-events CONSUMER",
            "s3_dispatch::InvocationFailed",
        ),
        ("no JSON", "thumbnailer SERVER", "s3_dispatch::InvalidJson"),
    ] {
        in_lambda(&dispatcher, payload, "").await;
        let drawing = memory.draw();
        assert!(drawing.starts_with(name), "{drawing}");
        assert_eq!(
            only(&drawing, &["error.type"])[0],
            format!("error.type={class}")
        );
    }
}

#[tokio::test]
async fn a_handler_runs_in_the_span_of_its_record() {
    let memory = Memory::default();
    let provider = memory.provider();
    let tracer = provider.tracer("handler");
    let routes = Routes::new(()).on_fn("*", move |_: ObjectKey| {
        let tracer = tracer.clone();
        async move {
            tokio::task::yield_now().await;
            tracer.in_span("inner", |_| ());
            Ok::<_, std::io::Error>(())
        }
    });
    let dispatcher = Dispatcher::new(routes).with_tracer_provider(provider);
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("ok/2"));
    let _report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    assert!(!opentelemetry::Context::current().has_active_span());

    let told = only(&memory.draw(), &["process", "handle", "inner"]);
    let message = [
        "process object-events CONSUMER",
        "handle ObjectCreated:Put",
        "inner",
    ];
    assert_eq!(told[1..], [message, message].concat());
}

#[tokio::test]
async fn spans_of_tracing_are_below_the_span_of_their_record() {
    let memory = Memory::default();
    let provider = memory.provider();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing"));
    let subscriber = tracing_subscriber::registry().with(layer);
    let routes = Routes::new(()).on_fn("*", async || {
        tracing::info_span!("inner").in_scope(|| ());
        Ok::<_, std::io::Error>(())
    });
    let dispatcher = Dispatcher::new(routes).with_tracer_provider(provider);
    let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));

    subscribe_all_threads();
    let dispatched = dispatcher.dispatch(batch.to_bytes(), None);
    let _report = dispatched.with_subscriber(subscriber).await.unwrap();

    let told = only(&memory.draw(), &["process", "handle", "record", "inner"]);
    let process = "process object-events CONSUMER";
    let handle = "handle ObjectCreated:Put";
    assert_eq!(told, [process, process, handle, "record", "inner"]);
}

#[tokio::test]
async fn a_span_around_the_dispatch_is_the_parent() {
    let (dispatcher, memory) = traced();
    let provider = memory.provider();
    let span = provider.tracer("layer").start("layer");
    let around = opentelemetry::Context::current_with_span(span);
    let header = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    let batch = SqsBatchBuilder::new().with_body("1", "{}").to_json();
    let dispatched = in_lambda(&dispatcher, &batch, &header);
    opentelemetry::trace::FutureExt::with_context(dispatched, around.clone()).await;
    around.span().end();

    let told = only(&memory.draw(), &["layer", "process", "~"]);
    let link = "~ 5759e988bd862e3fe1be46a994272793 53995c3f42cd8ad8";
    let process = "process object-events CONSUMER";
    assert_eq!(told, ["layer", process, link, process]);
}

#[tokio::test]
async fn an_event_that_the_function_deserialized_has_its_links_too() {
    let (dispatcher, memory) = traced();
    let message = SqsMessageBuilder::new("1")
        .with_record(put("ok/1"))
        .with_trace_header(format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"))
        .with_attribute("traceparent", W3C);
    let batch = SqsBatchBuilder::new().with_message(message).to_json();
    let event: SqsEvent = serde_json::from_str(&batch).unwrap();
    let _report = dispatcher.dispatch(event, None).await.unwrap();

    assert_eq!(only(&memory.draw(), &["~"]).len(), 4);
}

#[tokio::test]
async fn what_is_not_sampled_is_not_exported_and_the_handler_knows() {
    let memory = Memory::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(memory.clone())
        .with_sampler(Sampler::AlwaysOff)
        .build();
    let routes = Routes::new(()).on_fn("*", async || {
        let current = opentelemetry::Context::current();
        assert!(current.span().span_context().is_valid());
        assert!(!current.span().span_context().is_sampled());
        Ok::<_, std::io::Error>(())
    });
    let dispatcher = Dispatcher::new(routes).with_tracer_provider(provider);
    let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

    assert_eq!(report.handled(), 1);
    assert!(memory.take().is_empty());
}

#[tokio::test]
async fn the_lines_of_a_record_name_its_span_its_queue_and_its_receive() {
    let (dispatcher, memory) = traced();
    let message = SqsMessageBuilder::new("m-1")
        .with_receive_count(3)
        .with_record(put("fail/1"));
    let batch = SqsBatchBuilder::new().with_message(message);
    let (_, lines) = with_log(dispatcher.dispatch(batch.to_bytes(), None)).await;

    let spans = memory.take();
    let span = |name: &str| {
        let span = spans
            .iter()
            .rev()
            .find(|span| span.name.starts_with(name))
            .unwrap();
        let context = &span.span_context;
        (
            context.trace_id().to_string(),
            context.span_id().to_string(),
        )
    };
    let ids = |fields: &serde_json::Value| {
        let id = |name: &str| fields[name].as_str().unwrap().to_owned();
        (id("trace_id"), id("span_id"))
    };

    let failed = messages(&lines, "record failed")[0];
    assert_eq!(ids(&failed["span"]), span("handle"));
    assert_eq!(failed["span"]["receive_count"], 3);
    assert_eq!(failed["span"]["queue"], "object-events");
    let done = messages(&lines, "invocation done")[0];
    assert_eq!(ids(&done["fields"]), span("process"));
}

#[tokio::test]
async fn without_a_provider_nothing_is_traced_and_the_lines_have_no_ids() {
    let dispatcher = Dispatcher::new(Script::default());
    let batch = SqsBatchBuilder::new().with_record("m-1", put("fail/1"));
    let (report, lines) = with_log(dispatcher.dispatch(batch.to_bytes(), None)).await;
    assert_eq!(report.unwrap().failed(), 1);

    let failed = messages(&lines, "record failed")[0];
    assert_eq!(failed["span"]["trace_id"], serde_json::Value::Null);
    assert_eq!(failed["span"]["queue"], "object-events");
    let done = messages(&lines, "invocation done")[0];
    assert_eq!(done["fields"]["trace_id"], serde_json::Value::Null);
}

/// Fails, or ends when the sender is dropped.
#[derive(Debug)]
pub(crate) enum Broken {
    Fails,
    Hangs(Mutex<std::sync::mpsc::Receiver<()>>),
}

impl SpanProcessor for Broken {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        match self {
            Self::Fails => Err(OTelSdkError::InternalFailure("no collector".to_owned())),
            Self::Hangs(end) => {
                let _ = end.lock().unwrap().recv();
                Ok(())
            }
        }
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_flushed_costs_one_line_and_no_more_than_the_limit() {
    let (end, ended) = std::sync::mpsc::channel();

    for (broken, problem) in [
        (Broken::Fails, "no collector"),
        (
            Broken::Hangs(Mutex::new(ended)),
            "the exporter did not end within 20ms",
        ),
    ] {
        let provider = SdkTracerProvider::builder()
            .with_span_processor(broken)
            .build();
        let dispatcher = Dispatcher::new(Script::default())
            .with_tracer_provider(provider)
            .with_trace_limit(Duration::from_millis(20));
        let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));
        let (report, lines) = with_log(dispatcher.dispatch(batch.to_bytes(), None)).await;
        assert!(report.unwrap().is_success());

        let warnings: Vec<_> = lines
            .iter()
            .filter(|line| line["level"] == "WARN")
            .collect();
        let [warning] = warnings[..] else {
            panic!("{lines:#?}")
        };
        assert_eq!(warning["fields"]["message"], "traces were not exported");
        let error = warning["fields"]["error"].as_str().unwrap();
        assert!(error.contains(problem), "{error}");
    }

    drop(end);
}
