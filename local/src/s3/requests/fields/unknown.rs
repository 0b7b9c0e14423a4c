//! What must not be ignored, and that the input of an operation does not show.

use http::{HeaderMap, Uri};
use s3s::{S3Result, s3_error};

use crate::s3::store::ChecksumKind;

/// Headers that begin like the checksum of a body and are none.
const NOT_CHECKSUMS: [&str; 3] = ["algorithm", "type", "mode"];

/// The parameters that set headers of an answer.
const OVERRIDES: [&str; 6] = [
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];

/// Refuses other headers in the answer to an unsigned request, as S3 does.
pub(super) fn check_overrides(uri: &Uri, is_signed: bool) -> S3Result<()> {
    let parameters = uri.query().unwrap_or_default().split('&');
    let mut names = parameters.filter_map(|parameter| parameter.split('=').next());

    if !is_signed && names.any(|name| OVERRIDES.contains(&name)) {
        return Err(s3_error!(
            InvalidRequest,
            "Request specific response headers cannot be used for anonymous GET requests."
        ));
    }

    Ok(())
}

/// Refuses a body in chunks that nobody has decoded: `s3s` decodes those of signed requests.
pub(super) fn check_encoding(headers: &HeaderMap, is_signed: bool) -> S3Result<()> {
    let digest = headers.get("x-amz-content-sha256");
    let is_streaming = digest.is_some_and(|digest| digest.as_bytes().starts_with(b"STREAMING-"));
    let is_chunked = is_streaming || headers.contains_key("x-amz-trailer");

    if is_chunked && !is_signed {
        return Err(s3_error!(
            NotImplemented,
            "a body in the encoding `aws-chunked` needs a signed request; sign it with the keys \
             `test` and `test`, or send the body as it is"
        ));
    }

    Ok(())
}

/// Refuses checksums of algorithms that the pipeline does not have, in headers or in trailers.
pub(super) fn check_checksums(headers: &HeaderMap) -> S3Result<()> {
    let names = headers.keys().map(|name| name.as_str().to_owned());
    let trailers = headers.get_all("x-amz-trailer").iter();
    let trailers = trailers.filter_map(|value| value.to_str().ok());
    let trailers = trailers.flat_map(|value| value.split(','));
    let trailers = trailers.map(|name| name.trim().to_ascii_lowercase());

    for name in names.chain(trailers) {
        let Some(algorithm) = name.strip_prefix("x-amz-checksum-") else {
            continue;
        };

        let is_known = ChecksumKind::ALL
            .iter()
            .any(|kind| kind.header() == name.as_str());
        if !is_known && !NOT_CHECKSUMS.contains(&algorithm) {
            return Err(s3_error!(
                NotImplemented,
                "the pipeline has no `{name}`; use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256"
            ));
        }
    }

    Ok(())
}
