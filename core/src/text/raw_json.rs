//! JSON as it was sent.

use std::borrow::Cow;
use std::fmt;

use crate::text::Text;
use crate::text::escape::unescape;

/// A part of a payload that is JSON: written so, or in a JSON string, or in a string of a string.
#[derive(Clone)]
pub(crate) struct RawJson {
    text: Text,
    /// How often it must be unescaped. The escapes are known to be right.
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
