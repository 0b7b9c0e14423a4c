//! The members of an object, read by their names in explaining mode.

use crate::Error;
use crate::reading::json::{Path, Read, Scanner, Span, Texts};
use crate::reading::mistake::{lone_surrogate, missing, not_a_text, not_an_object};
use crate::text::FromText;

/// The names of the members of an object, where their spans are, and how each is read.
pub(super) type Names<const N: usize> = [(&'static str, (usize, Read)); N];

/// The members of an object that was scanned.
pub(super) struct Members<'m, const N: usize> {
    names: &'static Names<N>,
    spans: [Span; N],
    texts: Texts<'m>,
    path: &'m Path<'m>,
}

impl<'m, const N: usize> Members<'m, N> {
    /// Scans the object at which the scanner is.
    pub(super) fn read(
        scanner: &Scanner<'m, 0>,
        names: &'static Names<N>,
        path: &'m Path<'m>,
    ) -> Result<Self, Error> {
        if scanner.peek() != b'{' {
            return Err(not_an_object(path));
        }

        let mut scanner = scanner.at(scanner.position());
        let mut spans = [Span::default(); N];
        let texts = scanner
            .fields(names, |scanner, (index, read)| {
                spans[index] = scanner.value(read)?;
                Ok(())
            })
            .and_then(|()| scanner.texts())
            .map_err(|_| lone_surrogate(path))?;

        Ok(Self {
            names,
            spans,
            texts,
            path,
        })
    }

    /// The text, or `None` when it is absent or empty.
    pub(super) fn text<T: FromText>(&self, index: usize) -> Result<Option<T>, Error> {
        let span = self.spans[index];
        let text = span.text(&self.texts);
        let text = text.map_err(|_| not_a_text(span, &self.path_of(index)))?;

        Ok(text.map(T::from_text))
    }

    /// The text, which must be present and not empty.
    pub(super) fn required<T: FromText>(&self, index: usize) -> Result<T, Error> {
        self.text(index)?.ok_or_else(|| self.missing(index))
    }

    /// Where a value of any type is, unless it is absent.
    pub(super) fn present(&self, index: usize) -> Option<Span> {
        let span = self.spans[index];
        (!span.is_empty()).then_some(span)
    }

    /// The error of a member that must be there.
    pub(super) fn missing(&self, index: usize) -> Error {
        missing(&self.path_of(index))
    }

    /// The path of a member.
    pub(super) fn path_of(&self, index: usize) -> Path<'m> {
        Path::Member(self.path, self.names[index].0)
    }
}
