//! The macro that declares views, and the checks that all views share.

use crate::{Error, ErrorKind, EventPattern, S3EventRecord};

/// Declares a view: its events, the fields that all views share, and its own fields.
macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $view:ident of [$($pattern:literal),*] {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr;)*
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// `try_from` fails with [`ErrorKind::InvalidField`](crate::ErrorKind::InvalidField) if the
        /// record is of another event, and with
        /// [`ErrorKind::MissingField`](crate::ErrorKind::MissingField) if it lacks a field that the
        /// view promises. As an argument of a handler both are
        /// [permanent](crate::HandlerError::permanent) failures of the record, because a retry
        /// does not help.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct $view {
            /// The name of the event, which is one of the view's events.
            pub event_name: crate::EventName,
            /// The bucket.
            pub bucket: crate::record::Bucket,
            /// The key, decoded.
            pub key: crate::ObjectKey,
            /// The version. `None` in buckets without versioning.
            pub version_id: Option<crate::VersionId>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $view {
            const EVENTS: &'static [crate::EventPattern] =
                &[$(crate::EventPattern::from_static($pattern)),*];
        }

        impl TryFrom<&crate::S3EventRecord> for $view {
            type Error = crate::Error;

            fn try_from(record: &crate::S3EventRecord) -> Result<Self, crate::Error> {
                use super::declaration::{check_event, require};

                check_event(record, Self::EVENTS, stringify!($view))?;

                Ok(Self {
                    event_name: record.event_name.clone(),
                    bucket: record.bucket.clone(),
                    key: record.object.key.clone(),
                    version_id: record.object.version_id.clone(),
                    $($field: require::<$type>(record, stringify!($field), $read)?,)*
                })
            }
        }

        impl<'r, S> crate::FromRecord<'r, S> for $view {
            const EVENTS: &'static [crate::EventPattern] = $view::EVENTS;

            fn from_record(context: crate::Context<'r, S>) -> Result<Self, crate::HandlerError> {
                Self::try_from(context.record()).map_err(crate::HandlerError::permanent)
            }
        }
    )*};
}

pub(super) use views;

pub(super) fn check_event(
    record: &S3EventRecord,
    events: &[EventPattern],
    view: &str,
) -> Result<(), Error> {
    let name = &record.event_name;
    if events.iter().any(|pattern| pattern.matches(name)) {
        return Ok(());
    }

    let message = format!("`{name}` is not an event of `{view}`");
    Err(Error::new(ErrorKind::InvalidField, message))
}

pub(super) fn require<T>(
    record: &S3EventRecord,
    field: &str,
    read: fn(&S3EventRecord) -> Option<T>,
) -> Result<T, Error> {
    read(record).ok_or_else(|| {
        let mut message = format!("the `{}` record has no `{field}`", record.event_name);
        if record.is_from_batch_job() {
            message += ", because it is a task of a batch job; \
                        `Dispatcher::look_up_tasks` asks S3 for it";
        } else if record.is_backfilled() {
            message += ", because it was backfilled without; \
                        `backfill --head` or `Dispatcher::look_up_tasks` asks S3 for it";
        }

        Error::new(ErrorKind::MissingField, message)
    })
}
