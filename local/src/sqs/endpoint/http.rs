//! AWS JSON 1.0: how a call and its answer look in HTTP.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::error::{ErrorCode, SqsError};
use super::operations;
use super::service::SqsService;
use crate::aws::traces::{Sender, invoked_with};

/// The longest request. A batch of 1 MiB is up to six times as long when it is escaped.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// How the header `X-Amz-Target` begins.
const TARGET_PREFIX: &str = "AmazonSQS.";

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Answers a request. An error closes the connection without an answer.
pub(super) async fn respond(
    service: Arc<SqsService>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let request_id = service.next_request_id();

    let mut response = match call(&service, request).await {
        Ok(output) => Response::new(Full::from(output)),
        Err(error) if error.is_lost() => return Err(io::ErrorKind::ConnectionAborted.into()),
        Err(error) => error_response(&error),
    };

    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", id);
    }

    Ok(response)
}

/// Refuses a request of a web page.
pub(super) fn refuse(reason: &str) -> Response<Full<Bytes>> {
    let mut response = error_response(&SqsError::new(ErrorCode::AccessDenied, reason));
    response.headers_mut().insert(CONTENT_TYPE, JSON);

    response
}

async fn call(service: &SqsService, request: Request<Incoming>) -> Result<Bytes, SqsError> {
    let target = request.headers().get("x-amz-target");
    let operation = target
        .filter(|_| request.method() == Method::POST)
        .and_then(|target| target.to_str().ok()?.strip_prefix(TARGET_PREFIX))
        .ok_or_else(|| {
            let message = "This endpoint speaks only SQS's JSON protocol: a POST with the header \
                           X-Amz-Target. Use an SDK of 2024 or later.";
            SqsError::new(ErrorCode::UnknownOperation, message)
        })?
        .to_owned();

    let (head, body) = request.into_parts();
    let sender = service.engine.traces.of(&Sender::of(&head.headers));
    let input = read_body(body).await?;

    let call = operations::call(service, &operation, &input);
    let output = match sender {
        Some(trace_header) => invoked_with(trace_header, call).await,
        None => call.await,
    };

    output.map(Bytes::from)
}

async fn read_body(body: Incoming) -> Result<Bytes, SqsError> {
    let body = Limited::new(body, MAX_REQUEST_BYTES).collect().await;

    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                let message = format!("A request can have at most {MAX_REQUEST_BYTES} bytes.");
                SqsError::new(ErrorCode::RequestTooLarge, message)
            } else {
                SqsError::new(ErrorCode::Serialization, "The request was cut off.")
            }
        })
}

fn error_response(error: &SqsError) -> Response<Full<Bytes>> {
    let body = json!({ "__type": error.json_name(), "message": error.message() });
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = error.status();

    // SDKs report the code of the query protocol, for programs that were written for it.
    let fault = if error.is_sender_fault() {
        "Sender"
    } else {
        "Receiver"
    };
    if let Ok(code) = HeaderValue::from_str(&format!("{};{fault}", error.query_name())) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }

    response
}
