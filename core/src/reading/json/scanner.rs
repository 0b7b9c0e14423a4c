//! The scanner: a position in a document, and the strings there.

use super::give_up::{GiveUp, Scanned};
use super::source::Source;
use super::span::{Span, Texts};
use crate::text::escape::{unescape_into, unescape_string};
use crate::text::search::{after_literal, plain_len, spaces_len};

/// How the scanner treats a value that is not what it should be, such as a string with a lone
/// surrogate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Mode {
    /// Gives up at once. The document is read again to explain the mistake.
    Silent,
    /// Passes over the value and leaves a [`Span`] that says so, because a later duplicate may
    /// replace it. The syntax of the document must be [checked](super::check) before.
    Explaining,
}

/// A position in a JSON document.
///
/// `LEVEL` is the number of JSON strings around the document. There, each of the document's quotes
/// is written `\"` or `\\\"`, and a line break between its values `\n` or `\\n`. Escapes inside the
/// document's strings begin with as many backslashes and one more.
pub(in crate::reading) struct Scanner<'d, const LEVEL: usize> {
    pub(in crate::reading) source: &'d Source,
    pub(super) rest: &'d [u8],
    /// The length of the source.
    len: usize,
    /// Where the document begins.
    pub(super) start: usize,
    /// Whether the document is known not to nest too deep.
    pub(super) is_shallow: bool,
    mode: Mode,
    /// The strings with escapes that were read since the last
    /// [`forget_texts`](Self::forget_texts), unescaped.
    pub(super) unescaped: Vec<u8>,
}

impl<'d, const LEVEL: usize> Scanner<'d, LEVEL> {
    pub(super) const QUOTE: &'static [u8] = [br#"""#, br#"\""#.as_slice(), br#"\\\""#][LEVEL];
    pub(super) const QUOTE_AND_COLON: &'static [u8] =
        [br#"":"#, br#"\":"#.as_slice(), br#"\\\":"#][LEVEL];

    pub(in crate::reading) fn new(source: &'d Source, position: usize, mode: Mode) -> Self {
        let bytes = source.as_str().as_bytes();

        Self {
            source,
            rest: &bytes[position..],
            len: bytes.len(),
            start: position,
            // A checked document does not nest too deep.
            is_shallow: mode == Mode::Explaining,
            mode,
            unescaped: Vec::new(),
        }
    }

    /// A scanner in the same mode at another position.
    pub(in crate::reading) fn at(&self, position: usize) -> Self {
        Self::new(self.source, position, self.mode)
    }

    pub(in crate::reading) fn mode(&self) -> Mode {
        self.mode
    }

    pub(in crate::reading) fn explains(&self) -> bool {
        self.mode == Mode::Explaining
    }

    pub(in crate::reading) fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    /// Goes back to a position that [`rest`](Self::rest) gave.
    pub(in crate::reading) fn go_back_to(&mut self, rest: &'d [u8]) {
        self.rest = rest;
    }

    pub(in crate::reading) fn rest(&self) -> &'d [u8] {
        self.rest
    }

    /// Begins a part of the document that has its own texts.
    pub(in crate::reading) fn forget_texts(&mut self) {
        self.unescaped.clear();
    }

