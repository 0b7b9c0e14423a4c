//! Where a text stands.

use std::borrow::Cow;

use super::{Scanned, Unusual};
use crate::text::{Source, Text};
use crate::unescape::unescape_into;

/// The content of a JSON string, or a whole value, as a part of a document. Empty counts as absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    len: u32,
    /// How often its escapes are escaped: once in a document, twice in one in a string.
    escapes: u8,
}

impl Span {
    /// A document is shorter than 4 GiB; see [`Source::new`].
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, len: (end - start) as u32, escapes: 0 }
    }

    /// The content of a string that is not as it is written.
    pub(super) fn with_escapes(self, levels: u8) -> Self {
        Self { escapes: levels, ..self }
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.start() + self.len as usize
    }

    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) fn has_escapes(self) -> bool {
        self.escapes != 0
    }

    /// This part of the document, as it is written.
    pub(super) fn as_text(self, source: &Source) -> Text {
        source.slice(self.start, self.len)
    }

    /// As it is written.
    pub(super) fn as_written(self, source: &Source) -> &str {
        &source.as_str()[self.start()..self.end()]
    }

    /// What it says, as any newtype: a part of the payload unless it has escapes. A lone surrogate is no text.
    #[inline]
    pub(super) fn read<T>(self, source: &Source, make: impl FnOnce(Text) -> T) -> Scanned<Option<T>> {
        if self.has_escapes() {
            let content = self.content(source)?;
            return Ok(Some(content).filter(|text| !text.is_empty()).map(|text| make(Text::from(text.into_owned()))));
        }
        Ok(if self.is_empty() { None } else { Some(make(self.as_text(source))) })
    }

    /// A whole number; `""` is absence.
    pub(super) fn number(self, source: &Source) -> Scanned<Option<u64>> {
        match &*self.content(source)? {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| Unusual::Other),
        }
    }

    /// `true` or `false` as they are written; `null` is absence.
    pub(super) fn flag(self, source: &Source) -> Scanned<Option<bool>> {
        match self.as_written(source) {
            "" | "null" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(Unusual::Other),
        }
    }

    /// What it says, empty or not.
    pub(super) fn content(self, source: &Source) -> Scanned<Cow<'_, str>> {
        let written = self.as_written(source);
        if self.escapes == 0 {
            return Ok(Cow::Borrowed(written));
        }
        let mut text = Vec::with_capacity(written.len());
        self.unescape_into(&mut text, written.as_bytes())?;
        String::from_utf8(text).map(Cow::Owned).map_err(|_| Unusual::Other)
    }

    /// Adds what it says. A lone surrogate is no text.
    pub(super) fn unescape_into(self, text: &mut Vec<u8>, written: &[u8]) -> Scanned<()> {
        let read = match self.escapes {
            2 => unescape_into::<1>(text, written),
            _ => unescape_into::<0>(text, written),
        };
        read.map(drop).ok_or(Unusual::Other)
    }
}
