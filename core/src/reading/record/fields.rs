//! The fields of a record that was scanned: slots in, typed values out.

use std::cell::Cell;
use std::num::NonZeroU32;

use super::slots::{Form, Slot, Spans};
use crate::Error;
use crate::delivery::DetailType;
use crate::reading::json::{Mode, Path, Read, Scanned, Span, Texts};
use crate::reading::mistake;
use crate::text::{FromText, RawJson, Text};

/// What was scanned of one record.
pub(in crate::reading) struct Fields<'f> {
    pub(in crate::reading) spans: &'f Spans,
    pub(in crate::reading) texts: Texts<'f>,
    pub(in crate::reading) form: Form,
    /// The number of JSON strings around the record.
    pub(in crate::reading) level: usize,
    pub(in crate::reading) mode: Mode,
    /// The first fault that was found while the record was built.
    fault: Cell<Option<Fault>>,
}

/// A value that cannot be read, in a form that costs nothing when nobody asks for an explanation.
#[derive(Debug, Clone, Copy)]
pub(in crate::reading) struct Fault {
    kind: FaultKind,
    slot: Slot,
    element: Option<Element>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    Missing,
    NotText,
    NotNumber,
    NotFlag,
    NotObject,
    NotArray,
    LoneSurrogate,
}

/// A place inside a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    /// The index plus one. `None` when a single element takes the place of a list.
    number: Option<NonZeroU32>,
    member: Option<&'static str>,
}

impl Element {
    pub(super) fn new(index: Option<usize>, member: Option<&'static str>) -> Self {
        let number = index.and_then(|index| NonZeroU32::new(index as u32 + 1));
        Self { number, member }
    }
}

impl<'f> Fields<'f> {
    pub(super) fn new(
        spans: &'f Spans,
        texts: Texts<'f>,
        form: Form,
        level: usize,
        mode: Mode,
    ) -> Self {
        Self {
            spans,
            texts,
            form,
            level,
            mode,
            fault: Cell::new(None),
        }
    }

