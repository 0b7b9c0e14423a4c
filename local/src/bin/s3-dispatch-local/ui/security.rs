//! Keeps the pages of other sites away from this server.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method};

/// Allows only the server's own files, and never turns text into markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Adds the headers that tell a browser what the page may do.
pub(super) fn add_headers(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}

/// Rejects requests for another host name, and requests from the pages of other sites.
///
/// The check of the host name stops DNS rebinding, where another site's name points to this server.
/// Browsers say which site a request comes from. Other programs do not, and are let in.
pub(super) fn check_request(request: &Parts, port: u16) -> Result<(), &'static str> {
    let mut given = request.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else {
        return Err("the request must have one Host header");
    };

    let own_hosts = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let Some(host) = own_hosts.iter().find(|own| host == own.as_str()) else {
        return Err("the Host header names another host");
    };

    let own_origin = format!("http://{host}");
    let mut origins = request.headers.get_all(header::ORIGIN).iter();
    if origins.any(|origin| origin != own_origin.as_str()) {
        return Err("the request comes from the page of another site");
    }

    // Other sites may link to the page itself.
    let is_page = request.method == Method::GET && request.uri.path() == "/";
    let mut sites = request.headers.get_all("sec-fetch-site").iter();
    if !is_page && sites.any(|site| site != "same-origin" && site != "none") {
        return Err("the request comes from the page of another site");
    }

    Ok(())
}
