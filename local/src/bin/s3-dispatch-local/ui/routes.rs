//! Answers the requests of the page.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Body, Incoming};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::activity::HistorySearch;
use super::app::{App, FaultChange};
use super::replay::{ReplayRequest, replay};
use super::{event_stream, page_files, security};

const JSON: &str = "application/json";

/// The longest JSON that the page sends.
const MAX_JSON_BYTES: usize = 16 * 1024;

/// How many messages a search returns, unless it asks for more.
const DEFAULT_COUNT: usize = 200;

type PageResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Answers a request.
pub(super) async fn respond(
    app: Arc<App>,
    request: Request<Incoming>,
) -> Result<PageResponse, Infallible> {
    let mut response = route(app, request).await;
    security::add_headers(response.headers_mut());

    Ok(response)
}

/// Refuses a request of the page of another site.
pub(super) fn refuse(reason: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(error_text(reason)));
    *response.status_mut() = StatusCode::FORBIDDEN;

    let json = HeaderValue::from_static(JSON);
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    security::add_headers(response.headers_mut());

    response
}

async fn route(app: Arc<App>, request: Request<Incoming>) -> PageResponse {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    match (method, path.as_str()) {
        (Method::GET, "/events") => watch(app),
        (Method::GET, "/messages") => search_messages(&app, &request),
        (Method::GET, "/message") => show_message(&app, &request),
        (Method::PUT, "/object") => put_object(&app, request).await,
        (Method::POST, "/faults") => change_faults(&app, request).await,
        (Method::POST, "/replay") => replay_message(&app, request).await,
        (Method::GET, path) => match page_files::find(path) {
            Some(file) => response(StatusCode::OK, file.content_type, file.text),
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// Streams what happens, as server-sent events.
fn watch(app: Arc<App>) -> PageResponse {
    let Some(permit) = app.add_viewer() else {
        return error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many pages are open; close one",
        );
    };

    let events = StreamBody::new(event_stream::open(app, permit));
    let mut response = Response::new(events.boxed_unsync());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );

    response
}

fn show_message<B>(app: &App, request: &Request<B>) -> PageResponse {
    let query = request.uri().query().unwrap_or_default();
    let id = query_parameter(query, "id").unwrap_or_default();

    match app.monitor.details(&id) {
        Some(details) => response(StatusCode::OK, JSON, details.to_string()),
        None => error_response(
            StatusCode::NOT_FOUND,
            "the page no longer remembers this message",
        ),
    }
}

/// Finds messages by a part of what the page shows of them, and by their state.
fn search_messages<B>(app: &App, request: &Request<B>) -> PageResponse {
    let query = request.uri().query().unwrap_or_default();
    let text = query_parameter(query, "search").unwrap_or_default();
    let state = query_parameter(query, "state").filter(|state| state != "all");
    let count = query_parameter(query, "count").map(|count| count.parse());

    let Ok(count) = count.unwrap_or(Ok(DEFAULT_COUNT)) else {
        return error_response(StatusCode::BAD_REQUEST, "`count` is not a number");
    };

    let search = HistorySearch::new(&text, state.as_deref());
    let found = app.monitor.search(&search, count);

    response(StatusCode::OK, JSON, found.to_string())
}

/// Puts an object through the S3 endpoint, as every other client does.
async fn put_object(app: &App, request: Request<Incoming>) -> PageResponse {
    let query = request.uri().query().unwrap_or_default();
    let (Some(bucket), Some(key)) = (
        query_parameter(query, "bucket"),
        query_parameter(query, "key"),
    ) else {
        return error_response(
            StatusCode::BAD_REQUEST,
            "the parameters `bucket` and `key` are required, as UTF-8",
        );
    };

    if request.body().size_hint().exact().is_none() {
        return error_response(
            StatusCode::LENGTH_REQUIRED,
            "a Content-Length header is required",
        );
    }

    if key.is_empty() {
        return error_response(StatusCode::NOT_FOUND, "the key is empty");
    }

    if !app.has_bucket(&bucket) {
        let reason = format!("there is no bucket `{bucket}`");
        return error_response(StatusCode::NOT_FOUND, &reason);
    }

    let client = app.s3_client(&bucket);
    match client.put_stream(&key, request.into_body()).await {
        Ok(()) => response(StatusCode::CREATED, JSON, json!({"key": key}).to_string()),
        Err(error) => error_response(StatusCode::BAD_GATEWAY, s3_message(&error.to_string())),
    }
}

async fn change_faults(app: &App, request: Request<Incoming>) -> PageResponse {
    let change: FaultChange = match read_json(request).await {
        Ok(change) => change,
        Err(refusal) => return refusal,
    };

    match app.change_faults(&change) {
        Ok(()) => response(StatusCode::NO_CONTENT, JSON, ""),
        Err(reason) => error_response(StatusCode::BAD_REQUEST, &reason),
    }
}

async fn replay_message(app: &App, request: Request<Incoming>) -> PageResponse {
    let wanted: ReplayRequest = match read_json(request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };

    match replay(app, &wanted).await {
        Ok(answer) => response(StatusCode::OK, JSON, answer.to_string()),
        Err((status, reason)) => error_response(status, &reason),
    }
}

/// Reads a request of the page, or returns the response that refuses it.
async fn read_json<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, PageResponse> {
    // The page of another site cannot send JSON without a CORS preflight, which this server
    // refuses.
    let content_type = request.headers().get(header::CONTENT_TYPE);
    if content_type.is_none_or(|kind| kind != JSON) {
        return Err(error_response(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the Content-Type must be application/json",
        ));
    }

    let body = Limited::new(request.into_body(), MAX_JSON_BYTES);
    let body = body.collect().await.map_err(|_| {
        error_response(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is longer than 16 KiB",
        )
    })?;

    serde_json::from_slice(&body.to_bytes())
        .map_err(|error| error_response(StatusCode::BAD_REQUEST, &error.to_string()))
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> PageResponse {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));

    response
}

fn not_found() -> PageResponse {
    error_response(StatusCode::NOT_FOUND, "there is no such page")
}

fn error_response(status: StatusCode, reason: &str) -> PageResponse {
    response(status, JSON, error_text(reason))
}

/// ```json
/// {"error": "there is no such page"}
/// ```
fn error_text(reason: &str) -> String {
    json!({"error": reason}).to_string()
}

/// A parameter of a percent-encoded query, in which `+` is a plus sign and not a space.
fn query_parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(own, _)| *own == name)?;

    percent_decode_str(value)
        .decode_utf8()
        .ok()
        .map(String::from)
}

/// The message of an S3 error, without its XML.
fn s3_message(error: &str) -> &str {
    let between = |start, end| Some(error.split_once(start)?.1.split_once(end)?.0);

    between("<Message>", "</Message>")
        .or_else(|| between("<Code>", "</Code>"))
        .unwrap_or(error)
}
