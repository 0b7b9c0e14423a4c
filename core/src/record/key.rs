//! The key of an object, decoded.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::text::escape::hexadecimal;
use crate::text::search::unencoded_len;
use crate::text::{Text, text_views};

/// The key of an object, as the object is named: `holiday/my photo.jpg`.
///
/// In S3's notifications the key is form-encoded (`holiday/my+photo.jpg`); "Event message
/// structure", Amazon S3 User Guide, 2026. It is decoded here exactly once: `+` is a space, then
/// `%XX` are bytes of UTF-8. A `%` that begins no such triplet stays as it is, and so does the
/// whole key when the bytes would not be UTF-8. EventBridge and some S3-compatible stores send the
/// key as it is; it is then taken literally. [`as_sent`](Self::as_sent) keeps the form
/// that arrived.
///
/// `Debug` escapes control characters, so that a hostile key cannot forge a line of a log;
/// `Display` does not.
///
/// ```
/// use s3_dispatch_core::ObjectKey;
///
/// let key = ObjectKey::decode("holiday/my+photo%2B1.jpg");
/// assert_eq!(key, "holiday/my photo+1.jpg");
/// assert_eq!(key.as_sent(), "holiday/my+photo%2B1.jpg");
/// assert_eq!(format!("{:?}", ObjectKey::verbatim("a\nb")), r#""a\nb""#);
/// ```
#[derive(Clone)]
pub struct ObjectKey {
    sent: Text,
    /// `None` when decoding changes nothing.
    decoded: Option<Arc<str>>,
}

impl ObjectKey {
    /// Reads a form-encoded key, as S3, MinIO and RustFS send it.
    #[must_use]
    pub fn decode(as_sent: &str) -> Self {
        Self::from_encoded(Text::from(as_sent))
    }

    /// Takes a key that is not encoded, as EventBridge and Ceph send it.
    #[must_use]
    pub fn verbatim(key: &str) -> Self {
        Self::from_literal(Text::from(key))
    }

    /// The key as the object is named in its bucket: what `GetObject` wants.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.decoded
            .as_deref()
            .unwrap_or_else(|| self.sent.as_str())
    }

    /// The key as it stood in the notification, perhaps encoded.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        self.sent.as_str()
    }

    pub(crate) fn from_encoded(sent: Text) -> Self {
        Self {
            decoded: form_decode(sent.as_str()),
            sent,
        }
    }

    pub(crate) fn from_literal(sent: Text) -> Self {
        Self {
            decoded: None,
            sent,
        }
    }
}

/// `None` when decoding changes nothing.
fn form_decode(sent: &str) -> Option<Arc<str>> {
    // As long as a key may be ("Object key naming guidelines", Amazon S3 User Guide, 2026).
    const LONGEST_KEY: usize = 1024;

    let mut rest = sent.as_bytes();
    let mut unencoded = unencoded_len(rest);

    if unencoded == rest.len() {
        return None;
    }

    let mut decoded = SmallVec::<[u8; LONGEST_KEY]>::new();
    while !rest.is_empty() {
        decoded.extend_from_slice(&rest[..unencoded]);
        rest = &rest[unencoded..];

        // One often follows the other.
        while let Some((byte, behind)) = form_decode_byte(rest) {
            decoded.push(byte);
            rest = behind;
        }

        unencoded = unencoded_len(rest);
    }

    let decoded = std::str::from_utf8(&decoded).ok()?;
    (decoded != sent).then(|| Arc::from(decoded))
}

/// What a `+` or `%` stands for; `None` for any other.
fn form_decode_byte(encoded: &[u8]) -> Option<(u8, &[u8])> {
    match encoded {
        [b'+', behind @ ..] => Some((b' ', behind)),
        [b'%', behind @ ..] => {
            let byte = behind
                .first_chunk()
                .and_then(|digits: &[u8; 2]| hexadecimal(*digits));
            Some(byte.map_or((b'%', behind), |byte| (byte as u8, &behind[2..])))
        }
        _ => None,
    }
}

text_views!(ObjectKey);

/// Two keys are equal when they name the same object, however they were sent.
impl PartialEq for ObjectKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ObjectKey {}

impl std::hash::Hash for ObjectKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
