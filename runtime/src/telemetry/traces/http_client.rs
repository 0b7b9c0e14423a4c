//! Sends what the exporter has encoded to a collector.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};

use crate::telemetry::errors::with_causes;

/// The longest answer that is read. A collector answers with a few bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Why the last request did not succeed. The exporter passes on less.
pub(super) struct Problem {
    pub(super) text: String,
    /// The same request may succeed later ("OTLP Specification 1.9", section "Retryable Response
    /// Codes").
    pub(super) is_transient: bool,
}

pub(super) type LastProblem = Arc<Mutex<Option<Problem>>>;

/// A client of HTTP/1.1 without TLS, as collectors beside a program are spoken to.
pub(super) struct CollectorClient {
    client: Client<HttpConnector, Full<Bytes>>,
    timeout: Duration,
    problem: LastProblem,
}

impl CollectorClient {
    pub(super) fn new(timeout: Duration, problem: LastProblem) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            timeout,
            problem,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.client.request(request.map(Full::new)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await?;

        Ok(Response::from_parts(head, body.to_bytes()))
    }

    fn note(&self, text: String, is_transient: bool) {
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        *problem = Some(Problem { text, is_transient });
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = match tokio::time::timeout(self.timeout, self.send(request)).await {
            Ok(sent) => sent,
            Err(_) => Err(format!("the collector did not answer within {:?}", self.timeout).into()),
        };

        match &sent {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => {
                let status = response.status();
                self.note(
                    format!("the collector answered {status}"),
                    is_transient(status),
                );
            }
            Err(error) => self.note(with_causes(&**error), true),
        }

        sent
    }
}

fn is_transient(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorClient")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
