//! The limits on the tags of objects and buckets.

use std::collections::HashSet;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// "Categorizing your objects using tags", Amazon S3 User Guide, 2026. Lengths are in characters.
const MAX_TAGS: usize = 10;

/// "Using cost allocation S3 bucket tags", Amazon S3 User Guide, 2026.
const MAX_BUCKET_TAGS: usize = 50;

const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// Returns these tags, pairs of a key and a value, in the order of their keys, if an object can
/// have them.
pub(in crate::s3) fn check_tags(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    check_count("Object", tags.len(), MAX_TAGS)?;
    check_each(tags)
}

/// Returns these tags in the order of their keys, if a bucket can have them.
pub(in crate::s3) fn check_bucket_tags(
    tags: Vec<(String, String)>,
) -> S3Result<Vec<(String, String)>> {
    check_count("Bucket", tags.len(), MAX_BUCKET_TAGS)?;
    check_each(tags)
}

fn check_count(what: &str, count: usize, max: usize) -> S3Result<()> {
    if count <= max {
        return Ok(());
    }

    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("BadRequest".into()),
        format!("{what} tags cannot be greater than {max}"),
    );
    error.set_status_code(StatusCode::BAD_REQUEST);

    Err(error)
}

fn check_each(mut tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
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
