//! The `PUT` request that a form stands for.

use std::ops::RangeInclusive;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use multer::Field;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{StreamingBlob, Tagging};
use s3s::xml::{Deserialize, Deserializer};
use s3s::{Body, S3Error, S3ErrorCode, S3Result, s3_error};

use super::form::Fields;
use crate::aws::digest::base64;

/// The fields that are headers of the same name. Names that start with one of [`PREFIXES`] are
/// others. S3 ignores what it does not know.
const HEADERS: [&str; 12] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

const PREFIXES: [&str; 3] = ["x-amz-checksum-", METADATA, "x-amz-server-side-encryption"];

const METADATA: &str = "x-amz-meta-";

/// The fields that are headers of another name.
const RENAMED: [(&str, &str); 2] = [
    ("acl", "x-amz-acl"),
    ("x-amz-checksum-algorithm", "x-amz-sdk-checksum-algorithm"),
];

/// The characters of a key that a path needs not encode.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How many bytes too many are read. Browsers show no answer that they get before they have sent
/// the whole form.
const MAX_EXCESS: u64 = 64 * 1024 * 1024;

/// Marks the request to put an object that was a form.
#[derive(Debug, Clone, Copy)]
pub(in crate::s3) struct FromForm;

/// The request to put the file of a form. The file must have so many bytes.
pub(super) fn put_request(
    head: Parts,
    (bucket, key): (&str, &str),
    headers: HeaderMap,
    file: Field<'static>,
    length: RangeInclusive<u64>,
) -> S3Result<Request<Body>> {
    let path = format!("/{bucket}/{}", utf8_percent_encode(key, PATH));
    let file = StreamingBlob::wrap(checked(file, length));

    let request = Request::builder()
        .method(Method::PUT)
        .uri(path)
        .body(Body::from(file));
    let mut request = request
        .map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, Box::new(error)))?;

    *request.headers_mut() = headers;
    *request.extensions_mut() = head.extensions;
    request.extensions_mut().insert(FromForm);

    Ok(request)
}

/// The headers that the fields of a form stand for.
pub(super) fn headers(fields: &Fields) -> S3Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    // The path names the bucket.
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));

    for (field, value) in fields.iter() {
        headers.extend(field_header(field, value)?);
    }
    let tags = tagging(fields)?;
    headers.extend(tags.map(|tags| (HeaderName::from_static("x-amz-tagging"), tags)));

    Ok(headers)
}

/// The header that a field stands for, if it stands for one.
fn field_header(field: &str, value: &str) -> S3Result<Option<(HeaderName, HeaderValue)>> {
    let renamed = RENAMED.iter().find(|(name, _)| *name == field);
    let is_header = HEADERS.contains(&field) || PREFIXES.iter().any(|p| field.starts_with(p));
    let name = match renamed {
        Some((_, name)) => *name,
        None if is_header && !value.is_empty() => field,
        None => return Ok(None),
    };

    let name = HeaderName::from_bytes(name.as_bytes());
    let mut header = HeaderValue::from_bytes(value.as_bytes());
    if header.is_err() && field.starts_with(METADATA) {
        let word = format!("=?UTF-8?B?{}?=", base64(value.as_bytes()));
        header = HeaderValue::from_str(&word);
    }

    match (name, header) {
        (Ok(name), Ok(value)) => Ok(Some((name, value))),
        _ => Err(s3_error!(
            InvalidArgument,
            "the field '{field}' cannot be a header"
        )),
    }
}

/// The tags of a form, which are XML, as a header.
fn tagging(fields: &Fields) -> S3Result<Option<HeaderValue>> {
    let Some(xml) = fields.get("tagging").filter(|xml| !xml.is_empty()) else {
        return Ok(None);
    };
    let mut reader = Deserializer::new(xml.as_bytes());
    let tagging = Tagging::deserialize(&mut reader).map_err(|_| malformed_tags())?;

    let encode = |text: Option<String>| {
        let text = text.unwrap_or_default();
        utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
    };
    let tags = tagging.tag_set.into_iter();
    let pairs: Vec<_> = tags
        .map(|tag| format!("{}={}", encode(tag.key), encode(tag.value)))
        .collect();

    HeaderValue::from_str(&pairs.join("&"))
        .map(Some)
        .map_err(|_| malformed_tags())
}

fn malformed_tags() -> S3Error {
    s3_error!(
        MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

/// A file that ends with an error if it has too few or too many bytes.
fn checked(
    file: Field<'static>,
    length: RangeInclusive<u64>,
) -> impl Stream<Item = Result<Bytes, S3Error>> + Send + Sync + 'static {
    stream::try_unfold((file, 0), move |(mut file, mut read)| {
        let length = length.clone();
        async move {
            while let Some(chunk) = file.chunk().await.map_err(incomplete)? {
                read += chunk.len() as u64;
                let excess = read.saturating_sub(*length.end());
                if excess > MAX_EXCESS {
                    break;
                }
                if excess == 0 {
                    return Ok(Some((chunk, (file, read))));
                }
            }

            check_length(read, &length)?;
            Ok(None)
        }
    })
}

fn check_length(read: u64, length: &RangeInclusive<u64>) -> S3Result<()> {
    if read > *length.end() {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size"
        ));
    }
    if read < *length.start() {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }

    Ok(())
}

fn incomplete(error: multer::Error) -> S3Error {
    S3Error::with_source(S3ErrorCode::IncompleteBody, Box::new(error))
}
