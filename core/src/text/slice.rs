//! The storage of every text of a record: a slice of the payload that it was read from.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;

/// A slice of a shared, immutable text. It takes 16 bytes, and a clone costs a reference count.
#[derive(Clone)]
pub(crate) struct Text {
    payload: Arc<ByteString>,
    start: u32,
    len: u32,
}

impl Text {
    /// Cuts a text out of a payload without copying it.
    pub(crate) fn slice(payload: &Arc<ByteString>, start: u32, len: u32) -> Self {
        Self {
            payload: Arc::clone(payload),
            start,
            len,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.payload[self.range()]
    }

    /// The same as bytes, for comparisons: a slice of a text is checked at both ends.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.payload.as_bytes()[self.range()]
    }

    /// The last `len` bytes.
    pub(crate) fn last(self, len: usize) -> Self {
        let len = (len as u32).min(self.len);
        Self {
            start: self.start + self.len - len,
            len,
            payload: self.payload,
        }
    }

    /// Copies the text, unless it is all of its payload.
    pub(crate) fn to_detached(&self) -> Self {
        if self.len as usize == self.payload.len() {
            self.clone()
        } else {
            Self::from(self.as_str())
        }
    }

    fn range(&self) -> Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

impl From<String> for Text {
    /// A text is never 4 GiB long: S3 limits a key to 1,024 bytes, and Lambda a payload to 6 MB.
    fn from(text: String) -> Self {
        let len = u32::try_from(text.len()).expect("a text is shorter than 4 GiB");
        Self {
            payload: Arc::new(ByteString::from(text)),
            start: 0,
            len,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A type that is made of a text without copying it.
pub(crate) trait FromText {
    fn from_text(text: Text) -> Self;
}

impl FromText for Text {
    fn from_text(text: Text) -> Self {
        text
    }
}
