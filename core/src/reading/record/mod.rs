//! Reads one record: scans its fields into slots, then builds it.
//!
//! A record is written as an entry of a notification or as an EventBridge event. One table knows
//! both forms. The reading of bodies uses this for every record.

mod build;
mod fields;
mod lists;
mod shape;
mod slots;

pub(super) use build::{build, decode_key};
pub(super) use fields::Fields;
pub(super) use slots::{Field, Form, Slot, Spans};

use super::json::{GiveUp, Read, Scanned, Scanner, Span};
use crate::S3EventRecord;

/// Reads an entry of a notification's `Records` in silent mode, and hands it to `take`.
#[inline]
pub(super) fn read_record<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    take: impl FnOnce(S3EventRecord),
) -> Scanned<()> {
    let before = scanner.rest();
    scanner.forget_texts();
    let mut spans = Spans::default();

    if read_typical(scanner, &mut spans).is_none() {
        scanner.go_back_to(before);
        scanner.forget_texts();
        spans = Spans::default();
        read_object(scanner, Form::Notification, Slot::root, &mut spans)?;
    }

    let fields = fields(scanner, &spans, Form::Notification)?;

    if !matches!(fields.is_test(), Ok(false)) {
        return Err(GiveUp::Other);
    }

    build(&fields, take).map_err(|_| GiveUp::Other)
}

/// The fields of a record that was scanned.
pub(super) fn fields<'f, const LEVEL: usize>(
    scanner: &Scanner<'f, LEVEL>,
    spans: &'f Spans,
    form: Form,
) -> Scanned<Fields<'f>> {
    let texts = scanner.texts()?;
    Ok(Fields::new(spans, texts, form, LEVEL, scanner.mode()))
}

/// Reads a field of a record.
#[inline]
pub(super) fn read_field<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    form: Form,
    field: Field,
    spans: &mut Spans,
) -> Scanned<()> {
    if field.read == Read::Object {
        return read_object(scanner, form, field.slot, spans);
    }

    spans[field.slot] = scanner.value(field.read)?;
    Ok(())
}

/// Reads an object of a record with all that it holds.
pub(super) fn read_object<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    form: Form,
    holder: Slot,
    spans: &mut Spans,
) -> Scanned<()> {
    if spans.has(holder) {
        forget(form, holder, spans);
    }

    if scanner.peek() == b'n' {
        return scanner.literal(b"null");
    }

    let (before, start) = (scanner.rest(), scanner.position());
    let read = scanner.fields(form.fields_of(holder), |scanner, field| {
        read_field(scanner, form, field, spans)
    });

    match read {
        Ok(()) => spans[holder] = Span::new(start, scanner.position()),
        Err(_) if scanner.explains() => {
            forget(form, holder, spans);
            spans[holder] = scanner.wrong_type(before)?;
        }
        Err(give_up) => return Err(give_up),
    }

    Ok(())
}

/// Forgets an object that a duplicate replaces.
#[cold]
fn forget(form: Form, holder: Slot, spans: &mut Spans) {
    spans[holder] = Span::default();

    for (_, field) in form.fields_of(holder) {
        spans[field.slot] = Span::default();
        if field.read == Read::Object {
            forget(form, field.slot, spans);
        }
    }
}

/// Reads the text after each piece of the document into a slot. A usual text is compared together
/// with its piece.
macro_rules! read_pieces {
    ($scanner:ident, $spans:ident, $($piece:literal $slot:ident $(usually $usual:literal)?)*) => {
        $(
            let usual = None$(.or_else(|| $scanner.known_text(concat!($piece, $usual), $usual)))?;
            $spans[Slot::$slot] = match usual {
                Some(text) => text,
                None => $scanner.text_after($piece)?,
            };
        )*
    };
}

/// Reads a record by comparing it with what S3 writes, text by text. Returns `None` when anything
/// differs.
fn read_typical<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    spans: &mut Spans,
) -> Option<()> {
    if LEVEL != 1 {
        return None;
    }

    let start = scanner.position();

    read_pieces! { scanner, spans,
        r#"{\"eventVersion\":\""# event_version
        r#"\",\"eventSource\":\""# event_source usually "aws:s3"
        r#"\",\"awsRegion\":\""# region
        r#"\",\"eventTime\":\""# event_time
        r#"\",\"eventName\":\""# event_name
        r#"\",\"userIdentity\":{\"principalId\":\""# principal_id
        r#"\"},\"requestParameters\":{\"sourceIPAddress\":\""# source_ip
        r#"\"},\"responseElements\":{\"x-amz-request-id\":\""# request_id
        r#"\",\"x-amz-id-2\":\""# host_id
        r#"\"},\"s3\":{\"s3SchemaVersion\":\"1.0\",\"configurationId\":\""# configuration_id
        r#"\",\"bucket\":{\"name\":\""# name
        r#"\",\"ownerIdentity\":{\"principalId\":\""# owner
        r#"\"},\"arn\":\""# arn
        r#"\"},\"object\":{\"key\":\""# key
    }

    read_typical_end(scanner, spans)?;
    spans[Slot::root] = Span::new(start, scanner.position());

    Some(())
}

/// Reads what follows the key of an object.
fn read_typical_end<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    spans: &mut Spans,
) -> Option<()> {
    let after_key = scanner.rest();
    if read_typical_created(scanner, spans).is_none() {
        scanner.go_back_to(after_key);
        scanner.literal(br#"\","#).ok()?;
        read_rest(scanner, Slot::object, 1, spans)?;
    }

    // Only rare events have more.
    if scanner.literal(b"}}").is_err() {
        mark_typical_objects(scanner, spans);

        for holder in [Slot::s3, Slot::root] {
            if scanner.has_another(b'}').ok()? {
                read_rest(scanner, holder, usize::MAX, spans)?;
            }
        }
    }

    Some(())
}

/// Marks the objects of a typical record as present, so that a duplicate replaces what they hold.
#[cold]
fn mark_typical_objects<const LEVEL: usize>(scanner: &Scanner<'_, LEVEL>, spans: &mut Spans) {
    let position = scanner.position();

    for holder in [
        Slot::user_identity,
        Slot::request_parameters,
        Slot::response_elements,
        Slot::s3,
        Slot::bucket,
        Slot::owner_identity,
        Slot::object,
    ] {
        spans[holder] = Span::new(position - 1, position);
    }
}

/// Reads what follows the key of an object that was created.
fn read_typical_created<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    spans: &mut Spans,
) -> Option<()> {
    scanner.literal(br#"\",\"size\":"#).ok()?;
    spans[Slot::size] = scanner.plain_digits()?;
    spans[Slot::e_tag] = scanner.text_after(r#",\"eTag\":\""#)?;
    // Only buckets with versioning have it.
    spans[Slot::version_id] = scanner
        .text_after(r#"\",\"versionId\":\""#)
        .unwrap_or_default();
    spans[Slot::sequencer] = scanner.text_after(r#"\",\"sequencer\":\""#)?;

    scanner.literal(br#"\"}"#).ok()
}

/// Reads the rest of an object, whose field at `due` is expected.
fn read_rest<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    holder: Slot,
    due: usize,
    spans: &mut Spans,
) -> Option<()> {
    let fields = Form::Notification.fields_of(holder);
    let read = scanner.rest_of_fields(fields, due, |scanner, field| {
        read_field(scanner, Form::Notification, field, spans)
    });

    read.ok()
}
