//! Objects and arrays.

use super::give_up::{GiveUp, Scanned};
use super::scanner::Scanner;
use super::span::Span;
use super::value::Read;

impl<'d, const LEVEL: usize> Scanner<'d, LEVEL> {
    /// Reads an object: hands each known field to `take`, in any order, and skips the others.
    pub(in crate::reading) fn fields<F: Copy>(
        &mut self,
        names: &[(&'static str, F)],
        take: impl FnMut(&mut Self, F) -> Scanned<()>,
    ) -> Scanned<()> {
        if self.open(b'{', b'}')? {
            self.rest_of_fields(names, 0, take)
        } else {
            Ok(())
        }
    }

    /// Reads the rest of an object from one of its members on.
    ///
    /// Senders write the fields of an object in one order, so the name at `due` is compared first.
    #[inline]
    pub(in crate::reading) fn rest_of_fields<F: Copy>(
        &mut self,
        names: &[(&'static str, F)],
        mut due: usize,
        mut take: impl FnMut(&mut Self, F) -> Scanned<()>,
    ) -> Scanned<()> {
        loop {
            match self.field(names, due)? {
                Some(index) => {
                    due = index + 1;
                    take(self, names[index].1)?;
                }
                None => self.skip()?,
            }

            if !self.has_another(b'}')? {
                return Ok(());
            }
        }
    }

    /// A scanner at a member of the object that begins here, or `None` when the member is absent.
    pub(in crate::reading) fn member(&self, name: &'static str) -> Scanned<Option<Self>> {
        let mut value = Span::default();
        self.at(self.position())
            .fields(&[(name, ())], |scanner, ()| {
                value = scanner.value(Read::Raw)?;
                Ok(())
            })?;

        Ok((!value.is_empty()).then(|| self.at(value.start())))
    }

    /// Reads an object member by member. Each member has its own texts.
    pub(in crate::reading) fn members(
        &mut self,
        mut take: impl FnMut(&mut Self, Span) -> Scanned<()>,
    ) -> Scanned<()> {
        if !self.open(b'{', b'}')? {
            return Ok(());
        }

        loop {
            self.forget_texts();
            let name = self.string()?;
            self.colon()?;
            take(self, name)?;

            if !self.has_another(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads an array element by element.
    pub(in crate::reading) fn array(
        &mut self,
        mut take: impl FnMut(&mut Self) -> Scanned<()>,
    ) -> Scanned<()> {
        if !self.open(b'[', b']')? {
            return Ok(());
        }

        loop {
            take(self)?;

            if !self.has_another(b']')? {
                return Ok(());
            }
        }
    }

    /// Enters an array or an object, and tells whether it has elements.
    pub(super) fn open(&mut self, open: u8, close: u8) -> Scanned<bool> {
        if !self.take_if(open) {
            return Err(self.unexpected());
        }

        self.whitespace();
        Ok(!self.take_if(close))
    }

    /// Tells after an element whether another one follows, and leaves the array or object if not.
    #[inline(always)]
    pub(in crate::reading) fn has_another(&mut self, close: u8) -> Scanned<bool> {
        self.whitespace();
        if self.take_if(b',') {
            self.whitespace();
            return Ok(true);
        }

        if self.take_if(close) {
            Ok(false)
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn colon(&mut self) -> Scanned<()> {
        self.whitespace();
        if !self.take_if(b':') {
            return Err(self.unexpected());
        }

        self.whitespace();
        Ok(())
    }

    /// Reads the name of a field and its colon, and looks the name up.
    fn field<F>(&mut self, names: &[(&'static str, F)], due: usize) -> Scanned<Option<usize>> {
        if let Some((name, _)) = names.get(due)
            && let Some(rest) = self.rest.strip_prefix(Self::QUOTE)
            && let Some(rest) = rest.strip_prefix(name.as_bytes())
            && let Some(after) = rest.strip_prefix(Self::QUOTE)
        {
            match rest.strip_prefix(Self::QUOTE_AND_COLON) {
                Some(rest) => {
                    self.rest = rest;
                    self.whitespace();
                }
                None => {
                    self.rest = after;
                    self.colon()?;
                }
            }

            return Ok(Some(due));
        }

        self.other_field(names)
    }

    #[inline(never)]
    fn other_field<F>(&mut self, names: &[(&'static str, F)]) -> Scanned<Option<usize>> {
        let (before, unescaped) = (self.rest, self.unescaped.len());
        let name = self.string()?;

        if name.is_lone_surrogate() {
            return Err(GiveUp::Other);
        }

        let quote = Self::QUOTE.len();
        let written = match self.unescaped.get(unescaped..) {
            Some(text) if name.is_unescaped() => text,
            _ => &before[quote..before.len() - self.rest.len() - quote],
        };
        let index = names
            .iter()
            .position(|(known, _)| known.as_bytes() == written);

        self.unescaped.truncate(unescaped);
        self.colon()?;

        Ok(index)
    }
}
