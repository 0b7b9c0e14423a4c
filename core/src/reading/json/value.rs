//! Values: how a field is read into a span.

use super::give_up::{GiveUp, Scanned};
use super::scanner::Scanner;
use super::span::Span;
use crate::text::search::digits_len;

/// How the value of a field is read. `null` always stands for an absent value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Read {
    /// An object, whose own fields are read.
    Object,
    /// A string.
    Text,
    /// A string; any other value counts as absent.
    TextOrSkip,
    /// A string, or any other value as it is written.
    TextOrRaw,
    /// A string or a whole number, as it is written.
    TextOrDigits,
    /// The first element of an array of strings.
    FirstText,
    /// Any value, as it is written.
    Raw,
    /// Nothing: the value is passed over.
    Skip,
}

impl Read {
    fn takes_string(self) -> bool {
        matches!(
            self,
            Self::Text | Self::TextOrSkip | Self::TextOrRaw | Self::TextOrDigits
        )
    }
}

impl<'d, const LEVEL: usize> Scanner<'d, LEVEL> {
    /// Reads a value that is not an object with fields.
    #[inline]
    pub(in crate::reading) fn value(&mut self, read: Read) -> Scanned<Span> {
        // Strings come most often.
        if self.is_at_quote() && read.takes_string() {
            return self.string();
        }

        let before = self.rest;
        let span = self.other_value(read);

        match span {
            Err(_) if self.explains() => self.wrong_type(before),
            span => span,
        }
    }

    /// Passes over the value at `before`, which is not of the type that was asked for.
    #[cold]
    pub(in crate::reading) fn wrong_type(&mut self, before: &'d [u8]) -> Scanned<Span> {
        self.rest = before;
        let start = self.position();
        self.skip()?;

        Ok(Span::wrong_type(start, self.position()))
    }

    fn other_value(&mut self, read: Read) -> Scanned<Span> {
        match read {
            Read::Skip | Read::TextOrSkip => self.skip().map(|()| Span::default()),
            _ if self.peek() == b'n' => self.literal(b"null").map(|()| Span::default()),
            Read::TextOrRaw | Read::Raw => self.raw(),
            Read::TextOrDigits => self.whole_number(),
            Read::FirstText => self.first_text(),
            Read::Text | Read::Object => Err(self.unexpected()),
        }
    }

    /// Reads the digits of a whole number. What follows them is the caller's to check.
    #[inline]
    pub(in crate::reading) fn plain_digits(&mut self) -> Option<Span> {
        let start = self.position();
        let len = digits_len(self.rest);
        let is_number = len > 0 && (len == 1 || self.peek() != b'0');
        self.rest = &self.rest[len..];

        is_number.then(|| Span::new(start, start + len))
    }

    /// Reads any value as it is written.
    pub(in crate::reading) fn raw(&mut self) -> Scanned<Span> {
        let start = self.position();
        self.skip()?;

        Ok(Span::new(start, self.position()))
    }

    fn whole_number(&mut self) -> Scanned<Span> {
        let number = self.raw()?;
        let parsed = number.as_written(self.source).parse::<u64>();

        parsed.map(|_| number).map_err(|_| GiveUp::Other)
    }

    fn first_text(&mut self) -> Scanned<Span> {
        let mut first = None;

        self.array(|scanner| {
            match first {
                None => first = Some(scanner.value(Read::Text)?),
                Some(_) => scanner.skip()?,
            }

            Ok(())
        })?;

        match first {
            // The array has the wrong type, not only its element.
            Some(element) if element.is_wrong_type() => Err(GiveUp::Other),
            first => Ok(first.unwrap_or_default()),
        }
    }
}
