//! What S3 says about errors ("Error responses", Amazon S3 API Reference, 2026).

/// The text of each error that an operation or `s3s` gives none. Its place is between the code and
/// the ids.
const MESSAGES: [(&str, &str); 20] = [
    (
        "BadDigest",
        "The Content-MD5 or checksum value that you specified did not match what the server \
         received.",
    ),
    (
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
    ),
    (
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    ),
    (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    ("InvalidBucketName", "The specified bucket is not valid."),
    (
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
    ),
    ("InvalidRange", "The requested range is not satisfiable"),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long"),
    (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published \
         schema",
    ),
    ("MaxMessageLengthExceeded", "Your request was too big."),
    (
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    ),
    (
        "MissingContentLength",
        "You must provide the Content-Length HTTP header.",
    ),
    ("MissingRequestBodyError", "Request Body is empty"),
    ("NoSuchBucket", "The specified bucket does not exist"),
    ("NoSuchKey", "The specified key does not exist."),
    (
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may \
         have been aborted or completed.",
    ),
    ("NoSuchVersion", "The specified version does not exist."),
    (
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    ),
    (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check \
         your key and signing method.",
    ),
];

/// The text of an error with this code, if S3 has one for it.
pub(super) fn message(code: &str) -> Option<&'static str> {
    let known = MESSAGES.iter().find(|(other, _)| *other == code);
    known.map(|(_, text)| *text)
}
