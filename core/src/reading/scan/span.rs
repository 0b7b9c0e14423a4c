//! Where a text stands.

use super::{Scanned, Unusual};
use crate::text::{Source, Text};

/// The content of a JSON string, or a whole value. Empty counts as absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    len: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// In the document, as it is written there.
    #[default]
    Document,
    /// Among those that were unescaped.
    Unescaped,
    /// It holds a lone surrogate, so that it is no text.
    Nowhere,
}

impl Span {
    pub(super) const UNREADABLE: Self = Self {
        start: 0,
        len: 0,
        place: Place::Nowhere,
    };

    /// A document is shorter than 4 GiB; see [`Source::new`].
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            len: (end - start) as u32,
            place: Place::Document,
        }
    }

    /// Among those that were unescaped, which together are no longer than they are in the document.
    pub(super) fn unescaped(start: usize, end: usize) -> Self {
        Self {
            place: Place::Unescaped,
            ..Self::new(start, end)
        }
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

    pub(super) fn is_unescaped(self) -> bool {
        self.place == Place::Unescaped
    }

    /// Whether it is a text.
    pub(super) fn readable(self) -> Scanned<()> {
        if self.place == Place::Nowhere {
            Err(Unusual::Other)
        } else {
            Ok(())
        }
    }

    /// This part of the document, as it is written.
    pub(super) fn as_text(self, source: &Source) -> Text {
        source.slice(self.start, self.len)
    }

    /// This part of the document, as it is written.
    pub(super) fn as_written(self, source: &Source) -> &str {
        &source.as_str()[self.start()..self.end()]
    }

    /// What it says, as any newtype.
    #[inline]
    pub(super) fn read<T>(
        self,
        texts: &Texts<'_>,
        make: impl FnOnce(Text) -> T,
    ) -> Scanned<Option<T>> {
        let source = texts.source_of(self)?;
        Ok(if self.is_empty() {
            None
        } else {
            Some(make(self.as_text(source)))
        })
    }

    /// What it says, empty or not.
    pub(super) fn text(self, texts: &Texts<'_>) -> Scanned<Text> {
        Ok(self.as_text(texts.source_of(self)?))
    }

    /// A whole number; `""` is absence.
    pub(super) fn number(self, texts: &Texts<'_>) -> Scanned<Option<u64>> {
        match self.content(texts)? {
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
    pub(super) fn content<'t>(self, texts: &'t Texts<'_>) -> Scanned<&'t str> {
        Ok(self.as_written(texts.source_of(self)?))
    }
}

/// The texts of a part of a document: slices of it, but those with escapes, which share a copy.
pub(super) struct Texts<'s> {
    pub(super) source: &'s Source,
    unescaped: Option<Source>,
}

impl<'s> Texts<'s> {
    #[inline]
    pub(super) fn new(source: &'s Source, unescaped: &[u8]) -> Scanned<Self> {
        Ok(Self {
            source,
            unescaped: if unescaped.is_empty() {
                None
            } else {
                Some(copy(unescaped)?)
            },
        })
    }

    /// The document that the place of such a text is in.
    #[inline]
    pub(super) fn source_of(&self, span: Span) -> Scanned<&Source> {
        match span.place {
            Place::Document => Ok(self.source),
            Place::Unescaped => self.unescaped.as_ref().ok_or(Unusual::Other),
            Place::Nowhere => Err(Unusual::Other),
        }
    }
}

#[cold]
fn copy(unescaped: &[u8]) -> Scanned<Source> {
    let unescaped = std::str::from_utf8(unescaped).map_err(|_| Unusual::Other)?;
    Ok(Source::from(unescaped.to_owned()))
}
