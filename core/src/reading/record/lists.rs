//! The lists in a record: tags of a bucket, annotations of an object.
//!
//! Few events have one, so the scanner passes over them, and they are read when the record is
//! built.

use super::fields::{Element, Fault, FaultKind, Fields};
use super::slots::Slot;
use crate::event_data::Annotation;
use crate::reading::json::{Mode, Read, Scanned, Scanner, Source, Span};
use crate::record::{BucketTags, TagName, TagValue};
use crate::text::FromText;

impl Fields<'_> {
    /// The tags of a bucket, or `None` when there are none.
    #[inline]
    pub(super) fn tags(&self, slot: Slot) -> Result<Option<Box<BucketTags>>, Fault> {
        if self.has(slot) {
            self.read_tags(slot).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A list of annotations or a single one, or `None` when there are none.
    #[inline]
    pub(super) fn annotations(&self, slot: Slot) -> Result<Option<Vec<Annotation>>, Fault> {
        if self.has(slot) {
            self.read_annotations(slot).map(Some)
        } else {
            Ok(None)
        }
    }

    #[cold]
    fn read_tags(&self, slot: Slot) -> Result<Box<BucketTags>, Fault> {
        match self.level {
            0 => List::<0>::at(self, slot).tags(),
            1 => List::<1>::at(self, slot).tags(),
            _ => List::<2>::at(self, slot).tags(),
        }
    }

    #[cold]
    fn read_annotations(&self, slot: Slot) -> Result<Vec<Annotation>, Fault> {
        match self.level {
            0 => List::<0>::at(self, slot).annotations(),
            1 => List::<1>::at(self, slot).annotations(),
            _ => List::<2>::at(self, slot).annotations(),
        }
    }
}

/// A value whose syntax is valid, since the scanner passed over it before.
struct List<'d, const LEVEL: usize> {
    source: &'d Source,
    start: usize,
    mode: Mode,
    slot: Slot,
}

impl<'d, const LEVEL: usize> List<'d, LEVEL> {
    fn at(fields: &'d Fields<'_>, slot: Slot) -> Self {
        Self {
            source: fields.texts.source,
            start: fields.spans[slot].start(),
            mode: fields.mode,
            slot,
        }
    }

    fn scanner(&self) -> Scanner<'d, LEVEL> {
        Scanner::new(self.source, self.start, self.mode)
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(kind, self.slot)
    }

    /// A name with a lone surrogate is the only mistake that the syntax allows.
    fn scanned<T>(&self, scanned: Scanned<T>) -> Result<T, Fault> {
        scanned.map_err(|_| self.fault(FaultKind::LoneSurrogate))
    }

    fn tags(self) -> Result<Box<BucketTags>, Fault> {
        if self.scanner().peek() != b'{' {
            return Err(self.fault(FaultKind::NotObject));
        }

        // A hostile list takes no more memory than its tags need.
        let mut len = 0;
        self.scanned(self.scanner().members(|scanner, _| {
            len += 1;
            scanner.skip()
        }))?;

        let mut tags = Vec::with_capacity(len);
        self.scanned(self.scanner().members(|scanner, name| {
            tags.push(self.tag(scanner, name)?);
            Ok(())
        }))?;

        BucketTags::new(tags).map(Box::new)
    }

    /// A mistake in the value is kept, because a duplicate may replace it.
    fn tag(&self, scanner: &mut Scanner<'_, LEVEL>, name: Span) -> Scanned<Tag> {
        let is_absent = scanner.peek() == b'n';
        let before = scanner.rest();
        let value = match scanner.value(Read::Text) {
            Ok(value) => value,
            Err(_) => scanner.wrong_type(before)?,
        };

        let texts = scanner.texts()?;
        let name = TagName::from_text(name.any_text(&texts)?);
        if is_absent {
            return Ok((name, Ok(None)));
        }

        let value = value
            .any_text(&texts)
            .map(|value| Some(TagValue::from_text(value)))
            .map_err(|_| Fault::of(value, self.slot));

        Ok((name, value))
    }

    fn annotations(self) -> Result<Vec<Annotation>, Fault> {
        if self.scanner().peek() != b'[' {
            return Ok(vec![self.annotation(&mut self.scanner(), None)?]);
        }

        let mut len = 0;
        self.scanned(self.scanner().array(|scanner| {
            len += 1;
            scanner.skip()
        }))?;

        let mut annotations = Vec::with_capacity(len);
        let mut first_fault = None;

        self.scanned(self.scanner().array(|scanner| {
            let element = scanner.raw()?;
            let mut scanner = scanner.at(element.start());

            match self.annotation(&mut scanner, Some(annotations.len())) {
                Ok(annotation) if first_fault.is_none() => annotations.push(annotation),
                Ok(_) => {}
                Err(fault) => _ = first_fault.get_or_insert(fault),
            }

            Ok(())
        }))?;

        match first_fault {
            Some(fault) => Err(fault),
            None => Ok(annotations),
        }
    }

    fn annotation(
        &self,
        scanner: &mut Scanner<'_, LEVEL>,
        index: Option<usize>,
    ) -> Result<Annotation, Fault> {
        const NAMES: &[(&str, usize)] = &[("name", 0), ("size", 1), ("eTag", 2), ("etag", 3)];
        const READS: [Read; 4] = [Read::Text, Read::TextOrRaw, Read::Text, Read::Text];

        let fault = |kind, member| self.fault(kind).inside(Element::new(index, member));
        if scanner.peek() != b'{' {
            return Err(fault(FaultKind::NotObject, None));
        }

        let mut spans = [Span::default(); NAMES.len()];
        let scanned = scanner.fields(NAMES, |scanner, field| {
            spans[field] = scanner.value(READS[field])?;
            Ok(())
        });
        scanned.map_err(|_| fault(FaultKind::LoneSurrogate, None))?;

        let texts = scanner.texts();
        let texts = texts.map_err(|_| fault(FaultKind::LoneSurrogate, None))?;
        let text = |field: usize| {
            let text = spans[field].text(&texts);
            let member = Some(NAMES[field].0);
            text.map_err(|_| Fault::of(spans[field], self.slot).inside(Element::new(index, member)))
        };

        let size = text(1)?.map(|digits| digits.as_str().parse());
        let name = text(0)?.ok_or(fault(FaultKind::Missing, Some("name")))?;
        let e_tag = match text(2)? {
            Some(e_tag) => Some(e_tag),
            None => text(3)?,
        };

        Ok(Annotation {
            name: FromText::from_text(name),
            size: size
                .transpose()
                .map_err(|_| fault(FaultKind::NotNumber, Some("size")))?,
            e_tag: e_tag.map(FromText::from_text),
        })
    }
}

type Tag = (TagName, Result<Option<TagValue>, Fault>);
