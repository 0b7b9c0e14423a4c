//! Keys as the senders of notifications write them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What MinIO and RustFS encode, besides the space.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b' ')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// What S3 encodes, besides the space: it leaves `/` as it is.
const S3: &AsciiSet = &FORM.remove(b'/');

/// The key as this sender puts it into a record; senders that are not known to encode write it as
/// it is.
pub(crate) fn encode(key: &str, event_source: &str) -> String {
    let set = match event_source {
        "aws:s3" => S3,
        "minio:s3" | "rustfs:s3" => FORM,
        _ => return key.to_owned(),
    };
    utf8_percent_encode(key, set).to_string().replace(' ', "+")
}
