//! The digests of XML bodies, which `s3s` reads and does not check.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use s3s::dto::Checksum;
use s3s::{Body, S3Error, S3ErrorCode, S3Result};

use super::checksums::ClaimedChecksums;
use crate::s3::store::ChecksumKind;

/// The parts of buckets and objects that are sent as XML, with checksums of the XML. A request to
/// complete an upload is sent as XML too, but its checksums are those of the object.
const SENT_AS_XML: [&str; 10] = [
    "acl",
    "cors",
    "delete",
    "encryption",
    "notification",
    "ownershipControls",
    "publicAccessBlock",
    "requestPayment",
    "tagging",
    "versioning",
];

/// The longest XML body that `s3s` reads, in bytes.
const MAX_BYTES: usize = 20 * 1024 * 1024;

/// Reads a body that is XML and has a digest, and refuses it if the digest is another one. Other
/// requests pass unread.
pub(in crate::s3) async fn check_digest(request: Request<Incoming>) -> S3Result<Request<Body>> {
    if !is_xml(&request) || !has_digest(request.headers()) {
        return Ok(request.map(Body::from));
    }

    let (head, body) = request.into_parts();
    let read = Limited::new(body, MAX_BYTES).collect().await;
    let body: Bytes = match read {
        Ok(body) => body.to_bytes(),
        Err(error) => return Err(S3Error::with_source(S3ErrorCode::IncompleteBody, error)),
    };
    claimed(&head.headers)?.check(&body)?;

    Ok(Request::from_parts(head, Body::from(body)))
}

fn is_xml<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let mut names = query
        .split('&')
        .filter_map(|parameter| parameter.split('=').next());

    [Method::PUT, Method::POST].contains(request.method())
        && names.any(|name| SENT_AS_XML.contains(&name))
}

fn has_digest(headers: &HeaderMap) -> bool {
    let mut kinds = ChecksumKind::ALL.into_iter();
    headers.contains_key("content-md5") || kinds.any(|kind| headers.contains_key(kind.header()))
}

fn claimed(headers: &HeaderMap) -> S3Result<ClaimedChecksums> {
    let text = |name: &str| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default().to_owned())
    };
    let checksum = Checksum {
        checksum_crc32: text(ChecksumKind::Crc32.header()),
        checksum_crc32c: text(ChecksumKind::Crc32c.header()),
        checksum_crc64nvme: text(ChecksumKind::Crc64nvme.header()),
        checksum_sha1: text(ChecksumKind::Sha1.header()),
        checksum_sha256: text(ChecksumKind::Sha256.header()),
        checksum_type: None,
    };

    ClaimedChecksums::new(headers, text("content-md5"), &checksum, None, None)
}
