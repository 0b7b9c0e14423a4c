//! The scanner: strings, objects and arrays.

mod skip;

use super::Span;
use super::span::Texts;
use crate::text::Source;
use crate::text::escape::{unescape_into, unescape_string};
use crate::text::search::{plain_len, spaces_len};

/// Not what the fast reading is for; the plain one shall judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusual {
    /// In a string, escapes that none of its own documents has: unescaped, it could be usual.
    Escapes,
    Other,
}

pub(crate) type Scanned<T> = Result<T, Unusual>;

/// A place in a JSON document, whose syntax is right as far as it was read.
///
/// `LEVEL` tells in how many JSON strings inside each other the document stands. There each quote
/// of its own is written `\"` or `\\\"`, and a line break between its values `\n` or `\\n`. Escapes
/// of its own texts begin with as many backslashes and one more; any other backslash is unusual.
pub(super) struct Scanner<'d, const LEVEL: usize> {
    pub(super) source: &'d Source,
    rest: &'d [u8],
    /// The length of the whole.
    len: usize,
    /// Where the document begins.
    start: usize,
    /// It nests no deeper than is allowed; otherwise that is not known.
    is_shallow: bool,
    /// What the strings with escapes say that were read since the last
    /// [`forget_texts`](Self::forget_texts).
    unescaped: Vec<u8>,
}

