//! The encoding of keys, which depends on the sender.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that MinIO and RustFS encode. A space becomes a `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b' ')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// The characters that S3 and Storj encode: the same ones except `/`.
const S3: &AsciiSet = &FORM.remove(b'/');

/// The key as this sender writes it into a record. An unknown sender does not encode it.
pub(crate) fn encode(key: &str, event_source: &str) -> String {
    let set = match event_source {
        "aws:s3" | "storj:s3" => S3,
        "minio:s3" | "rustfs:s3" => FORM,
        _ => return key.to_owned(),
    };

    utf8_percent_encode(key, set).to_string().replace(' ', "+")
}
