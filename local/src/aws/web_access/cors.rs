//! What tells a browser that a page may use a port ("HTTP CORS protocol", Fetch Standard, 2026).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers the request by which a browser asks whether the next one is allowed. `None` if this is
/// not such a request.
pub(super) fn preflight<B, A: Default>(request: &Request<B>) -> Option<Response<A>> {
    let asked = request.headers();
    let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS {
        return None;
    }

    let mut response = Response::new(A::default());
    *response.status_mut() = StatusCode::NO_CONTENT;

    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    allow_private_network(asked, headers);

    Some(response)
}

/// Lets a page of a public server use a server on this machine, if it asks for that.
pub(super) fn allow_private_network(asked: &HeaderMap, headers: &mut HeaderMap) {
    if asked.contains_key("access-control-request-private-network") {
        let allow = HeaderName::from_static("access-control-allow-private-network");
        headers.insert(allow, HeaderValue::from_static("true"));
    }
}

/// Lets the page of this origin read a response with all its headers.
pub(super) fn allow(headers: &mut HeaderMap, origin: &HeaderValue) {
    let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, names);
    }

    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