/// One field of an object: its name, and how its value is read into `T`.
pub(super) type Field<T, const LEVEL: usize> = (
    &'static str,
    fn(&mut T, &mut Scanner<'_, LEVEL>) -> Scanned<()>,
);

impl<'d, const LEVEL: usize> Scanner<'d, LEVEL> {
    const QUOTE: &'static [u8] = [br#"""#, br#"\""#.as_slice(), br#"\\\""#][LEVEL];
    const QUOTE_AND_COLON: &'static [u8] = [br#"":"#, br#"\":"#.as_slice(), br#"\\\":"#][LEVEL];

    pub(super) fn new(source: &'d Source, position: usize) -> Self {
        let bytes = source.as_str().as_bytes();
        let (rest, len) = (&bytes[position..], bytes.len());

        Self {
            source,
            rest,
            len,
            start: position,
            is_shallow: false,
            unescaped: Vec::new(),
        }
    }

    pub(super) fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    /// Goes on where another scanner of the same document has come to.
    pub(super) fn go_on_at(&mut self, rest: &'d [u8]) {
        self.rest = rest;
    }

    pub(super) fn rest(&self) -> &'d [u8] {
        self.rest
    }

    /// Begins a part of the document with texts of its own.
    pub(super) fn forget_texts(&mut self) {
        self.unescaped.clear();
    }

    /// The texts that were read since the last [`forget_texts`](Self::forget_texts).
    pub(super) fn texts(&self) -> Scanned<Texts<'d>> {
        Texts::new(self.source, &self.unescaped)
    }

    /// The next byte; NUL at the end, which no value begins with.
    pub(super) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(super) fn whitespace(&mut self) {
        // A string is what most often comes.
        if !self.is_at_quote() && self.behind_whitespace().is_some() {
            self.pass_whitespace();
        }
    }

    #[inline(never)]
    fn pass_whitespace(&mut self) {
        while let Some(rest) = self.behind_whitespace() {
            // Line breaks come with an indentation.
            self.rest = &rest[spaces_len(rest)..];
        }
    }

    #[inline(always)]
    fn behind_whitespace(&self) -> Option<&'d [u8]> {
        match (LEVEL, self.rest) {
            (_, [b' ', rest @ ..])
            | (0, [b'\n' | b'\r' | b'\t', rest @ ..])
            | (1, [b'\\', b'n' | b'r' | b't', rest @ ..])
            | (2, [b'\\', b'\\', b'n' | b'r' | b't', rest @ ..]) => Some(rest),
            _ => None,
        }
    }

    /// Whether a string begins here.
    pub(super) fn is_at_quote(&self) -> bool {
        self.rest.starts_with(Self::QUOTE)
    }

    /// Enters a string, to read what it holds as a document. Gives its start.
    pub(super) fn enter_string(&mut self) -> Scanned<usize> {
        self.literal(Self::QUOTE)?;
        Ok(self.position())
    }

    /// Leaves a string behind so many bytes of it, where it must end.
    pub(super) fn leave_string(&mut self, len: usize) -> Scanned<()> {
        self.rest = &self.rest[len..];
        self.literal(Self::QUOTE)
    }

    /// Reads an object: each known field by its own function, in whatever order; the others are
    /// passed over.
    pub(super) fn object<T>(&mut self, fields: &[Field<T, LEVEL>], into: &mut T) -> Scanned<()> {
        if self.open(b'{', b'}')? {
            self.rest_of_object(fields, 0, into)
        } else {
            Ok(())
        }
    }

    /// Reads an object from one of its fields on.
    pub(super) fn rest_of_object<T>(
        &mut self,
        fields: &[Field<T, LEVEL>],
        mut due: usize,
        into: &mut T,
    ) -> Scanned<()> {
        loop {
            match self.field(fields, due)? {
                Some(index) => {
                    due = index + 1;
                    (fields[index].1)(into, self)?;
                }
                None => self.skip()?,
            }

            if !self.another(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads an object member by member, each with texts of its own.
    pub(super) fn members(
        &mut self,
        mut member: impl FnMut(Span, &mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        if !self.open(b'{', b'}')? {
            return Ok(());
        }

        loop {
            self.forget_texts();
            let name = self.string()?;
            self.colon()?;
            member(name, self)?;

            if !self.another(b'}')? {
                return Ok(());
            }
        }
    }

    /// As [`object`](Self::object), where `null` is absence; what a duplicate held before is
    /// forgotten.
    pub(super) fn optional_object<T: Default>(
        &mut self,
        fields: &[Field<T, LEVEL>],
        into: &mut Option<T>,
    ) -> Scanned<()> {
        *into = None;
        if self.peek() == b'n' {
            return self.literal(b"null");
        }

        self.object(fields, into.insert(T::default()))
    }

    /// Reads an array, element by element.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        if !self.open(b'[', b']')? {
            return Ok(());
        }

        loop {
            element(self)?;
            if !self.another(b']')? {
                return Ok(());
            }
        }
    }

    /// A string; `null` and `""` are absence.
    pub(super) fn text(&mut self, into: &mut Span) -> Scanned<()> {
        if self.peek() == b'n' {
            *into = Span::default();
            return self.literal(b"null");
        }

        *into = self.string()?;
        Ok(())
    }

    /// The content of a string, or any other value as it is written.
    pub(super) fn text_or_raw(&mut self, into: &mut Span) -> Scanned<()> {
        *into = if self.is_at_quote() {
            self.string()?
        } else {
            self.raw()?
        };
        Ok(())
    }

    /// A number or the text of one; `null` is absence.
    pub(super) fn number_or_text(&mut self, into: &mut Span) -> Scanned<()> {
        if self.peek() == b'n' {
            self.text(into)
        } else {
            self.text_or_raw(into)
        }
    }

    /// A string or a whole number, as it is written; `null` and `""` are absence.
    pub(super) fn text_or_digits(&mut self, into: &mut Span) -> Scanned<()> {
        if self.is_at_quote() || self.peek() == b'n' {
            return self.text(into);
        }

        *into = self.raw()?;
        into.as_written(self.source)
            .parse::<u64>()
            .map(drop)
            .map_err(|_| Unusual::Other)
    }

    /// The first element of an array, a string; `null` is absence, also of the array.
    pub(super) fn first_text(&mut self, into: &mut Span) -> Scanned<()> {
        *into = Span::default();
        if self.peek() == b'n' {
            return self.literal(b"null");
        }

        let mut is_first = true;
        self.array(|scanner| {
            if std::mem::take(&mut is_first) {
                scanner.text(into)
            } else {
                scanner.skip()
            }
        })
    }

    /// The content of a string; any other value is passed over.
    pub(super) fn text_or_skip(&mut self, into: &mut Span) -> Scanned<()> {
        if self.is_at_quote() {
            *into = self.string()?;
            return Ok(());
        }

        *into = Span::default();
        self.skip()
    }

    /// Passes over a value; a string must be a text.
    pub(super) fn readable(&mut self) -> Scanned<()> {
        if self.is_at_quote() {
            self.string()?.readable()
        } else {
            self.skip()
        }
    }

    /// Any value, as it is written.
    pub(super) fn raw(&mut self) -> Scanned<Span> {
        let start = self.position();
        self.skip()?;
        Ok(Span::new(start, self.position()))
    }

    pub(super) fn raw_into(&mut self, into: &mut Span) -> Scanned<()> {
        *into = self.raw()?;
        Ok(())
    }

    #[inline(always)]
    pub(super) fn literal(&mut self, literal: &[u8]) -> Scanned<()> {
        self.rest = self.rest.strip_prefix(literal).ok_or(Unusual::Other)?;
        Ok(())
    }

    /// A string, unescaped if it must be.
    #[inline]
    pub(super) fn string(&mut self) -> Scanned<Span> {
        let Some(content) = self.rest.strip_prefix(Self::QUOTE) else {
            return Err(self.unusual());
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

    /// What the string says that stands here, apart from the other texts. If it is none, nothing is
    /// passed.
    pub(super) fn text_of_its_own(&mut self) -> Option<String> {
        let content = self.rest.strip_prefix(Self::QUOTE)?;
        let (text, len) = unescape_string::<LEVEL>(content)?;
        self.rest = content[len..].strip_prefix(Self::QUOTE)?;
        Some(text)
    }

    #[inline(never)]
    fn string_with_escapes(&mut self, content: &'d [u8], plain: usize) -> Scanned<Span> {
        let start = self.unescaped.len();
        let (plain, escaped) = content.split_at(plain);

        if LEVEL < 2 {
            if start == 0 {
                self.unescaped.reserve(USUAL_TEXTS);
            }

            self.unescaped.extend_from_slice(plain);
            if let Some(len) = unescape_into::<LEVEL>(&mut self.unescaped, escaped)
                && let Some(behind) = escaped[len..].strip_prefix(Self::QUOTE)
            {
                self.rest = behind;
                return Ok(Span::unescaped(start, self.unescaped.len()));
            }

            self.unescaped.truncate(start);
        }

        self.skip_escapes(escaped)?;
        Ok(Span::UNREADABLE)
    }

    /// What it means that nothing expected stands here.
    #[cold]
    fn unusual(&self) -> Unusual {
        if LEVEL > 0 && self.peek() == b'\\' {
            Unusual::Escapes
        } else {
            Unusual::Other
        }
    }

    /// The plain text behind this piece of a document, up to whatever ends it.
    #[inline(always)]
    pub(super) fn text_behind(&mut self, piece: &str) -> Option<Span> {
        let text = self.rest.strip_prefix(piece.as_bytes())?;
        let (start, len) = (self.len - text.len(), plain_len(text));
        self.rest = &text[len..];
        Some(Span::new(start, start + len))
    }

    /// The next field's place among these, with its colon passed. The one that is due is compared
    /// first.
    fn field<T>(&mut self, fields: &[Field<T, LEVEL>], due: usize) -> Scanned<Option<usize>> {
        if let Some((name, _)) = fields.get(due)
            && let Some(rest) = self.rest.strip_prefix(Self::QUOTE)
            && let Some(rest) = rest.strip_prefix(name.as_bytes())
            && let Some(rest) = rest.strip_prefix(Self::QUOTE_AND_COLON)
        {
            self.rest = rest;
            self.whitespace();
            return Ok(Some(due));
        }

        self.other_field(fields)
    }

    #[inline(never)]
    fn other_field<T>(&mut self, fields: &[Field<T, LEVEL>]) -> Scanned<Option<usize>> {
        let (before, others) = (self.rest, self.unescaped.len());
        let name = self.string()?;
        name.readable()?;
        let quote = Self::QUOTE.len();
        let written = match self.unescaped.get(others..) {
            Some(unescaped) if name.is_unescaped() => unescaped,
            _ => &before[quote..before.len() - self.rest.len() - quote],
        };
        let place = fields
            .iter()
            .position(|(known, _)| known.as_bytes() == written);
        self.unescaped.truncate(others);
        self.colon()?;

        Ok(place)
    }

    fn colon(&mut self) -> Scanned<()> {
        self.whitespace();
        if !self.take_if(b':') {
            return Err(self.unusual());
        }

        self.whitespace();
        Ok(())
    }

    /// Enters an array or an object. Whether there is anything in it.
    fn open(&mut self, open: u8, close: u8) -> Scanned<bool> {
        if !self.take_if(open) {
            return Err(self.unusual());
        }

        self.whitespace();
        Ok(!self.take_if(close))
    }

    /// Behind an element: whether there is another before the end.
    #[inline(always)]
    pub(super) fn another(&mut self, close: u8) -> Scanned<bool> {
        self.whitespace();
        if self.take_if(b',') {
            self.whitespace();
            return Ok(true);
        }

        if self.take_if(close) {
            Ok(false)
        } else {
            Err(self.unusual())
        }
    }

    #[inline(always)]
    fn take_if(&mut self, byte: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// So long are the texts of a record, if all of them have escapes.
const USUAL_TEXTS: usize = 512;
