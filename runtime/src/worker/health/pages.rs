//! What the health server answers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;

use crate::worker::health::exporter::Exporter;
use crate::worker::health::state::HealthState;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The text format of Prometheus ("Exposition formats", Prometheus documentation, 2026).
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The pages of a worker.
#[derive(Debug)]
pub(super) struct Pages {
    state: Arc<HealthState>,
    exporter: Exporter,
}

impl Pages {
    pub(super) fn new(state: Arc<HealthState>, exporter: Exporter) -> Self {
        Self { state, exporter }
    }

    pub(super) fn exporter(&self) -> &Exporter {
        &self.exporter
    }

    /// Answers a request. Its body is not read.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let page: fn(&Self) -> Response<Full<Bytes>> = match request.uri().path() {
            "/livez" => |pages| health_page(pages.state.check_live()),
            "/readyz" => |pages| health_page(pages.state.check_ready()),
            "/metrics" => Self::metrics,
            _ => {
                let text = "there is nothing here: ask for /livez, /readyz or /metrics";
                return text_page(StatusCode::NOT_FOUND, text);
            }
        };

        if [Method::GET, Method::HEAD].contains(request.method()) {
            return page(self);
        }

        let text = "only GET and HEAD are allowed";
        let mut refusal = text_page(StatusCode::METHOD_NOT_ALLOWED, text);
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);

        refusal
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        match self.exporter.render() {
            Ok(metrics) => response(StatusCode::OK, METRICS, metrics),
            Err(reason) => text_page(StatusCode::NOT_FOUND, reason),
        }
    }
}

fn health_page(health: Result<(), String>) -> Response<Full<Bytes>> {
    match health {
        Ok(()) => text_page(StatusCode::OK, "ok"),
        Err(reason) => text_page(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

/// A page of one line.
fn text_page(status: StatusCode, line: &str) -> Response<Full<Bytes>> {
    response(status, TEXT, format!("{line}\n"))
}

fn response(status: StatusCode, media_type: HeaderValue, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;

    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));

    response
}
