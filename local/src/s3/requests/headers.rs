//! Parses the values of S3's headers.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{CopySource, ServerSideEncryption, StorageClass};
use s3s::{S3Result, s3_error};

use super::conditions::ReadConditions;
use super::tags::check_tags;
use crate::s3::store::{Buckets, FoundObject, Pin};

/// The characters that `encoding-type=url` does not encode.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// The storage classes whose objects can be read at once, besides the usual one.
const STORAGE_CLASSES: [&str; 5] = [
    StorageClass::REDUCED_REDUNDANCY,
    StorageClass::STANDARD_IA,
    StorageClass::ONEZONE_IA,
    StorageClass::INTELLIGENT_TIERING,
    StorageClass::GLACIER_IR,
];

/// The headers of a request that are stored with the object. Returns early if S3 refuses one.
macro_rules! object_headers {
    ($input:ident) => {
        $crate::s3::store::ObjectHeaders {
            content_type: $input.content_type.clone(),
            content_encoding: $crate::s3::requests::headers::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $input.expires.clone(),
            storage_class: $crate::s3::requests::headers::storage_class(
                $input.storage_class.as_ref(),
            )?,
            website_redirect_location: $input.website_redirect_location.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
        }
    };
}
pub(in crate::s3) use object_headers;

/// Encodes a key for `encoding-type=url`.
pub(in crate::s3) fn encode(key: &str) -> String {
    utf8_percent_encode(key, UNENCODED).to_string()
}

/// Parses and checks the tags in `x-amz-tagging`: `a=1&b=2`.
pub(in crate::s3) fn parse_tags(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };

    let tags = header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)));

    check_tags(tags.collect())
}

/// Parses `x-amz-copy-source-range`, which names the first and the last byte: `bytes=0-9`.
pub(in crate::s3) fn parse_copy_range(header: &str, size: u64) -> S3Result<Range<u64>> {
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

/// The object that `x-amz-copy-source` names, if it meets the conditions. Its body stays as long as
/// the pin.
pub(in crate::s3) fn copy_source(
    buckets: &Buckets,
    source: &CopySource,
    conditions: &ReadConditions,
) -> S3Result<(FoundObject, Pin)> {
    let (found, pin) = match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => buckets.find_to_read(bucket, key, version_id.as_deref())?,
        _ => return Err(s3_error!(NotImplemented, "access points are not supported")),
    };
    conditions.check_copy(&found.object)?;

    Ok((found, pin))
}

/// The content encodings without `aws-chunked`, which encodes only the request.
pub(in crate::s3) fn content_encoding(header: Option<&str>) -> Option<String> {
    let encodings = header?.split(',').map(str::trim);
    let encodings = encodings.filter(|encoding| !encoding.eq_ignore_ascii_case("aws-chunked"));
    let encodings = encodings.collect::<Vec<_>>().join(", ");

    Some(encodings).filter(|encodings| !encodings.is_empty())
}

/// The storage class to store; `None` for the usual one, which S3 does not name.
pub(in crate::s3) fn storage_class(class: Option<&StorageClass>) -> S3Result<Option<String>> {
    match class.map(StorageClass::as_str) {
        None | Some(StorageClass::STANDARD) => Ok(None),
        Some(class) if STORAGE_CLASSES.contains(&class) => Ok(Some(class.to_owned())),
        Some(StorageClass::GLACIER | StorageClass::DEEP_ARCHIVE) => Err(s3_error!(
            NotImplemented,
            "the pipeline archives no objects; use `GLACIER_IR` or another class that can be read"
        )),
        Some(_) => Err(s3_error!(
            InvalidStorageClass,
            "The storage class you specified is not valid"
        )),
    }
}

/// Checks the number of a part.
pub(in crate::s3) fn check_part_number(number: i32) -> S3Result<()> {
    match number {
        1..=10_000 => Ok(()),
        _ => Err(s3_error!(
            InvalidArgument,
            "a part number must be 1 to 10000"
        )),
    }
}

/// A number of bytes in the type that S3's responses use.
pub(in crate::s3) fn content_length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// How objects are encrypted at rest, as S3's answers say of each object.
pub(in crate::s3) fn encryption() -> Option<ServerSideEncryption> {
    Some(ServerSideEncryption::from_static(
        ServerSideEncryption::AES256,
    ))
}
