//! The key of an object, decoded.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::text::{Text, text_views};

/// The key of an object, as the object is named: `holiday/my photo.jpg`.
///
/// In S3's notifications the key is form-encoded (`holiday/my+photo.jpg`); "Event message structure", Amazon S3 User
/// Guide, 2026. It is decoded here exactly once: `+` is a space, then `%XX` are bytes of UTF-8. A `%` that begins no
/// such triplet stays as it is, and so does the whole key when the bytes would not be UTF-8. EventBridge and some
/// S3-compatible stores send the key as it is; it is then taken literally. [`as_sent`](Self::as_sent) keeps the form
/// that arrived.
///
/// `Debug` escapes control characters, so that a hostile key cannot forge a line of a log; `Display` does not.
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
    decoded: Text,
    sent: Text,
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
        self.decoded.as_str()
    }

    /// The key as it stood in the notification, perhaps encoded.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        self.sent.as_str()
    }

    pub(crate) fn from_encoded(sent: Text) -> Self {
        match form_decode(sent.as_str()) {
            Cow::Borrowed(_) => Self::from_literal(sent),
            Cow::Owned(decoded) => Self { decoded: Text::from(decoded), sent },
        }
    }

    pub(crate) fn from_literal(sent: Text) -> Self {
        Self { decoded: sent.clone(), sent }
    }
}

/// Borrowed when decoding changes nothing.
fn form_decode(sent: &str) -> Cow<'_, str> {
    if !sent.contains(['+', '%']) {
        return Cow::Borrowed(sent);
    }
    let spaced = sent.replace('+', " ");
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(Cow::Owned(decoded)) => Cow::Owned(decoded),
        Ok(Cow::Borrowed(_)) => Cow::Owned(spaced),
        Err(_) => Cow::Borrowed(sent),
    }
}

text_views!(ObjectKey);

/// Two keys are equal when they name the same object, however they were sent.
impl PartialEq for ObjectKey {
    fn eq(&self, other: &Self) -> bool {
        self.decoded == other.decoded
    }
}

impl Eq for ObjectKey {}

impl std::hash::Hash for ObjectKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.decoded.hash(state);
    }
}
