//! The ids by which S3 names a request.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// The id of the only host. Records have it too: `RecordBuilder` writes it.
const HOST: &str = "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD";

/// The ids by which S3 names a request: in the headers of the answer, in the XML of an error, and
/// in the events of what the request changes.
#[derive(Debug, Clone)]
pub(in crate::s3) struct RequestIds {
    request: Arc<str>,
}

impl RequestIds {
    /// The ids of a new request.
    pub(in crate::s3) fn new() -> Self {
        // Two states of one process differ, and so do those of two processes.
        let number = RandomState::new().hash_one(());

        Self {
            request: format!("{number:016X}").into(),
        }
    }

    /// The id of the request: 16 hexadecimal digits.
    pub(in crate::s3) fn request(&self) -> &str {
        &self.request
    }

    /// Puts the ids into the headers of an answer.
    pub(in crate::s3) fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(request) = HeaderValue::from_str(&self.request) {
            headers.insert(REQUEST_ID, request);
        }
        headers.insert(HOST_ID, HeaderValue::from_static(HOST));
    }

    /// The ids as elements of an error.
    pub(in crate::s3) fn xml(&self) -> String {
        format!(
            "<RequestId>{}</RequestId><HostId>{HOST}</HostId>",
            self.request
        )
    }
}
