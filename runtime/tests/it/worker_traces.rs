//! Traces of a worker: a span for each message, and an export that nothing waits for.

use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use s3_dispatch::{Dispatcher, Routes, Worker};
use tokio::time::{sleep, timeout};

use crate::logs::{messages, with_log};
use crate::script::Script;
use crate::traces::{Broken, Memory, golden, only};
use crate::worker;

const SECOND: Duration = Duration::from_secs(1);

/// A worker for these messages, its queue, and the spans that it makes.
fn traced(ids: &[&str]) -> (Worker<Script, worker::Memory>, worker::Memory, Memory) {
    let queue = worker::Memory::with_messages(ids.iter().map(|id| String::from(*id)));
    let memory = Memory::default();
    let dispatcher = Dispatcher::new(Script::default()).with_tracer_provider(memory.provider());

    (Worker::new(dispatcher, queue.clone()), queue, memory)
}

#[tokio::test(start_paused = true)]
async fn each_message_is_a_trace_of_its_own() {
    let (worker, queue, memory) = traced(&["ok/1"]);
    assert_eq!(worker.run(queue.emptied()).await.unwrap().deleted(), 1);

    let expected = golden(
        "
        process uploads CONSUMER
          ~ 5759e988bd862e3fe1be46a994272793 53995c3f42cd8ad8
          messaging.system=aws_sqs
          messaging.operation.name=process
          messaging.operation.type=process
          messaging.destination.name=uploads
          messaging.message.id=ok/1
          s3_dispatch.message.receive_count=1
          s3_dispatch.outcome=succeeded
          handle ObjectCreated:Put
            s3_dispatch.event_name=ObjectCreated:Put
            aws.s3.bucket=amzn-s3-demo-bucket
            aws.s3.key=ok/1
            s3_dispatch.event_time=1970-01-01T00:00:00.000Z
            s3_dispatch.outcome=handled",
    );
    assert_eq!(memory.draw(), expected);

    let (worker, queue, memory) = traced(&["ok/1", "ok/2", "ok/3"]);
    assert_eq!(worker.run(queue.emptied()).await.unwrap().deleted(), 3);
    let mut traces: Vec<_> = memory.take().iter().map(trace_id).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 3);
}

fn trace_id(span: &SpanData) -> String {
    span.span_context.trace_id().to_string()
}

/// How the messages and records of a drawing ended.
fn endings(memory: &Memory) -> Vec<String> {
    let told = only(
        &memory.draw(),
        &[
            "process",
            "handle",
            "s3_dispatch.outcome",
            "error.type",
            "!",
        ],
    );
    let short = |line: String| line.replace("s3_dispatch.outcome", "outcome");

    told.into_iter().map(short).collect()
}

const CANCELLED: [&str; 4] = [
    "handle ObjectCreated:Put",
    "outcome=not_reached",
    "error.type=cancelled",
    "! the handler was cancelled before it ended",
];

