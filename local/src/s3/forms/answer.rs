//! The answer to a form whose object is stored.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::Body;

use super::form::Fields;

/// The characters that a URL needs not encode.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The place of an object that a form has put.
pub(super) struct Place<'p> {
    pub(super) bucket: &'p str,
    /// The URL of the bucket, without a slash at its end.
    pub(super) url: &'p str,
    pub(super) key: &'p str,
}

/// Makes the answer to a form of the answer to its `PUT` request: a redirect if the form asks for
/// one, or else the status that it asks for.
pub(super) fn answer(place: &Place<'_>, fields: &Fields, put: HeaderMap) -> Response<Body> {
    let e_tag = put.get(header::ETAG).and_then(|e_tag| e_tag.to_str().ok());
    let e_tag = e_tag.unwrap_or_default().to_owned();
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = put;
    response.headers_mut().remove(header::CONTENT_LENGTH);

    let asked = fields.get("success_action_redirect");
    let asked = asked.or_else(|| fields.get("redirect"));
    if let Some(url) = asked.and_then(|url| redirect(url, place, &e_tag)) {
        response.headers_mut().insert(header::LOCATION, url);
        *response.status_mut() = StatusCode::SEE_OTHER;
        return response;
    }

    let key = utf8_percent_encode(place.key, UNENCODED);
    let location = format!("{}/{key}", place.url);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }

    match fields.get("success_action_status") {
        Some("200") => {}
        Some("201") => {
            *response.status_mut() = StatusCode::CREATED;
            *response.body_mut() = Body::from(xml(&location, place, &e_tag));
            let xml = HeaderValue::from_static("application/xml");
            response.headers_mut().insert(header::CONTENT_TYPE, xml);
        }
        _ => *response.status_mut() = StatusCode::NO_CONTENT,
    }

    response
}

/// The URL to which a form redirects, with what it put. `None` if it is not a whole URL, which S3
/// ignores.
fn redirect(url: &str, place: &Place<'_>, e_tag: &str) -> Option<HeaderValue> {
    let scheme = url.split_once("://")?.0;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return None;
    }

    let encode = |text: &str| {
        let text = utf8_percent_encode(text, UNENCODED).to_string();
        text.replace("%20", "+")
    };
    let sign = if url.contains('?') { '&' } else { '?' };
    let (bucket, key, e_tag) = (encode(place.bucket), encode(place.key), encode(e_tag));

    HeaderValue::from_str(&format!(
        "{url}{sign}bucket={bucket}&key={key}&etag={e_tag}"
    ))
    .ok()
}

fn xml(location: &str, place: &Place<'_>, e_tag: &str) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };

    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PostResponse><Location>{}</Location><Bucket>{}</Bucket><Key>{}</Key><ETag>{e_tag}</ETag>\
         </PostResponse>",
        escape(location),
        place.bucket,
        escape(place.key),
    )
}
