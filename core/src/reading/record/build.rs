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

/// The value of a field. That of a text cannot have a fault.
macro_rules! value {
    (text $fields:ident $slot:expr) => {
        $fields.text($slot)
    };
    (digits $fields:ident $slot:expr) => {
        $fields.text($slot)
    };
    ($how:ident $fields:ident $slot:expr) => {
        $fields.$how($slot)?
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
        fn $build($fields: &Fields<'_>) -> Result<$struct, Fault> {
            Ok($struct {
                $($field: value!($how $fields Slot::$field),)*
                $($($more)*)?
            })
        }
    )*};
}

shape!(builders);

/// Builds a record that was scanned.
pub(in crate::reading) fn build(fields: &Fields<'_>) -> Result<S3EventRecord, Fault> {
    if fields.mode == Mode::Explaining {
        fields.check()?;
    }

    record(fields)
}

/// Whether a sender form-encodes keys. All others send them as they are.
fn encodes_keys(source: &str) -> bool {
    matches!(
        source,
        "aws:s3" | "minio:s3" | "rustfs:s3" | "storj:s3" | EventSource::BATCH_OPERATIONS
    )
}

#[inline]
fn event_name(fields: &Fields<'_>) -> Result<EventName, Fault> {
    match fields.form {
        Form::Notification => match EventName::known(fields.content(Slot::event_name)?) {
            Some(name) => Ok(name),
            None => fields.required(Slot::event_name),
        },
        Form::EventBridge => {
            let reason = fields.content(Slot::reason)?;
            let deletion_type = fields.content(Slot::deletion_type)?;

            if is_from_security_lake(fields) {
                return Ok(EventName::from_eventbridge(
                    "Object Created",
                    reason,
                    deletion_type,
                ));
            }

            let detail_type: Text = fields.required(Slot::detail_type)?;
            Ok(EventName::from_eventbridge(
                detail_type.as_str(),
                reason,
                deletion_type,
            ))
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
fn key(fields: &Fields<'_>) -> Result<ObjectKey, Fault> {
    fields.required(Slot::key).map(ObjectKey::from_literal)
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
    build: impl FnOnce(&Fields<'_>) -> Result<T, Fault>,
) -> Result<Option<Box<T>>, Fault> {
    if fields.has(holder) {
        build(fields).map(|data| Some(Box::new(data)))
    } else {
        Ok(None)
    }
}

#[inline]
fn restore(fields: &Fields<'_>) -> Result<Option<Box<Restore>>, Fault> {
    let slots = [Slot::restore, Slot::expiry_time, Slot::storage_class];
    if slots.into_iter().any(|slot| fields.has(slot)) {
        read_restore(fields)
    } else {
        Ok(None)
    }
}

/// EventBridge writes the storage class into other events too.
#[cold]
fn read_restore(fields: &Fields<'_>) -> Result<Option<Box<Restore>>, Fault> {
    let data = restore_data(fields)?;
    let is_restore = fields.has(Slot::restore)
        || data.expiry_time.is_some()
        || event_name(fields)?.is_object_restore();

    Ok(is_restore.then(|| Box::new(data)))
}

/// EventBridge writes the tier without an object around it.
#[inline]
fn tiering(fields: &Fields<'_>) -> Result<Option<Box<Tiering>>, Fault> {
    let slot = match fields.form {
        Form::Notification => Slot::tiering,
        Form::EventBridge => Slot::destination_access_tier,
    };
    boxed(fields, slot, tiering_data)
}

/// EventBridge writes the storage class without an object around it.
#[inline]
fn transition(fields: &Fields<'_>) -> Result<Option<Box<Transition>>, Fault> {
    let slot = match fields.form {
        Form::Notification => Slot::transition,
        Form::EventBridge => Slot::destination_storage_class,
    };
    boxed(fields, slot, transition_data)
}

/// S3 documents annotations without showing where they are, so both places are read.
#[inline(always)]
fn annotations(fields: &Fields<'_>) -> Result<Vec<Annotation>, Fault> {
    let annotations = fields.annotations(Slot::annotations)?;
    let inner = fields.annotations(Slot::s3_annotations)?;

    Ok(annotations.or(inner).unwrap_or_default())
}

fn hold_duration(fields: &Fields<'_>) -> Result<Option<EventHoldDuration>, Fault> {
    if fields.has(Slot::hold_duration) {
        hold_duration_data(fields).map(Some)
    } else {
        Ok(None)
    }
}
