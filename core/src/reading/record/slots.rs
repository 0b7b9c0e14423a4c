//! Slots: a place for the value of each row of the table, and the names that lead there.

use std::ops::{Index, IndexMut};

use super::shape::shape;
use crate::reading::json::{Path, Read, Span};

/// Declares [`Slot`] and the rows, with a slot for each row of the table.
macro_rules! slots {
    ($(
        $struct:ident = $build:ident($fields:ident) {$(
            $((
                $extra:ident: $extra_how:ident
                [$($extra_name:literal in $extra_parent:ident)?]
                [$($extra_bridged:literal in $extra_bridged_parent:ident)?]
            ))*
            $field:ident: $how:ident
            [$($name:literal in $parent:ident)?]
            [$($bridged:literal in $bridged_parent:ident $(as $bridged_how:ident)?)?];
        )*} $(+ { $($more:tt)* })?
    )*) => {
        /// The place of one value, named like the field that is made of it.
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(in crate::reading) enum Slot {
            root,
            $($($($extra,)* $field,)*)*
        }

        const ROWS: &[Row] = &[$($(
            $(Row {
                slot: Slot::$extra,
                notification: name!($extra_how $($extra_name $extra_parent)?),
                eventbridge: name!($extra_how $($extra_bridged $extra_bridged_parent)?),
            },)*
            Row {
                slot: Slot::$field,
                notification: name!($how $($name $parent)?),
                eventbridge: name!($how $($bridged $bridged_parent $($bridged_how)?)?),
            },
        )*)*];
    };
}

/// The name of a row in one form, or `None` when the form does not have it.
macro_rules! name {
    ($how:ident) => {
        None
    };
    ($how:ident $name:literal $parent:ident) => {
        Some(Name {
            name: $name,
            parent: Slot::$parent,
            read: how::$how,
        })
    };
    ($how:ident $name:literal $parent:ident $other_how:ident) => {
        name!($other_how $name $parent)
    };
}

shape!(slots);

/// How the scanner reads what a row calls `text`, `number` and so on.
#[allow(non_upper_case_globals)]
mod how {
    use crate::reading::json::Read;

    pub(super) const object: Read = Read::Object;
    pub(super) const text: Read = Read::Text;
    pub(super) const required: Read = Read::Text;
    pub(super) const first_text: Read = Read::FirstText;
    pub(super) const text_or_skip: Read = Read::TextOrSkip;
    pub(super) const number: Read = Read::TextOrRaw;
    pub(super) const digits: Read = Read::TextOrDigits;
    pub(super) const flag: Read = Read::Raw;
    pub(super) const tags: Read = Read::Raw;
    pub(super) const raw: Read = Read::Raw;
    pub(super) const skip: Read = Read::Skip;
}

struct Row {
    slot: Slot,
    notification: Option<Name>,
    eventbridge: Option<Name>,
}

#[derive(Clone, Copy)]
struct Name {
    name: &'static str,
    parent: Slot,
    read: Read,
}

const SLOTS: usize = ROWS.len() + 1;

/// The two forms in which a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Form {
    /// An entry of a notification's `Records`.
    Notification,
    /// An EventBridge event.
    EventBridge,
}

/// A field of an object: its slot, and how its value is read.
#[derive(Clone, Copy)]
pub(in crate::reading) struct Field {
    pub(in crate::reading) slot: Slot,
    pub(in crate::reading) read: Read,
}

/// The fields of each object of a form.
struct Objects {
    /// Sorted by object.
    fields: [(&'static str, Field); ROWS.len()],
    /// Where the fields of the object in a slot begin and end.
    ranges: [(usize, usize); SLOTS],
}

impl Objects {
    const fn of(form: Form) -> Self {
        let none = Field {
            slot: Slot::root,
            read: Read::Skip,
        };
        let mut objects = Self {
            fields: [("", none); ROWS.len()],
            ranges: [(0, 0); SLOTS],
        };
        let mut len = 0;
        let mut object = 0;

        while object < SLOTS {
            let start = len;
            let mut row = 0;

            while row < ROWS.len() {
                if let Some(name) = form.name(&ROWS[row])
                    && name.parent as usize == object
                {
                    let slot = ROWS[row].slot;
                    objects.fields[len] = (
                        name.name,
                        Field {
                            slot,
                            read: name.read,
                        },
                    );
                    len += 1;
                }

                row += 1;
            }

            objects.ranges[object] = (start, len);
            object += 1;
        }

        objects
    }
}

impl Form {
    const fn name(self, row: &Row) -> Option<Name> {
        match self {
            Self::Notification => row.notification,
            Self::EventBridge => row.eventbridge,
        }
    }

    /// The fields of the object in this slot, in the order of the table.
    pub(in crate::reading) const fn fields_of(
        self,
        holder: Slot,
    ) -> &'static [(&'static str, Field)] {
        const NOTIFICATION: &Objects = &Objects::of(Form::Notification);
        const EVENTBRIDGE: &Objects = &Objects::of(Form::EventBridge);

        let objects = match self {
            Self::Notification => NOTIFICATION,
            Self::EventBridge => EVENTBRIDGE,
        };
        let (start, end) = objects.ranges[holder as usize];

        objects.fields.split_at(end).0.split_at(start).1
    }

    /// The slots of this form from the root's field down to `slot`.
    fn way_to(self, slot: Slot) -> Vec<(Slot, Name)> {
        let mut way = Vec::new();
        let mut slot = slot;

        while let Some(name) = ROWS
            .iter()
            .find(|row| row.slot == slot)
            .and_then(|row| self.name(row))
        {
            way.insert(0, (slot, name));
            slot = name.parent;
        }

        way
    }

    /// Calls `with` with the path to a slot. Of an absent value, it is the path to the outermost
    /// object that is absent.
    pub(super) fn with_path<T>(
        self,
        slot: Slot,
        spans: &Spans,
        path: &Path<'_>,
        with: impl FnOnce(&Path<'_>) -> T,
    ) -> T {
        fn descend<T>(
            way: &[(Slot, Name)],
            spans: &Spans,
            path: &Path<'_>,
            with: impl FnOnce(&Path<'_>) -> T,
        ) -> T {
            match way {
                [(slot, name), inner @ ..] => {
                    let inner = if spans.has(*slot) { inner } else { &[] };
                    descend(inner, spans, &Path::Member(path, name.name), with)
                }
                [] => with(path),
            }
        }

        descend(&self.way_to(slot), spans, path, with)
    }

    /// How a slot's value is read in this form.
    pub(super) fn read_of(self, slot: Slot) -> Option<Read> {
        let row = ROWS.iter().find(|row| row.slot == slot)?;
        self.name(row).map(|name| name.read)
    }
}

/// The values of one record, by slot.
pub(in crate::reading) struct Spans([Span; SLOTS]);

impl Spans {
    /// Whether a value is present, of whatever type.
    pub(in crate::reading) fn has(&self, slot: Slot) -> bool {
        !self[slot].is_empty()
    }

    /// The slots with a value that cannot be read.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = Slot> + '_ {
        let slots = ROWS.iter().map(|row| row.slot);
        slots.filter(|slot| self[*slot].is_wrong_type() || self[*slot].is_lone_surrogate())
    }
}

impl Default for Spans {
    fn default() -> Self {
        Self([Span::default(); SLOTS])
    }
}

impl Index<Slot> for Spans {
    type Output = Span;

    #[inline]
    fn index(&self, slot: Slot) -> &Span {
        &self.0[slot as usize]
    }
}

impl IndexMut<Slot> for Spans {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Span {
        &mut self.0[slot as usize]
    }
}
