//! How a request says that it is signed.
//!
//! A request that says nothing is not signed, which is allowed. One that says it wrong is refused:
//! `s3s` would take some of these for requests that are not signed.

use http::header::{AUTHORIZATION, DATE, HeaderMap};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use s3s::{S3Result, s3_error};

const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// The scheme of signature version 4.
const V4: &str = "AWS4-HMAC-SHA256";

/// The parameters of a presigned URL with signature version 4.
const V4_PARAMETERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
];

/// The parameters of a presigned URL with signature version 2.
const V2_PARAMETERS: [&str; 3] = ["Signature", "AWSAccessKeyId", "Expires"];

/// Refuses a request that says wrongly how it is signed. One that is signed with `Date` gets an
/// `x-amz-date`, where `s3s` looks for the date.
pub(super) fn check(request: &mut Parts) -> S3Result<()> {
    let query = request.uri.query().unwrap_or_default();
    let is_presigned = check_parameters(query)?;

    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(());
    };
    if is_presigned || values.next().is_some() {
        return Err(s3_error!(
            InvalidArgument,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature \
             query string parameter or the Authorization header should be specified"
        ));
    }

    let is_v4 = check_header(value.to_str().unwrap_or("?"))?;
    if is_v4 {
        date(&mut request.headers)
    } else {
        Ok(())
    }
}

/// Whether the query is that of a presigned URL. It must be that of a whole one.
fn check_parameters(query: &str) -> S3Result<bool> {
    let names = query.split('&').map(|pair| pair.split('=').next());
    let names: Vec<_> = names.flatten().collect();
    let has = |name: &&str| names.contains(name);

    let is_v4 = V4_PARAMETERS[..3].iter().any(has);
    if is_v4 && !V4_PARAMETERS.iter().all(has) {
        return Err(s3_error!(
            AuthorizationQueryParametersError,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, \
             X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires \
             parameters."
        ));
    }

    let is_v2 = V2_PARAMETERS[..2].iter().any(has);
    if is_v2 && !V2_PARAMETERS.iter().all(has) {
        return Err(s3_error!(
            AccessDenied,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId \
             parameters"
        ));
    }

    Ok(is_v4 || is_v2)
}

/// Whether `Authorization` has signature version 4. It must have one that S3 knows.
fn check_header(value: &str) -> S3Result<bool> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));

    match scheme {
        V4 => {
            let has = |name: &str| rest.contains(name);
            if ["Credential=", "SignedHeaders=", "Signature="]
                .into_iter()
                .all(has)
            {
                return Ok(true);
            }

            Err(s3_error!(
                AuthorizationHeaderMalformed,
                "The authorization header is malformed; the authorization header requires three \
                 components: Credential, SignedHeaders, and Signature."
            ))
        }
        "AWS" if rest.contains(':') => Ok(false),
        "AWS" => Err(s3_error!(
            InvalidArgument,
            "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"
        )),
        "" => Err(s3_error!(AccessDenied, "Access Denied")),
        _ => Err(s3_error!(InvalidArgument, "Unsupported Authorization Type")),
    }
}

/// Makes sure that a request with signature version 4 has an `x-amz-date`. It may have a `Date`
/// instead ("Elements of an AWS API request signature", IAM User Guide, 2026).
fn date(headers: &mut HeaderMap) -> S3Result<()> {
    let amz_date = match headers.get(AMZ_DATE) {
        Some(date) if is_basic(date) => return Ok(()),
        Some(_) => None,
        None => headers.get(DATE).and_then(basic),
    };

    let Some(date) = amz_date else {
        return Err(s3_error!(
            AccessDenied,
            "AWS authentication requires a valid Date or x-amz-date header"
        ));
    };
    // The signed headers stay as they are: this one is not among them.
    headers.insert(AMZ_DATE, date);

    Ok(())
}

/// Whether a date has the form `20261126T093000Z`.
fn is_basic(date: &HeaderValue) -> bool {
    let bytes = date.as_bytes();
    let is_digit = |(index, byte): (usize, &u8)| match index {
        8 => *byte == b'T',
        15 => *byte == b'Z',
        _ => byte.is_ascii_digit(),
    };

    bytes.len() == 16 && bytes.iter().enumerate().all(is_digit)
}

/// A date in the form of HTTP, in the form of signatures.
fn basic(date: &HeaderValue) -> Option<HeaderValue> {
    let parser = DateTimeParser::new();
    let date: Timestamp = parser.parse_timestamp(date.to_str().ok()?).ok()?;

    HeaderValue::from_str(&date.strftime("%Y%m%dT%H%M%SZ").to_string()).ok()
}