#[tokio::test(start_paused = true)]
async fn a_message_that_failed_says_so_and_the_next_receive_is_another_trace() {
    let (worker, queue, memory) = traced(&["fail/1"]);
    let worker = worker.with_visibility(10 * SECOND);
    let report = worker.run(sleep(15 * SECOND)).await.unwrap();
    assert_eq!(report.returned(), 2);
    assert_eq!(queue.state().messages["fail/1"].receives, 2);

    let failed = [
        "process uploads CONSUMER",
        "outcome=record_failed",
        "error.type=record_failed",
        "!",
        "handle ObjectCreated:Put",
        "outcome=retry",
        "error.type=handler_error",
        "! it failed",
    ];
    assert_eq!(endings(&memory), [failed, failed].concat());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_lost_while_its_handler_runs_says_so() {
    let (worker, queue, memory) = traced(&["hang/1"]);
    let taken_away = async {
        sleep(SECOND).await;
        queue.state().messages.get_mut("hang/1").unwrap().receives += 1;
        // At 15 seconds, the extension is refused.
        sleep(20 * SECOND).await;
        queue.state().messages.clear();
    };
    let report = worker.run(taken_away).await.unwrap();
    assert_eq!(report.lost(), 1);

    let lost = [
        "process uploads CONSUMER",
        "outcome=lost",
        "error.type=lost",
        "!",
    ];
    assert_eq!(endings(&memory), [lost, CANCELLED].concat());
}

#[tokio::test(start_paused = true)]
async fn what_the_end_of_the_worker_cuts_or_hands_back_was_not_reached() {
    let queue = worker::Memory::with_messages(["hang/1", "hang/2"].map(String::from));
    let memory = Memory::default();
    let dispatcher = Dispatcher::new(Script::default())
        .with_concurrency(1)
        .with_tracer_provider(memory.provider());
    let worker = Worker::new(dispatcher, queue.clone())
        .with_in_flight(2)
        .with_drain(SECOND);
    let report = worker.run(sleep(SECOND)).await.unwrap();
    assert_eq!(report.handed_back(), 2);

    let not_reached = [
        "process uploads CONSUMER",
        "outcome=not_reached",
        "error.type=not_reached",
        "!",
    ];
    // The one that waited has no record that began.
    let expected = [&not_reached[..], &not_reached, &CANCELLED].concat();
    assert_eq!(endings(&memory), expected);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_dropped_leaves_no_span_open() {
    let (worker, _queue, memory) = traced(&["hang/1"]);
    let run = worker.run(std::future::pending());
    timeout(SECOND, run).await.unwrap_err();
    // The tasks of its handlers end by themselves.
    tokio::task::yield_now().await;

    let cancelled = [
        "process uploads CONSUMER",
        "error.type=cancelled",
        "! the message was cancelled before it ended",
    ];
    assert_eq!(endings(&memory), [&cancelled[..], &CANCELLED].concat());
}

/// Counts how often it is asked to export.
#[derive(Debug, Clone, Default)]
struct Exports(Arc<(Mutex<u32>, Condvar)>);

impl SpanProcessor for Exports {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        *self.0.0.lock().unwrap() += 1;
        self.0.1.notify_all();
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn spans_are_exported_while_the_worker_runs_and_at_its_end() {
    let exports = Exports::default();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(exports.clone())
        .build();
    let waiting = exports.clone();
    let routes = Routes::new(()).on_fn("*", move || {
        let (count, changed) = &*waiting.0;
        // Blocks the only thread of the runtime, which the export does not need.
        let count = count.lock().unwrap();
        drop(changed.wait_while(count, |count| *count < 2).unwrap());
        std::future::ready(Ok::<_, std::io::Error>(()))
    });
    let dispatcher = Dispatcher::new(routes).with_tracer_provider(provider);
    let queue = worker::Memory::with_messages([String::from("1")]);
    let worker = Worker::new(dispatcher, queue.clone()).with_visibility(2 * SECOND);
    assert_eq!(worker.run(queue.emptied()).await.unwrap().deleted(), 1);

    assert!(*exports.0.0.lock().unwrap() >= 3);
}

#[tokio::test]
async fn a_provider_that_hangs_costs_the_worker_one_line() {
    let (end, hanging) = mpsc::channel();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(Broken::Hangs(Mutex::new(hanging)))
        .build();
    let dispatcher = Dispatcher::new(Script::default())
        .with_tracer_provider(provider)
        .with_trace_limit(Duration::from_millis(20));
    let queue = worker::Memory::with_messages((0..100).map(|index| format!("ok/{index}")));
    let worker = Worker::new(dispatcher, queue.clone()).with_visibility(2 * SECOND);

    let (report, lines) = with_log(worker.run(queue.emptied())).await;
    assert_eq!(report.unwrap().deleted(), 100);

    let [line] = messages(&lines, "traces were not exported")[..] else {
        panic!("{lines:#?}")
    };
    let error = "the exporter did not end within 20ms";
    assert_eq!(line["fields"]["error"], error);
    drop(end);
}
