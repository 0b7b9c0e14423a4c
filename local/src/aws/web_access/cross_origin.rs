//! What the resources of a port say about requests of pages.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use http_body_util::Full;

/// What the resources of a port say about requests of pages. It is asked about requests only that
/// [`WebAccess`](super::WebAccess) has admitted, so it can never let in another page.
pub(crate) trait CrossOrigin: Send + Sync + 'static {
    /// Decides about a request that names an origin, or asks for permission. `is_allowed_page` says
    /// that it comes from a page that is allowed to use the whole port.
    fn decide(&self, request: &Parts, is_allowed_page: bool) -> CrossOriginAnswer;
}

/// What the resource of a request says about it.
pub(crate) enum CrossOriginAnswer {
    /// Nothing: the rule of the port counts.
    Default,
    /// The answer of the port gets these headers.
    Headers(HeaderMap),
    /// This is the answer.
    Reply(Response<Full<Bytes>>),
}