    /// The texts that were read since the last [`forget_texts`](Self::forget_texts).
    pub(in crate::reading) fn texts(&self) -> Scanned<Texts<'d>> {
        Texts::new(self.source, &self.unescaped)
    }

    /// The next byte, or NUL at the end. No value begins with NUL.
    pub(in crate::reading) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    /// Reads a whole document with the whitespace around it.
    pub(in crate::reading) fn document<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Scanned<T>,
    ) -> Scanned<T> {
        self.whitespace();
        let value = read(self)?;
        self.whitespace();

        if self.rest.is_empty() {
            Ok(value)
        } else {
            Err(GiveUp::Other)
        }
    }

    #[inline(always)]
    pub(in crate::reading) fn whitespace(&mut self) {
        // Usually a string comes next.
        if !self.is_at_quote() && self.after_whitespace().is_some() {
            self.skip_whitespace();
        }
    }

    #[inline(never)]
    pub(super) fn skip_whitespace(&mut self) {
        while let Some(rest) = self.after_whitespace() {
            // An indentation often follows a line break.
            self.rest = &rest[spaces_len(rest)..];
        }
    }

    #[inline(always)]
    pub(super) fn after_whitespace(&self) -> Option<&'d [u8]> {
        match (LEVEL, self.rest) {
            (_, [b' ', rest @ ..])
            | (0, [b'\n' | b'\r' | b'\t', rest @ ..])
            | (1, [b'\\', b'n' | b'r' | b't', rest @ ..])
            | (2, [b'\\', b'\\', b'n' | b'r' | b't', rest @ ..]) => Some(rest),
            _ => None,
        }
    }

    /// Whether a string begins here.
    pub(in crate::reading) fn is_at_quote(&self) -> bool {
        self.rest.starts_with(Self::QUOTE)
    }

    /// Enters a string to read its content as a document. Returns where the content begins.
    pub(in crate::reading) fn enter_string(&mut self) -> Scanned<usize> {
        self.literal(Self::QUOTE)?;
        Ok(self.position())
    }

    /// Leaves a string, which must end `len` bytes from here.
    pub(in crate::reading) fn leave_string(&mut self, len: usize) -> Scanned<()> {
        self.rest = &self.rest[len..];
        self.literal(Self::QUOTE)
    }

    #[inline(always)]
    pub(in crate::reading) fn literal(&mut self, literal: &[u8]) -> Scanned<()> {
        self.rest = after_literal(self.rest, literal).ok_or(GiveUp::Other)?;
        Ok(())
    }

    /// Reads the plain text that follows this piece of a document, up to its first special byte.
    #[inline(always)]
    pub(in crate::reading) fn text_after(&mut self, piece: &str) -> Option<Span> {
        let text = after_literal(self.rest, piece.as_bytes())?;
        let (start, len) = (self.len - text.len(), plain_len(text));
        self.rest = &text[len..];

        Some(Span::new(start, start + len))
    }

    /// Reads a text that is known, after a piece of the document. What ends it is the caller's to
    /// check.
    #[inline(always)]
    pub(in crate::reading) fn known_text(
        &mut self,
        piece_and_text: &str,
        text: &str,
    ) -> Option<Span> {
        self.rest = after_literal(self.rest, piece_and_text.as_bytes())?;
        let end = self.position();

        Some(Span::new(end - text.len(), end))
    }

    /// Reads a string, and unescapes it if it has escapes.
    #[inline]
    pub(in crate::reading) fn string(&mut self) -> Scanned<Span> {
        let Some(content) = self.rest.strip_prefix(Self::QUOTE) else {
            return Err(self.unexpected());
        };

        let (start, len) = (self.len - content.len(), plain_len(content));

        match content[len..].strip_prefix(Self::QUOTE) {
            Some(rest) => {
                self.rest = rest;
                Ok(Span::new(start, start + len))
            }
            None => self.string_with_escapes(content, len),
        }
    }

    #[inline(never)]
    fn string_with_escapes(&mut self, content: &'d [u8], plain: usize) -> Scanned<Span> {
        let start = self.unescaped.len();
        let (plain, escaped) = content.split_at(plain);

        if LEVEL < 2 {
            if start == 0 {
                self.unescaped.reserve(TYPICAL_TEXTS_LEN);
            }

            self.unescaped.extend_from_slice(plain);
            if let Some(len) = unescape_into::<LEVEL>(&mut self.unescaped, escaped)
                && let Some(after) = escaped[len..].strip_prefix(Self::QUOTE)
            {
                self.rest = after;
                return Ok(Span::unescaped(start, self.unescaped.len()));
            }

            self.unescaped.truncate(start);
        }

        self.skip_escapes(escaped)?;

        match self.mode {
            Mode::Silent => Err(GiveUp::Other),
            Mode::Explaining => Ok(Span::lone_surrogate()),
        }
    }

    /// Reads a string into a text of its own. If it is not a text, the position stays.
    pub(in crate::reading) fn detached_text(&mut self) -> Option<String> {
        let content = self.rest.strip_prefix(Self::QUOTE)?;
        let (text, len) = unescape_string::<LEVEL>(content)?;
        self.rest = content[len..].strip_prefix(Self::QUOTE)?;

        Some(text)
    }

    /// The reason for giving up when nothing expected is here.
    #[cold]
    pub(super) fn unexpected(&self) -> GiveUp {
        if LEVEL > 0 && self.peek() == b'\\' {
            GiveUp::Escapes
        } else {
            GiveUp::Other
        }
    }

    #[inline(always)]
    pub(super) fn take_if(&mut self, byte: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// Room for the texts of one record when all of them have escapes.
const TYPICAL_TEXTS_LEN: usize = 512;
