//! Builds records: one function for each struct of the table, and the fields that are computed.

use super::fields::{Fault, Fields};
use super::shape::shape;
use super::slots::{Form, Slot};
use crate::event_data::{
    Annotation, EventHoldDuration, Replication, Restore, Retention, Tiering, Transition,
};
use crate::reading::json::Mode;
use crate::record::key_memory::KeyMemory;
use crate::record::{Bucket, EventSource, Object};
use crate::text::Text;
use crate::{EventName, ObjectKey, S3EventRecord};

/// The value of a field. A text cannot have a fault, and that of any other is noted.
macro_rules! value {
    (text $fields:ident $slot:expr) => {
        $fields.text($slot)
    };
    (digits $fields:ident $slot:expr) => {
        $fields.text($slot)
    };
    (required $fields:ident $slot:expr) => {
        $fields.required($slot)
    };
    ($how:ident $fields:ident $slot:expr) => {
        $fields.or_note($fields.$how($slot))
    };
}

/// Declares a function for each struct of the table that builds it.
macro_rules! builders {
    ($(
        $struct:ident = $build:ident($fields:ident) {$(
            $(($($extra:tt)*))*
            $field:ident: $how:ident [$($name:tt)*] [$($bridged:tt)*];
        )*} $(+ { $($more:tt)* })?
    )*) => {$(
        #[inline]
        fn $build($fields: &Fields<'_>) -> $struct {
            $struct {
                $($field: value!($how $fields Slot::$field),)*
                $($($more)*)?
            }
        }
    )*};
}

shape!(builders);

/// Builds a record that was scanned, and hands it to `take`.
///
/// A record is large, so it is not returned, and a fault does not end the building: both would copy
/// it once more.
#[inline]
pub(in crate::reading) fn build(
    fields: &Fields<'_>,
    take: impl FnOnce(S3EventRecord),
) -> Result<(), Fault> {
    if fields.mode == Mode::Explaining {
        fields.check()?;
    }

    let record = record(fields);
    if let Some(fault) = fields.fault() {
        return Err(fault);
    }

    take(record);
    Ok(())
}

/// Whether a sender form-encodes keys. All others send them as they are.
fn encodes_keys(source: &str) -> bool {
    matches!(
        source,
        "aws:s3" | "minio:s3" | "rustfs:s3" | "storj:s3" | EventSource::BATCH_OPERATIONS
    )
}

#[inline]
fn event_name(fields: &Fields<'_>) -> EventName {
    match fields.form {
        Form::Notification => {
            let name = EventName::known(fields.content_or_note(Slot::event_name));
            name.unwrap_or_else(|| fields.required(Slot::event_name))
        }
        Form::EventBridge => {
            let reason = fields.content_or_note(Slot::reason);
            let deletion_type = fields.content_or_note(Slot::deletion_type);

            if is_from_security_lake(fields) {
                return EventName::from_eventbridge("Object Created", reason, deletion_type);
            }

            let detail_type: Text = fields.required(Slot::detail_type);
            EventName::from_eventbridge(detail_type.as_str(), reason, deletion_type)
        }
    }
}

/// Whether Amazon Security Lake announces a new object, in EventBridge's form without what tells
/// events apart ("Sample object notification message", Amazon Security Lake User Guide, 2026).
fn is_from_security_lake(fields: &Fields<'_>) -> bool {
    let slots = [Slot::version, Slot::id, Slot::detail_type];
    !slots.into_iter().any(|slot| fields.has(slot))
}

/// The key as it was sent.
fn key(fields: &Fields<'_>) -> ObjectKey {
    ObjectKey::from_literal(fields.required(Slot::key))
}

/// Decodes the key of a record that was built, if its sender encodes keys.
#[inline]
pub(in crate::reading) fn decode_key(record: &mut S3EventRecord, memory: &mut KeyMemory) {
    let source = record.event_source.as_ref();
    if source.is_some_and(|source| encodes_keys(source.as_str())) {
        record.object.key.decode_into(memory);
    }
}

/// Builds the data of a rare event when its object is present.
#[inline(always)]
fn boxed<T>(
    fields: &Fields<'_>,
    holder: Slot,
    build: impl FnOnce(&Fields<'_>) -> T,
) -> Option<Box<T>> {
    fields.has(holder).then(|| Box::new(build(fields)))
}

#[inline]
fn restore(fields: &Fields<'_>) -> Option<Box<Restore>> {
    let slots = [Slot::restore, Slot::expiry_time, Slot::storage_class];
    if slots.into_iter().any(|slot| fields.has(slot)) {
        read_restore(fields)
    } else {
        None
    }
}

/// EventBridge writes the storage class into other events too.
#[cold]
fn read_restore(fields: &Fields<'_>) -> Option<Box<Restore>> {
    let data = restore_data(fields);
    let is_restore = fields.has(Slot::restore)
        || data.expiry_time.is_some()
        || event_name(fields).is_object_restore();

    is_restore.then(|| Box::new(data))
}

/// EventBridge writes the tier without an object around it.
#[inline]
fn tiering(fields: &Fields<'_>) -> Option<Box<Tiering>> {
    let slot = match fields.form {
        Form::Notification => Slot::tiering,
        Form::EventBridge => Slot::destination_access_tier,
    };
    boxed(fields, slot, tiering_data)
}

/// EventBridge writes the storage class without an object around it.
#[inline]
fn transition(fields: &Fields<'_>) -> Option<Box<Transition>> {
    let slot = match fields.form {
        Form::Notification => Slot::transition,
        Form::EventBridge => Slot::destination_storage_class,
    };
    boxed(fields, slot, transition_data)
}

/// S3 documents annotations without showing where they are, so both places are read.
#[inline(always)]
fn annotations(fields: &Fields<'_>) -> Vec<Annotation> {
    let annotations = fields.or_note(fields.annotations(Slot::annotations));
    let inner = fields.or_note(fields.annotations(Slot::s3_annotations));

    annotations.or(inner).unwrap_or_default()
}

fn hold_duration(fields: &Fields<'_>) -> Option<EventHoldDuration> {
    let is_present = fields.has(Slot::hold_duration);
    is_present.then(|| hold_duration_data(fields))
}
