//! What the CORS configuration of a bucket says about a request.
//!
//! The texts and headers are those that S3 sends, as LocalStack has recorded them in 2023-2025. The
//! port decides first whether a page may send the request at all.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

use super::front::request_ids::RequestIds;
use super::front::virtual_host::named_bucket;
use super::store::{Buckets, CorsRule};
use crate::aws::web_access::{CrossOrigin, CrossOriginAnswer};

const VARY: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
);

const NOT_ALLOWED: &str = "CORSResponse: This CORS request is not allowed. This is usually because \
    the evalution of Origin, request method / Access-Control-Request-Method or \
    Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/// The CORS configurations of buckets.
pub(super) struct BucketCors(pub(super) Arc<Buckets>);

/// A request that names an origin, or asks for permission.
struct CorsRequest<'r> {
    origin: Option<&'r str>,
    method: &'r str,
    headers: Vec<String>,
    /// The bucket, and the path of an object in it.
    resource: Option<(Cow<'r, str>, &'r str)>,
}

impl CrossOrigin for BucketCors {
    fn decide(&self, request: &Parts, is_allowed_page: bool) -> CrossOriginAnswer {
        let asked = CorsRequest::read(request);
        let rules = asked.resource.as_ref().and_then(|(bucket, _)| {
            let settings = |index: &super::StoreIndex| {
                let bucket = index.bucket(bucket).ok()?;
                Some(Arc::clone(&bucket.settings.cors))
            };
            self.0.read(settings)
        });

        // An allowed page may use everything that has no configuration of its own.
        let has_rules = rules.as_ref().is_some_and(|rules| !rules.is_empty());
        if is_allowed_page && !has_rules {
            return CrossOriginAnswer::Default;
        }

        if request.method == Method::OPTIONS {
            return CrossOriginAnswer::Reply(asked.preflight(rules.as_deref(), &request.headers));
        }

        let rules = rules.as_deref().unwrap_or_default();
        CrossOriginAnswer::Headers(match asked.matching_rule(rules) {
            Some(rule) => asked.permission(rule),
            None => HeaderMap::new(),
        })
    }
}

impl<'r> CorsRequest<'r> {
    fn read(request: &'r Parts) -> Self {
        let text = |name: HeaderName| {
            let value = request.headers.get(name)?;
            value.to_str().ok()
        };
        let headers = text(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let headers = headers.split(',').map(str::trim);

        Self {
            origin: text(header::ORIGIN),
            method: text(header::ACCESS_CONTROL_REQUEST_METHOD)
                .unwrap_or_else(|| request.method.as_str()),
            headers: headers
                .filter(|name| !name.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
            resource: resource(request),
        }
    }

    /// The answer to the request by which a browser asks whether the next one is allowed.
    fn preflight(&self, rules: Option<&[CorsRule]>, asked: &HeaderMap) -> Response<Full<Bytes>> {
        let bad = |text: &str| error(StatusCode::BAD_REQUEST, "BadRequest", text, "");
        if self.origin.is_none() {
            return bad("Insufficient information. Origin request header needed.");
        }

        let Some(rules) = rules else {
            return self.forbidden("CORSResponse: Bucket not found");
        };
        if rules.is_empty() {
            return self.forbidden("CORSResponse: CORS is not enabled for this bucket.");
        }
        if !asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return bad("Invalid Access-Control-Request-Method: null");
        }

        let Some(rule) = self.matching_rule(rules) else {
            return self.forbidden(NOT_ALLOWED);
        };

        let mut response = Response::new(Full::default());
        let headers = response.headers_mut();
        *headers = self.permission(rule);
        RequestIds::new().mark(headers);
        if !self.headers.is_empty() {
            insert(
                headers,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                &self.headers.join(", "),
            );
        }

        response
    }

    /// The first rule that allows the request.
    fn matching_rule<'c>(&self, rules: &'c [CorsRule]) -> Option<&'c CorsRule> {
        let origin = self.origin?;
        let allows_header = |rule: &CorsRule, name: &str| {
            let mut patterns = rule.headers.iter();
            patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), name))
        };

        rules.iter().find(|rule| {
            rule.origins.iter().any(|pattern| matches(pattern, origin))
                && rule.methods.iter().any(|method| method == self.method)
                && self.headers.iter().all(|name| allows_header(rule, name))
        })
    }

    /// The headers that tell a browser what a rule allows.
    fn permission(&self, rule: &CorsRule) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let origin = self.origin.unwrap_or_default();

        if rule.origins.iter().any(|pattern| pattern == "*") {
            insert(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            insert(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert(
                &mut headers,
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                "true",
            );
        }

        let methods = rule.methods.join(", ");
        insert(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, &methods);
        if !rule.exposed.is_empty() {
            let exposed = rule.exposed.join(", ");
            insert(
                &mut headers,
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                &exposed,
            );
        }
        if let Some(seconds) = rule.max_age {
            let seconds = seconds.to_string();
            insert(&mut headers, header::ACCESS_CONTROL_MAX_AGE, &seconds);
        }
        headers.insert(header::VARY, VARY);

        headers
    }

    fn forbidden(&self, text: &str) -> Response<Full<Bytes>> {
        let kind = match &self.resource {
            Some((_, key)) if !key.is_empty() => "OBJECT",
            _ => "BUCKET",
        };
        let method = escape(self.method);
        let details = format!("<Method>{method}</Method><ResourceType>{kind}</ResourceType>");

        error(StatusCode::FORBIDDEN, "AccessForbidden", text, &details)
    }
}

/// The bucket that a request is about, and the rest of the path.
fn resource(request: &Parts) -> Option<(Cow<'_, str>, &str)> {
    let path = request.uri.path().trim_start_matches('/');

    let host = request.headers.get(header::HOST)?.to_str().ok()?;
    if let Some(bucket) = named_bucket(host) {
        return Some((bucket.into(), path));
    }

    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (!bucket.is_empty()).then_some((bucket.into(), key))
}

/// Whether a text matches a pattern with at most one `*`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Adds a header, unless its value cannot be one.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn error(status: StatusCode, code: &str, text: &str, details: &str) -> Response<Full<Bytes>> {
    let text = escape(text);
    let ids = RequestIds::new();
    let ids_xml = ids.xml();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{text}</Message>{details}{ids_xml}</Error>"
    );

    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let xml = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    ids.mark(response.headers_mut());

    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
