//! Where a request comes from, as browsers say it.

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, request::Parts};

/// Which page a request comes from.
pub(super) enum Source<'a> {
    /// No page: another program, whatever `Origin` it makes up, or a user who typed the address.
    NoPage,
    /// A page of the port itself, which sent no `Origin`.
    OwnPage,
    /// A page of this origin. `null` is that of files and sandboxed frames.
    Page(&'a str),
    /// A page of another origin, at the URL of the `Referer` if it is known. Browsers send no
    /// `Origin` with images, scripts and links.
    Unnamed(Option<&'a str>),
    /// Headers that no browser sends.
    Unclear,
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl<'a> Source<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let (Ok(origin), Ok(site)) = (only(headers, &header::ORIGIN), only(headers, &SITE)) else {
            return Self::Unclear;
        };

        match (origin, site) {
            (Some(origin), None) if !is_of_browser(origin) => Self::NoPage,
            (Some(origin), _) => Self::Page(origin),
            (None, None | Some("none")) => Self::NoPage,
            (None, Some("same-origin")) => Self::OwnPage,
            (None, Some(_)) => Self::Unnamed(only(headers, &header::REFERER).unwrap_or_default()),
        }
    }
}

/// Whether a browser can send this `Origin`: `null`, or a scheme and a host ("Serialization of an
/// origin", HTML Standard, 2026). A page cannot choose it. A program that tries out the CORS rules
/// of a bucket may send anything.
fn is_of_browser(origin: &str) -> bool {
    origin.is_empty()
        || origin.contains([':', '/', ',', ' '])
        || origin.eq_ignore_ascii_case("null")
}

/// Whether the request says that it comes from another site.
pub(super) fn is_from_another_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SITE).iter();

    sites.any(|site| site != "same-origin" && site != "none")
}

/// Whether a request follows a link: the user sees the answer, and the page that has the link does
/// not.
pub(super) fn is_link(request: &Parts) -> bool {
    let is_or_absent = |name: &str, wanted: &str| {
        let mut values = request.headers.get_all(name).iter();
        values.all(|value| value == wanted)
    };

    request.method == Method::GET
        && is_or_absent("sec-fetch-mode", "navigate")
        && is_or_absent("sec-fetch-dest", "document")
}

/// The only value of a header, if it is there. An error if it has several or is not text.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };

    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value)),
        _ => Err(()),
    }
}
