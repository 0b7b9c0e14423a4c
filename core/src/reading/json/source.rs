//! A JSON document that is being read.

use std::sync::Arc;

use bytestring::ByteString;

use super::path::Path;
use crate::text::Text;
use crate::{Error, ErrorKind};

/// A JSON document whose parts become [`Text`]s without being copied.
#[derive(Clone)]
pub(in crate::reading) struct Source(Arc<ByteString>);

impl Source {
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when the document is too long for [`Text`] to address.
    pub(in crate::reading) fn new(document: ByteString, path: &Path<'_>) -> Result<Self, Error> {
        match u32::try_from(document.len()) {
            Ok(_) => Ok(Self(Arc::new(document))),
            Err(_) => Err(Error::new(ErrorKind::TooLarge, "the JSON is 4 GiB or longer").at(path)),
        }
    }

    pub(in crate::reading) fn as_str(&self) -> &str {
        &self.0
    }

    /// Cuts out a text.
    pub(in crate::reading) fn slice(&self, start: u32, len: u32) -> Text {
        Text::slice(&self.0, start, len)
    }
}

/// A part of a document that was read.
impl From<String> for Source {
    fn from(part: String) -> Self {
        let is_shorter = "a part is shorter than 4 GiB, because its document is";
        Self::new(ByteString::from(part), &Path::Root).expect(is_shorter)
    }
}