    /// The first fault that was noted.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.get()
    }

    /// A value that was read. If it has a fault, that is noted, and the value counts as absent.
    #[inline]
    pub(super) fn or_note<T: Default>(&self, read: Result<T, Fault>) -> T {
        read.unwrap_or_else(|fault| {
            self.note(fault);
            T::default()
        })
    }

    #[cold]
    fn note(&self, fault: Fault) {
        self.fault.set(self.fault.get().or(Some(fault)));
    }

    /// Whether a value is present, of whatever type.
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.spans.has(slot)
    }

    /// Whether an entry of `Records` is a test notification, as NooBaa sends it.
    pub(in crate::reading) fn is_test(&self) -> Result<bool, Fault> {
        Ok(self.has(Slot::test) && self.content(Slot::test)? == "s3:TestEvent")
    }

    /// The detail type of an event that CloudTrail put on EventBridge, whose source is S3's too.
    pub(in crate::reading) fn cloud_trail(&self) -> Option<DetailType> {
        let detail_type = self.content(Slot::detail_type).ok()?;

        detail_type
            .ends_with(" via CloudTrail")
            .then(|| DetailType::from(detail_type))
    }

    /// The text, or `None` when it is absent or empty.
    ///
    /// No other value is here: the silent mode leaves none, and [`check`](Self::check) finds those
    /// that the explaining mode leaves.
    #[inline]
    pub(super) fn text<T: FromText>(&self, slot: Slot) -> Option<T> {
        let text = self.spans[slot].sound_text(&self.texts);
        text.map(T::from_text)
    }

    /// The text, which must be present and not empty. Otherwise that is noted, and it is empty.
    #[inline]
    pub(super) fn required<T: FromText>(&self, slot: Slot) -> T {
        let text = self.spans[slot].sound_text(&self.texts);
        T::from_text(text.unwrap_or_else(|| self.note_missing(slot)))
    }

    #[cold]
    fn note_missing(&self, slot: Slot) -> Text {
        self.note(Fault::new(FaultKind::Missing, slot));
        Span::default().as_text(self.texts.source)
    }

    /// The text of an optional field; empty when it is absent. A fault is noted.
    #[inline]
    pub(super) fn content_or_note(&self, slot: Slot) -> &str {
        self.or_note(self.content(slot))
    }

    /// The text of an optional field; empty when it is absent.
    pub(super) fn content(&self, slot: Slot) -> Result<&str, Fault> {
        self.sound(slot, self.spans[slot].content(&self.texts))
    }

    /// A whole number, or a string with one, as some S3-compatible stores send it.
    pub(super) fn number(&self, slot: Slot) -> Result<Option<u64>, Fault> {
        if !self.has(slot) {
            return Ok(None);
        }

        match whole_number(self.content(slot)?) {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::new(FaultKind::NotNumber, slot)),
        }
    }

    /// `true` or `false`, or `None` when it is absent or an empty string.
    #[inline]
    pub(super) fn flag(&self, slot: Slot) -> Result<Option<bool>, Fault> {
        if self.has(slot) {
            self.read_flag(slot)
        } else {
            Ok(None)
        }
    }

    #[cold]
    fn read_flag(&self, slot: Slot) -> Result<Option<bool>, Fault> {
        match self.written(slot) {
            "\"\"" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(Fault::new(FaultKind::NotFlag, slot)),
        }
    }

    /// The value as it is written.
    pub(super) fn written(&self, slot: Slot) -> &str {
        self.spans[slot].as_written(self.texts.source)
    }

    /// The whole record as it was sent.
    pub(super) fn raw(&self) -> RawJson {
        RawJson::new(
            self.spans[Slot::root].as_text(self.texts.source),
            self.level,
        )
    }

    fn sound<T>(&self, slot: Slot, scanned: Scanned<T>) -> Result<T, Fault> {
        scanned.map_err(|_| Fault::of(self.spans[slot], slot))
    }

    /// Fails when a value is of the wrong type, whether or not a field of the record needs it.
    ///
    /// Only the explaining mode leaves such values.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match self.spans.mistakes().next() {
            Some(slot) => Err(self.mistake_in(slot)),
            None => Ok(()),
        }
    }

    fn mistake_in(&self, slot: Slot) -> Fault {
        let (span, read) = (self.spans[slot], self.form.read_of(slot));
        let in_first = |kind| Fault::new(kind, slot).inside(Element::new(Some(0), None));

        if span.is_lone_surrogate() {
            return match read {
                Some(Read::FirstText) => in_first(FaultKind::LoneSurrogate),
                _ => Fault::new(FaultKind::LoneSurrogate, slot),
            };
        }

        match (read, self.written(slot).bytes().next()) {
            // Only a name with a lone surrogate keeps an object from being read.
            (Some(Read::Object), Some(b'{')) => Fault::new(FaultKind::LoneSurrogate, slot),
            (Some(Read::Object), _) => Fault::new(FaultKind::NotObject, slot),
            (Some(Read::TextOrDigits), _) => Fault::new(FaultKind::NotNumber, slot),
            (Some(Read::FirstText), Some(b'[')) => in_first(FaultKind::NotText),
            (Some(Read::FirstText), _) => Fault::new(FaultKind::NotArray, slot),
            _ => Fault::new(FaultKind::NotText, slot),
        }
    }

    /// The error of a fault in a record at `path`.
    #[cold]
    pub(in crate::reading) fn explain(&self, fault: Fault, path: &Path<'_>) -> Error {
        self.form
            .with_path(fault.slot, self.spans, path, |path| fault.explain(path))
    }
}

/// Parses a number, which usually has few digits.
#[inline]
fn whole_number(text: &str) -> Option<u64> {
    // So many digits never overflow.
    const NEVER_TOO_MANY: usize = 19;

    if text.len() > NEVER_TOO_MANY {
        return text.parse().ok();
    }

    let mut number = 0_u64;
    for byte in text.as_bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return text.parse().ok();
        }
        number = number * 10 + u64::from(digit);
    }

    Some(number)
}

impl Fault {
    pub(super) fn new(kind: FaultKind, slot: Slot) -> Self {
        Self {
            kind,
            slot,
            element: None,
        }
    }

    /// The fault of a value that is not a text.
    pub(super) fn of(span: Span, slot: Slot) -> Self {
        if span.is_wrong_type() {
            Self::new(FaultKind::NotText, slot)
        } else {
            Self::new(FaultKind::LoneSurrogate, slot)
        }
    }

    pub(super) fn inside(self, element: Element) -> Self {
        Self {
            element: Some(element),
            ..self
        }
    }

    fn explain(self, path: &Path<'_>) -> Error {
        let Some(Element { number, member }) = self.element else {
            return self.kind.explain(path);
        };

        let element;
        let path = match number {
            Some(number) => {
                element = Path::Index(path, number.get() as usize - 1);
                &element
            }
            None => path,
        };

        match member {
            Some(member) => self.kind.explain(&Path::Member(path, member)),
            None => self.kind.explain(path),
        }
    }
}

impl FaultKind {
    fn explain(self, path: &Path<'_>) -> Error {
        match self {
            Self::Missing => mistake::missing(path),
            Self::NotText => mistake::not_a_string(path),
            Self::NotNumber => mistake::not_a_number(path),
            Self::NotFlag => mistake::not_a_flag(path),
            Self::NotObject => mistake::not_an_object(path),
            Self::NotArray => mistake::not_an_array(path),
            Self::LoneSurrogate => mistake::lone_surrogate(path),
        }
    }
}
