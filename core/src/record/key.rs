//! The key of an object, decoded once.

use std::borrow::Cow;

use bytestring::ByteString;

use super::key_memory::KeyMemory;
use crate::text::{Text, text_views};

/// The key of an object, as the object is named: `holiday/my photo.jpg`.
///
/// # Decoding
///
/// S3 form-encodes the key in notifications: `holiday/my+photo.jpg` ("Event message structure",
/// Amazon S3 User Guide, 2026). It is decoded exactly once: `+` becomes a space, then each `%XX` a
/// byte of UTF-8. A `%` that does not start such a triplet stays as it is. If the decoded bytes are
/// not UTF-8, the whole key stays as it was sent.
///
/// EventBridge and some S3-compatible stores do not encode keys, so their keys are taken as they
/// are. The envelope and the record's `eventSource` decide, never the text of the key. The key of
/// an unknown or missing `eventSource` is taken as it was sent.
///
/// # Guarantees
///
/// - [`as_str`](Self::as_str) is the key that `GetObject` expects. [`as_sent`](Self::as_sent) is
///   the key as it arrived.
/// - Two keys are equal if they name the same object, however they were sent.
/// - `Debug` escapes control characters, so a hostile key cannot forge a log line. `Display` does
///   not escape them.
///
/// A key can be an argument of a handler.
///
/// # Memory
///
/// The key of a record is a slice of its payload, and the decoded keys of a batch share memory, so
/// cloning one copies nothing. But as long as the key or a clone of it lives, so does the whole
/// payload: a key of 50 bytes can hold a batch of 6 MB. To keep keys beyond the handler, in a cache
/// or a list, keep [`to_detached`](Self::to_detached) or `as_str().to_owned()`.
///
/// # Examples
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
    /// `None` if decoding changes nothing.
    decoded: Option<ByteString>,
}

impl ObjectKey {
    /// Decodes a form-encoded key, as S3, MinIO and RustFS send it in notifications.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::ObjectKey;
    ///
    /// assert_eq!(ObjectKey::decode("caf%C3%A9+menu.pdf"), "café menu.pdf");
    /// assert_eq!(ObjectKey::decode("100%.txt"), "100%.txt");
    /// ```
    #[must_use]
    pub fn decode(as_sent: &str) -> Self {
        let mut key = Self::from_literal(Text::from(as_sent));
        key.decode_into(&mut KeyMemory::default());

        key
    }

    /// Takes a key that is not encoded, as EventBridge and Ceph send it.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::ObjectKey;
    ///
    /// let key = ObjectKey::verbatim("a+b.txt");
    /// assert_eq!((key.as_str(), key.as_sent()), ("a+b.txt", "a+b.txt"));
    /// ```
    #[must_use]
    pub fn verbatim(key: &str) -> Self {
        Self::from_literal(Text::from(key))
    }

    /// The decoded key: the name of the object in its bucket, as `GetObject` expects it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.decoded
            .as_deref()
            .unwrap_or_else(|| self.sent.as_str())
    }

    /// The key as it was in the payload, encoded or not.
    ///
    /// Filter policies of SNS and filter criteria of Lambda see this form.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        self.sent.as_str()
    }

    /// The same key in memory of its own, so that keeping it does not keep the payload that it was
    /// read from.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashSet;
    ///
    /// use s3_dispatch_core::ObjectKey;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put").with_key("a b.jpg").build();
    /// let mut seen: HashSet<ObjectKey> = HashSet::new();
    /// seen.insert(record.object.key.to_detached());
    ///
    /// assert!(seen.contains(&record.object.key));
    /// assert_eq!(record.object.key.to_detached().as_sent(), "a+b.jpg");
    /// ```
    #[must_use]
    pub fn to_detached(&self) -> Self {
        Self {
            sent: self.sent.to_detached(),
            decoded: self.decoded.as_deref().map(ByteString::from),
        }
    }

    /// Decodes the key as it was sent.
    pub(crate) fn decode_into(&mut self, memory: &mut KeyMemory) {
        self.decoded = memory.decode(self.sent.as_str());
    }

    pub(crate) fn from_literal(sent: Text) -> Self {
        Self {
            decoded: None,
            sent,
        }
    }
}

/// Encodes a key as S3 does in notifications: a space becomes a `+`, and everything but letters,
/// digits and `-_.*/` becomes `%XX` with upper-case digits.
pub(crate) fn form_encode(key: &str) -> Cow<'_, str> {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";

    let is_literal = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'/')
    };
    if key.as_bytes().iter().all(is_literal) {
        return Cow::Borrowed(key);
    }

    let mut encoded = String::with_capacity(key.len() * 3);
    for byte in key.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            literal if is_literal(&literal) => encoded.push(char::from(literal)),
            other => {
                encoded.push('%');
                encoded.push(char::from(DIGITS[usize::from(other >> 4)]));
                encoded.push(char::from(DIGITS[usize::from(other & 0xf)]));
            }
        }
    }

    Cow::Owned(encoded)
}

text_views!(ObjectKey);

/// Two keys are equal if they name the same object, however they were sent.
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
