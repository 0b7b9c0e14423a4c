//! Parses the values of S3's headers, and checks the conditions on entity tags.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{CopySource, ETagCondition};
use s3s::{S3Result, s3_error};

use super::store::{Buckets, FoundObject, StoredObject};

/// The characters that `encoding-type=url` does not encode.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// The headers of a request that are stored with the object.
macro_rules! object_headers {
    ($input:ident) => {
        $crate::s3::store::ObjectHeaders {
            content_type: $input.content_type.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
        }
    };
}
pub(super) use object_headers;

/// Encodes a key for `encoding-type=url`.
pub(super) fn encode(key: &str) -> String {
    utf8_percent_encode(key, UNENCODED).to_string()
}

/// Parses the tags in `x-amz-tagging`: `a=1&b=2`.
pub(super) fn parse_tags(header: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };

    header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Parses `x-amz-copy-source-range`, which names the first and the last byte: `bytes=0-9`.
pub(super) fn parse_copy_range(header: &str, size: u64) -> S3Result<Range<u64>> {
    let bounds = header
        .strip_prefix("bytes=")
        .and_then(|bounds| bounds.split_once('-'))
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match bounds {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(s3_error!(InvalidRange, "the source has {size} bytes")),
        None => Err(s3_error!(
            InvalidArgument,
            "`x-amz-copy-source-range` must have the form `bytes=first-last`"
        )),
    }
}

/// The object that `x-amz-copy-source` names, if it meets the conditions.
pub(super) fn copy_source(
    buckets: &Buckets,
    source: &CopySource,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<FoundObject> {
    let found = match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => buckets.find(bucket, key, version_id.as_deref())?,
        _ => return Err(s3_error!(NotImplemented, "access points are not supported")),
    };

    if if_match.is_some_and(|condition| !found.object.matches(condition))
        || if_none_match.is_some_and(|condition| found.object.matches(condition))
    {
        return Err(s3_error!(PreconditionFailed));
    }

    Ok(found)
}

/// Checks the conditions of a request that reads an object.
pub(super) fn check_read(
    object: &StoredObject,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if if_match.is_some_and(|condition| !object.matches(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }

    if if_none_match.is_some_and(|condition| object.matches(condition)) {
        return Err(s3_error!(NotModified));
    }

    Ok(())
}

/// A number of bytes in the type that S3's responses use.
pub(super) fn content_length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
