//! JSON as it was sent.

use std::borrow::Cow;
use std::fmt;

use crate::text::Text;
use crate::text::escape::unescape;

/// A part of a payload that is JSON: plain, inside a JSON string, or inside a string in a string.
#[derive(Clone)]
pub(crate) struct RawJson {
    text: Text,
    /// The number of JSON strings around it. Its escapes were checked when it was read.
    level: usize,
}

impl RawJson {
    pub(crate) fn new(text: Text, level: usize) -> Self {
        Self { text, level }
    }

    pub(crate) fn as_sent(&self) -> Cow<'_, str> {
        let mut json = Cow::Borrowed(self.text.as_str());
        for _ in 0..self.level {
            json = Cow::Owned(unescape(&json).expect("it was read before"));
        }

        json
    }
}

impl From<Text> for RawJson {
    fn from(text: Text) -> Self {
        Self::new(text, 0)
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_sent().fmt(f)
    }
}
