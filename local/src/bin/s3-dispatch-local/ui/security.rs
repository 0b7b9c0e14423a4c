//! What keeps other sites' pages away from this one.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method};

/// Nothing but this server's own files, and no text that becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

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

/// Adds what a browser must know of every answer.
pub(crate) fn protect(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}

/// Whether a request may be answered: by its host, which a name that was bound anew to this address
/// is not, and by where a browser says that it is from. Programs other than browsers say nothing of
/// that.
pub(crate) fn check(request: &Parts, port: u16) -> Result<(), &'static str> {
    let hosts = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let mut given = request.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else {
        return Err("there must be one host");
    };

    let Some(host) = hosts.iter().find(|own| host == own.as_str()) else {
        return Err("this is not the host");
    };

    let own = format!("http://{host}");

    if request
        .headers
        .get_all(header::ORIGIN)
        .iter()
        .any(|origin| origin != own.as_str())
    {
        return Err("another site's page may not ask for this");
    }

    // Links to the page itself are fine.
    let is_page = request.method == Method::GET && request.uri.path() == "/";
    let mut sites = request.headers.get_all("sec-fetch-site").iter();

    if !is_page && sites.any(|site| site != "same-origin" && site != "none") {
        return Err("another site's page may not ask for this");
    }

    Ok(())
}
