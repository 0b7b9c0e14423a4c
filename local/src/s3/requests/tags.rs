//! The limits on the tags of an object.

use std::collections::HashSet;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// "Categorizing your objects using tags", Amazon S3 User Guide, 2026. Lengths are in characters.
const MAX_TAGS: usize = 10;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Returns these tags, pairs of a key and a value, in the order of their keys, if an object can
/// have them.
pub(in crate::s3) fn check_tags(
    mut tags: Vec<(String, String)>,
) -> S3Result<Vec<(String, String)>> {
    if tags.len() > MAX_TAGS {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("BadRequest".into()),
            format!("Object tags cannot be greater than {MAX_TAGS}"),
        );
        error.set_status_code(StatusCode::BAD_REQUEST);
        return Err(error);
    }

    let mut keys = HashSet::new();
    for (key, value) in &tags {
        if key.is_empty() || key.chars().count() > MAX_KEY {
            return Err(s3_error!(
                InvalidTag,
                "The TagKey you have provided is invalid"
            ));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(s3_error!(
                InvalidTag,
                "The TagValue you have provided is invalid"
            ));
        }
        if !keys.insert(key) {
            return Err(s3_error!(
                InvalidTag,
                "Cannot provide multiple Tags with the same key"
            ));
        }
    }

    tags.sort_unstable();
    Ok(tags)
}
