//! Answers to requests for a part of an object.

use http::{Response, StatusCode, header};

/// Gives the status 206 to an answer about a part of an object. `s3s` answers `HEAD` with 200,
/// whatever the operation says.
pub(super) fn mark_partial<B>(response: &mut Response<B>) {
    let is_partial = response.headers().contains_key(header::CONTENT_RANGE);

    if is_partial && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
}
