//! Where a value is in a document.

use super::give_up::{GiveUp, Scanned};
use super::source::Source;
use crate::text::Text;

/// The content of a JSON string, or a whole value as it is written.
///
/// The default is empty, which stands for an absent value.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::reading) struct Span {
    start: u32,
    len: u32,
    holds: Holds,
}

/// As long as the other fields of a span, so that an absent span is all zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
enum Holds {
    /// A part of the document as it is written.
    #[default]
    Written,
    /// A part of the scanner's unescaped texts.
    Unescaped,
    /// A string with a lone surrogate, which is not a text.
    LoneSurrogate,
    /// A value of the wrong type, as it is written.
    WrongType,
}

impl Span {
    /// Offsets fit, because a [`Source`] is shorter than 4 GiB.
    pub(in crate::reading) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            len: (end - start) as u32,
            holds: Holds::Written,
        }
    }

    /// A part of the unescaped texts, which are never longer than the document.
    pub(in crate::reading) fn unescaped(start: usize, end: usize) -> Self {
        Self {
            holds: Holds::Unescaped,
            ..Self::new(start, end)
        }
    }

    /// A string that is present, though it is not a text.
    pub(in crate::reading) fn lone_surrogate() -> Self {
        Self {
            holds: Holds::LoneSurrogate,
            ..Self::new(0, 1)
        }
    }

    pub(in crate::reading) fn wrong_type(start: usize, end: usize) -> Self {
        Self {
            holds: Holds::WrongType,
            ..Self::new(start, end)
        }
    }

    pub(in crate::reading) fn start(self) -> usize {
        self.start as usize
    }

    fn end(self) -> usize {
        self.start() + self.len as usize
    }

    pub(in crate::reading) fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(in crate::reading) fn is_unescaped(self) -> bool {
        self.holds == Holds::Unescaped
    }

    pub(in crate::reading) fn is_lone_surrogate(self) -> bool {
        self.holds == Holds::LoneSurrogate
    }

    pub(in crate::reading) fn is_wrong_type(self) -> bool {
        self.holds == Holds::WrongType
    }

    /// This part of the document, as it is written.
    pub(in crate::reading) fn as_text(self, source: &Source) -> Text {
        source.slice(self.start, self.len)
    }

    /// This part of the document, as it is written.
    pub(in crate::reading) fn as_written(self, source: &Source) -> &str {
        &source.as_str()[self.start()..self.end()]
    }

    /// The text, or `None` when it is absent or empty.
    #[inline]
    pub(in crate::reading) fn text(self, texts: &Texts<'_>) -> Scanned<Option<Text>> {
        let source = texts.source_of(self)?;

        Ok(if self.is_empty() {
            None
        } else {
            Some(self.as_text(source))
        })
    }

    /// The text, or `None` when it is absent, empty, or not a text.
    #[inline]
    pub(in crate::reading) fn sound_text(&self, texts: &Texts<'_>) -> Option<Text> {
        if self.is_empty() {
            return None;
        }

        let source = match self.holds {
            Holds::Written => texts.source,
            _ => texts.other_source(self)?,
        };
        Some(self.as_text(source))
    }

    /// The text; empty when it is absent.
    pub(in crate::reading) fn content<'t>(self, texts: &'t Texts<'_>) -> Scanned<&'t str> {
        Ok(self.as_written(texts.source_of(self)?))
    }

    /// The text, also when it is empty.
    pub(in crate::reading) fn any_text(self, texts: &Texts<'_>) -> Scanned<Text> {
        Ok(self.as_text(texts.source_of(self)?))
    }
}

/// The texts of a part of a document: slices of it, except that those with escapes share a copy.
pub(in crate::reading) struct Texts<'s> {
    pub(in crate::reading) source: &'s Source,
    unescaped: Option<Source>,
}

impl<'s> Texts<'s> {
    #[inline]
    pub(in crate::reading) fn new(source: &'s Source, unescaped: &[u8]) -> Scanned<Self> {
        Ok(Self {
            source,
            unescaped: if unescaped.is_empty() {
                None
            } else {
                Some(copy(unescaped)?)
            },
        })
    }

    /// The document of a span that is not a part of the source.
    #[cold]
    fn other_source(&self, span: &Span) -> Option<&Source> {
        self.source_of(*span).ok()
    }

    /// The document that a span is a part of.
    #[inline]
    fn source_of(&self, span: Span) -> Scanned<&Source> {
        match span.holds {
            Holds::Written => Ok(self.source),
            Holds::Unescaped => self.unescaped.as_ref().ok_or(GiveUp::Other),
            Holds::LoneSurrogate | Holds::WrongType => Err(GiveUp::Other),
        }
    }
}

#[cold]
fn copy(unescaped: &[u8]) -> Scanned<Source> {
    let unescaped = std::str::from_utf8(unescaped).map_err(|_| GiveUp::Other)?;
    Ok(Source::from(unescaped.to_owned()))
}
