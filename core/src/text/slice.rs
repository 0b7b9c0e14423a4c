//! The storage of every text of a record: a slice of the payload it was read from.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;

use crate::reading::json::Path;
use crate::{Error, ErrorKind};

/// A slice of a shared, immutable text; 16 bytes, and a clone costs a reference count.
#[derive(Clone)]
pub(crate) struct Text {
    payload: Arc<ByteString>,
    start: u32,
    len: u32,
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.payload[self.range()]
    }

    /// So many bytes at its end.
    pub(crate) fn last(self, len: usize) -> Self {
        let len = (len as u32).min(self.len);
        Self {
            start: self.start + self.len - len,
            len,
            payload: self.payload,
        }
    }

    fn range(&self) -> Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

impl From<String> for Text {
    /// Longer than 4 GiB cannot occur: S3 limits a key to 1,024 bytes, Lambda a payload to 6 MB.
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

/// A JSON document under reading, whose parts become [`Text`]s without being copied.
#[derive(Clone)]
pub(crate) struct Source(Arc<ByteString>);

impl Source {
    pub(crate) fn new(document: ByteString, path: &Path<'_>) -> Result<Self, Error> {
        match u32::try_from(document.len()) {
            Ok(_) => Ok(Self(Arc::new(document))),
            Err(_) => Err(Error::new(ErrorKind::TooLarge, "the JSON is 4 GiB or longer").at(path)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// This part of the document.
    pub(crate) fn slice(&self, start: u32, len: u32) -> Text {
        Text {
            payload: Arc::clone(&self.0),
            start,
            len,
        }
    }

    /// A part of this document without copying it; any other text is copied.
    pub(crate) fn text(&self, part: &str) -> Text {
        let start = (part.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize);
        match start.checked_add(part.len()) {
            Some(end) if end <= self.0.len() => self.slice(start as u32, part.len() as u32),
            _ => Text::from(part),
        }
    }
}

/// A part of a document that was read.
impl From<String> for Source {
    fn from(document: String) -> Self {
        Self::new(ByteString::from(document), &Path::Root)
            .expect("a part is shorter than 4 GiB, since its whole is")
    }
}
