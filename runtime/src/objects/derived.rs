//! The key of a result, from the key of its source.

use s3_dispatch_core::ObjectKey;
use sha2::{Digest, Sha256};

/// The longest key, in bytes ("Object key naming guidelines", Amazon S3 User Guide, 2026).
const LONGEST_KEY: usize = 1024;

/// The length of a hash in hexadecimal.
const HASH: usize = 64;

/// The key of a result that is derived from an object: the prefix, then the object's decoded key.
///
/// Two keys never give the same result. If the result would have 1,024 bytes or more, which is what
/// S3 allows, it is cut, and ends in the SHA-256 of the whole key. Such a result has exactly 1,024
/// bytes and no other has.
///
/// All contents of a source share one result, which must be
/// [replaced](crate::objects::PutOnce::replacing) when its source is.
/// [`Object::derived_from_content`](crate::objects::Object::derived_from_content) gives each its
/// own. If the prefix does not name the bucket, the same keys of several buckets share a result.
///
/// The prefix must be one that no route of the handler takes. Otherwise its result is its next
/// event.
///
/// # Examples
///
/// ```
/// use s3_dispatch::ObjectKey;
/// use s3_dispatch::objects::derived_key;
///
/// let source = ObjectKey::decode("holiday/my+photo.jpg");
/// assert_eq!(derived_key("thumbnails/", &source), "thumbnails/holiday/my photo.jpg");
/// ```
///
/// # Panics
///
/// Panics if the prefix has more than 900 bytes.
#[must_use]
pub fn derived_key(prefix: &str, source: &ObjectKey) -> String {
    assert!(
        prefix.len() <= 900,
        "the prefix of a derived key has more than 900 bytes: `{prefix}`"
    );

    let source = source.as_str();
    if prefix.len() + source.len() < LONGEST_KEY {
        return format!("{prefix}{source}");
    }

    let room = LONGEST_KEY - HASH - 1 - prefix.len();
    let boundary = (0..=room).rev().find(|end| source.is_char_boundary(*end));
    let cut = &source[..boundary.unwrap_or(0)];
    let fill = "~".repeat(room - cut.len() + 1);
    format!(
        "{prefix}{cut}{fill}{}",
        hexadecimal(&Sha256::digest(source))
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
