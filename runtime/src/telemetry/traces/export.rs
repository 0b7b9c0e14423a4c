//! Exports the spans of a process by OTLP.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter as _};
use s3_dispatch_core::handler::BoxFuture;

use crate::telemetry::traces::http_client::{CollectorClient, LastProblem, Problem};
use crate::telemetry::traces::queue::{Enqueue, SpanQueue};

/// How many spans one request holds, which is what OpenTelemetry's batch processor takes.
const SPANS_PER_REQUEST: usize = 512;

/// The way of spans out of this process: a provider, a queue, and an exporter.
///
/// It does nothing by itself, because Lambda stops the process between invocations. Whoever has an
/// answer to give [sends](Self::send) the queue first, and a worker does so in the background.
pub(super) struct Export {
    pub(super) provider: SdkTracerProvider,
    queue: Arc<SpanQueue>,
    exporter: Arc<SpanExporter>,
    problem: LastProblem,
    /// The request that is under way. It is continued by the next flush if one ends before it.
    request: tokio::sync::Mutex<Option<SentSpans>>,
}

/// A request, and how many of the oldest spans it holds.
struct SentSpans {
    number: usize,
    sent: BoxFuture<'static, OTelSdkResult>,
}

/// How an export is set up.
pub(super) struct ExportSettings {
    pub(super) resource: Resource,
    /// The longest time of one request.
    pub(super) timeout: Duration,
    /// How many spans may wait.
    pub(super) capacity: usize,
}

impl Export {
    /// Makes a provider and its exporter, which reads its endpoint and headers from the
    /// environment.
    pub(super) fn new(settings: ExportSettings) -> Result<Self, ExporterBuildError> {
        let problem = LastProblem::default();
        let client = CollectorClient::new(settings.timeout, Arc::clone(&problem));
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            .with_http_client(client)
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        exporter.set_resource(&settings.resource);

        let queue = Arc::new(SpanQueue::new(settings.capacity));
        let provider = SdkTracerProvider::builder()
            .with_resource(settings.resource)
            .with_span_processor(Enqueue(Arc::clone(&queue)))
            .build();

        Ok(Self {
            provider,
            queue,
            exporter: Arc::new(exporter),
            problem,
            request: tokio::sync::Mutex::new(None),
        })
    }

    /// Sends everything that waits.
    ///
    /// If the future is dropped, the request that is under way is continued by the next call.
    ///
    /// # Errors
    ///
    /// Why the last request did not succeed.
    pub(super) async fn send(&self) -> Result<(), String> {
        self.send_all().await.map_err(|problem| problem.text)
    }

    /// Returns how many spans wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Returns how many spans were lost since the last call.
    pub(super) fn take_lost(&self) -> usize {
        self.queue.take_lost()
    }

    async fn send_all(&self) -> Result<(), Problem> {
        let mut request = self.request.lock().await;

        loop {
            let under_way = match &mut *request {
                Some(under_way) => under_way,
                None => match self.begin() {
                    Some(sent) => request.insert(sent),
                    None => return Ok(()),
                },
            };

            let sent = (&mut under_way.sent).await;
            let number = under_way.number;
            *request = None;

            if let Err(error) = sent {
                let problem = self.problem(&error.to_string());
                if !problem.is_transient {
                    self.queue.remove(number);
                    self.queue.lose(number);
                }
                return Err(problem);
            }

            self.queue.remove(number);
        }
    }

    /// Begins a request with the oldest spans. `None` if there are none.
    fn begin(&self) -> Option<SentSpans> {
        let spans = self.queue.oldest(SPANS_PER_REQUEST);
        let number = spans.len();
        let exporter = Arc::clone(&self.exporter);

        (number > 0).then(|| SentSpans {
            number,
            sent: Box::pin(async move { exporter.export(spans).await }),
        })
    }

    /// Takes what the client has noted, or else what the exporter says, such as that a request
    /// would be too large.
    fn problem(&self, text: &str) -> Problem {
        let mut noted = self.problem.lock().unwrap_or_else(PoisonError::into_inner);

        noted.take().unwrap_or_else(|| Problem {
            text: text.to_owned(),
            is_transient: false,
        })
    }
}
